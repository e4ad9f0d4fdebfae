"""Rungs 5, 6 and 9: what they see, in plain Python where machine code is not the subject."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from codegen.verify import rung5_autodiff, rung6_numeric
from codegen.verify.face import Face
from codegen.verify.load import load_plain
from codegen.verify.rung5_autodiff import Agreement, Answer, close, difference, oracle, tolerance
from codegen.verify.rung9_isolation import noticed
from codegen.verify.sabotage import isolation_faults, scaled_gradient
from tests.codegen.verify.candidates import candidate, cases, source


def plain_face(name, text=None):
    return Face(load_plain(name, text or source(name).text), cases(name))


@pytest.mark.parametrize(("name", "axes"), [("dense_tanh", 2), ("lstm", 3), ("gelu_gated", 2)])
def test_a_gradient_wrong_by_a_twentieth_of_a_percent_is_seen_by_both(name, axes):
    problem = cases(name).smallest_float
    answer, bar = oracle(cases(name), problem)(problem), tolerance(cases(name).forward, problem.shape)
    wrong = plain_face(name, scaled_gradient(source(name).text, "dW", axes))
    assert difference(plain_face(name), problem, answer, Agreement(bar)) == ""
    assert "gradient of W" in difference(wrong, problem, answer, Agreement(bar))
    assert rung6_numeric.compare(plain_face(name), problem) == ("", True)
    assert rung6_numeric.compare(wrong, problem)[0] == "the slope along W differs"


def test_a_kink_is_told_from_a_smooth_point():
    problem = cases("max_pool2d").smallest_float
    tied = replace(problem, inputs={"X": np.round(problem.inputs["X"]) * 0})
    assert rung6_numeric.compare(plain_face("max_pool2d"), tied)[1] is False
    fault, drawn, smooth = rung6_numeric.at_smooth_point(plain_face("max_pool2d"), tied)
    assert fault == "" and drawn > 0 and smooth is not None


def test_a_gradient_of_zeros_does_not_pass_for_a_kink():
    text = source("dense_tanh").text.replace("return Gradients(", "dW[...] = 0\n        return Gradients(")
    fault, _, smooth = rung6_numeric.at_smooth_point(
        plain_face("dense_tanh", text), cases("dense_tanh").floats[0]
    )
    assert (fault and smooth is None) or "W" in fault


def test_no_number_excuses_nan_or_infinity():
    wanted = np.array([1.0, np.inf, np.nan])
    assert close(wanted.copy(), wanted, 0)
    for at, value in ((0, np.nan), (0, np.inf), (1, -np.inf), (1, 1.0), (2, 0.0)):
        found = wanted.copy()
        found[at] = value
        assert not close(found, wanted, 1.0), (at, value)


def test_the_bar_is_relative_to_the_largest_entry():
    wanted = np.array([1e6, 1.0])
    assert close(np.array([1e6, 1 + 9e-6]), wanted, 1e-11)
    assert not close(np.array([1e6, 1 + 2e-5]), wanted, 1e-11)


def test_an_exact_zero_must_be_one():
    assert not close(np.array([1e-300]), np.array([0.0]), 1e-11)
    assert close(np.array([1e-16]), np.array([0.0]), 1e-11, vanishing=True)
    assert not close(np.array([1e-10]), np.array([0.0]), 1e-11, vanishing=True)


def test_what_is_zero_at_one_problem_only_is_told_from_what_always_is():
    answers = [Answer({"y": np.zeros(2)}, {"x": np.zeros(1)}), Answer({"y": np.ones(2)}, {"x": np.zeros(1)})]
    assert [a.vanishing for a in rung5_autodiff._marked(answers)] == [{"y"}, frozenset()]


def test_real_parameters_are_those_of_the_problem_that_is_asked():
    """JAX is compiled once for a shape, and asked about the problem and about its single precision."""
    assert rung5_autodiff.check(candidate("leaky"), cases("leaky")).verdict == "passed"
    problem = cases("leaky").smallest_float
    ask = rung5_autodiff.oracle(cases("leaky"), problem)
    other = replace(problem, reals={"rate": problem.reals["rate"] * 1.0005})
    assert np.abs(ask(problem).outputs["h"] - ask(other).outputs["h"]).max() > 1e-6


def test_without_jax_the_rung_is_not_run_and_says_how_to_have_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    result = rung5_autodiff.check(candidate("dense_tanh"), cases("dense_tanh"))
    assert result.verdict == "not run" and "gradsmith[jax]" in result.detail


@pytest.mark.parametrize("name", ["dense_tanh", "max_pool2d", "softmax_cross_entropy", "leaky"])
def test_every_planted_fault_of_isolation_is_seen(name):
    problem = cases(name).smallest_float
    assert noticed(candidate(name), candidate(name).plain, cases(name), problem) == ""
    for about, text in isolation_faults(source(name).text, source(name).plan):
        assert noticed(candidate(name), load_plain(name, text), cases(name), problem), about


def isolation(name, text):
    return noticed(candidate(name), load_plain(name, text), cases(name), cases(name).smallest_float)


def test_a_kernel_that_writes_its_input_is_named():
    faults = dict(isolation_faults(source("dense_tanh").text, source("dense_tanh").plan))
    assert "x is changed by a call of forward" in isolation("dense_tanh", faults["_forward writes to x"])


def test_faults_that_write_to_their_inputs_leave_the_problems_as_they_were():
    problem = cases("leaky").smallest_float
    before = {n: a.tobytes() for n, a in (problem.inputs | problem.cotangents).items()}
    for _, text in isolation_faults(source("leaky").text, source("leaky").plan):
        noticed(candidate("leaky"), load_plain("leaky", text), cases("leaky"), problem)
    assert {n: a.tobytes() for n, a in (problem.inputs | problem.cotangents).items()} == before


def test_an_output_in_memory_that_is_kept_is_named():
    faults = dict(isolation_faults(source("dense_tanh").text, source("dense_tanh").plan))
    fault = isolation("dense_tanh", faults["outputs in memory that is kept"])
    assert "share memory" in fault or "changed by a later call" in fault


def test_a_gradient_that_is_an_output_is_named():
    text = source("dense_tanh").text
    wrong = text.replace('db if "b" in self._wanted', 'h[0] if "b" in self._wanted')
    assert wrong != text and isolation("dense_tanh", wrong)
