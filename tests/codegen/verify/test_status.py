"""The four states of an op: each by a planted cause, and said wherever an op is seen."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner

from codegen import pipeline, tasks
from codegen.cli import main
from codegen.jobs import Job, Outcome
from codegen.outcomes import table
from codegen.verify import ladder, rung1_adjoint, rung5_autodiff, rung11_mutants
from codegen.verify.certificate import as_text, certificate, own_digest
from codegen.verify.ladder import RUNGS, Rung, climb
from codegen.verify.publishable import Publishable, draft, verify
from codegen.verify.recheck import recheck
from codegen.verify.result import RefusedError, RungResult
from codegen.verify.rung3_execution import check as rung3
from codegen.verify.sabotage import scaled_gradient
from codegen.verify.status import Status, missing, status_of, with_status, without_status
from derive.errors import SpecError
from tests.codegen.verify.candidates import candidate, cases, source
from tests.codegen.verify.results import publishable, results

SPEC = """
from derive.language import op


@op(title="squares", source="a test")
def squares(s):
    N = s.size("N", "n")
    x, y = s.data("x", N), s.let("y", N)
    y[:] = x * x
    s.returns(y)
"""
JOB = "squares"


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "my_op.py"
    path.write_text(SPEC, "utf-8")
    return path


def generate(spec, **options):
    """What the process of `gradsmith generate` does for the op of a file; the row of its table."""
    return tasks.Generate(str(spec.parent / "ops"), **options)(Job(JOB, str(spec)), lambda stage: None)


def given(monkeypatch, **verdicts):
    """In place of running the rungs: these verdicts."""
    monkeypatch.setattr(pipeline, "verify", lambda source, progress: publishable(source, **verdicts))


def imported(folder):
    """What importing an op says on standard error, and its certificate's status."""
    program = "import ops.squares as op; print(op.CERTIFICATE and op.CERTIFICATE['status'])"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip(), done.stderr


# the table ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("rung", [r.number for r in RUNGS])
def test_one_rung_that_contradicts_all_others_is_a_refusal(rung):
    verdicts = {r.rung: r.verdict for r in results(**{f"r{rung}": "failed"})}
    assert status_of(verdicts) is Status.REFUSED


@pytest.mark.parametrize("verdict", ["not run", "unproved", "not shown"])
@pytest.mark.parametrize("rung", [r.number for r in RUNGS])
def test_what_is_not_shown_counts_for_proofs_alone(rung, verdict):
    verdicts = {r.rung: r.verdict for r in results(**{f"r{rung}": verdict})}
    assert status_of(verdicts) is (Status.CHECKED if rung in (1, 2, 3) else Status.VERIFIED)
    assert [r.number for r in missing(verdicts)] == ([rung] if rung in (1, 2, 3) else [])


def test_without_verdicts_an_op_is_a_draft():
    assert status_of({}) is Status.DRAFT


# what a refused source cannot become --------------------------------------------------------------
@pytest.mark.parametrize("rung", [r.number for r in RUNGS])
def test_a_failure_is_refused_naming_rung_oracle_and_point(rung):
    with pytest.raises(RefusedError, match=rf"rung {rung} \(.*\) failed against oracle: at T=3"):
        publishable(source("dense_tanh"), **{f"r{rung}": "failed"})


def test_a_refused_source_is_not_made_publishable_by_another_way():
    good, wrong = publishable(source("dense_tanh")), results(r9="failed")
    other = replace(good.source, text=scaled_gradient(good.source.text, "dW", 2))
    for changes in (
        {"results": wrong},
        {"results": tuple(r for r in wrong if r.verdict != "failed")},
        {"results": wrong[::-1]},
        {"source": other},
    ):
        with pytest.raises(RefusedError):
            replace(good, **changes)
    with pytest.raises(RefusedError, match="not the one that the rungs have seen"):
        Publishable(other, good.seen, good.results, good.mutants)
    with pytest.raises((AttributeError, TypeError)):  # a frozen class with slots raises either
        good.status = Status.VERIFIED


def test_a_text_that_was_never_run_is_refused():
    never = tuple(replace(r, points=0, verdict="not shown") if r.rung == 3 else r for r in results())
    with pytest.raises(RefusedError, match=r"rung 3 .* could not run it"):
        replace(publishable(source("dense_tanh")), results=never)


def test_no_machine_code_runs_before_the_text_has_run(monkeypatch):
    made = replace(results(r3="not shown")[2], points=0)
    monkeypatch.setattr(ladder, "RUNGS", (Rung(3, "text", lambda *given: made), Rung(4, "later", rung3)))
    assert climb(source("dense_tanh")) == ((made,), None)


