"""Sums that are no matrix product, and maxima, as loops with limits taken from the guards."""

from __future__ import annotations

from dataclasses import dataclass, replace

from codegen.blocks import in_blocks
from codegen.bounds import Bounds
from codegen.clearing import cleared
from codegen.names import Names
from codegen.nodes import If, IndexValue, Let, Local, Loop, Statement, Store, Track, least
from codegen.pointwise import guard_reads, place
from codegen.schedule import Task
from derive.algebra.domains import zero_outside
from derive.algebra.expr import ZERO as NOTHING
from derive.algebra.expr import Call, Expr, Negative, Number, Product, Ratio, Read, reads, substitute
from derive.algebra.index import Affine, Guard, In, Index
from derive.algebra.system import System, Term, fresh_letter, symbols


@dataclass(frozen=True, slots=True)
class Space:
    """What a sum visits: where it stores, over which indices it loops, under which guards."""

    target: Read
    free: tuple[Index, ...]
    summed: tuple[Index, ...]
    guards: tuple[Guard, ...]
    body: Expr

    @property
    def loops(self) -> tuple[Index, ...]:
        return self.free + self.summed


def space(system: System, task: Task) -> Space:
    """The visited space: deltas on the left solved, differences of indices turned into sums."""
    (term,) = task.piece.terms
    placed = place(system, task, term)
    found = Space(
        Read(task.piece.equation.tensor, placed.at), placed.loops, term.binders, placed.guards, placed.body
    )
    bounds = Bounds(system, (*task.fixed, *found.loops))
    guards = tuple(dict.fromkeys((*found.guards, *bounds.factor_guards(found.body))))
    return _orient(system, task, replace(found, guards=guards))


def _orient(system: System, task: Task, found: Space) -> Space:
    """Loop over p instead of u where a factor is read at p = u - stride*i: then u is a sum, no
    difference, no point is visited in vain, and the innermost loop can be a long one."""
    for read in zero_outside(found.body):
        for e, dim in zip(read.at, system.tensor(read.tensor).dims, strict=True):
            index = _difference(system, task, found, e)
            if index is not None:
                return _orient(system, task, _loop_over(system, task, found, e, dim, index))
    return found


def _difference(system: System, task: Task, found: Space, e: Affine) -> Index | None:
    """The left index u of a position u - stride*i, which has a unit coefficient and a partner."""
    bounds = Bounds(system, (*task.fixed, *found.loops))
    names = {i.name for i in found.loops} & e.names()
    negative = any(bounds.sign(e.coefficient(n)) < 0 for n in names)
    if not negative or e.reads():
        return None
    return next((i for i in found.free if e.coefficient(i.name) == Affine.of(1)), None)


def _loop_over(system: System, task: Task, found: Space, e: Affine, dim: Affine, index: Index) -> Space:
    taken = {i.name for i in (*task.fixed, *found.loops)} | symbols(system)
    new = Index(fresh_letter(system.sizes, dim, taken), Affine(), dim)
    value = new.symbol - e.without(index.name)
    put = {index.name: value}
    guards = [g.substitute(put) for g in found.guards]
    inside = In(value, index.lo, index.hi)
    now = replace(
        found,
        target=Read(found.target.tensor, tuple(a.substitute(put) for a in found.target.at)),
        free=tuple(i for i in found.free if i is not index),
        summed=(*found.summed, new),
        body=substitute(found.body, put),
    )
    bounds = Bounds(system, (*task.fixed, *now.loops))
    kept = tuple(g for g in dict.fromkeys((*guards, inside)) if not bounds.sure(g))
    return replace(now, guards=kept)


# the order of the loops ---------------------------------------------------------------------------
def loop_order(system: System, found: Space) -> tuple[Index, ...]:
    """Innermost an index that only moves along last axes (unit stride), outside the left's own.

    Long loops are those over data: an index counts for every array with a batch axis that it moves in.
    """
    refs = (found.target, *reads(found.body))
    long = [r for r in refs if _has_batch(system, r)] or list(refs)
    score = {i.name: sum(_moves(r, i) for r in long) for i in found.loops}
    left = {i.name for i in found.loops if _moves(found.target, i)}
    streams = [i for i in found.loops if all(_last_only(r, i) for r in refs)]
    if not streams:
        return found.loops
    innermost = max(streams, key=lambda i: (score[i.name], i.name in left))
    if innermost.name not in left:
        return (*found.free, *(i for i in found.summed if i is not innermost), innermost)
    alone = [i for i in found.free if i is not innermost and not _shared(refs, i, found.loops)]
    rest = [i for i in found.loops if i is not innermost and i not in alone]
    return (*alone, *sorted(rest, key=lambda i: score[i.name]), innermost)


def _moves(read: Read, index: Index) -> bool:
    return any(index.name in e.names() for e in read.at)


def _last_only(read: Read, index: Index) -> bool:
    return not any(index.name in e.names() for e in read.at[:-1])


def _shared(refs: tuple[Read, ...], index: Index, loops: tuple[Index, ...]) -> bool:
    """Whether it stands in one position together with another loop's index."""
    names = {i.name for i in loops if i is not index}
    return any(index.name in e.names() and names & e.names() for r in refs for e in r.at)


