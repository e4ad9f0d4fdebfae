"""However a spec is malformed: it works, or its author gets one located line, no traceback and no hang."""

import random
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from codegen.cli import main
from derive.authoring import arguments
from derive.language import OpSpec
from tests.codegen import bad_files, malformed
from tests.codegen.emitted import ROOT

CASES = list(malformed.cases())


@pytest.mark.parametrize("seed", range(4))
def test_another_value_for_any_argument_works_or_is_one_located_line(seed):
    chosen = random.Random(seed).sample(CASES, 60)
    faults = [(build.__name__, change, malformed.fault_of(build, change)) for build, change in chosen]
    assert not [f for f in faults if f[-1]]


def test_so_does_any_for_the_decorator():
    chosen = random.Random(0).sample(list(malformed.decorated()), 60)
    faults = [(*case, malformed.decorator_fault(*case)) for case in chosen]
    assert not [f for f in faults if f[-1]]


def test_the_good_specs_are_good_and_the_collection_is_large():
    for build in malformed.GOOD:
        malformed.carry_through(
            OpSpec(build.__name__, malformed.meddled(build, malformed.Meddler(None)), "", "", "")
        )
    assert len(CASES) > 10_000 and len(bad_files.FILES) > 60


def test_a_declaration_that_does_not_look_is_seen(monkeypatch):
    monkeypatch.setitem(arguments.CHECKS, "about", lambda value, called: value)
    chosen = [c for c in CASES if c[1].argument == "about" and c[1].value in ("None", "class", "huge")]
    assert any(malformed.fault_of(*case) for case in chosen[:12])


@pytest.mark.parametrize("name", bad_files.FILES)
def test_a_malformed_file_gets_one_line(name, tmp_path):
    path = written(name, tmp_path)
    result = CliRunner().invoke(main, ["derive", str(path)])
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("gradsmith: ") and line.isprintable() and len(line) < 700
    assert re.search(r"spec\.py(:\d+: | defines no op)|two ops|called 'runtime'", line), line


def written(name, folder):
    text = bad_files.FILES[name]
    path = folder / "spec.py"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("name", ("exits", "sum of a tensor"))
def test_so_says_the_real_command(name, tmp_path):
    command = [sys.executable, "-m", "codegen", "derive", str(written(name, tmp_path))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"gradsmith: spec\.py:\d+: .*\n", done.stderr)


@pytest.mark.parametrize("command", ("derive", "check", "sizes", "generate", "verify", "certificate"))
@pytest.mark.parametrize("given", ("x" * 5000, "x" * 5000 + ".py", "a\x1b[31m.py", ".", "\ud800.py"))
def test_what_can_be_no_file_is_one_line_too(command, given, tmp_path):
    out = [] if command in ("derive", "sizes") else ["--out", str(tmp_path)]
    result = CliRunner().invoke(main, [command, given, *out])
    (line,) = result.stderr.splitlines()
    assert result.exit_code == 2 and line.startswith("gradsmith: ") and line.isprintable() and len(line) < 700
