"""The command line: what it prints, its exit codes, one line on stderr where something is wrong."""

import json
import os
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from codegen import stamp, tasks
from codegen.cli import main
from codegen.jobs import Job
from codegen.module import write_module
from codegen.ownership import PublishError
from codegen.publish import publish
from codegen.verify.publishable import draft
from tests.codegen.emitted import CATALOGUE, ROOT, plan
from tests.codegen.verify.results import publishable

NAMES = [op.name for op in CATALOGUE]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def refused(result: Result, code: int = 2) -> str:
    """The one line of a command that could not be carried out."""
    assert (result.exit_code, result.stdout) == (code, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("gradsmith: ") and "Traceback" not in line
    return line.removeprefix("gradsmith: ")


def write(folder, name: str, text: str):
    path = folder / name
    path.write_text(text, "utf-8")
    return path


GOOD = """
from derive.language import op


@op(title="squares", source="a test")
def squares(s):
    N = s.size("N", "n")
    x, y = s.data("x", N), s.let("y", N)
    y[:] = x * x
    s.returns(y)
"""


# list ---------------------------------------------------------------------------------------------
def test_list_shows_every_op_with_its_shapes():
    result = run("list")
    assert result.exit_code == 0
    for words in (*NAMES, "W(4,", "LSTM layer"):
        assert words in result.stdout


def test_list_for_machines_says_enough_to_call_an_op(tmp_path):
    publish(draft(write_module(plan(next(op for op in CATALOGUE if op.name == "dense")))), tmp_path)
    rows = {row["name"]: row for row in json.loads(run("list", "--json", "--out", tmp_path).stdout)}
    assert (rows["dense"]["status"], rows["lstm"]["status"]) == ("draft", "not published")
    assert list(rows) == NAMES
    conv = rows["conv2d"]
    assert [(t["name"], t["shape"]) for t in conv["inputs"]] == [
        ("X", ["B", "C", "H", "W"]),
        ("K", ["O", "C", "P", "Q"]),
        ("b", ["O"]),
    ]
    assert conv["integers"]["stride"] == {"default": 1, "least": 1}
    assert conv["sizes"]["U"] == "(H + 2*pad - P)//stride + 1"
    assert rows["softmax_cross_entropy"]["inputs"][1]["integer"] is True
    assert rows["lstm"]["packs"]["W"] == ["f", "i", "C", "o"]


# derive -------------------------------------------------------------------------------------------
MARKS = {"text": "dU", "latex": r"\begin{document}", "md": "# ", "html": "<math"}


@pytest.mark.parametrize("notation", ("--index", "--matrix"))
@pytest.mark.parametrize("form", MARKS)
def test_derive_prints_a_page_in_every_form(form, notation):
    result = run("derive", "lstm", "--format", form, notation)
    assert (result.exit_code, result.stderr) == (0, "")
    assert MARKS[form] in result.stdout


def test_derive_for_machines_and_into_a_folder(tmp_path):
    (page,) = json.loads(run("derive", "dense", "--json", "--matrix").stdout)
    assert (page["name"], page["format"], page["notation"]) == ("dense", "text", "matrix")
    assert run("derive", "dense", "lstm", "--format", "latex", "--out", tmp_path).stdout == ""
    assert sorted(p.name for p in tmp_path.iterdir()) == ["dense.tex", "lstm.tex"]
    again = run("derive", "dense", "--format", "latex").stdout
    assert (tmp_path / "dense.tex").read_text("utf-8").strip() == again.strip()


# wrong inputs -------------------------------------------------------------------------------------
BAD = {
    "empty": ("x = 1\n", r"defines no op: put @op"),
    "syntax": ("def f(:\n", r"^syntax.py:1: this is not Python"),
    "import": ("import no_such_module\n", r"^import.py:1: the file cannot be run: No module named"),
    "name": ("\n@op\ndef f(s):\n    pass\n", r"^name.py:2: the file cannot be run: name 'op' is not defined"),
    "decorator": (
        "from derive.language import op\n\n@op(title='t')\ndef f(s): pass\n",
        r"^decorator.py:3: .*source",
    ),
    "spec": (GOOD.replace("x * x", "x[n] * x"), r"^spec.py:9: squares: "),
    "returns": (GOOD.replace("    s.returns(y)\n", ""), r"squares: it returns nothing"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("command", ("derive", "check"))
def test_a_bad_file_gets_one_line_that_says_where_and_why(tmp_path, name, command):
    text, message = BAD[name]
    line = refused(run(command, write(tmp_path, f"{name}.py", text), "--out", tmp_path))
    assert re.search(message, line), line


def test_an_op_or_a_file_that_does_not_exist_is_named(tmp_path):
    assert refused(run("derive", "lstn")).startswith("there is no op 'lstn': give lstm, or the path of")
    unlike = refused(run("derive", "qqq"))
    assert unlike.startswith("there is no op 'qqq': give an op that `gradsmith list` names, or the path of")
    missing = tmp_path / "missing.py"
    assert refused(run("derive", missing)).startswith(f"there is no file {missing}: ")
    assert refused(run("generate", "lstn")).startswith("there is no op 'lstn'")
    assert refused(run("verify", "--out", tmp_path)).startswith("no op of the catalogue is published")


def test_two_ops_of_one_name_are_refused(tmp_path):
    paths = [write(tmp_path, f"{n}.py", GOOD) for n in ("one", "two")]
    assert refused(run("check", *paths)) == "two ops are called 'squares': give one of them another name"


def test_an_op_that_would_hide_the_runtime_is_refused(tmp_path):
    path = write(tmp_path, "hides.py", GOOD.replace("squares(s)", "runtime(s)"))
    assert refused(run("check", path)).startswith("an op cannot be called 'runtime'")


def test_a_form_or_a_command_that_does_not_exist_is_refused():
    for arguments in (("derive", "lstm", "--format", "docx"), ("derive",), ("integrate",)):
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (2, "") and "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "command", ("list", "derive", "generate", "verify", "check", "certificate", "errata", "flow", "sizes")
)
def test_every_command_has_help_with_an_example(command):
    result = run(command, "--help")
    assert result.exit_code == 0
    assert f"Example:  gradsmith {command}" in result.stdout and "--json" in result.stdout


# generate -----------------------------------------------------------------------------------------
def python(*arguments, cwd) -> subprocess.CompletedProcess:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=cwd, env=environment, capture_output=True, text=True
    )


CALL = """
import numpy as np
from mypackage.ops import squares
outputs, pullback = squares.vjp(np.array([[1.0, 2.0, 3.0]]))
print(outputs.y.tolist(), pullback(np.ones((1, 3))).x.tolist(), squares.CERTIFICATE["op"])
"""


def test_a_users_file_becomes_a_package_that_runs(tmp_path):
    path = write(tmp_path, "my_op.py", GOOD)
    out = tmp_path / "mypackage" / "ops"
    out.mkdir(parents=True)
    write(out, "__init__.py", "# the user's own\n")
    done = python("-m", "codegen", "generate", path, "--out", out, "--json", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert (row["op"], row["fault"]) == ("squares", "")
    assert set(row["files"]) == {"squares.py", "squares.derivation.md", "squares.certificate.json"}
    called = python("-c", CALL, cwd=tmp_path)
    assert called.stdout == "[[1.0, 4.0, 9.0]] [[2.0, 4.0, 6.0]] squares\n", called.stderr
    assert run("check", path, "--out", out).exit_code == 0
    assert (out / "__init__.py").read_text("utf-8") == "# the user's own\n"


@pytest.fixture
def counted(monkeypatch):
    """The names of the ops that were verified, in place of verifying them."""
    from codegen import pipeline

    names = []

    def verify(source, progress):
        names.append(source.name)
        return publishable(source)

    monkeypatch.setattr(pipeline, "verify", verify)
    return names


def generated(folder, path):
    return tasks.Generate(str(folder / "ops"))(Job("squares", str(path)), lambda stage: None)


def edit(folder, name):
    path = folder / "ops" / name
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")


CHANGES = {
    "the spec": lambda f: write(f, "my_op.py", GOOD.replace("x * x", "x * x * x")),
    "a module that is gone": lambda f: (f / "ops" / "squares.py").unlink(),
    "a derivation that is gone": lambda f: (f / "ops" / "squares.derivation.md").unlink(),
    "a file of the runtime that is gone": lambda f: (f / "ops" / "runtime" / "blas.py").unlink(),
    "gradsmith": lambda f: stamp._tools.cache_clear(),
}
EDITED = ("squares.py", "squares.certificate.json", "squares.derivation.md", "runtime/__init__.py")


@pytest.mark.parametrize("name", EDITED)
def test_what_somebody_has_changed_is_not_replaced(tmp_path, counted, name):
    path = write(tmp_path, "my_op.py", GOOD)
    generated(tmp_path, path)
    edit(tmp_path, name)
    before = (tmp_path / "ops" / name).read_text("utf-8")
    with pytest.raises(PublishError, match=rf"^squares: {tmp_path}.* is not as gradsmith wrote it.*move it"):
        generated(tmp_path, path)
    assert (tmp_path / "ops" / name).read_text("utf-8") == before


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_verified_is_left_alone_until_something_changes(tmp_path, counted, monkeypatch, change):
    path = write(tmp_path, "my_op.py", GOOD)
    first, second = generated(tmp_path, path), generated(tmp_path, path)
    assert counted == ["squares"] and second == {**first, "unchanged": True}
    CHANGES[change](tmp_path)
    if change == "gradsmith":
        monkeypatch.setattr(stamp, "RUNS_ON", ())
    assert generated(tmp_path, path) == first and counted == ["squares", "squares"]


def test_an_op_that_cannot_be_derived_fails_alone_with_one_line(tmp_path):
    path = write(tmp_path, "words.py", GOOD.replace('"x"', '"count"'))
    done = python("-m", "codegen", "generate", path, "--out", tmp_path / "ops", "--json", cwd=ROOT)
    (row,) = json.loads(done.stdout)
    assert (done.returncode, row["op"]) == (1, "squares")
    assert row["fault"].startswith("words.py:8: squares: 'count' cannot name anything in generated source: ")
    assert "Traceback" not in done.stderr and not (tmp_path / "ops").exists()


def test_another_package_called_codegen_is_told_apart(monkeypatch):
    import derive.command

    monkeypatch.setitem(sys.modules, "codegen", type(sys)("codegen"))
    with pytest.raises(SystemExit, match="the package 'codegen' at an unknown place is not ours"):
        derive.command.main()


def test_processes_share_the_cores_with_their_blas(monkeypatch):
    import os

    from codegen import jobs

    monkeypatch.delenv(jobs.BLAS_THREADS, raising=False)
    with jobs._one_thread_each():
        assert os.environ[jobs.BLAS_THREADS] == "1"
    assert jobs.BLAS_THREADS not in os.environ
    monkeypatch.setenv(jobs.BLAS_THREADS, "2")
    with jobs._one_thread_each():
        assert os.environ[jobs.BLAS_THREADS] == "2"  # who has asked for more gets it
    assert os.environ[jobs.BLAS_THREADS] == "2"
