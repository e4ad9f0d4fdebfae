"""Every row of the rule tables is proved, by SymPy where it can and to 40 digits everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy

from derive.algebra.expr import ONE, Expr, Negative, Number, Parameter, Product, Ratio, Read, Sum, as_expr
from derive.algebra.index import Affine
from derive.algebra.scalars import SCALARS, Scalar
from derive.oracle.meaning import Meaning
from derive.oracle.numbers import Floats
from derive.stable.rewrites import (
    REWRITES,
    SATURATING,
    SCALES,
    Rewrite,
    exp,
    expm1,
    log,
    log1p,
    sigmoid,
    softplus,
    tanh,
)
from derive.stable.rewriting import pattern, rewrite, wildcards
from tests.indices import index

X, Y = sympy.Symbol("x", real=True), sympy.Symbol("y", positive=True)
ROWS = (*REWRITES, *SATURATING)
BY_NAME = {row.name: row for row in ROWS}


def vanishes(difference: sympy.Expr) -> bool:
    return sympy.simplify(difference) == 0


def points(interval: tuple[float, float], count: int = 24) -> Iterator[sympy.Rational]:
    lo, hi = (sympy.Rational(str(end)) for end in interval)
    yield from (lo + (hi - lo) * sympy.Rational(3 * n + 1, 3 * count) for n in range(count))


def agree(a: sympy.Expr, b: sympy.Expr, at: dict[sympy.Symbol, Any]) -> bool:
    """Whether two expressions have the same value at a point, to 40 digits."""
    difference, size = (abs(sympy.N(e.subs(at), 60)) for e in (a - b, b))
    return bool(difference <= sympy.Float("1e-40", 60) * (1 + size))


# scalar functions ------------------------------------------------------------------------------
def is_derivative(row: Scalar) -> bool:
    """Whether the row's derivative is that of its definition, on its sample and its mirror at a kink."""
    value = sympy.S(row.sympy(X))
    slope = value.diff(X)
    claimed = sympy.S(0) if row.derivative is None else sympy.S(row.derivative(X, value))
    places = [*points(row.sample), *(-p for p in points(row.sample) if row.at_kink)]
    return all(agree(slope, claimed, {X: place}) for place in places)


@pytest.mark.parametrize("row", SCALARS.values(), ids=lambda row: row.name)
def test_every_derivative_is_that_of_the_definition(row: Scalar) -> None:
    assert is_derivative(row)


def agrees_in_its_argument(row: Scalar) -> bool:
    """Whether the derivative in x alone is that in x and y, on both sides of 0 and at 0."""
    assert row.derivative is not None and row.in_argument is not None
    places = [sympy.S(0), *points(row.sample), *(-p for p in points(row.sample))]
    return all(row.in_argument(x) == row.derivative(x, row.sympy(x)) for x in places)


@pytest.mark.parametrize("row", [r for r in SCALARS.values() if r.in_argument], ids=lambda row: row.name)
def test_a_derivative_in_the_argument_alone_is_the_derivative(row: Scalar) -> None:
    assert agrees_in_its_argument(row)
    wrong = SCALARS["step_right"].sympy  # differs at 0 only
    assert not agrees_in_its_argument(replace(row, in_argument=wrong))


@pytest.mark.parametrize("row", [r for r in SCALARS.values() if not r.at_kink], ids=lambda row: row.name)
def test_every_smooth_derivative_is_proved_by_sympy(row: Scalar) -> None:
    value = row.sympy(X)
    assert row.derivative is not None
    assert vanishes(value.diff(X) - row.derivative(X, value))


def holds_its_values(row: Scalar) -> bool:
    """Whether every value at points of both signs, small and large, is strictly inside the row's interval."""
    low, high = map(sympy.Float, row.values)
    with mpmath.workdps(60):
        values = [sympy.N(sympy.S(row.sympy(sympy.Rational(x, 3))), 60) for x in range(-45, 46)]
    return all(low < value < high for value in values)


BOUNDED = [row for row in SCALARS.values() if row.values != Scalar.__dataclass_fields__["values"].default]


