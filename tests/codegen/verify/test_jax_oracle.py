"""The autodiff oracle: guards do not leak, ties and borders are as declared, faults are clear."""

import sys

import numpy as np
import pytest

from codegen.verify.grids import load_jax, picked
from codegen.verify.jax_oracle import jax_function, jax_gradients
from derive.algebra.system import System
from derive.authoring import elaborate as elaboration
from derive.errors import DerivationError
from derive.language import between, largest, total
from derive.ops.lstm import lstm
from derive.oracle.numbers import Floats
from derive.oracle.reference import evaluate
from tests.derive.calculus import close, drawn, gradients, pair, setting
from tests.derive.calculus_specs import CASES, Case
from tests.derive.test_reference import system_of


def row_maximum(s):
    N, K = s.size("N", "i"), s.size("K", "k")
    i, k, x, y = s.index("i", N), s.index("k", K), s.data("x", N, K), s.let("y", N)
    y[i] = largest(k, x[i, k])
    s.returns(y)


def output_named_before_its_recurrence(s):
    T = s.sequence("T", "t")
    t, x, h, a = s.index("t", T), s.data("x", T), s.let("h", T), s.let("a", T)
    h[t] = h[t - 1] + x[t]
    a[t] = h[t]
    s.returns(a)


def test_without_jax_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(ImportError, match=r"gradsmith\[jax\]"):
        load_jax()


def test_guards_leak_no_nan_into_gradients() -> None:
    case = next(c for c in CASES if c.name == "guarded_division")
    given = pair(case.op)
    at = setting(case, given.forward)
    found = jax_gradients(given.forward, *drawn(given, at), *at.arguments)
    assert all(np.isfinite(array).all() for array in found.values())


def test_the_first_of_equal_maxima_takes_the_gradient() -> None:
    x = np.array([[1.0, 3.0, 3.0], [-np.inf, -np.inf, -np.inf]])
    found = jax_gradients(system_of(row_maximum), {"x": x}, {"y": np.array([1.0, 2.0])}, {"N": 2, "K": 3})
    assert found["x"].tolist() == [[0, 1, 0], [2, 0, 0]]


def test_nan_wins_a_maximum_and_the_maximum_of_nothing_is_minus_infinity() -> None:
    function = jax_function(system_of(row_maximum))
    x = np.array([[1.0, np.nan, 3.0]])
    assert np.isnan(function({"x": x}, {"N": 1, "K": 3})["y"]).tolist() == [True]
    assert function({"x": np.zeros((2, 0))}, {"N": 2, "K": 0})["y"].tolist() == [-np.inf, -np.inf]


def test_a_missing_cotangent_is_zero() -> None:
    found = jax_gradients(system_of(row_maximum), {"x": np.ones((2, 3))}, {}, {"N": 2, "K": 3})
    assert found["x"].tolist() == [[0.0] * 3] * 2


def test_a_cycle_in_which_nothing_steps_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a system is refused long before; were it not, the oracle would see it."""
    monkeypatch.setattr(elaboration, "check_cycles", lambda system: None)

    def circular(s):
        N = s.size("N", "i")
        i, x, a, b = s.index("i", N), s.data("x", N), s.let("a", N), s.let("b", N)
        j = s.index("j", N)
        a[i] = total(j, b[j], where=(between(j, 0, i + 1),))  # fault: i + 1 is one too many
        b[i] = a[i] + x[i]
        s.returns(b)

    with pytest.raises(DerivationError, match="a cycle in which no index carries a step"):
        jax_function(system_of(circular))({"x": np.ones(2)}, {"N": 2})


EMPTY = (("matrix_sugar", "M"), ("matrix_sugar", "N"), ("convolution-stride2-pad1", "C"), ("embedding", "V"))


@pytest.mark.parametrize(("name", "size"), EMPTY)
def test_an_empty_dimension_is_summed_to_zero(name: str, size: str) -> None:
    case = next(c for c in CASES if c.name == name)
    empty = Case(case.op, {**case.sizes, size: 0}, case.integers, labels=case.labels)
    given = pair(empty.op)
    at = setting(empty, given.forward)
    inputs, bars = drawn(given, at)
    values = evaluate(given.forward, inputs, *at.arguments, Floats())
    made = jax_function(given.forward)(inputs, *at.arguments)
    assert all(close(values[n], made[n], 1e-12) for n in made)
    wanted = jax_gradients(given.forward, inputs, bars, *at.arguments)
    found = gradients(given, at, inputs, bars)
    assert all(close(found[n], wanted[n], 1e-10) for n in wanted)


def test_a_deep_recurrence_agrees_with_our_adjoint() -> None:
    case = Case(lstm[0], {"T": 50, "I": 3, "H": 2})
    given = pair(case.op)
    at = setting(case, given.forward)
    inputs, bars = drawn(given, at)
    wanted = jax_gradients(given.forward, inputs, bars, *at.arguments)
    found = gradients(given, at, inputs, bars)
    assert all(close(found[n], wanted[n], 1e-9) for n in wanted)


def test_only_what_the_outputs_need_is_computed() -> None:
    system: System = system_of(row_maximum)
    assert set(jax_function(system)({"x": np.ones((1, 2))}, {"N": 1, "K": 2})) == {"y"}


def test_what_reads_a_recurrence_waits_for_it_whatever_its_name() -> None:
    system: System = system_of(output_named_before_its_recurrence)
    made = jax_function(system)({"x": np.array([1.0, 2.0, 4.0])}, {"T": 3})
    assert made["a"].tolist() == [1.0, 3.0, 7.0]


i, j, k = np.arange(3)[:, None, None], np.arange(4)[:, None], np.arange(5)


@pytest.mark.parametrize(
    "places",
    (
        (i, j, k),  # as it lies
        (2, j, k),  # a row of it
        (np.int64(1), 3, k),
        (i, 0, np.arange(5)),
        (i[::-1], j, k),  # backwards
        (i, j[1:], k),  # a part of an axis
        (np.arange(3), np.arange(4)[:, None], np.arange(5)[:, None, None]),  # transposed
        (i * 0, j, k),
    ),
)
def test_elements_are_picked_as_numpy_picks_them(places):
    array = np.random.default_rng(0).normal(size=(3, 4, 5))
    wanted = array[tuple(places)]
    found = np.asarray(picked(load_jax().numpy.asarray(array), places))
    assert np.array_equal(np.broadcast_to(found, wanted.shape), wanted)


def test_a_diagonal_is_no_transpose():
    square, places = np.arange(9.0).reshape(3, 3), np.arange(3)
    found = picked(load_jax().numpy.asarray(square), (places, places))
    assert np.array_equal(found, [0, 4, 8])
