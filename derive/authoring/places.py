"""A choice by index, such as where(j, "<", i, a, b), as two branches under guards.

A guard tells more than a choice: ranges of loops, which steps a recurrence reads, and where a sum inside
a branch is needed at all.
"""

from __future__ import annotations

from collections.abc import Mapping

from derive.algebra.expr import ZERO, Choice, Expr, Number, When
from derive.algebra.index import Affine, In, Index, Letter

MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def by_place(node: Choice, scope: Mapping[Letter, Index]) -> tuple[Expr, ...]:
    """The branches that are not 0, each under its guard; the choice itself where it is not by index alone."""
    left, right = _place(node.left), _place(node.right)
    if left is None or right is None:
        return (node,)
    relation = node.relation
    if left.letter() not in scope:
        left, right, relation = right, left, MIRRORED[relation]
    letter = left.letter()
    index = scope.get(letter) if letter else None
    if index is None or index.name in right.names():
        return (node,)
    edge = right + 1 if relation in ("<=", ">") else right
    below, above = In(left, index.lo, edge), In(left, edge, index.hi)
    then, otherwise = (below, above) if relation in ("<", "<=") else (above, below)
    branches = ((then, node.then), (otherwise, node.otherwise))
    return tuple(When((guard,), body) for guard, body in branches if body != ZERO)


def _place(node: Expr) -> Affine | None:
    """The index expression that a number is."""
    return node.value if isinstance(node, Number) and node.denominator == 1 else None
