"""Rungs 2 and 3 on exact numbers: they pass what is right and see what is wrong."""

from dataclasses import replace

import pytest

from codegen.catalogue import find
from codegen.lower import lower
from codegen.module import write_module
from codegen.verify import rung2_derivation, rung3_execution
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate, exact
from codegen.verify.sabotage import scaled_gradient, with_statements, wrong_systems
from codegen.verify.vocabulary import outside_vocabulary
from derive.derivation import derive
from derive.language import exp, op
from tests.codegen.verify.candidates import CATALOGUE, USERS, candidate, cases, changed, source


@pytest.mark.parametrize("name", [*CATALOGUE, *USERS])
def test_what_is_published_passes_and_the_rungs_are_not_blind(name):
    for rung in (rung2_derivation, rung3_execution):
        result = rung.check(candidate(name), cases(name))
        assert result.verdict == "passed", result
        assert result.mutants.planted > 0 and result.mutants.killed >= 0.7 * result.mutants.planted


@op(title="growth", source="a user's file")
def growth(s):
    rate, time, y = s.parameter("rate"), s.parameter("time"), s.let("y")
    y[:] = exp(rate * time)
    s.returns(y)


def test_an_op_of_scalars_has_one_shape_and_is_checked_at_it():
    made = write_module(lower(derive(growth[0])))
    problems = Cases(made.plan.derivation)
    assert len(problems.shapes) == 1
    for rung in (rung2_derivation, rung3_execution):
        assert rung.check(Candidate(made), problems).verdict == "passed"
    wrong = scaled_gradient(made.text, "drate", 0)
    failed = rung3_execution.check(Candidate(replace(made, text=wrong)), problems)
    assert failed.verdict == "failed" and "drate differs" in failed.detail


def without_guards(name):
    """The op's derivation with no guard in its adjoint."""
    derivation = source(name).plan.derivation
    equations = tuple(
        replace(e, terms=tuple(replace(t, guards=()) for t in e.terms)) for e in derivation.backward.equations
    )
    return replace(derivation, backward=replace(derivation.backward, equations=equations))


def test_average_pooling_without_its_guard_is_a_wrong_derivation():
    wrong = without_guards("average_pool")
    assert wrong.backward != source("average_pool").plan.derivation.backward
    result = rung2_derivation.check(candidate("average_pool"), Cases(wrong))
    assert result.verdict == "failed" and "tangent of" in result.detail


@pytest.mark.parametrize("name", ["dense_tanh", "lstm"])
def test_a_gradient_wrong_by_a_twentieth_of_a_percent_is_seen(name):
    wrong = scaled_gradient(source(name).text, "dW", 3 if name == "lstm" else 2)
    result = rung3_execution.check(changed(name, wrong), cases(name))
    assert result.verdict == "failed" and "dW differs" in result.detail


def test_an_array_that_is_not_cleared_is_seen():
    text = source("max_pool2d").text
    assert "clear(dX)" in text
    result = rung3_execution.check(
        changed("max_pool2d", text.replace("clear(dX)", "pass")), cases("max_pool2d")
    )
    assert result.verdict == "failed"


def test_a_read_before_the_first_element_is_refused_not_wrapped_around():
    text = source("lstm").text
    assert "if t >= 1:" in text
    result = rung3_execution.check(changed("lstm", text.replace("if t >= 1:", "if t >= 0:")), cases("lstm"))
    assert result.verdict == "failed" and "below 0" in result.detail


def test_bounded_arrays_refuse_positions_below_zero_in_views_and_slices_too():
    array = exact([[1, 2], [3, 4]])
    for wrong in (lambda: array[-1, 0], lambda: array[1][-1], lambda: array[-1:], lambda: array[0, -2]):
        with pytest.raises(IndexError, match="below 0"):
            wrong()


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("dW.view(np.int64)", "a call of dW.view"),
        ("dW.ctypes", "attribute .ctypes"),
        ("np.add(dW, dW, dW)", "a call of np.add"),
        ("print(dW)", "a call of print"),
        ("while dW[0, 0] > 0:\n        pass", "While has no place"),
        ("for k in dW:\n        pass", "not over a range"),
        ("W[0, 0], W[0, 1] = [W[0, 1], W[0, 0]]", "List has no place"),
        ("f = lambda: 0", "Lambda has no place"),
        ("import os", "Import has no place"),
        ("matrix(dW, k=1)", "a call of matrix"),
    ],
)
def test_a_kernel_that_says_more_than_it_may_is_refused_before_it_runs(statement, complaint):
    text = with_statements(source("dense_tanh").text, "_backward", [statement])
    assert complaint in outside_vocabulary(text)
    result = rung3_execution.check(changed("dense_tanh", text), cases("dense_tanh"))
    assert result.verdict == "failed" and complaint in result.detail


def test_a_module_that_imports_something_else_is_refused():
    text = source("dense_tanh").text.replace("import numpy as np\n", "import numpy as np\nimport os\n", 1)
    assert "import of os" in outside_vocabulary(text)


def test_a_kernel_with_another_decorator_is_refused():
    text = source("dense_tanh").text.replace("@kernel\ndef _backward", "@kernel\n@kernel\ndef _backward")
    assert "not decorated" in outside_vocabulary(text)


def test_text_that_cannot_be_read_is_a_verdict_not_a_crash():
    result = rung3_execution.check(changed("dense_tanh", "def _forward(:"), cases("dense_tanh"))
    assert result.verdict == "failed" and "cannot be read" in result.detail


def test_a_wrong_combination_of_gradients_is_seen():
    """What cancels is derived too: the rung looks at the combined adjoint beside the plain one."""
    (op,) = find(("sigmoid_binary_cross_entropy",))
    derivation = derive(op)
    assert derivation.combined != derivation.backward
    wrong = wrong_systems(derivation.combined, 4)[0].system
    candidate = Candidate(write_module(lower(derivation)))
    assert rung2_derivation.check(candidate, Cases(derivation)).verdict == "passed"
    spoilt = Cases(replace(derivation, combined=wrong))
    assert rung2_derivation.check(candidate, spoilt).verdict == "failed"
