"""Signs drawn out of products and sums: y*(-a) + z*(-b) is -(y*a + z*b)."""

from __future__ import annotations

from dataclasses import replace

from derive.algebra.expr import (
    ZERO,
    Expr,
    Negative,
    Number,
    Product,
    Ratio,
    Sum,
    minus,
    over,
    plus,
    times,
    transform,
)


def signs_in_front(node: Expr) -> Expr:
    """The expression with its signs in front of products, quotients and sums."""
    return transform(node, _drawn)


def _drawn(node: Expr) -> Expr:
    match node:
        case Product(args) if any(map(_is_negative, args)) and ZERO not in args:
            found = times(*map(_positive, args))
            return minus(found) if sum(map(_is_negative, args)) % 2 else found
        case Ratio(top, bottom) if _is_negative(top) or _is_negative(bottom):
            found = over(_positive(top), _positive(bottom))
            return found if _is_negative(top) == _is_negative(bottom) else minus(found)
        case Sum(args) if all(map(_is_negative, args)):
            return minus(plus(tuple(map(_positive, args))))
        case Negative(arg) if _is_negative(arg):
            return _positive(arg)
    return node


def _is_negative(node: Expr) -> bool:
    match node:
        case Negative():
            return True
        case Number(value):
            return len(value.terms) == 1 and value.terms[0][1] < 0
    return False


def _positive(node: Expr) -> Expr:
    """The node without its sign."""
    match node:
        case Negative(arg):
            return arg
        case Number(value) if _is_negative(node):
            return replace(node, value=-value)
    return node
