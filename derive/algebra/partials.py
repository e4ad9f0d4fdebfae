"""The derivative of one scalar expression by each of its reads: the chain rule over one tree."""

from __future__ import annotations

from derive.algebra.expr import (
    ZERO,
    Call,
    Choice,
    Expr,
    Negative,
    Number,
    Power,
    Product,
    Ratio,
    Read,
    Sum,
    as_expr,
    chained,
    minus,
    over,
    times,
)
from derive.algebra.index import Affine
from derive.algebra.scalars import SCALARS, Scalar


def partials(node: Expr, value: Expr) -> list[tuple[Read, Expr]]:
    """Every read in the expression with the derivative by that one read; `value` is the expression's."""
    match node:
        case Read():
            return [(node, Number(Affine.of(1)))]
        case Sum(args):
            return [pair for arg in args for pair in partials(arg, arg)]
        case Negative(arg):
            return [(read, minus(d)) for read, d in partials(arg, arg)]
        case Product(args):
            return [
                (read, chained(*args[:n], d, *args[n + 1 :]))
                for n, arg in enumerate(args)
                for read, d in partials(arg, arg)
            ]
        case Ratio(top, bottom):
            tops = [(read, over(d, bottom)) for read, d in partials(top, top)]
            return tops + [(r, minus(chained(over(value, bottom), d))) for r, d in partials(bottom, bottom)]
        case Power(base, n):
            outer = (
                times(Number(Affine.of(n)), base if n == 2 else Power(base, n - 1))
                if n != 1
                else Number(Affine.of(1))
            )
            return [(read, times(outer, d)) for read, d in partials(base, base)]
        case Call(function, (arg,)):
            slope = _slope(SCALARS[function], arg, value)
            return [] if slope == ZERO else [(read, chained(slope, d)) for read, d in partials(arg, arg)]
        case Choice(left, relation, right, then, otherwise):
            chosen = partials(then, then)
            passed = partials(otherwise, otherwise)
            return [
                *((r, Choice(left, relation, right, d, ZERO)) for r, d in chosen),
                *((r, Choice(left, relation, right, ZERO, d)) for r, d in passed),
            ]
        case _:
            return []


def _slope(row: Scalar, arg: Expr, value: Expr) -> Expr:
    """The function's derivative, in its value where a tensor holds that."""
    if row.derivative is None:
        return ZERO
    if row.in_argument and not isinstance(value, Read):
        return as_expr(row.in_argument(arg))
    return as_expr(row.derivative(arg, value))