@pytest.mark.parametrize("row", BOUNDED, ids=lambda row: row.name)
def test_every_value_lies_in_the_stated_interval(row: Scalar) -> None:
    assert holds_its_values(row)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(SCALARS["tanh"], values=(0, 1)),
        replace(SCALARS["sigmoid"], values=(0, 0.9995)),
        replace(SCALARS["relu"], values=(0, float("inf"))),  # 0 itself is a value
    ],
    ids=["one side", "0.05% too small", "the end of an interval"],
)
def test_a_wrong_interval_is_refused(wrong: Scalar) -> None:
    assert not holds_its_values(wrong)


@pytest.mark.parametrize(("name", "slope"), [("relu", 0), ("relu_right", 1), ("absolute", 0)])
def test_the_derivative_at_a_kink_is_the_stated_one(name: str, slope: int) -> None:
    row = SCALARS[name]
    assert str(slope) in row.at_kink and row.derivative is not None
    assert row.derivative(sympy.S(0), sympy.S(0)) == slope


@pytest.mark.parametrize("name", ["step", "step_right", "sign"])
def test_what_has_no_derivative_is_locally_constant(name: str) -> None:
    assert SCALARS[name].derivative is None
    assert is_derivative(SCALARS[name])


@pytest.mark.parametrize(
    "wrong",
    [
        replace(SCALARS["sigmoid"], derivative=lambda x, y: y * (1 - y) * sympy.Rational(10005, 10000)),
        replace(SCALARS["sigmoid"], derivative=lambda x, y: y * (1 + y)),
        replace(SCALARS["absolute"], derivative=lambda x, y: sympy.S(1)),  # right for x > 0 only
        replace(SCALARS["log"], derivative=lambda x, y: 1 / y),
        replace(SCALARS["tanh"], derivative=None),
    ],
    ids=["0.05% too large", "sign", "one side of a kink", "value for argument", "none"],
)
def test_a_wrong_derivative_is_refused(wrong: Scalar) -> None:
    assert not is_derivative(wrong)


# rewrites --------------------------------------------------------------------------------------
def sides(row: Rewrite) -> tuple[sympy.Expr, sympy.Expr]:
    given = (X, Y)[: row.arity]
    return sympy.S(row.old(*given)), sympy.S(row.new(*given))


def is_proved(row: Rewrite) -> bool:
    """The difference of the sides simplifies to 0, or its derivatives do and it is 0 at one point."""
    old, new = sides(row)
    forms = (old - new, *((old - new).rewrite(words) for words in (sympy.Piecewise, sympy.exp)))
    if any(map(vanishes, forms)):
        return True
    constant = all(vanishes((old - new).diff(v)) for v in (X, Y))
    return constant and vanishes((old - new).subs({X: 0, Y: 1}))


def holds_on_sample(row: Rewrite) -> bool:
    old, new = sides(row)
    return all(
        agree(old, new, {X: x, Y: y})
        for x in points(row.sample)
        for y in (list(points(row.sample, 5)) if row.arity == 2 else [sympy.S(1)])
    )


def value(form: Expr, row: Rewrite, at: tuple[float, ...]) -> float:
    """A form with the row's wildcards in double precision."""
    with np.errstate(all="ignore"):
        meaning = Meaning(Floats(), {}, dict(zip(wildcards(row), at, strict=True)))
        return float(meaning.value(form, {}))


def hard_points(row: Rewrite) -> list[tuple[float, ...]]:
    return [row.hard] if row.arity > 1 else [(x,) for x in row.hard]


def relative_error(found: float, row: Rewrite, at: tuple[float, ...]) -> float:
    with mpmath.workdps(1000):
        given = dict(zip((X, Y), map(sympy.Rational, at), strict=False))
        exact = mpmath.mpf(sympy.N(sides(row)[0].subs(given), 950))
        return float(abs(mpmath.mpf(found) - exact) / abs(exact))


def new_form(row: Rewrite) -> Expr:
    return as_expr(row.new(*map(Parameter, wildcards(row))))


@pytest.mark.parametrize("row", (*ROWS, *SCALES), ids=lambda row: row.name)
def test_every_rewrite_is_proved(row: Rewrite) -> None:
    assert is_proved(row)
    assert holds_on_sample(row)


HARD = [(row, at) for row in ROWS for at in hard_points(row)]


