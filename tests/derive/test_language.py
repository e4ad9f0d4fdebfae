"""What an author can write, and what it becomes."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from derive import language
from derive.algebra.scalars import SCALARS
from derive.algebra.system import System
from derive.authoring.elaborate import elaborate
from derive.language import (
    OpSpec,
    between,
    delta,
    equal,
    exp,
    identity,
    inside,
    largest,
    op,
    relu,
    tanh,
    total,
    where,
)
from derive.oracle.numbers import Fractions
from derive.oracle.reference import evaluate, sizes_of
from derive.steps import Recorder


def spec_of(build: Callable[..., None]) -> OpSpec:
    (made,) = op(title="title", source="source")(build)
    return made


def system_of(build: Callable[..., None]) -> System:
    return elaborate(spec_of(build).spec(), Recorder([]))


def run(build: Callable[..., None], **inputs: Any) -> Any:
    """The first output, over exact fractions, one example at a time."""
    system = system_of(build)
    given = {name: np.asarray(array) for name, array in inputs.items()}
    sizes = sizes_of(system, {name: array.shape for name, array in given.items()}, {})
    values = evaluate(system, given, sizes, {}, {}, Fractions())
    return values[system.outputs[0]].tolist()


def test_matrix_sugar_and_indices_are_one_system() -> None:
    def sugar(s: Any) -> None:
        I, H = s.size("I", "k"), s.size("H", "i")
        x, W, h = s.data("x", I), s.parameter("W", H, I), s.let("h", H)
        h[:] = tanh(W @ x)
        s.returns(h)

    def indexed(s: Any) -> None:
        I, H = s.size("I", "k"), s.size("H", "i")
        i, k = s.index("i", H), s.index("k", I)
        x, W, h = s.data("x", I), s.parameter("W", H, I), s.let("h", H)
        h[i] = tanh(total(k, W[i, k] * x[k]))
        s.returns(h)

    bodies = [[(e.indices, e.terms) for e in system_of(b).equations] for b in (sugar, indexed)]
    assert bodies[0] == bodies[1]


def test_numbers_are_exact() -> None:
    def numbers(s: Any) -> None:
        N = s.size("N", "i")
        x, y = s.data("x", N), s.let("y")
        y[:] = Fraction(1, 3) + 1 / (2 * N) + (N - 1) / (N + 1) - 1 / (1 - N) + x[0]
        s.returns(y)

    exact = Fraction(1, 3) + Fraction(1, 8) + Fraction(3, 5) + Fraction(1, 3) + 2
    assert run(numbers, x=[2, 0, 0, 0]) == exact


def test_every_second_element_is_read_through_a_delta() -> None:
    def spread(s: Any) -> None:
        N, M = s.size("N", "k"), s.size("M", "i")
        i, k = s.index("i", M), s.index("k", N)
        x, v, y = s.data("x", N), s.data("v", M), s.let("y", M)
        y[i] = total(k, delta(2 * k, i) * x[k]) + 0 * v[i]
        s.returns(y)

    assert run(spread, x=[1, 2], v=[0, 0, 0, 0, 0]) == [1, 0, 2, 0, 0]


def test_guards_choices_and_maxima() -> None:
    def mixed(s: Any) -> None:
        N = s.size("N", "ij")
        i, j = s.index("i", N), s.index("j", N)
        x, y = s.data("x", N), s.let("y", N)
        past = largest(j, x[j], where=(between(j, 0, i + 1),))
        y[i] = where(x[i], ">", 1, past, 10 * x[i]) + inside(i, 1, N) * total(j, x[j], where=equal(j, 0))
        s.returns(y)

    assert run(mixed, x=[3, 1, 2]) == [3, 10 + 3, 3 + 3]


def test_labels_are_indices() -> None:
    def pick(s: Any) -> None:
        N, K = s.size("N", "n"), s.size("K", "k")
        n = s.index("n", N)
        x, y, p = s.data("x", N, K), s.data("y", N, integer=True), s.let("p", N)
        p[n] = x[n, y[n]]
        s.returns(p)

    assert run(pick, x=[[1, 2], [3, 4]], y=[1, 0]) == [2, 3]


def test_a_label_without_axes_needs_no_brackets() -> None:
    def pick(s: Any) -> None:
        K = s.size("K", "k")
        x, y, p = s.data("x", K), s.data("y", integer=True), s.let("p")
        p[:] = x[y] + y
        s.returns(p)

    assert run(pick, x=[5, 7], y=1) == 8


def test_an_initial_state_is_read_at_the_first_step() -> None:
    def running_sum(s: Any) -> None:
        T = s.sequence("T")
        t = s.index("t", T)
        x, h0 = s.data("x", T), s.data("h0")
        h = s.let("h", T, start=h0)
        h[t] = h[t - 1] + x[t]
        s.returns(h)

    assert run(running_sum, x=[1, 2, 3], h0=10) == [11, 13, 16]


def test_the_formula_of_a_size_may_be_a_number() -> None:
    def one_step(s: Any) -> None:
        I, T = s.size("I", "i"), s.size("T", "t", formula=1, sequence=True)
        i, t = s.index("i", I), s.index("t", T)
        x, h = s.data("x", I), s.let("h", T, I)
        h[t, i] = h[t - 1, i] + 2 * x[i]
        s.returns(h)

    assert run(one_step, x=[3, 5]) == [[6, 10]]


def test_choices_make_an_op_each() -> None:
    @op(title="", source="", activation=(identity, tanh, relu))
    def layer(s: Any, activation: Any) -> None:
        x, y = s.data("x"), s.let("y")
        y[:] = activation(x)
        s.returns(y)

    assert [o.name for o in layer] == ["layer", "layer_tanh", "layer_relu"]
    assert [o.spec().outputs for o in layer] == [("y",)] * 3
    assert all(o.where.startswith("test_language.py:") for o in layer)


def test_a_spec_is_built_afresh_every_time() -> None:
    def double(s: Any) -> None:
        x, y = s.data("x"), s.let("y")
        y[:] = exp(x)
        s.returns(y)

    made = spec_of(double)
    assert made.spec() is not made.spec()
    assert made.spec().equations == made.spec().equations


@pytest.mark.parametrize("name", sorted(SCALARS.keys() - {"step", "step_right", "sign"}))
def test_every_smooth_function_can_be_written(name: str) -> None:
    assert getattr(language, name)(1).function == name


def test_everything_that_is_exported_is_there() -> None:
    assert all(hasattr(language, name) for name in language.__all__)
