"""Sums of products of two tensors as matrix products, where their axes group into matrices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from codegen.bounds import Bounds
from codegen.clearing import cleared
from codegen.nodes import Gemm, If, Loop, Statement, View, least
from codegen.pointwise import Placed, place
from codegen.schedule import Task
from derive.algebra.expr import Product, Read
from derive.algebra.index import Affine, Guard, In, Index, Letter
from derive.algebra.system import System


@dataclass(frozen=True, slots=True)
class Operand:
    """A read cut into leading positions (fixed or looped over) and grouped axes."""

    read: Read
    prefix: tuple[Affine, ...]
    groups: tuple[str, ...]
    order: tuple[tuple[Letter, ...], ...]
    shift: int


def lower_contraction(system: System, task: Task) -> tuple[Statement, ...] | None:
    """The piece as matrix products inside as few loops as possible, or None where it is none.

    What the first piece of a tensor only adds to is cleared before.

    Indices are batch (in both factors and on the left), rows (left and first factor), columns (left
    and second), summed (both factors). A batch or summed index may become a loop around the product.
    """
    (term,) = task.piece.terms
    placed = place(system, task, term)
    if placed.guards or not isinstance(placed.body, Product) or term.monoid != "sum":
        return None
    factors = placed.body.args
    if len(factors) != 2 or not all(isinstance(f, Read) for f in factors):
        return None
    left, right = (f for f in factors if isinstance(f, Read))
    batch = [i for i in placed.loops if _has(left, i) and _has(right, i)]
    others = [i for i in (*placed.loops, *term.binders) if i not in batch]
    for count in range(3):
        for extra in combinations(others, count):
            made = _try(system, task, placed, left, right, (*batch, *extra))
            if made is not None:
                clear = task.first and _needs_clear(made)
                return (cleared(task), *made) if clear else made
    return None


def _has(read: Read, index: Index) -> bool:
    return any(index.name in e.names() for e in read.at)


def _try(
    system: System, task: Task, placed: Placed, left: Read, right: Read, looped: tuple[Index, ...]
) -> tuple[Statement, ...] | None:
    (term,) = task.piece.terms
    target = Read(task.piece.equation.tensor, placed.at)
    outer = {i.name for i in (*task.fixed, *looped)}
    free = [i for i in placed.loops if i.name not in outer]
    rows = {i.name for i in free if _has(left, i)}
    columns = {i.name for i in free if _has(right, i)}
    summed = {b.name for b in term.binders if b.name not in outer}
    kinds = {**{n: "row" for n in rows}, **{n: "column" for n in columns}, **{n: "sum" for n in summed}}
    if not (rows and columns and summed) or rows & columns or len(rows | columns) != len(free):
        return None
    if not all(_has(f, b) for b in term.binders if b.name in summed for f in (left, right)):
        return None
    bounds = Bounds(system, (*task.fixed, *placed.loops, *term.binders))
    operands = [_operand(bounds, read, kinds, outer) for read in (target, left, right)]
    if any(o is None for o in operands):
        return None
    c, a, b = (o for o in operands if o is not None)
    if not _fit(c, a, b):
        return None
    return _statements(bounds, task, c, a, b, looped)


def _operand(bounds: Bounds, read: Read, kinds: dict[Letter, str], outer: set[Letter]) -> Operand | None:
    """Leading positions without a grouped index, then whole axes in at most two groups."""
    lead = 0
    while lead < len(read.at) and not (read.at[lead].names() & kinds.keys()):
        lead += 1
    names: list[Letter] = []
    shift = 0
    for axis, (e, dim) in enumerate(zip(read.at[lead:], bounds.dims(read.tensor)[lead:], strict=True)):
        found = sorted(n for n in e.names() if n in kinds)
        index = bounds.index(found[0]) if len(found) == 1 else None
        if index is None or (index.lo, index.hi) != (Affine(), dim):
            return None
        away = e - index.symbol
        if not away.is_integer() or (away.integer() and axis):
            return None
        shift += away.integer()
        names.append(index.name)
    groups = tuple(dict.fromkeys(kinds[n] for n in names))
    order = tuple(tuple(n for n in names if kinds[n] == g) for g in groups)
    if len(groups) != 2 or [n for g in order for n in g] != names or len(set(names)) != len(names):
        return None
    return Operand(read, read.at[:lead], groups, order, shift)


def _fit(c: Operand, a: Operand, b: Operand) -> bool:
    """Whether the three agree on the order of each group, and shift one axis only."""
    orders = [dict(zip(o.groups, o.order, strict=True)) for o in (c, a, b)]
    agree = all(
        orders[m].get(g, orders[n].get(g)) == orders[n].get(g, orders[m].get(g))
        for m, n in ((0, 1), (0, 2), (1, 2))
        for g in ("row", "column", "sum")
    )
    shifted = any(o.shift for o in (a, b))
    return agree and c.shift == 0 and (not shifted or a.groups[0] == b.groups[0] == "sum")


def _statements(
    bounds: Bounds, task: Task, c: Operand, a: Operand, b: Operand, looped: tuple[Index, ...]
) -> tuple[Statement, ...]:
    binders = {i.name for t in task.piece.terms for i in t.binders}
    part = c.read.at != task.at  # of a tensor that nothing else sets
    add = not task.first or part or any(i.name in binders for i in looped)
    if c.groups[0] == "column":  # the transposed product: C' = B' A'
        a, b = b, a
    first = "column" if c.groups[0] == "column" else "row"
    span = _span(bounds, a, b)
    gemm = Gemm(
        _view(c, None),
        _view(a, span and _moved(span, a.shift if a.groups[0] == "sum" else 0)),
        _view(b, span and _moved(span, b.shift if b.groups[0] == "sum" else 0)),
        transpose_a=a.groups[0] != first,
        transpose_b=b.groups[0] != "sum",
        add=add,
    )
    guards: tuple[Guard, ...] = tuple(
        g
        for o in (a, b)
        for e, dim in zip(o.prefix, bounds.dims(o.read.tensor), strict=False)
        if not bounds.sure(g := In(e, Affine(), dim))
    )
    body: tuple[Statement, ...] = (If(guards, (gemm,)),) if guards else (gemm,)
    for index in reversed(looped):
        body = (Loop(index.name, (least(index.lo),), (least(index.hi),), body),)
    return body


def _needs_clear(made: tuple[Statement, ...]) -> bool:
    """Whether the products only add to what must first be 0."""
    return any(isinstance(s, If) or (isinstance(s, Gemm) and s.add) for s in _deep(made))


def _deep(statements: tuple[Statement, ...]) -> Iterator[Statement]:
    for statement in statements:
        yield statement
        if isinstance(statement, (Loop, If)):
            yield from _deep(statement.body)


def _span(bounds: Bounds, a: Operand, b: Operand) -> tuple[Affine, Affine] | None:
    """The part of the first summed axis on which both factors are inside their domains."""
    if not (a.shift or b.shift):
        return None
    index = bounds.index(next(o.order[0][0] for o in (a, b) if o.shift))
    assert index is not None
    low, high = min(a.shift, b.shift, 0), max(a.shift, b.shift, 0)
    return (index.lo - low, index.hi - high)


def _moved(span: tuple[Affine, Affine], shift: int) -> tuple[Affine, Affine]:
    return (span[0] + shift, span[1] + shift)


def _view(operand: Operand, span: tuple[Affine, Affine] | None) -> View:
    return View(operand.read.tensor, operand.prefix, len(operand.order[0]), span)