@pytest.mark.parametrize(("row", "at"), HARD, ids=[f"{row.name}-{at}" for row, at in HARD])
def test_every_rewrite_keeps_digits_that_the_old_form_loses(row: Rewrite, at: tuple[float, ...]) -> None:
    new, old = value(new_form(row), row, at), value(pattern(row), row, at)
    assert relative_error(new, row, at) < 1e-14
    assert not np.isfinite(old) or relative_error(old, row, at) > 1e-6


@pytest.mark.parametrize(
    "wrong",
    [
        Rewrite("any sum", lambda x, y: log(y + exp(x)), lambda x, y: softplus(x), "", (0.1, 5), (), 2),
        replace(BY_NAME["log of a logistic"], new=lambda x: -softplus(x)),
        replace(BY_NAME["1 - logistic"], new=lambda x: x),
        replace(BY_NAME["expm1"], new=lambda x: SCALARS["expm1"].sympy(x) * sympy.Rational(10005, 10000)),
    ],
    ids=["valid for sums of 1 only", "sign", "nonsense", "0.05% too large"],
)
def test_a_wrong_rewrite_is_refused(wrong: Rewrite) -> None:
    assert not is_proved(wrong)
    assert not holds_on_sample(wrong)


# the matcher -----------------------------------------------------------------------------------
A, B = Read("a", (index("n"),)), Read("b", ())


def rewritten(node: Expr) -> Expr:
    return rewrite(as_expr(node))[0]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_fires_on_its_own_old_form(row: Rewrite) -> None:
    given = (A, B)[: row.arity]
    found, used = rewrite(as_expr(row.old(*given)), ROWS)
    assert used[0] == row.name
    assert found == as_expr(row.new(*given))


MATCHES = {
    "the order of a sum": (log(exp(A) + 1), softplus(A)),
    "a negated argument": (1 / (1 + exp(-A)), sigmoid(A)),
    "a product as the argument": (log(1 + exp(2 * A)), softplus(2 * A)),
    "summands beside it": (B + exp(A) - 1, Sum((B, expm1(A)))),
    "a negative number": (Sum((exp(A), Number(Affine.of(-1)))), expm1(A)),
    "the whole sum negated": (sigmoid(A) - 1, Negative(sigmoid(-A))),
    "1 - exp": (1 - exp(A), Negative(expm1(A))),
    "a fraction in a product": (
        Product((B, Ratio(ONE, 1 + exp(A)), exp(A))),
        Product((B, sigmoid(A))),
    ),
    "a fraction over more": (Ratio(B, Product((A, 1 + exp(-A)))), Ratio(Product((B, sigmoid(A))), A)),
    "a fraction of fractions": (Ratio(ONE, Ratio(1 + exp(A), exp(A))), sigmoid(A)),
    "one inside another": (log(1 - 1 / (1 + exp(-A))), Negative(softplus(A))),
    "log1p of a difference": (log(1 - A), log1p(Negative(A))),
    "exponentials of different things": (exp(B) / (1 + exp(A)), Product((exp(B), sigmoid(-A)))),
    "a difference the other way round": (
        log((exp(A - B) + exp(B - A)) / 2),
        A - B + softplus(-(2 * (A - B))) - log(Number(Affine.of(2))),
    ),
    "a square": (exp(A) / (1 + exp(A)) ** 2, sigmoid(A) * sigmoid(-A)),
    "a square below and once above": (exp(A) * (1 + exp(A)) / (1 + exp(A)) ** 2, sigmoid(A)),
    "twice the argument": ((exp(A) - exp(-A)) / (exp(-A) + exp(A)) * B, Product((tanh(A), B))),
}


@pytest.mark.parametrize(("old", "new"), MATCHES.values(), ids=MATCHES.keys())
def test_a_row_is_found_in_other_words(old: Expr, new: Expr) -> None:
    assert rewritten(old) == new


@pytest.mark.parametrize(
    "node",
    [
        log(2 + exp(A)),
        log(B + exp(A)),
        log(1 + exp(A) + exp(B)),
        exp(A) - 2,
        Ratio(1 + exp(A), ONE),
        A - A,
        A / A,
        (exp(A) + exp(-A)) / (exp(A) - exp(B)),
        exp(A) / expm1(B),
        log(exp(A) + exp(B) + exp(-A)),
        1 + exp(-A),
    ],
    ids=str,
)
def test_what_only_looks_like_a_row_is_left_alone(node: Expr) -> None:
    assert rewritten(node) == node
