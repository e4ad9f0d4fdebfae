"""How large an expression may be: what is written by a loop of the author's may have no end."""

from __future__ import annotations

from derive.algebra.expr import Expr, children
from derive.errors import SpecError

DEEPEST = 100  # nodes on the way down; Python's own recursion ends not far below
LARGEST = 20_000  # nodes


def check_extent(name: str, value: Expr, where: str) -> None:
    """Raise SpecError for an expression that is too deep or too large to work on."""
    depth, count = _extent(value)
    if depth > DEEPEST or count > LARGEST:
        size = f"nests {depth} deep" if depth > DEEPEST else f"has {count} parts"
        raise SpecError(
            f"the equation of {name} {size}; {DEEPEST} and {LARGEST} are the most: give parts names with "
            "s.let, each with an equation of its own",
            where,
        )


def _extent(value: Expr) -> tuple[int, int]:
    """Depth and number of nodes, without recursion; what stands twice is looked at once and counted twice."""
    known: dict[int, tuple[int, int]] = {}
    todo = [value]
    while todo:
        node = todo[-1]
        parts = children(node)
        missing = [part for part in parts if id(part) not in known]
        if missing:
            todo += missing
            continue
        todo.pop()
        below = [known[id(part)] for part in parts]
        known[id(node)] = (1 + max((d for d, _ in below), default=0), 1 + sum(n for _, n in below))
    return known[id(value)]
