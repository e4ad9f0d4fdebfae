"""The linear layer of an expression: its sums, guards and constant factors."""

from __future__ import annotations

from dataclasses import replace

from derive.algebra.expr import (
    Expr,
    Negative,
    Number,
    Parameter,
    Product,
    Ratio,
    Read,
    Reduce,
    Sum,
    When,
    children,
)
from derive.algebra.index import Guard


def is_constant(node: Expr) -> bool:
    """Whether the expression is a number or a real parameter, or made of those."""
    return isinstance(node, (Number, Parameter)) or (
        isinstance(node, (Negative, Ratio, Product)) and all(map(is_constant, children(node)))
    )


def unguarded(node: Expr) -> tuple[tuple[Guard, ...], Expr]:
    """The guards on the factors of a product, and the product without them."""
    match node:
        case When(guards, body):
            inner, bare = unguarded(body)
            return guards + inner, bare
        case Negative(arg):
            guards, bare = unguarded(arg)
            return guards, Negative(bare)
        case Ratio(top, bottom):
            guards, bare = unguarded(top)
            return guards, Ratio(bare, bottom)
        case Product(args):
            parts = [unguarded(arg) for arg in args]
            return tuple(g for guards, _ in parts for g in guards), Product(tuple(bare for _, bare in parts))
    return (), node


def matrix_products(node: Expr) -> bool:
    """Whether every addend is a product of tensors, which is best summed as a matrix product."""
    addends = node.args if isinstance(node, Sum) else (node,)
    bare = [a.arg if isinstance(a, Negative) else a for a in addends]
    return all(isinstance(a, Product) and all(isinstance(f, Read) for f in a.args) for a in bare)


def has_sums(node: Expr) -> bool:
    """Whether a reduction or a guard stands in the linear layer of the expression."""
    match node:
        case Reduce() | When():
            return True
        case Sum(args) | Product(args):
            return any(map(has_sums, args))
        case Negative(arg):
            return has_sums(arg)
        case Ratio(top, bottom):
            return is_constant(bottom) and has_sums(top)
        case _:
            return False


def guarded(guards: tuple[Guard, ...], node: Expr) -> Expr:
    """The expression, evaluated only where the guards hold; a maximum takes them as its own."""
    if isinstance(node, Reduce) and node.monoid != "sum":
        return replace(node, guards=guards + node.guards)
    return When(guards, node) if guards else node
