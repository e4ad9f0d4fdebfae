"""`gradsmith verify` at its levels: what each runs and leaves out, what it notices, and how it goes on."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from codegen import deep_task, verify_command
from codegen.certificate_command import read_certificate
from codegen.cli import main
from codegen.deep_task import Deep, fuzz_jobs
from codegen.jobs import Job, Outcome
from codegen.journal import Journal
from codegen.pipeline import generate
from codegen.tasks import Recheck
from codegen.verify import processes
from codegen.verify.cases import Cases
from codegen.verify.fuzz import run as fuzz
from codegen.verify.levels import FAST, Fewer
from codegen.verify.recheck import Recheck as Found
from codegen.verify.result import VerificationError
from tests.codegen.verify.candidates import cases, source, spec

SMALL = "gelu_gated"
WHERE = str(Path(__file__).parent / "verify" / "candidates.py")
JOB = Job(SMALL, WHERE)
quiet = lambda stage: None


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """A small op of a user's file, verified and published once."""
    folder = tmp_path_factory.mktemp("published")
    generate(source(SMALL), folder, quiet)
    return folder


@pytest.fixture
def published(once, tmp_path):
    return Path(shutil.copytree(once, tmp_path / "ops"))


@pytest.fixture
def here(monkeypatch):
    """Jobs run in this process."""

    def run_all(work, jobs, faults):
        made = []
        for job in jobs:
            try:
                made.append(Outcome(job, work(job, quiet)))
            except faults as fault:
                made.append(Outcome(job, None, str(fault)))
        return made

    monkeypatch.setattr(verify_command, "run_all", run_all)


def verify(folder, *options):
    return CliRunner().invoke(main, ["verify", WHERE, "--out", str(folder), *options])


@pytest.fixture(autouse=True)
def only_the_small_one(monkeypatch):
    monkeypatch.setattr(verify_command, "located", lambda ops: [(spec(SMALL), WHERE)])


# the fast level -----------------------------------------------------------------------------------------
def test_the_fast_level_runs_all_but_rung_11_says_so_and_keeps_machine_code(published, here):
    def kept():
        return {p: p.stat().st_mtime_ns for p in (published / "__pycache__" / "verify").rglob("*.nbc")}

    (row,) = json.loads(verify(published, "--fast", "--json").stdout)
    assert (row["fault"], row["level"]) == ("", "fast")
    assert row["passed"] == "1 2 3 4 5 6 7 8 9 10 12" and row["not_shown"] == "11"
    compiled = kept()
    table = verify(published, "--fast")
    assert table.exit_code == 0 and f"not run at this level: {FAST.left_out}" in table.stderr
    assert FAST.left_out.startswith("rung 11") and "11" in table.stdout
    assert compiled and kept() == compiled


def test_its_problems_are_among_those_of_the_certificate():
    fewer, every = Fewer(source("leaky").plan.derivation), cases("leaky")
    awkward = [str(s) for s in fewer.shapes if s.label.startswith("awkward")]
    assert len(fewer.shapes) == 2 and awkward == [s for s in map(str, every.shapes) if s in awkward] != []
    assert len(fewer.floats) == 1 and str(fewer.floats[0]) == str(every.smallest_float)


def edit(name, old, new):
    def change(folder):
        path = folder / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")

    return change


CHANGES = {
    "the module is not the text that was verified": edit(f"{SMALL}.py", "gated", "gates"),
    "the certificate was changed since": edit(f"{SMALL}.certificate.json", '"points": ', '"points": 1'),
    "the runtime beside the module is not": edit("runtime/plain.py", "def ", "def  "),
    "the certificate is of another op or format": edit(
        f"{SMALL}.certificate.json", '"format": ', '"format": 9'
    ),
}


@pytest.mark.parametrize("level", ["--fast", "--deep"])
@pytest.mark.parametrize("message", CHANGES)
def test_what_was_changed_is_noticed_at_every_level(published, here, message, level):
    CHANGES[message](published)
    result = verify(published, level)
    assert result.exit_code == 1
    assert message in result.stderr and "Traceback" not in result.stderr


def test_a_spec_that_was_edited_and_another_version_are_noticed_by_the_fast_level(published, monkeypatch):
    from codegen.verify import certificate, recheck

    monkeypatch.setattr("codegen.tasks.find_op", lambda job: replace(spec(SMALL), title="another"))
    with pytest.raises(VerificationError, match="its spec now says something else"):
        Recheck(str(published), FAST)(JOB, quiet)
    monkeypatch.undo()
    monkeypatch.setattr(recheck, "FORMAT", certificate.FORMAT + 1)
    with pytest.raises(VerificationError, match="another op or format"):
        Recheck(str(published), FAST)(JOB, quiet)


def test_a_verdict_that_the_certificate_does_not_have_is_noticed(published, monkeypatch):
    from codegen.verify.certificate import as_text, own_digest

    path = published / f"{SMALL}.certificate.json"
    said = json.loads(path.read_text("utf-8"))
    said["rungs"][8]["verdict"] = "not shown"
    said["digest"] = own_digest(said)
    path.write_text(as_text(said), "utf-8")
    with pytest.raises(VerificationError, match="rung 9 is now passed, and not shown in its certificate"):
        Recheck(str(published), FAST)(JOB, quiet)


