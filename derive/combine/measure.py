"""How much work equations are: operations and elements to store, those done most often first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from derive.algebra.expr import (
    Call,
    Choice,
    Expr,
    Negative,
    Power,
    Product,
    Ratio,
    Sum,
    children,
    free_names,
    walk,
)
from derive.algebra.index import Letter
from derive.algebra.system import Equation, Term

Work = tuple[int, ...]
MOST = 16  # indices of an equation, summed ones included


def equation_work(equation: Equation) -> Counter[int]:
    """The operations of an equation, and storing it, by the number of indices that they run over.

    What does not depend on an index is done once for all of it: dL*(1/N) counts as one operation at all.
    """
    free = {i.name for i in equation.indices}
    return terms_work(equation.terms, free) + Counter({len(free): 1})


def terms_work(terms: Iterable[Term], free: set[Letter]) -> Counter[int]:
    """The operations of an equation's terms, by the number of indices that they run over."""
    total: Counter[int] = Counter()
    for n, term in enumerate(terms):
        indices = free | {b.name for b in term.binders}
        total += operations(term.body, indices)
        total[len(indices)] += bool(term.binders)  # to add it up
        total[len(free)] += n > 0
    return total


def ordered(counts: Counter[int]) -> Work:
    """Counts by numbers of indices as an order: the largest number of indices first."""
    return tuple(counts[n] for n in reversed(range(MOST)))


def operations(node: Expr, indices: set[Letter]) -> Counter[int]:
    """Additions, products, divisions, signs, comparisons and functions by how many indices they have."""
    total: Counter[int] = Counter()
    for part in walk(node):
        _count(part, indices, total)
    return total


def _count(node: Expr, indices: set[Letter], total: Counter[int]) -> None:
    match node:
        case Sum(args) | Product(args):
            for n in range(1, len(args)):
                total[_reach(args[: n + 1], indices)] += 1
        case Power(_, n):
            squarings, products = abs(n).bit_length() - 1, abs(n).bit_count() - 1
            total[_reach((node,), indices)] += max(squarings + products, 1)
        case Ratio() | Negative() | Call() | Choice():
            total[_reach(children(node), indices)] += 1


def _reach(parts: Iterable[Expr], indices: set[Letter]) -> int:
    """Over how many of the indices the parts run."""
    return len({name for part in parts for name in free_names(part)} & indices)
