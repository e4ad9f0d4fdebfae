"""Rung 11: the mutants are many and different, all are killed or shown equivalent, or they are named."""

import ast
from dataclasses import replace

import pytest

from codegen.lower import lower
from codegen.module import write_module
from codegen.verify import rung11_mutants
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.mutation.mutate import evenly, mutants, sites
from codegen.verify.mutation.operators import OPERATORS
from codegen.verify.result import MutantReport, Survivor
from codegen.verify.rung11_mutants import Judge
from derive.derivation import derive
from derive.language import largest, op
from derive.ops.clipping import clip_by_value
from tests.codegen.verify.candidates import candidate, cases

SMALL = ("dense_tanh", "gelu_gated", "max_pool2d", "softmax_cross_entropy")


@pytest.mark.parametrize("name", SMALL)
def test_no_mutant_survives(name):
    result, report = rung11_mutants.climb(candidate(name), cases(name))
    assert result.verdict == "passed"
    assert [str(s) for s in report.survivors] == []
    assert report.made >= 40
    assert str(result.mutants) == f"{report.killed} of {report.made - len(report.equivalent)}"


def test_the_report_counts_every_mutant_by_rung_and_by_operator():
    report = rung11_mutants.report(candidate("gelu_gated"), cases("gelu_gated"), most=9)
    assert report.made == 18
    assert sum(count for _, count in report.by_rung) == report.killed
    totals = [(c.made, c.killed, c.equivalent) for c in report.by_operator]
    assert tuple(map(sum, zip(*totals, strict=True))) == (18, report.killed, len(report.equivalent))


def test_without_a_limit_every_mutant_is_made():
    kernel = candidate("lstm").kernels["_backward"]
    assert len(mutants(kernel, None)) == len(sites(kernel)) > len(mutants(kernel, 60)) == 60


@pytest.mark.parametrize("stage", ("exactly", "in_floats", "at_the_edges"))
def test_each_stage_kills_by_itself(stage, monkeypatch):
    """Of all the stages one alone; most mutants do not need more."""
    for other in {"exactly", "astray", "in_floats", "at_the_edges"} - {stage}:
        monkeypatch.setattr(Judge, other, lambda judge, mutant: False)
    report = rung11_mutants.report(candidate("gelu_gated"), cases("gelu_gated"), most=20)
    rung = {"exactly": 3, "in_floats": 6, "at_the_edges": 8}[stage]
    assert dict(report.by_rung).keys() == {rung} and report.killed > 0.8 * report.made


def test_strange_residuals_kill_what_saved_ones_cannot():
    """A pooling's guard of its saved index: the forward pass saves none that it would stop."""
    made = mutants(candidate("max_pool2d").kernels["_backward"], None)
    guards = [m for m in made if m.operator == "condition forgotten"]
    judge = Judge(candidate("max_pool2d"), cases("max_pool2d"))
    unseen = [m for m in guards if not judge.exactly(m)]
    assert unseen and all(judge.astray(m) for m in unseen)


@op(title="a maximum of products", source="a user's file")
def best_product(s):
    B, N = s.batch("B", "b"), s.size("N", "i")
    b, i = s.index("b", B), s.index("i", N)
    x, w, y = s.data("x", B, N), s.parameter("w", N), s.let("y", B)
    y[b] = largest(i, w[i] * x[b, i])
    s.returns(y)


def test_lowest_numbers_kill_what_others_cannot(monkeypatch):
    """No first candidate is above -inf only if all of them are -inf."""
    derivation = derive(best_product[0])
    made, problems = Candidate(write_module(lower(derivation))), Cases(derivation)
    forgotten = [m for m in mutants(made.kernels["_forward"], None) if m.operator == "condition forgotten"]
    (alone,) = [m for m in forgotten if m.now.startswith("beats")]
    judge = Judge(made, problems)
    assert not judge.exactly(alone) and judge.at_the_edges(alone)
    monkeypatch.setattr(rung11_mutants, "all_lowest", lambda base: iter(()))
    assert not Judge(made, problems).at_the_edges(alone)


def test_numbers_tie_with_parameters():
    """`g > c`: that the border counts wrongly shows only where a number is the parameter."""
    derivation = derive(*clip_by_value)
    clipping, problems = Candidate(write_module(lower(derivation))), Cases(derivation)
    judge = Judge(clipping, problems)
    widened = [m for m in mutants(clipping.kernels["_backward"], None) if m.operator == "relation widened"]
    assert len(widened) == 2 and all(judge.exactly(m) for m in widened)


def test_every_operator_finds_something_in_some_kernel():
    found = {
        site.operator
        for name in ("dense_tanh", "conv2d", "max_pool2d", "lstm", "softmax_cross_entropy", "gelu_gated")
        for kernel in candidate(name).kernels.values()
        for site in sites(kernel)
    }
    assert {o.name for o in OPERATORS} - found <= {"power changed", "limit forgotten"}


def test_mutants_are_texts_that_differ_from_the_kernel_and_leave_it_alone():
    kernel = candidate("lstm").kernels["_backward"]
    before = ast.unparse(kernel)
    made = mutants(kernel, 60)
    assert ast.unparse(kernel) == before and len(made) == 60
    assert all(m.text != before for m in made)
    assert [m.text for m in made] == [m.text for m in mutants(kernel, 60)]


def test_a_difference_is_mutated_as_a_sum_is():
    """`a -= b`: added, and put in a's place."""
    function = ast.parse("def _forward(x, y):\n    for n in range(3):\n        y[n] -= x[n]").body[0]
    made = {m.operator: m.now for m in mutants(function, None)}
    assert made["sign flipped"] == "y[n] += x[n]" and made["accumulation lost"] == "y[n] = -x[n]"


def test_a_sample_takes_from_every_operator():
    found = sites(candidate("lstm").kernels["_backward"])
    assert {s.operator for s in evenly(found, 60)} == {s.operator for s in found}


def test_a_rung_that_sees_too_little_is_not_shown_and_names_who_came_through(monkeypatch):
    fate = Judge.fate
    monkeypatch.setattr(Judge, "fate", lambda judge, mutant: replace(fate(judge, mutant), rung=0))
    result, report = rung11_mutants.climb(candidate("dense_tanh"), cases("dense_tanh"))
    assert result.verdict == "not shown" and report.killed == 0
    assert result.detail.startswith(f"{report.made} of {report.made} came through: {report.survivors[0]}; ")
    assert result.detail.endswith(f" and {report.made - 5} more")


def test_a_report_names_every_mutant_that_is_not_killed():
    named = Survivor("_forward", "sign flipped", "a = b", "b", "-b")
    with pytest.raises(AssertionError, match="killed or named"):
        MutantReport(3, 1, (named,))
    with pytest.raises(AssertionError, match="has a reason"):
        MutantReport(1, 0, (), (named,))
