"""A square root of a sum of squares has no gradient at 0: the op says where; a norm's gradient there is 0."""

from __future__ import annotations

import numpy as np
import pytest

from codegen.lower import lower
from codegen.module import write_module
from codegen.verify.load import load_plain
from derive.authoring.handles import Handle
from derive.authoring.spec import OpSpec
from derive.conventions import NORM
from derive.derivation import Derivation, derive
from derive.language import Spec, absolute, norm, op, sqrt, total, where


def made(length: object) -> Derivation:
    @op(title="a length", source="test")
    def length_of(s: Spec) -> None:
        N, D = s.size("N", "n"), s.size("D", "d")
        n, d = s.index("n", N), s.index("d", D)
        x, y = s.data("x", N, D), s.let("y", N)
        y[n] = length(s, x, n, d)  # type: ignore[operator]
        s.returns(y)

    spec: OpSpec = length_of[0]
    return derive(spec)


def squares(s: Spec, x: Handle, n: object, d: object) -> object:
    return total(d, x[n, d] ** 2)  # type: ignore[arg-type, index]


def product(s: Spec, x: Handle, n: object, d: object) -> object:
    return total(d, 3 * x[n, d] * x[n, d]) / 2  # type: ignore[arg-type, index]


@pytest.mark.parametrize("of", [squares, product])
def test_a_root_of_squares_is_named_with_its_line(of: object) -> None:
    d = made(lambda *given: sqrt(of(*given)))  # type: ignore[operator]
    (line,) = d.without_gradient
    assert line.startswith(
        "length_of: y takes the square root of a sum of squares, which has no gradient at 0 ("
    )
    assert "test_conventions.py:" in line and line.endswith("): norm(...) takes 0")
    assert d.warnings == ()  # so that every rung compares all that it compares elsewhere
    assert "Without a gradient: length_of: y takes" in write_module(lower(d)).text


@pytest.mark.parametrize(
    "length",
    [
        lambda *given: sqrt(squares(*given) + 1),
        lambda *given: sqrt(1 + 0 * squares(*given)),
        lambda s, x, n, d: sqrt(total(d, absolute(x[n, d]))),
        lambda s, x, n, d: sqrt(total(d, x[n, d] ** 3)),
        lambda *given: where(squares(*given), ">", 0, sqrt(squares(*given)), 0),
        lambda *given: squares(*given),
    ],
)
def test_others_are_not(length: object) -> None:
    d = made(length)
    assert d.without_gradient == () and d.conventions == ()


def test_a_sum_that_goes_on_from_step_to_step_is_one_of_squares() -> None:
    @op(title="a running length", source="test")
    def running(s: Spec) -> None:
        T = s.sequence("T", "t")
        t = s.index("t", T)
        x, S, y = s.data("x", T), s.let("S", T), s.let("y", T)
        S[t] = S[t - 1] + x[t] ** 2
        y[t] = sqrt(S[t])
        s.returns(y)

    assert len(derive(running[0]).without_gradient) == 1


def test_a_norm_states_its_convention_and_keeps_it() -> None:
    d = made(lambda s, x, n, d: norm(d, x[n, d]))
    assert d.conventions == (NORM,) and d.without_gradient == ()
    text = write_module(lower(d)).text
    assert f"Convention: {NORM}." in text
    outputs, pullback = load_plain("length_of", text).vjp(np.array([[[0.0, 0.0], [3.0, 4.0]]]))
    assert outputs.y.tolist() == [[0, 5]]
    slopes = pullback(y=np.ones((1, 2))).x
    np.testing.assert_allclose(slopes, [[[0, 0], [0.6, 0.8]]], rtol=1e-15, atol=0)
