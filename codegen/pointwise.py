"""Pieces without a sum: one store at every point, and scatters by a delta on the left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from codegen.bounds import Bounds
from codegen.clearing import cleared
from codegen.names import Names
from codegen.nodes import If, Let, Local, Nest, Statement, Store
from codegen.schedule import Task
from derive.algebra.domains import zero_outside
from derive.algebra.expr import ZERO as NOTHING
from derive.algebra.expr import Expr, Product, Read, children, plus, rebuild, substitute
from derive.algebra.index import Affine, Delta, Guard, In, Index, solve
from derive.algebra.system import System, Term


@dataclass(frozen=True, slots=True)
class Placed:
    """A term whose left-side deltas are solved: where it is stored, and the indices still looped over."""

    at: tuple[Affine, ...]
    loops: tuple[Index, ...]
    guards: tuple[Guard, ...]
    body: Expr
    moved: bool


def place(system: System, task: Task, term: Term) -> Placed:
    """Solve the deltas on left indices: `z[g] += delta(g, 0)*e` is stored at z[0]."""
    fixed = {i.name for i in task.fixed}
    loops = [i for i in task.piece.equation.indices if i.name not in fixed]
    at = task.piece.equation.lhs.at
    guards, body, moved = list(term.guards), term.body, False
    while (found := _solvable(guards, loops)) is not None:
        delta, index, value = found
        put = {index.name: value}
        guards = [g.substitute(put) for g in guards if g != delta] + [In(value, index.lo, index.hi)]
        body, at = substitute(body, put), tuple(e.substitute(put) for e in at)
        loops, moved = [i for i in loops if i is not index], True
    bounds = Bounds(system, (*task.fixed, *loops, *term.binders))
    kept = tuple(g for g in dict.fromkeys(guards) if not bounds.sure(g))
    return Placed(at, tuple(loops), kept, body, moved)


def _solvable(guards: Sequence[Guard], loops: Sequence[Index]) -> tuple[Delta, Index, Affine] | None:
    """The first delta that says what an index is: one that others turned into i - 1 == i + 1 says nothing."""
    deltas = [g for g in guards if isinstance(g, Delta)]
    solved = ((d, i, solve(d, i.name)) for d in deltas for i in loops)
    return next(((d, i, value) for d, i, value in solved if value is not None), None)


def lower_pointwise(system: System, task: Task, names: Names) -> list[Statement]:
    """A light piece as nests of stores; cleared first where the stores do not cover the tensor."""
    tensor = task.piece.equation.tensor
    placed = sorted((place(system, task, t) for t in task.piece.terms), key=lambda p: p.moved)
    groups: dict[tuple[Affine, ...], list[Placed]] = {}
    for term in placed:
        groups.setdefault(term.at, []).append(term)
    beside = _beside_one_place(system, task, placed) if task.first else None
    if beside is not None:
        nests = (_nest(system, task, Read(tensor, t.at), [t], add=False, names=names) for t in beside)
        return [replace(nest, cites=(tensor,)) for nest in nests]
    setting = task.first
    made: list[Statement] = []
    if task.first and not _covers(system, task, groups):
        made.append(cleared(task))
        setting = False
    disjoint = all(term.moved for term in placed)
    for at, terms in groups.items():
        nest = _nest(system, task, Read(tensor, at), terms, add=not setting, names=names)
        made.append(replace(nest, cites=(tensor,)))
        setting = setting and disjoint
    return made


def _beside_one_place(system: System, task: Task, placed: list[Placed]) -> tuple[Placed, Placed] | None:
    """Of [k < j]*v + [k > j]*v + [k == j]*w: v at every k, and w, which is put over it at j."""
    if [p.moved for p in placed] != [False, False, True]:
        return None
    below, above, own = placed
    bounds = Bounds(system, (*task.fixed, *below.loops))
    match below.guards, above.guards:
        case (In() as a,), (In() as b,):
            index = bounds.index(a.e.letter())
        case _:
            return None
    if index is None or index not in below.loops or below.body != above.body:
        return None
    if (a.e, a.hi + 1) != (b.e, b.lo) or (bounds.open_sides(a), bounds.open_sides(b)) != (("hi",), ("lo",)):
        return None
    if own.at != tuple(e.substitute({index.name: a.hi}) for e in below.at):
        return None
    return replace(below, guards=()), own


def _covers(system: System, task: Task, groups: dict[tuple[Affine, ...], list[Placed]]) -> bool:
    """Whether every element is stored: by an unmoved group, or by one for each number of an axis."""
    if task.at in groups:
        return True
    dims = system.tensor(task.piece.equation.tensor).dims
    for axis, dim in enumerate(dims):
        if dim.is_integer() and all(at[axis].is_integer() for at in groups):
            others = {at[:axis] + at[axis + 1 :] for at in groups}
            numbers = sorted(at[axis].integer() for at in groups)
            return len(others) == 1 and numbers == list(range(dim.integer()))
    return False


def _nest(system: System, task: Task, target: Read, terms: list[Placed], add: bool, names: Names) -> Nest:
    loops = terms[0].loops
    bounds = Bounds(system, (*task.fixed, *loops))
    always, sometimes, body = [], [], []
    for term in terms:
        guards = tuple(dict.fromkeys((*term.guards, *bounds.factor_guards(term.body))))
        before, value = guard_reads(bounds, term.body, guards, names)
        if guards:
            sometimes.append(If(guards, (*before, Let("", value, add=True))))
        else:
            body += before
            always.append(value)
    if not sometimes:
        return Nest(loops, (*body, Store(target, plus(tuple(always)), add)))
    outer = bounds.domain_guards(target)
    if not always and len(sometimes) == 1 and (add or set(sometimes[0].guards) <= set(outer)):
        return Nest(loops, (_retarget(sometimes[0], lambda value: Store(target, value, add)),))
    sometimes = [replace(b, guards=tuple(g for g in b.guards if g not in outer)) for b in sometimes]
    total = names.like(f"{target.tensor}_")
    start, sometimes = _start(bounds, always, sometimes)
    body.append(Let(total, start))
    for k, branch in enumerate(sometimes):
        # where nothing was added before, the number is set: one rounding less, and no 0 to add to
        first = not always and all(bounds.exclude(branch.guards, b.guards) for b in sometimes[:k])
        put = _retarget(branch, partial(Let, total, add=not first))
        body += [put] if put.guards else put.body
    body.append(Store(target, Local(total), add))
    return Nest(loops, (If(outer, tuple(body)),) if outer else tuple(body))


def _start(bounds: Bounds, always: list[Expr], sometimes: list[If]) -> tuple[Expr, list[If]]:
    """What the number is before any branch: the sum of what holds always; or of two branches that are each
    other's opposite the one that is a mere read; or 0."""
    if always or len(sometimes) != 2:
        return (plus(tuple(always)) if always else NOTHING), sometimes
    for branch, other in (sometimes, sometimes[::-1]):
        (value, *before) = (s.value for s in reversed(branch.body) if isinstance(s, Let))
        plain = isinstance(value, Read) and not before and not bounds.domain_guards(value)
        if plain and bounds.are_opposite(branch.guards, other.guards):
            return value, [other]
    return NOTHING, sometimes


