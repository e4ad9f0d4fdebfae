"""Publishing: nothing of a user's is replaced, files appear together, who is killed leaves no half."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from codegen import together
from codegen.cli import main
from codegen.copies import is_signed, runtime_files, signed
from codegen.module import write_module
from codegen.ownership import PublishError, is_ours, standing
from codegen.publish import certificate_name, op_files, prepare, publish
from codegen.together import DRAFT, HIDDEN, READY, alone_in, finish
from codegen.verify.publishable import draft
from tests.codegen.emitted import ROOT, plan
from tests.codegen.verify.candidates import source, spec

SPEC = """
from derive.language import op


@op(title="squares", source="a test")
def squares(s):
    N = s.size("N", "n")
    x, y = s.data("x", N), s.let("y", N)
    y[:] = x * x
    s.returns(y)


@op(title="cubes", source="a test")
def cubes(s):
    N = s.size("N", "n")
    x, y = s.data("x", N), s.let("y", N)
    y[:] = x * x * x
    s.returns(y)
"""
NAME = "dense_tanh"


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def refused(*arguments):
    """The one line of a command that wrote nothing."""
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    (line,) = result.stderr.splitlines()
    return line.removeprefix("gradsmith: ")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "squares.py"
    path.write_text(SPEC, "utf-8")
    return path


def snapshot(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and HIDDEN not in p.parts}


# never over what is not ours ----------------------------------------------------------------------
def test_a_users_file_needs_a_folder(file):
    for command in ("generate", "check", "verify", "certificate"):
        assert "squares.py is not of the catalogue: say by --out" in refused(command, file)


def spelled(file, how):
    """The same folder and spec in other words."""
    folder, given = file.parent, file
    if how == "a relative path":
        folder = Path(os.path.relpath(folder))
    if how == "a link to the spec":
        given = file.parent / "linked.py"
        given.symlink_to(file)
    if how == "a link to the folder":
        folder = file.parent / "elsewhere"
        folder.symlink_to(file.parent, target_is_directory=True)
    if how == "through another folder":
        (file.parent / "inner").mkdir()
        folder = file.parent / "inner" / ".."
    return folder, given


@pytest.mark.parametrize(
    "how",
    ["as it is", "a relative path", "a link to the spec", "a link to the folder", "through another folder"],
)
def test_the_spec_is_never_replaced(file, how):
    folder, given = spelled(file, how)
    before = snapshot(file.parent)
    assert "squares.py is the spec itself: give another folder by --out" in refused(
        "generate", given, "--out", folder
    )
    assert snapshot(file.parent) == before


THEIRS = {
    "a module of this name": "cubes.py",
    "a page of this name": "cubes.derivation.md",
    "a certificate of this name": "cubes.certificate.json",
    "a runtime of their own": "runtime/__init__.py",
    "another file in the runtime's place": "runtime/mine.py",
    "a module that the runtime would hide": "runtime.py",
    "a file that is called runtime": "runtime",
    "bytes that are no text": "runtime/blas.py",
}


@pytest.mark.parametrize("about", THEIRS)
def test_what_gradsmith_did_not_write_is_never_replaced(file, about):
    out = file.parent / "ops"
    path = out / THEIRS[about]
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\xfe mine" if "bytes" in about else b"# mine\n")
    before = snapshot(file.parent)
    line = refused("generate", f"{file}:cubes", "--draft", "--out", out)
    assert line.startswith(f"cubes: {path} is not as gradsmith wrote it") and "move it away" in line
    with pytest.raises(PublishError):
        publish(draft(renamed("cubes")), out)
    assert snapshot(file.parent) == before


def renamed(name):
    """A source that is published under another name."""
    made = source(NAME)
    d = made.plan.derivation
    return replace(made, plan=replace(made.plan, derivation=replace(d, op=replace(d.op, name=name))))


def test_a_dangling_link_is_not_replaced_either(tmp_path):
    (tmp_path / f"{NAME}.py").symlink_to(tmp_path / "nowhere")
    with pytest.raises(PublishError):
        publish(draft(source(NAME)), tmp_path)
    assert (tmp_path / f"{NAME}.py").is_symlink()


def test_a_package_of_a_users_is_left_alone_and_what_is_ours_replaced(tmp_path):
    (tmp_path / "__init__.py").write_text("# mine\n", "utf-8")
    publish(draft(source(NAME)), tmp_path)
    publish(draft(longer()), tmp_path)
    assert (tmp_path / "__init__.py").read_text("utf-8") == "# mine\n"
    assert "# longer" in (tmp_path / f"{NAME}.py").read_text("utf-8")
    assert standing(tmp_path, NAME) == "draft"


def test_an_older_runtime_is_ours_and_what_it_had_too_many_goes(tmp_path):
    publish(draft(source(NAME)), tmp_path)
    for name in ("blas.py", "gone.py"):
        (tmp_path / "runtime" / name).write_text(signed("# of last year\n"), "utf-8")
    publish(draft(source(NAME)), tmp_path)
    assert {f"runtime/{p.name}" for p in (tmp_path / "runtime").glob("*.py")} == set(runtime_files())
    assert all(is_signed((tmp_path / name).read_text("utf-8")) for name in runtime_files())


def test_one_changed_byte_makes_a_file_a_users(tmp_path):
    publish(draft(source(NAME)), tmp_path)
    for path in [*tmp_path.glob(f"{NAME}.*"), tmp_path / "runtime" / "blas.py"]:
        text = path.read_text("utf-8")
        assert is_ours(path, NAME)
        path.write_text(text[:-1] + " \n", "utf-8")
        assert not is_ours(path, NAME)
        path.write_text(text, "utf-8")


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(PublishError, match="cannot be written"):
        publish(draft(source(NAME)), tmp_path / "file" / "ops")


# one op of a file ---------------------------------------------------------------------------------
def test_one_op_of_a_file_is_picked_by_name(file):
    out = file.parent / "ops"
    assert run("generate", f"{file}:cubes", "--draft", "--out", out).exit_code == 0
    assert (out / "cubes.py").exists() and not (out / "squares.py").exists()
    assert run("check", f"{file}:cubes", "--out", out).exit_code == 0
    assert "Cubes" in run("derive", f"{file}:cubes").stdout
    assert run("sizes", f"{file}:cubes", "N=3", "B=2").exit_code == 0


def test_a_name_that_a_file_does_not_have_gets_the_nearest_and_the_list(file):
    line = refused("derive", f"{file}:squarse")
    assert line == f"{file} has no op 'squarse': did you mean squares? It has squares, cubes"
    assert refused("derive", f"{file}:qq") == f"{file} has no op 'qq': It has squares, cubes"


# together -----------------------------------------------------------------------------------------
def longer():
    made = source(NAME)
    return replace(made, text=made.text + "# longer\n")


LOOP = """
import sys
from pathlib import Path
from codegen.publish import publish
from codegen.verify.publishable import draft
from tests.codegen.test_publish import longer
from tests.codegen.verify.candidates import source
folder, turns = Path(sys.argv[1]), int(sys.argv[2])
made = [draft(source("dense_tanh")), draft(longer())]
print("ready", flush=True)
for turn in range(turns):
    publish(made[turn % 2], folder)
