"""The published package stands alone: without the tools that made it, copied, edited, read-only."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

BLOCKED = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"sympy", "mpmath", "jinja2", "click", "rich", "derive", "codegen"}:
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Block())
"""

TRAIN = """
import numpy as np
from generated import conv2d, dense, lstm, max_pool2d, softmax_cross_entropy
rng = np.random.default_rng(0)
x, y = rng.normal(size=(8, 5)), rng.integers(0, 3, 8)
W, b = rng.normal(size=(3, 5)), np.zeros(3)
losses = []
for _ in range(3):
    hidden, back = dense.vjp(x, W, b, wrt=("W", "b"))
    loss, back_loss = softmax_cross_entropy.vjp(hidden.h, y)
    gradients = back(back_loss(L=1.0).x)
    W, b = W - 0.5 * gradients.W, b - 0.5 * gradients.b
    losses.append(float(loss.L))
assert losses[2] < losses[1] < losses[0], losses
print("trained")
"""


def python(program: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    known = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "NUMBA_CACHE_DIR")}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=cwd,
        env={**known, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def output(program: str, cwd: Path, **environment: str) -> str:
    done = python(program, cwd, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def package(tmp_path) -> Path:
    """One module and its runtime in a package of another name; nothing compiled beside them."""
    folder = tmp_path / "elsewhere" / "kernels"
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "generated" / "runtime", folder / "runtime", ignore=skip)
    shutil.copy(ROOT / "generated" / "dense_sigmoid.py", folder)
    (folder / "__init__.py").write_text("")
    return folder


# without the tools --------------------------------------------------------------------------------
def test_training_needs_none_of_the_tools_that_made_the_kernels():
    assert output(BLOCKED + TRAIN, ROOT) == "trained\n"


def test_the_blocker_blocks():
    """Planted fault: an import of a tool, which must fail in the process of the test above."""
    for name in ("sympy", "derive.language", "codegen"):
        done = python(f"{BLOCKED}\nimport {name}", ROOT)
        assert done.returncode == 1 and f"{name.split('.')[0]} is blocked" in done.stderr


def test_every_published_module_imports_without_the_tools():
    names = sorted(p.stem for p in (ROOT / "generated").glob("*.py") if p.stem != "__init__")
    assert len(names) >= 9
    program = "\n".join([BLOCKED, *(f"from generated import {name}" for name in names), "print('imported')"])
    assert output(program, ROOT) == "imported\n"


# copied -------------------------------------------------------------------------------------------
CALL = """
import numpy as np
from elsewhere.kernels import dense_sigmoid as layer
outputs, pullback = layer.vjp(np.ones((1, 2)), np.zeros((1, 2)), np.zeros(1))
print(outputs.h.tolist(), pullback(np.ones((1, 1))).b.tolist(), layer.CERTIFICATE)
"""


SIGMOID = "return choose(x < _ZERO(x), small, _ONE(x)) / (_ONE(x) + small)\n"
HALF_OF_IT = SIGMOID.replace("\n", " / (_ONE(x) + _ONE(x))\n")


def test_a_copied_module_works_in_another_package(package):
    assert output(BLOCKED + CALL, package.parents[1]) == "[[0.5]] [0.25] None\n"


def test_an_edit_of_the_runtime_is_seen_by_kernels_that_were_compiled_before(package):
    root = package.parents[1]
    assert output(CALL, root) == "[[0.5]] [0.25] None\n"
    compiled = sorted(package.rglob("*.nbi"))
    assert compiled
    assert output(CALL, root) == "[[0.5]] [0.25] None\n"
    assert sorted(package.rglob("*.nbi")) == compiled  # the second process compiled nothing

    scalars = package / "runtime" / "scalars.py"
    text = scalars.read_text("utf-8")
    edited = text.replace(SIGMOID, HALF_OF_IT)
    assert edited != text
    scalars.write_text(edited, "utf-8")
    assert output(CALL, root) == "[[0.25]] [0.1875] None\n"
    assert len(sorted(package.rglob("*.nbi"))) == 2 * len(compiled)


# read-only ----------------------------------------------------------------------------------------
COUNT = """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    {program}
print([str(w.message).split(",")[0] for w in caught if issubclass(w.category, RuntimeWarning)])
"""


def test_a_read_only_install_runs_with_one_warning(package):
    """Everything that could hold a cache is a file, or lies in one: not even root can write there."""
    (package / "__pycache__").write_text("")
    (package / "runtime" / "__pycache__").write_text("")
    nowhere = package / "__init__.py"
    program = COUNT.format(program=CALL.strip().replace("\n", "\n    "))
    found = output(
        "import sys; sys.dont_write_bytecode = True\n" + program,
        package.parents[1],
        HOME=str(nowhere),
        XDG_CACHE_HOME=str(nowhere),
    )
    called, warned = found.splitlines()
    assert called == "[[0.5]] [0.25] None"
    assert warned == "['gradsmith: no folder can be written for compiled kernels']"
    assert not list(package.rglob("*.nbi"))


def test_a_cache_folder_that_is_given_is_used(package, tmp_path):
    (package / "__pycache__").write_text("")
    given = tmp_path / "given"
    assert output(CALL, package.parents[1], NUMBA_CACHE_DIR=str(given)).startswith("[[0.5]]")
    assert list(given.rglob("*.nbi")) and not list(package.rglob("*.nbi"))
