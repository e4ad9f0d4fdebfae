"""In which order the rows of tensors that need each other are computed.

The distances of all reads inside the cycle decide: rows along one axis of every tensor, in the direction
in which all reads are to earlier rows or to the same; what needs each other within a row is walked likewise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from derive.algebra.index import Affine
from derive.algebra.inequalities import steps_away
from derive.algebra.system import Equation, Size, System, Term
from derive.errors import DerivationError

Reads = tuple[tuple[str, tuple[Affine, ...]], ...]
Axis = Mapping[str, int]  # the place of an axis among those of every tensor of a cycle


@dataclass(frozen=True, slots=True)
class Walk:
    """Rows along an axis of so many, from the first (1) or the last (-1), and the parts of a row in order."""

    extent: Affine
    axis: Axis
    direction: int
    row: tuple[Part, ...]


Part: TypeAlias = str | Walk  # a tensor's whole row, or a walk within it


@dataclass(frozen=True, slots=True)
class Need:
    """In a term of its equation a tensor of a cycle reads one of the same cycle."""

    system: System
    reader: Equation
    term: Term
    read: str
    at: tuple[Affine, ...]

    def step(self, axis: Axis) -> int | None:
        """How far away along an axis, as far as ranges and guards tell."""
        shift = self.at[axis[self.read]] - self.reader.indices[axis[self.reader.tensor]].symbol
        indices = (*self.reader.indices, *self.term.binders)
        return steps_away(self.system, shift, indices, self.term.guards)


def reads_of(equation: Equation) -> Reads:
    """Every read of an equation, floating and integer."""
    floating = tuple((r.tensor, r.at) for t in equation.terms for r in t.reads())
    return floating + tuple((r.tensor, r.at) for t in equation.terms for r in t.integer_reads())


def walk(system: System, names: Sequence[str]) -> Walk:
    """The order for a cycle of tensors. Raises DerivationError where there is none."""
    cycle = [e for e in system.equations if e.tensor in names]
    needs = tuple(need for equation in cycle for need in _needs(system, equation, names))
    return _walk(system, [e.tensor for e in cycle], needs, ())


def _needs(system: System, equation: Equation, names: Sequence[str]) -> Iterator[Need]:
    for term in equation.terms:
        inside = (r for r in term.all_reads() if r.tensor in names)
        yield from (Need(system, equation, term, r.tensor, r.at) for r in inside)


def _walk(system: System, names: list[str], needs: tuple[Need, ...], around: tuple[Axis, ...]) -> Walk:
    """The first axis along which the rows, and what is within a row, have an order."""
    fault = (
        "a value that needs itself at the same place"
        if around
        else "a cycle in which no index carries a step"
    )
    for extent, axis in _axes(system, names, around):
        steps = [need.step(axis) for need in needs]
        known = [step for step in steps if step is not None]
        if len(known) < len(steps) or not any(known):
            continue
        fault = "a cycle whose rows need each other in every order"
        if min(known) < 0 < max(known):
            continue
        within = tuple(need for need, step in zip(needs, known, strict=True) if not step)
        try:
            return Walk(
                extent, axis, 1 if min(known) < 0 else -1, _row(system, names, within, (*around, axis))
            )
        except DerivationError as inner:
            fault = str(inner).partition(": ")[2]
    raise DerivationError(f"{' -> '.join(names)}: {fault}")


def _axes(system: System, names: list[str], around: tuple[Axis, ...]) -> Iterator[tuple[Affine, Axis]]:
    """The axes of one dimension that all tensors have and no walk around is along: the first of each, ..."""
    dims = {name: system.tensor(name).dims for name in names}
    # sizes first, as they were declared; then numbers of a call and sums, such as T + 1
    every = dict.fromkeys((*map(_size, system.sizes), *(dim for own in dims.values() for dim in own)))
    for extent in every:
        free = {
            name: [
                k for k, dim in enumerate(own) if dim == extent and k not in {axis[name] for axis in around}
            ]
            for name, own in dims.items()
        }
        fewest, most = min(map(len, free.values())), max(map(len, free.values()))
        counted = [*range(fewest), *range(-fewest, 0)] if fewest < most else range(fewest)
        yield from ((extent, {name: places[n] for name, places in free.items()}) for n in counted)


def _size(size: Size) -> Affine:
    return Affine.of(size.name)


def _row(
    system: System, names: list[str], needs: tuple[Need, ...], around: tuple[Axis, ...]
) -> tuple[Part, ...]:
    """What a row consists of, so that what is read in it comes first."""
    direct = {name: {n.read for n in needs if n.reader.tensor == name} for name in names}
    reach = {name: _reached(name, direct) for name in names}
    made: list[Part] = []
    done: set[str] = set()
    while len(done) < len(names):
        ready = next(n for n in names if n not in done and all(n in reach[m] for m in reach[n] - done))
        group = [m for m in names if m == ready or (m in reach[ready] and ready in reach[m])]
        inside = tuple(n for n in needs if n.reader.tensor in group and n.read in group)
        made.append(_walk(system, group, inside, around) if inside else ready)
        done |= {*group}
    return tuple(made)


def _reached(name: str, direct: Mapping[str, set[str]]) -> set[str]:
    """What a tensor needs in the same row, and what that needs, and so on."""
    found: set[str] = set()
    todo = [name]
    while todo:
        new = direct[todo.pop()] - found
        found |= new
        todo += new
    return found