def _retarget(branch: If, make: Callable[[Expr], Statement]) -> If:
    *before, last = branch.body
    assert isinstance(last, Let)
    return replace(branch, body=(*before, make(last.value)))


def guard_reads(
    bounds: Bounds, body: Expr, guards: tuple[Guard, ...], names: Names
) -> tuple[list[Statement], Expr]:
    """Locals for reads that may be outside their domain but do not end the product that the body is: 0 there.

    A product inside a function is 0 as a whole where one of its factors is outside, whatever the others are.
    """
    made: list[Statement] = []
    put: dict[Expr, Local] = {}
    for product in dict.fromkeys(_inner_products(body, set(zero_outside(body)))):
        inside = tuple(g for g in bounds.factor_guards(product) if g not in guards)
        if inside:
            before, value = guard_reads(bounds, product, (*guards, *inside), names)
            put[product] = Local(names.like(f"{zero_outside(product)[0].tensor}_"))
            made += [Let(put[product].name, NOTHING), If(inside, (*before, Let(put[product].name, value)))]
    body = _with(body, put)
    for read in bounds.loose_reads(body, guards):
        put[read] = Local(names.like(f"{read.tensor}_"))
        inside = tuple(g for g in bounds.domain_guards(read) if g not in guards)
        made += [Let(put[read].name, NOTHING), If(inside, (Let(put[read].name, read),))]
    return made, _with(body, put)


def _inner_products(node: Expr, whole: set[Read]) -> Iterator[Product]:
    """The outermost products of several reads but the one that the body is."""
    factors = set(zero_outside(node)) if isinstance(node, Product) else set()
    if isinstance(node, Product) and len(factors) > 1 and not factors <= whole:
        yield node
    else:
        for child in children(node):
            yield from _inner_products(child, whole)


def _with(node: Expr, put: Mapping[Expr, Expr]) -> Expr:
    """The expression with others in the place of its parts, the outermost first."""
    parts = children(node)
    return put[node] if node in put else rebuild(node, tuple(_with(p, put) for p in parts)) if parts else node
