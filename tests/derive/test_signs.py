"""Signs in front: the same numbers, fewer signs, and nothing that was 0*x becomes 0."""

from __future__ import annotations

import random

import numpy as np
import pytest

from derive.algebra.expr import Expr, Negative, Number, Parameter, Product, Ratio, Sum, as_expr, walk
from derive.algebra.index import Affine
from derive.oracle.meaning import Meaning
from derive.oracle.numbers import Floats
from derive.stable.signs import signs_in_front

A, B, C = map(Parameter, "abc")
SCALARS = {"a": 0.1, "b": -1.7, "c": 3.3}

CASES = {
    "a product": (Product((A, Negative(B))), Negative(Product((A, B)))),
    "two signs": (Product((A, Negative(B), Negative(C))), Product((A, B, C))),
    "a quotient": (Ratio(A, Negative(B)), Negative(Ratio(A, B))),
    "a negative number": (Product((Ratio(as_expr(-1), A), Negative(B))), Product((Ratio(as_expr(1), A), B))),
    "every summand": (Sum((Product((A, Negative(B))), Negative(C))), Negative(Sum((Product((A, B)), C)))),
    "sum and product": (Negative(Product((A, Sum((Negative(B), Negative(C)))))), Product((A, Sum((B, C))))),
}


@pytest.mark.parametrize(("old", "new"), CASES.values(), ids=CASES)
def test_signs_stand_in_front(old: Expr, new: Expr) -> None:
    assert signs_in_front(old) == new


@pytest.mark.parametrize(
    "node",
    [Sum((A, Negative(B))), Product((as_expr(0), Negative(A))), Number(Affine.of("N") - 1), Negative(A)],
    ids=["one summand", "0*x, which may be NaN", "a size less 1", "one sign"],
)
def test_what_has_none_to_spare_is_left_alone(node: Expr) -> None:
    assert signs_in_front(node) == node


def drawn(rng: random.Random, depth: int) -> Expr:
    """A random expression full of signs."""
    if not depth:
        return rng.choice((A, B, C, as_expr(-2), as_expr(3)))
    parts = tuple(drawn(rng, depth - 1) for _ in range(rng.choice((2, 3))))
    made = rng.choice((Sum(parts), Product(parts), Ratio(*parts[:2])))
    return Negative(made) if rng.random() < 0.5 else made


def value(node: Expr) -> float:
    meaning = Meaning(Floats(), {}, SCALARS)
    with np.errstate(all="ignore"):
        return float(meaning.value(node, {}))


def test_numbers_are_the_same_and_signs_are_fewer() -> None:
    rng, fewer = random.Random(5), 0
    for _ in range(300):
        node = drawn(rng, 3)
        found = signs_in_front(node)
        # products lie flat afterwards, so they may round otherwise; sums are as they were
        assert value(found) == pytest.approx(value(node), rel=1e-13, nan_ok=True), node
        before, after = (sum(isinstance(n, Negative) for n in walk(e)) for e in (node, found))
        assert after <= before + sum(n == as_expr(-2) for n in walk(node))
        fewer += after < before
    assert fewer > 200