def _has_batch(system: System, read: Read) -> bool:
    batch = {s.name for s in system.sizes if s.batch}
    return any(dim.plain() in batch for dim in system.tensor(read.tensor).dims)


# loops --------------------------------------------------------------------------------------------
def wrap(
    bounds: Bounds, order: tuple[Index, ...], guards: tuple[Guard, ...], body: tuple[Statement, ...]
) -> tuple[Statement, ...]:
    """Loops in this order around the body; each guard is a limit of the innermost loop it names."""
    loops = {i.name: ([least(i.lo)], [least(i.hi)]) for i in order}
    left: list[Guard] = []
    for guard in guards:
        names = {n for e in guard.parts() for n in e.names()}
        innermost = next((i.name for i in reversed(order) if i.name in names), None)
        limits = bounds.limits(innermost, guard) if innermost else None
        if innermost is None or limits is None:
            left.append(guard)
            continue
        loops[innermost][0].extend(limits[0])
        loops[innermost][1].extend(limits[1])
    if left:
        body = (If(tuple(left), body),)
    for index in reversed(order):
        lo, hi = loops[index.name]
        body = (Loop(index.name, tuple(dict.fromkeys(lo)), tuple(dict.fromkeys(hi)), body),)
    return body


def lower_sum(system: System, task: Task, names: Names) -> tuple[Statement, ...]:
    """One sum: accumulated in a local number where the summed loops are innermost, else in place."""
    found = space(system, task)
    order = loop_order(system, found)
    bounds = Bounds(system, (*task.fixed, *found.loops))
    before, value = guard_reads(bounds, found.body, found.guards, names)
    on_left = [n for n, i in enumerate(order) if _moves(found.target, i)]
    depth = on_left[-1] + 1 if on_left else 0
    plain = found.target.at == task.at
    if depth == len(order):
        body = (*before, Store(found.target, value, add=True))
        made = wrap(bounds, order, found.guards, body)
        return (cleared(task), *made) if task.first else made
    total = names.like(f"{found.target.tensor}_")
    inner_names = {i.name for i in order[depth:]}
    inside = tuple(g for g in found.guards if inner_names & {n for e in g.parts() for n in e.names()})
    outside = tuple(g for g in found.guards if g not in inside)
    value, count = counted(value)
    inner = wrap(bounds, order[depth:], inside, (*before, Let(total, value, add=True)))
    setting = task.first and plain and not outside and depth == len(found.free)
    start = Let(total, Call("wide", (NOTHING,)))
    made_of = Local(total) if count is None else Call("divided", (Local(total), IndexValue(count)))
    body = (start, *in_blocks(inner, names), Store(found.target, made_of, add=not setting))
    made = wrap(bounds, order[:depth], outside, body)
    return (cleared(task), *made) if task.first and not setting else made


def counted(value: Expr) -> tuple[Expr, Affine | None]:
    """A mean's terms without their common divisor, a number made of sizes, and that divisor."""
    match value:
        case Negative(arg):
            inside, count = counted(arg)
            return Negative(inside), count
        case Product((Ratio(Number(Affine() as top, 1), Number(Affine() as bottom, 1)), *rest)):
            if top == Affine.of(1) and not bottom.is_integer() and not bottom.reads():
                return rest[0] if len(rest) == 1 else Product(tuple(rest)), bottom
    return value, None


def _inside_or_zero(bounds: Bounds, term: Term, names: Names) -> tuple[list[Statement], Expr]:
    """What is compared: where a factor of a product is read outside its domain, the product is 0."""
    inside = tuple(g for g in dict.fromkeys(bounds.factor_guards(term.body)) if g not in term.guards)
    before, value = guard_reads(bounds, term.body, (*term.guards, *inside), names)
    if not inside:
        return before, value
    name = names.like("value")
    return [Let(name, NOTHING), If(inside, (*before, Let(name, value)))], Local(name)


def lower_maximum(system: System, task: Task, names: Names) -> tuple[Statement, ...]:
    """A maximum with all its argmax tensors, in one search."""
    (term,) = task.piece.terms
    fixed = {i.name for i in task.fixed}
    free = tuple(i for i in task.piece.equation.indices if i.name not in fixed)
    bounds = Bounds(system, (*task.fixed, *free, *term.binders))
    best = names.like("best")
    equations = (task.piece.equation, *task.piece.also)
    witnesses = ((e.terms[0].witness, e) for e in equations)
    marks = tuple((names.like(f"{w}_best"), w, e) for w, e in witnesses if w is not None)
    before, value = _inside_or_zero(bounds, term, names)
    moves = tuple((name, Affine.of(witness)) for name, witness, _ in marks)
    search = wrap(bounds, term.binders, term.guards, (*before, Track(best, value, moves)))
    starts = tuple(Let(name, IndexValue(Affine.of(-1))) for name, _, _ in marks)
    stores = [Store(e.lhs, IndexValue(Affine.of(name))) for name, _, e in marks]
    if task.piece.terms[0].monoid == "max":
        stores.insert(0, Store(task.piece.equation.lhs, Local(best)))
    body = (Let(best, Call("lowest", ())), *starts, *search, *stores)
    return wrap(bounds, free, (), body)
