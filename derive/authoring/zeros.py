"""What is left of a part's equations where some of its tensors are 0: a state that starts at 0, no bias."""

from __future__ import annotations

from derive.algebra.expr import (
    ZERO,
    Expr,
    MatMul,
    Negative,
    Power,
    Product,
    Ratio,
    Read,
    Reduce,
    Sum,
    Transpose,
    When,
    children,
    plus,
    reads,
    rebuild,
)


def without(node: Expr, zeros: frozenset[str]) -> Expr:
    """A part's expression with these tensors 0: the summands that they make 0 are gone."""
    if isinstance(node, Read):
        return ZERO if node.tensor in zeros else node
    if not zeros & {read.tensor for read in reads(node)}:
        return node
    parts = tuple(without(part, zeros) for part in children(node))
    match node:
        case Sum():
            return plus(tuple(p for p, old in zip(parts, node.args, strict=True) if p != ZERO or old == ZERO))
        case Product() | MatMul() if ZERO in parts:
            return ZERO
        case Negative() | Transpose() | When() | Ratio() | Power() | Reduce() if _is_zero(node, parts):
            return ZERO
    return rebuild(node, parts)


def _is_zero(node: Expr, parts: tuple[Expr, ...]) -> bool:
    """Whether a node of one part, or a quotient, is 0 where its first part is."""
    if isinstance(node, Power) and node.exponent < 1:
        return False
    return parts[0] == ZERO and not (isinstance(node, Reduce) and node.monoid != "sum")
