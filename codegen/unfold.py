"""Convolutions as matrix products: the patches of one example at a time, side by side in a buffer.

A sum of products in which one factor is read at `stride*i + p - pad` is no matrix product as it stands.
With that factor unfolded, patches[c,p,q,i,j] = X[n, c, stride*i+p-pad, stride*j+q-pad], it is one; and
where the left side stands at such a position, the products go into patches that are then added up.
Nothing here knows what a convolution is: it is about reads that are affine and products that share
no free index otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from codegen.bounds import Bounds
from codegen.clearing import cleared
from codegen.contraction import lower_contraction
from codegen.dependence import Piece
from codegen.names import Names
from codegen.nodes import Clear, Loop, Statement, Store, least
from codegen.reduction import Space, space, wrap
from codegen.schedule import Task
from derive.algebra.expr import Product, Read
from derive.algebra.index import Guard, Index, Name, names_of
from derive.algebra.system import Equation, System, Tensor, Term, constants, fresh


@dataclass(frozen=True, slots=True)
class Unfolding:
    """What is unfolded (`source`), over which examples, into which axes; `factors` are multiplied."""

    source: Read
    scatters: bool
    outer: tuple[Index, ...]
    axes: tuple[Index, ...]
    factors: tuple[Read, ...]
    found: Space

    @property
    def patches(self) -> tuple[str, str, str]:
        """What the buffer's declaration says that it is: of which array, and what is made with it."""
        return "patches", self.source.tensor, self.found.target.tensor

    def buffer(self, tensors: Iterable[Tensor]) -> Tensor | None:
        """The buffer that is declared for it."""
        return next((t for t in tensors if (t.is_a, t.of, t.into) == self.patches), None)


def unfolding(system: System, task: Task) -> Unfolding | None:
    """How to make the piece's sum a matrix product by unfolding one array, or None."""
    (term,) = task.piece.terms
    if term.monoid != "sum" or not isinstance(term.body, Product):
        return None
    found = space(system, task)
    reads = (
        tuple(f for f in found.body.args if isinstance(f, Read)) if isinstance(found.body, Product) else ()
    )
    if not isinstance(found.body, Product) or len(reads) != 2 or len(found.body.args) != 2:
        return None
    compound = [r for r in (found.target, *reads) if any(not isinstance(e.alone(), Name) for e in r.at)]
    if len(compound) != 1 or any(e.reads() for e in compound[0].at):
        return None
    source = compound[0]
    factors = tuple(r for r in reads if r is not source)
    scatters = source is found.target
    return _axes(system, task, found, source, factors, scatters)


def _axes(
    system: System, task: Task, found: Space, source: Read, factors: tuple[Read, ...], scatters: bool
) -> Unfolding | None:
    """The patch axes in two groups: those of one factor, and the others, long ones last."""
    long = {s.name for s in system.sizes if s.batch or s.sequence}
    inside = [i for i in found.loops if any(i.name in e.names() for e in source.at)]
    outer = tuple(i for i in inside if i.hi.plain() in long)
    kept = [i for i in inside if i not in outer]
    partner = factors[0]
    first = tuple(i for i in _in_order(partner, kept))
    other = factors[1] if scatters else found.target
    second = tuple(i for i in _in_order(other, kept) if i not in first)
    reused = [i for i in found.loops if i not in inside]
    if not first or not second or len(first) + len(second) != len(kept) or not reused:
        return None
    if not scatters and not set(found.guards) <= set(_around(system, task, found).domain_guards(source)):
        return None  # patches hold zeros, and a false guard is no factor 0
    if _guarded(found, reused):
        return None  # the patches would be others for each of them
    data = _mentions(system, partner, long)
    axes = second + first if data else first + second
    return Unfolding(source, scatters, outer, axes, factors, found)


def _around(system: System, task: Task, found: Space) -> Bounds:
    return Bounds(system, (*task.fixed, *found.loops))