# by planted causes --------------------------------------------------------------------------------
def test_a_rung_that_is_blind_to_its_planted_fault_is_not_shown(monkeypatch):
    monkeypatch.setattr("codegen.verify.rung3_execution.scaled_gradient", lambda text, *more: text)
    result = rung3(candidate("dense_tanh"), cases("dense_tanh"))
    assert (result.verdict, result.detail[:8]) == ("not shown", "blind to")
    assert status_of({**publishable(source("dense_tanh")).verdicts, 3: result.verdict}) is Status.CHECKED


def test_an_op_that_rung_1_cannot_prove_is_checked_and_says_so_everywhere(spec, monkeypatch):
    said = "rung 1, adjoint identity, all sizes"
    given(monkeypatch, r1="unproved")
    row = generate(spec)
    folder = spec.parent / "ops"
    assert (row["status"], row["not_proved"]) == ("checked", [1]) and f"{said}: unproved" in row["notes"][0]
    content = json.loads((folder / "squares.certificate.json").read_text("utf-8"))
    assert (content["status"], content["not_proved"]) == ("checked", [f"{said}: unproved: at T=3"])
    docstring = (folder / "squares.py").read_text("utf-8").split('"""')[1]
    assert f"Status: checked, not verified. Not proved: {said} (unproved)." in " ".join(docstring.split())
    assert imported(spec.parent) == ("checked", "")
    assert run("check", spec, "--out", folder).exit_code == 0
    assert "Checked by gradsmith" in run("certificate", spec, "--out", folder).stdout
    assert generate(spec) == {**row, "unchanged": True}


def test_the_proof_that_rung_1_lacks_is_found_lacking_by_verify(tmp_path, monkeypatch):
    monkeypatch.setattr(ladder, "RUNGS", RUNGS[:3])
    monkeypatch.setattr("codegen.verify.publishable.RUNGS", RUNGS[:3])
    monkeypatch.setattr(
        rung1_adjoint, "prove", lambda *given: replace(rung1_adjoint_proof(), faults=(Unproved(),))
    )
    made = verify(source("dense_tanh"))
    assert made.status is Status.CHECKED and [r.number for r in missing(made.verdicts)] == [1]


class Unproved:
    """A step of rung 1 that has no proof."""

    pair = None

    def __str__(self):
        return "no map was found"


def rung1_adjoint_proof():
    from codegen.verify.pairing.identity import prove

    c = cases("dense_tanh")
    return prove(c.forward, c.backward)


def test_an_op_that_is_shown_wrong_is_refused_and_nothing_is_on_disk(spec, monkeypatch):
    def wrong(op, progress):
        made = write(op, progress)
        return replace(made, text=scaled_gradient(made.text, "dx", 2))

    write = tasks.write
    monkeypatch.setattr(tasks, "write", wrong)
    with pytest.raises(RefusedError, match=r"squares: rung 3 .* failed") as caught:
        generate(spec)
    assert caught.value.status == "refused" and sorted(spec.parent.iterdir()) == [spec]


def test_without_jax_a_verified_op_is_verified_and_the_rung_is_named(monkeypatch):
    def absent():
        raise ImportError

    monkeypatch.setattr(rung5_autodiff, "load_jax", absent)
    result = rung5_autodiff.check(candidate("dense_tanh"), cases("dense_tanh"))
    assert (result.verdict, result.detail) == ("not run", rung5_autodiff.WITHOUT_JAX)
    made = publishable(source("dense_tanh"), r5="not run")
    assert made.status is Status.VERIFIED and made.text == made.source.text
    (note,) = tasks.summary(made.results)["notes"]
    assert note.startswith("rung 5, autodiff: not run")


def test_weak_mutants_never_decide(monkeypatch):
    monkeypatch.setattr(rung11_mutants, "BAR", 2.0)
    result, _ = rung11_mutants.climb(candidate("dense_tanh"), cases("dense_tanh"))
    assert result.verdict == "not shown"
    made = publishable(source("dense_tanh"), r11=result.verdict)
    assert made.status is Status.VERIFIED and made.text == made.source.text


