"""Rung 11: the mutants are many and different, almost all are killed, the others are named."""

import ast

import pytest

from codegen.verify import rung11_mutants
from codegen.verify.mutate import evenly, mutants, sites
from codegen.verify.operators import OPERATORS
from tests.codegen.verify.candidates import candidate, cases

EQUIVALENT = {  # every survivor, looked at one by one
    "dense_tanh": 0,
    "gelu_gated": 0,
    "max_pool2d": 1,  # `p_best < 0 or`: only the first candidate of -inf needs it
    "softmax_cross_entropy": 1,  # the maximum's value is the same whichever of equal ones leads
}


@pytest.mark.parametrize("name", EQUIVALENT)
def test_only_equivalent_mutants_survive(name):
    result, report = rung11_mutants.climb(candidate(name), cases(name))
    assert result.verdict == "passed"
    assert len(report.survivors) <= EQUIVALENT[name], [str(s) for s in report.survivors]
    assert report.made >= 40


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


def test_a_sample_takes_from_every_operator():
    found = sites(candidate("lstm").kernels["_backward"])
    assert {s.operator for s in evenly(found, 60)} == {s.operator for s in found}


def test_a_rung_that_sees_too_little_fails(monkeypatch):
    monkeypatch.setattr(rung11_mutants, "killed", lambda candidate, cases, mutant: False)
    result, report = rung11_mutants.climb(candidate("dense_tanh"), cases("dense_tanh"))
    assert result.verdict == "failed" and report.killed == 0 and report.survivors