def _guarded(found: Space, indices: Iterable[Index]) -> bool:
    """Whether a guard asks where one of the indices is."""
    asked = names_of(tuple(e for guard in found.guards for e in guard.parts()))
    return any(index.name in asked for index in indices)


def _in_order(read: Read, indices: list[Index]) -> list[Index]:
    """Those of the indices that the read has, in its order."""
    by_name = {i.name: i for i in indices}
    return [by_name[n] for n in (e.letter() for e in read.at) if n in by_name]


def _mentions(system: System, read: Read, sizes: set[str]) -> bool:
    return any(dim.plain() in sizes for dim in system.tensor(read.tensor).dims)


def declare_patches(system: System) -> System:
    """The system with a buffer for every array that will be unfolded."""
    tensors = list(system.tensors)
    taken = {t.name for t in tensors} | constants(system)
    for equation in system.equations:
        for term in (t for t in equation.terms if t.binders):
            found = unfolding(system, Task(Piece(equation, (term,)), ()))
            if found is not None and found.buffer(tensors) is None:
                (kind, source, target), dims = found.patches, tuple(i.hi for i in found.axes)
                name = fresh(f"{source}_patches", taken)
                tensors.append(Tensor(name, dims, "buffer", is_a=kind, of=source, into=target))
    return replace(system, tensors=tuple(tensors))


def lower_unfolded(system: System, task: Task, names: Names) -> tuple[Statement, ...] | None:
    """The piece as unfolding, product and, where the left side is unfolded, adding up."""
    found = unfolding(system, task)
    if found is None:
        return None
    buffer = found.buffer(system.tensors)
    if buffer is None or buffer.dims != tuple(i.hi for i in found.axes):
        return None
    patches = Read(buffer.name, tuple(i.symbol for i in found.axes))
    product = (
        _scattered_product(system, task, found, patches)
        if found.scatters
        else _product(system, task, found, patches)
    )
    if product is None:
        return None
    visit = _visit(system, task, found, patches)
    body = (*product, *visit) if found.scatters else (*visit, *product)
    empty = () if found.scatters or not found.found.guards else (Clear(buffer.name),)
    # the places of a padding are the same in every example: they are cleared once
    each = _guarded(found.found, found.outer)
    body = (*empty, *body) if each else body
    for index in reversed(found.outer):
        body = (Loop(index.name, (least(index.lo),), (least(index.hi),), body),)
    start: list[Statement] = [] if each else [*empty]
    adds = found.scatters or any(i in found.found.summed for i in found.outer)
    if task.first and adds:
        start.append(cleared(task))
    return (*start, *body)


def _product(system: System, task: Task, found: Unfolding, patches: Read) -> tuple[Statement, ...] | None:
    """The left side as a product of the patches with the other factor, for one example."""
    binders = tuple(i for i in found.found.summed if i not in found.outer)
    body = Product((found.factors[0], patches))
    summed = any(i in found.found.summed for i in found.outer)
    piece = Piece(task.piece.equation, (Term(binders, (), body),))
    return lower_contraction(system, Task(piece, (*task.fixed, *found.outer), task.first and not summed))


def _scattered_product(
    system: System, task: Task, found: Unfolding, patches: Read
) -> tuple[Statement, ...] | None:
    """The patches as a product of the two factors, for one example."""
    inside = {i.name for i in (*found.axes, *found.outer)}
    binders = tuple(i for i in found.found.loops if i.name not in inside)
    term = Term(binders, (), Product(found.factors))
    piece = Piece(Equation(patches.tensor, found.axes, (term,)), (term,))
    return lower_contraction(system, Task(piece, (*task.fixed, *found.outer), True))


def _visit(system: System, task: Task, found: Unfolding, patches: Read) -> tuple[Statement, ...]:
    """Copy into the patches, or add them up, inside the array only."""
    bounds = Bounds(system, (*task.fixed, *found.outer, *found.axes))
    store = Store(found.source, patches, add=True) if found.scatters else Store(patches, found.source)
    guards: tuple[Guard, ...] = found.found.guards
    return wrap(bounds, found.axes, guards, (store,))