# pages --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("form", "mark"), [("text", "not shown"), ("md", "# "), ("html", "<!DOCTYPE html>")])
def test_a_page_for_a_sceptic(published, here, monkeypatch, form, mark):
    monkeypatch.setattr("codegen.tasks.recheck", lambda *given: Found(()))
    result = verify(published, "--fast", "--format", form)
    assert result.exit_code == 0
    assert mark.lower() in result.stdout.lower() and "┏" not in result.stdout
    assert read_certificate(spec(SMALL), published)["op"] in result.stdout


# the deep level -----------------------------------------------------------------------------------------
@pytest.fixture
def counted(monkeypatch):
    """The pieces that were run, in place of running them."""
    seen = []

    def piece(name):
        return lambda source, where, progress: seen.append(name) or "good"

    monkeypatch.setattr(deep_task, "PIECES", {name: piece(name) for name in deep_task.PIECES})
    row = {"passed": "1", "not_shown": "", "mutants": "1 of 1"}
    monkeypatch.setattr(Recheck, "__call__", lambda self, job, progress: seen.append("certificate") or row)
    return seen


EVERY = ["certificate", "numbers", "every mutant", "processes"]


def deep(published, afresh=False):
    return Deep(str(published), Journal(str(published / "__pycache__" / "deep"), afresh))(JOB, quiet)


def test_a_run_that_was_stopped_goes_on_where_it_was(published, counted, monkeypatch):
    def stop(source, where, progress):
        raise KeyboardInterrupt

    whole = dict(deep_task.PIECES)
    monkeypatch.setitem(deep_task.PIECES, "every mutant", stop)
    with pytest.raises(KeyboardInterrupt):
        deep(published)
    assert counted == EVERY[:2]
    monkeypatch.setitem(deep_task.PIECES, "every mutant", whole["every mutant"])
    row = deep(published)
    assert counted == EVERY and row["mutants"] == "good" and row["passed"] == "1"
    assert deep(published) == row and counted == EVERY  # nothing is left to run
    assert deep(published, afresh=True) == row and counted == [*EVERY, *EVERY]


def test_a_changed_source_starts_its_pieces_anew(published, counted):
    deep(published)
    edit(f"{SMALL}.py", "gated", "gates")(published)
    deep(published)
    assert counted == [*EVERY, *EVERY]


def test_what_failed_is_run_again(published, counted, monkeypatch):
    def fail(source, where, progress):
        raise VerificationError("planted")

    monkeypatch.setitem(deep_task.PIECES, "processes", fail)
    for _ in range(2):
        with pytest.raises(VerificationError, match="planted"):
            deep(published)
    assert counted == EVERY[:3]


def test_a_note_that_cannot_be_read_is_no_note(tmp_path):
    journal = Journal(str(tmp_path))
    assert journal.once("a", "1", lambda: "first") == "first" == journal.once("a", "1", lambda: "second")
    (tmp_path / "a.json").write_text("{", "utf-8")
    assert journal.once("a", "1", lambda: "third") == "third"
    assert journal.once("a", "2", lambda: "fourth") == "fourth"


def test_a_random_system_that_fails_is_one_line_exit_code_1_and_a_file(published, here, counted, monkeypatch):
    monkeypatch.setattr(verify_command, "fuzz_jobs", lambda: fuzz_jobs(1))
    search = fuzz.search
    monkeypatch.setattr(
        fuzz, "search", lambda n, count, progress: search(n, 3, lambda op: "planted", progress)
    )
    result = CliRunner().invoke(main, ["verify", "--out", str(published), "--deep"])
    (line,) = (line for line in result.stderr.splitlines() if line.startswith("gradsmith: "))
    assert result.exit_code == 1 and "planted" in line and "Traceback" not in result.stderr
    (kept,) = (published / "__pycache__" / "deep").glob("found_*.py")
    assert kept.read_text("utf-8").startswith("# seed 1: planted\nfrom derive.language import")


def test_the_jobs_are_for_2000_systems():
    assert len(fuzz_jobs()) * deep_task.EACH >= 2000


def test_a_missing_extra_is_named(published, here, monkeypatch):
    monkeypatch.setattr(verify_command, "find_spec", lambda name: None if name == "jax" else object())
    result = verify(published, "--deep")
    assert result.exit_code == 2
    assert result.stderr == "gradsmith: --deep needs jax: pip install 'gradsmith[jax]'\n"


# processes of their own ---------------------------------------------------------------------------------
def test_bits_and_bounds_that_are_not_kept_are_named(tmp_path):
    import numpy as np

    one = {"0_h": np.linspace(1, 2, 7)}
    assert processes.unlike(one, one, "") == "" == processes.apart(one, one, 0.0)
    wrong = {"0_h": one["0_h"] * (1 + 5e-4)}
    assert processes.unlike(wrong, one, "with a warm cache") == "h has other bits with a warm cache"
    assert "h differs between 1 and 2 threads" in processes.apart(wrong, one, 1e-10)


def test_a_result_that_depends_on_the_hash_seed_is_seen(tmp_path):
    made = source(SMALL)
    text = made.text + "\n_vjp = vjp\n\n\ndef vjp(*given, **more):\n    out, back = _vjp(*given, **more)\n"
    text += '    return out._replace(y=out.y + hash("seed") % 1009), back\n'
    small = Cases(made.plan.derivation)
    problem = small.smallest_float
    package = processes.set_up(tmp_path, replace(made, text=text), small, problem)
    faults = [f for f in processes.runs(package, small, problem) if f]
    assert "y has other bits with a warm cache and another hash seed" in faults
