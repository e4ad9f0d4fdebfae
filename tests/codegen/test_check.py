"""`gradsmith check`: is a folder exactly what the specs generate, and if not, what differs?"""

import json

import pytest
from click.testing import CliRunner, Result

from codegen import catalogue
from codegen.cli import main
from codegen.copies import runtime_files
from codegen.module import write_module
from codegen.publish import op_files
from tests.codegen.emitted import ROOT, plan


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def write(folder, name: str, text: str):
    (folder / name).write_text(text, "utf-8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder exactly as the specs of a catalogue of two ops generate it."""
    ops = catalogue.find(("dense", "lstm"))
    monkeypatch.setattr(catalogue, "catalogue", lambda: ops)
    files = dict(runtime_files())
    for op in ops:
        files |= op_files(write_module(plan(op))) | {f"{op.name}.certificate.json": "{}\n"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path, name, text)
    write(tmp_path, "__init__.py", "# a user's own\n")
    return tmp_path


def test_check_finds_nothing_where_all_is_as_generated(folder):
    result = run("check", "--out", folder)
    assert (result.exit_code, result.stdout) == (0, f"{folder}: as generated\n")


def edit(folder):
    path = folder / "lstm.py"
    path.write_text(path.read_text("utf-8").replace("o_ * tanh(c_)", "o_ + tanh(c_)"), "utf-8")


def edit_runtime(folder):
    path = folder / "runtime" / "scalars.py"
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")


DRIFT = {
    "an edited kernel": (
        edit,
        "-                h[t, n, j] = o_ + tanh(c_)\n+                h[t, n, j] = o_ * tanh(c_)",
    ),
    "an edited runtime": (edit_runtime, "scalars.py\n+++ generated now"),
    "a missing file": (lambda f: (f / "dense.py").unlink(), "dense.py is missing"),
    "a missing certificate": (
        lambda f: (f / "dense.certificate.json").unlink(),
        "dense.certificate.json is missing",
    ),
    "a file left over": (lambda f: write(f, "gone.py", ""), "gone.py is left over: no spec makes it"),
}


@pytest.mark.parametrize("name", DRIFT)
def test_check_prints_what_differs(folder, name):
    change, message = DRIFT[name]
    change(folder)
    result = run("check", "--out", folder)
    assert result.exit_code == 1
    assert message in result.stdout
    assert result.stdout.endswith(f"{folder}: 1 differences; run `gradsmith generate`\n")
    assert len(json.loads(run("check", "--out", folder, "--json").stdout)["problems"]) == 1


def test_checking_one_op_asks_nothing_of_the_others(folder):
    edit(folder)
    assert run("check", "dense", "--out", folder).exit_code == 0
    assert run("check", "lstm", "--out", folder).exit_code == 1


def test_the_committed_package_is_exactly_what_the_specs_generate():
    result = run("check", "--out", ROOT / "generated")
    assert result.exit_code == 0, result.stdout
