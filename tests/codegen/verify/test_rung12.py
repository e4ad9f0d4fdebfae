"""Rung 12: a spec read and written once more gives the same bytes; what is published is held to them."""

from dataclasses import fields, replace

import pytest

from codegen.lower import lower
from codegen.module import write_module
from codegen.publish import publish
from codegen.verify import rung12_provenance
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.provenance import Provenance, materials, provenance
from codegen.verify.recheck import recheck
from codegen.verify.rung12_provenance import provenance_faults
from derive.derivation import derive
from derive.language import op
from tests.codegen.verify.candidates import candidate, cases, changed, source, spec
from tests.codegen.verify.results import publishable

NAMES = ("dense_tanh", "lstm", "average_pool")


@pytest.mark.parametrize("name", NAMES)
def test_a_spec_written_again_gives_the_same_bytes(name):
    result = rung12_provenance.check(candidate(name), cases(name))
    assert result.verdict == "passed" and result.points == len(fields(Provenance)), result
    assert result.mutants.killed == result.mutants.planted >= 8


@pytest.mark.parametrize("name", NAMES)
def test_every_planted_fault_changes_a_digest_of_its_own(name):
    made = materials(source(name))
    for about, wrong in provenance_faults(source(name), made):
        changed_digests = provenance(made).unlike(provenance(wrong))
        assert len(changed_digests) == 1, about
        assert changed_digests[0] in about or changed_digests == ("derivation",)


def test_another_character_in_the_text_is_told():
    text = source("dense_tanh").text.replace("# ", "#  ", 1)
    result = rung12_provenance.check(changed("dense_tanh", text), cases("dense_tanh"))
    assert (result.verdict, result.detail[:10]) == ("failed", "the module")


def test_a_spec_that_says_something_else_each_time_is_told():
    turns = []

    @op(title="squares, and more each time", source="a test")
    def growing(s):
        turns.append(0)
        N = s.size("N", "n")
        x, y = s.data("x", N), s.let("y", N)
        y[:] = len(turns) * x
        s.returns(y)

    made = Candidate(write_module(lower(derive(growing[0]))))
    result = rung12_provenance.check(made, Cases(made.plan.derivation))
    assert (result.verdict, result.detail[:8]) == ("failed", "the spec")


@pytest.fixture
def published(tmp_path):
    """An op as `publish` leaves it, with verdicts that nobody looks at here."""
    publish(publishable(source("dense_tanh")), tmp_path)
    return tmp_path / "dense_tanh.py"


@pytest.mark.parametrize(
    ("file", "complaint"),
    [
        ("dense_tanh.py", "the module is not the text that was verified"),
        ("dense_tanh.derivation.md", "the derivation beside the module is not the one"),
        ("runtime/plain.py", "the runtime beside the module is not the one"),
    ],
)
def test_an_edited_file_is_told_in_one_line(published, file, complaint):
    path = published.parent / file
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
    (problem,) = recheck(published, spec("dense_tanh")).problems
    assert problem.startswith("dense_tanh: ") and complaint in problem


def test_a_spec_with_another_title_is_told_in_one_line_a_digest(published):
    problems = recheck(published, replace(spec("dense_tanh"), title="another layer")).problems
    assert [p.split(": ")[1][:8] for p in problems] == ["its spec", "its page"]
