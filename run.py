"""Sets everything up and runs one of the project's tasks; needs nothing but Python 3.11.

python3.11 run.py demo     derive, generate and verify the pilots; train on real digits; report
python3.11 run.py test     the test suite
python3.11 run.py check    format, lint, types, and whether generated/ is what the specs generate
python3.11 run.py tex      the derivations through a real TeX (needs pdflatex)
python3.11 run.py browser  the derivations in a real browser (needs chromium)
python3.11 run.py zoo      all rungs over a hundred ops as users write them (takes a while)
python3.11 run.py torch    the catalogue beside torch (installs it first)
python3.11 run.py lock     write requirements.lock anew from pyproject.toml
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

PYTHONS = ((3, 11), (3, 14))  # from which on, and below which; this file itself is read by older ones too
ROOT = Path(__file__).resolve().parent
HOME = ROOT / ".venv"
PYTHON = HOME / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = HOME / "gradsmith.stamp"  # in an environment that this file made, finished or not
LOCK = ROOT / "requirements.lock"

TASKS = {
    "demo": [["examples/demo.py"]],
    "test": [["-m", "pytest", "-n", "2", "--dist", "loadfile"]],
    "check": [
        ["-m", "ruff", "format", "--check", "."],
        ["-m", "ruff", "check", "."],
        ["-m", "mypy"],
        ["-m", "codegen", "check"],
    ],
    "tex": [["-m", "pytest", "-m", "tex", "-n", "2"]],
    "browser": [["-m", "pytest", "-m", "browser", "-n", "2"]],
    "zoo": [["-m", "pytest", "-m", "zoo", "-n", "2"]],
    "torch": [
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "torch==2.13.0"],
        ["-m", "pytest", "-m", "torch", "-n", "2", "--dist", "loadfile"],
    ],
}


def run(*command: str) -> None:
    """Run a command in the project's folder; leave with its exit code if it fails."""
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if code:
        sys.exit(code)


def check_python() -> None:
    """Leave with a message, before anything is downloaded, where this Python is not one of the project's."""
    least, below = PYTHONS
    if not least <= sys.version_info[:2] < below:
        known = f"{least[0]}.{least[1]} to {below[0]}.{below[1] - 1}"
        sys.exit(f"run.py needs Python {known}, and {sys.executable} is {sys.version.split()[0]}")


def create(*install: str) -> None:
    """An empty environment with these packages and the project itself, editable.

    Leaves with a message where there is one that this file did not make.
    """
    if HOME.exists() and not STAMP.exists():
        sys.exit(f"{HOME} is there, and run.py did not make it: move it away, or delete it")
    print("setting up .venv (once)", flush=True)
    if HOME.exists():
        shutil.rmtree(HOME)
    HOME.mkdir()
    STAMP.write_text("not finished")
    venv.create(HOME, with_pip=True)
    run(str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *install)


def set_up() -> None:
    """The project's own environment with the locked versions, made anew when what it depends on changes."""
    wanted = hashlib.sha256(LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    create("--requirement", str(LOCK), "--editable", ".")
    STAMP.write_text(wanted)


def write_lock() -> None:
    """Resolve pyproject's dependencies in an empty environment and write down what was chosen."""
    create("--editable", ".[test,check]")
    freeze = (str(PYTHON), "-m", "pip", "freeze", "--exclude-editable")
    listed = subprocess.run(freeze, cwd=ROOT, check=True, capture_output=True, text=True)
    heading = "# Written by `python3.11 run.py lock`; every version that the project is tested with.\n"
    LOCK.write_text(heading + listed.stdout)


def main() -> None:
    """Run the task named on the command line."""
    check_python()
    task = sys.argv[1] if len(sys.argv) > 1 else ""
    if task == "lock":
        write_lock()
        return
    if task not in TASKS:
        sys.exit(__doc__)
    set_up()
    for command in TASKS[task]:
        run(str(PYTHON), *command, *sys.argv[2:])


if __name__ == "__main__":
    main()
