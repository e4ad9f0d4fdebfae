"""run.py: it says which Python it needs before anything else, and leaves others' environments alone."""

import ast
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """run.py in a folder of its own; nothing is downloaded there."""
    for name in ("run.py", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.setattr(subprocess, "run", lambda *given, **more: subprocess.CompletedProcess(given, 0))
    return tmp_path


def script(project):
    return runpy.run_path(str(project / "run.py"))


@pytest.mark.parametrize("version", [(3, 8, 1), (3, 10, 14), (3, 14, 0)])
def test_another_python_is_refused_before_anything_is_made(project, monkeypatch, version):
    monkeypatch.setattr(sys, "version_info", version)
    monkeypatch.setattr(sys, "argv", ["run.py", "test"])
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 to 3\.13, and "):
        script(project)["main"]()
    assert not (project / ".venv").exists()


def test_an_older_python_can_read_it():
    tree = ast.parse((ROOT / "run.py").read_text("utf-8"), feature_version=(3, 6))
    assert not any(isinstance(n, ast.AnnAssign) for n in tree.body)  # which would be evaluated
    assert not any(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in tree.body)


def test_an_environment_that_it_did_not_make_is_left_alone(project):
    mine = project / ".venv" / "bin" / "mine"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine", "utf-8")
    for task in ("set_up", "write_lock"):
        with pytest.raises(SystemExit, match=r"\.venv is there, and run\.py did not make it: move it away"):
            script(project)[task]()
    assert mine.read_text("utf-8") == "mine"


def test_an_environment_that_it_made_is_made_anew_even_unfinished(project, monkeypatch):
    import venv

    made = []
    monkeypatch.setattr(
        venv, "create", lambda home, **more: made.append(sorted(p.name for p in home.iterdir()))
    )
    script(project)["set_up"]()
    (project / ".venv" / "old").touch()
    script(project)["set_up"]()  # nothing changed: it stays
    assert made == [["gradsmith.stamp"]] and (project / ".venv" / "old").exists()
    (project / ".venv" / "gradsmith.stamp").write_text("not finished", "utf-8")
    script(project)["set_up"]()
    assert made == [["gradsmith.stamp"]] * 2 and not (project / ".venv" / "old").exists()