# drafts -------------------------------------------------------------------------------------------
def test_a_draft_is_said_at_import_and_is_no_proof(spec):
    row, folder = generate(spec, draft=True), spec.parent / "ops"
    assert (row["status"], row["passed"], row["not_proved"]) == ("draft", "", [])
    status, said = imported(spec.parent)
    assert status == "draft" and said.count("squares is a draft: nothing was shown of it") == 1
    assert "Status: draft." in (folder / "squares.py").read_text("utf-8").split('"""')[1]
    assert run("check", spec, "--out", folder).exit_code == 0
    assert "no rung was run" in run("certificate", spec, "--out", folder).stdout
    (problem,) = recheck(folder / "squares.py", tasks.find_op(Job(JOB, str(spec)))).problems
    assert "squares is a draft" in problem and "generate" in problem


def test_a_draft_is_verified_when_it_is_no_longer_asked_for(spec, monkeypatch):
    generate(spec, draft=True)
    given(monkeypatch)
    assert generate(spec)["status"] == "verified"
    assert imported(spec.parent) == ("verified", "")
    assert generate(spec, draft=True)["status"] == "verified"  # what is verified is left as it is


# the words in the module --------------------------------------------------------------------------
def test_a_verified_text_says_nothing_and_any_other_gives_back_what_the_rungs_saw():
    text = source("lstm").text
    for made in (
        publishable(source("lstm")),
        publishable(source("lstm"), r2="unproved"),
        draft(source("lstm")),
    ):
        assert without_status(made.text, made.verdicts) == text
        assert (made.text == text) == (made.status is Status.VERIFIED)
        compile(made.text, "lstm", "exec")
    checked = {1: "unproved", 2: "passed", 3: "passed"}
    assert without_status(text, checked) is None
    assert without_status(with_status(text, checked).replace("unproved", "passed"), checked) is None


# what verify notices ------------------------------------------------------------------------------
@pytest.fixture
def checked(spec, monkeypatch):
    """An op that is published as checked, in its folder."""
    given(monkeypatch, r1="unproved")
    generate(spec)
    return spec.parent / "ops" / "squares.py"


def problems(module, spec):
    return recheck(module, tasks.find_op(Job(JOB, str(spec)))).problems


def relabel(module, **changes):
    """A certificate that somebody changed, mending its digest."""
    path = module.with_suffix(".certificate.json")
    content = {**json.loads(path.read_text("utf-8")), **changes}
    path.write_text(as_text({**content, "digest": own_digest(content)}), "utf-8")


def test_a_certificate_that_says_more_than_its_rungs_is_noticed(checked, spec):
    relabel(checked, status="verified", not_proved=[])
    (problem,) = problems(checked, spec)
    assert "says 'verified', and its rungs say 'checked'" in problem


def test_a_certificate_whose_rungs_say_more_than_the_module_is_noticed(checked, spec):
    content = json.loads(checked.with_suffix(".certificate.json").read_text("utf-8"))
    content["rungs"][0]["verdict"] = "passed"
    relabel(checked, status="verified", not_proved=[], rungs=content["rungs"])
    assert any("rung 12" in p for p in problems(checked, spec))


def test_one_byte_of_the_status_is_noticed(checked, spec):
    text = checked.read_text("utf-8")
    checked.write_text(text.replace("Status: checked", "Status: Checked"), "utf-8")
    assert ["not the text that was verified" in p for p in problems(checked, spec)] == [True]
    assert run("check", spec, "--out", checked.parent).exit_code == 1
    assert imported(spec.parent)[0] == "None"


def test_one_byte_of_the_certificate_is_noticed(checked, spec):
    path = checked.with_suffix(".certificate.json")
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    assert ["was changed since" in p for p in problems(checked, spec)] == [True]


def test_the_table_says_each_status():
    rows = [
        tasks.summary(results()),
        tasks.summary(results(r1="unproved", r2="not shown")),
        tasks.summary(()),
    ]
    outcomes = [Outcome(Job(str(n), ""), row) for n, row in enumerate(rows)]
    outcomes += [Outcome(Job("3", ""), None, "wrong", "refused")]
    made = table([*outcomes, replace(outcomes[0], result={**rows[0], "unchanged": True})], "all")
    assert [str(cell) for cell in made.columns[-1].cells] == [
        "verified",
        "checked (not proved: rung 1, 2)",
        "draft",
        "refused",
        "verified, unchanged",
    ]


def test_the_status_of_a_fault_is_in_its_row():
    assert RefusedError("").status == "refused" and not hasattr(SpecError(""), "status")


def test_a_certificate_says_which_rung_said_what():
    content = certificate(publishable(source("dense_tanh"), r2="not shown"))
    assert content["not_proved"] == ["rung 2, derivation: not shown: at T=3"]
    assert isinstance(results()[0], RungResult) and content["status"] == "checked"
