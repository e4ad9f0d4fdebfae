"""Polynomials: expressions that are equal have one form, and those that are not have two."""

from fractions import Fraction

import pytest

from codegen.verify.pairing.expansion import expand, substitute
from codegen.verify.pairing.polynomials import TooLarge
from derive.algebra.expr import Expr, Number, Parameter, Read, Sum, as_expr, times
from derive.algebra.index import Affine, Letter
from derive.language import exp, tanh, where
from tests.indices import index

I, N = index("i"), Affine.of("N")
SYMBOLS = frozenset({"N", "s"})


def read(tensor: str, at: Affine = I) -> Expr:
    return Read(tensor, (at,))


a, b, c = read("a"), read("b"), read("c")


def equal(left: Expr, right: Expr) -> bool:
    return expand(left, SYMBOLS) == expand(right, SYMBOLS)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (a * (b + c), c * a + a * b),
        ((a + b) ** 2, a * a + 2 * a * b + b**2),
        (a / b / c, a / (c * b)),
        (a * Fraction(1, 2) + a / 2, a),
        ((a + b) / (c * exp(a)), a / exp(a) / c + b / (exp(a) * c)),
        (1 / (a + b) ** 2, 1 / ((b + a) * (a + b))),
        (tanh(a * b), tanh(b * a)),
        (where(a, ">", b, c, 0) + where(a, ">", b, 0, c), c),
        (where(a, ">", b, c, 0) * where(a, ">", b, c, 1), where(a, ">", b, c * c, 0)),
        (Number(N + N) * a, 2 * (Number(N) * a)),
        (read("a", 2 * I + 1), read("a", 1 + I + I)),
        (a - a, as_expr(0)),
    ],
)
def test_what_is_equal_has_one_form(left: Expr, right: Expr) -> None:
    assert equal(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (a * (b + c), a * b + c),
        (a, read("a", I + 1)),
        (a / a, as_expr(1)),  # a read outside its domain makes the ratio 0, not 1
        (tanh(a) * b, tanh(b) * a),
        (where(a, ">", b, c, 0), where(a, ">=", b, c, 0)),
        (a * Fraction(2001, 2000), a),
        (Parameter("d") * a, Parameter("e") * a),
    ],
)
def test_what_differs_has_two(left: Expr, right: Expr) -> None:
    assert not equal(left, right)


def everywhere(at: Affine) -> Expr:
    """An expression with an index in an atom of every kind."""
    ratio = tanh(read("a", at)) * Number(at) / (read("b", at) + 1)
    return ratio * where(read("c", at), ">", 0, 1, 2)


def test_indices_are_replaced_in_every_atom() -> None:
    odd = index("j") * 2 + 1
    made = substitute(expand(everywhere(I), SYMBOLS), {Letter("i"): odd}, SYMBOLS)
    assert made == expand(everywhere(odd), SYMBOLS) != expand(everywhere(I), SYMBOLS)


def test_what_multiplies_out_without_end_is_refused() -> None:
    with pytest.raises(TooLarge, match="more than 4096 products"):
        expand(times(*[Sum(tuple(read(f"x{k}") for k in range(20)))] * 6), SYMBOLS)