"""


def publisher(folder, turns):
    """A process that has what it needs, and publishes from now on."""
    command = [sys.executable, "-c", LOOP, str(folder), str(turns)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def is_whole(folder):
    """Whether an op's files are all there and all of one publishing."""
    names = (*op_files(source(NAME)), certificate_name(source(NAME)))
    return all(is_ours(folder / name, NAME) for name in names)


def test_who_is_killed_leaves_the_old_or_the_new_and_the_next_leaves_no_draft(tmp_path):
    program = "import sys; from tests.codegen.test_publish import killed; killed(sys.argv[1], 20)"
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0
    assert is_whole(tmp_path)


def killed(folder, rounds):
    """Kill a process that publishes without end, again and again, and look each time at what it left."""
    rng, made, folder = random.Random(0), [draft(source(NAME)), draft(longer())], Path(folder)
    for _ in range(rounds):
        process = os.fork()
        if not process:
            while True:
                publish(made[0], folder)
                publish(made[1], folder)
        time.sleep(rng.uniform(0.05, 0.3))
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        new = not (folder / f"{NAME}.py").exists()
        assert new or is_whole(folder) or (folder / HIDDEN / READY).exists()
        finish(folder)
        assert is_whole(folder) or not (folder / f"{NAME}.py").exists()
        assert not any((folder / HIDDEN / name).exists() for name in (DRAFT, READY))
    publish(made[0], folder)


@pytest.mark.parametrize("moved", range(6))
def test_who_is_killed_between_two_moves_is_finished_by_the_next(tmp_path, monkeypatch, moved):
    publish(draft(source(NAME)), tmp_path)
    (tmp_path / "runtime" / "blas.py").write_text(signed("# of last year\n"), "utf-8")
    left, replace_file = [moved], os.replace

    def killed(*paths):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        replace_file(*paths)

    monkeypatch.setattr(together.os, "replace", killed)
    ended = False
    try:
        publish(draft(longer()), tmp_path)
    except KeyboardInterrupt:
        ended = True
    monkeypatch.setattr(together.os, "replace", replace_file)
    assert ended == (moved < 3)  # the runtime's file, the module, the certificate
    prepare((spec(NAME),), tmp_path)
    assert is_whole(tmp_path) and "# longer" in (tmp_path / f"{NAME}.py").read_text("utf-8")
    assert not (tmp_path / HIDDEN / READY).exists()


def test_what_was_not_complete_is_thrown_away(tmp_path, monkeypatch):
    publish(draft(source(NAME)), tmp_path)
    before = snapshot(tmp_path)
    monkeypatch.setattr(Path, "rename", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        publish(draft(longer()), tmp_path)
    assert (tmp_path / HIDDEN / DRAFT).exists()
    finish(tmp_path)
    assert snapshot(tmp_path) == before and not (tmp_path / HIDDEN / DRAFT).exists()


def test_what_a_user_wrote_after_a_kill_is_kept(tmp_path):
    publish(draft(source(NAME)), tmp_path)
    ready = tmp_path / HIDDEN / READY
    ready.mkdir()
    (ready / f"{NAME}.py").write_text("# half\n", "utf-8")
    os.utime(ready / f"{NAME}.py", (0, 0))
    (tmp_path / f"{NAME}.py").write_text("# mine\n", "utf-8")
    finish(tmp_path)
    assert (tmp_path / f"{NAME}.py").read_text("utf-8") == "# mine\n" and not ready.exists()


def test_two_processes_that_publish_into_one_fresh_folder_both_succeed(tmp_path):
    folder = tmp_path / "package" / "ops"
    both = [publisher(folder, 15) for _ in range(2)]
    assert [(p.communicate()[0], p.returncode) for p in both] == [("ready\n", 0)] * 2
    assert is_whole(folder)


def test_a_folder_is_held_by_one_at_a_time(tmp_path):
    with alone_in(tmp_path):
        process = publisher(tmp_path, 1)
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.2)
        assert process.poll() is None and not (tmp_path / f"{NAME}.py").exists()
    assert process.wait() == 0 and is_whole(tmp_path)
    process.stdout.close()


def test_the_published_text_is_the_one_of_the_stages(tmp_path):
    publish(draft(write_module(plan(spec(NAME)))), tmp_path)
    assert is_whole(tmp_path)
