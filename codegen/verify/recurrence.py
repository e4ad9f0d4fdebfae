"""In which order the rows of tensors that need each other are computed.

The distances of all reads inside the cycle decide: along the chosen sizes, in the chosen directions,
every read must go to an earlier row, or to a tensor that is earlier in the same row.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from derive.algebra.index import Affine
from derive.algebra.inequalities import steps_away
from derive.algebra.system import Equation, Size, System, Term
from derive.errors import DerivationError

Reads = tuple[tuple[str, tuple[Affine, ...]], ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """Of a tensor's axes of one dimension the one with so many before it."""

    dim: Affine
    before: int = 0

    def of(self, dims: tuple[Affine, ...]) -> int:
        """Its place among a tensor's dimensions, -1 where there is none."""
        places = [k for k, dim in enumerate(dims) if dim == self.dim]
        return places[self.before] if self.before < len(places) else -1


@dataclass(frozen=True, slots=True)
class Walk:
    """Axes from the outermost to the innermost with their direction (1 or -1), and the tensors' order."""

    axes: tuple[Axis, ...]
    directions: tuple[int, ...]
    tensors: tuple[str, ...]

    @property
    def sizes(self) -> tuple[str, ...]:
        return tuple(str(axis.dim) for axis in self.axes)


@dataclass(frozen=True, slots=True)
class Need:
    """A tensor reads another one of the cycle so many rows away, by size."""

    reader: str
    read: str
    distance: tuple[int, ...]


def reads_of(equation: Equation) -> Reads:
    """Every read of an equation, floating and integer."""
    floating = tuple((r.tensor, r.at) for t in equation.terms for r in t.reads())
    return floating + tuple((r.tensor, r.at) for t in equation.terms for r in t.integer_reads())


def walk(system: System, names: Sequence[str]) -> Walk:
    """The order for a cycle of tensors. Raises DerivationError where there is none."""
    cycle = [e for e in system.equations if e.tensor in names]
    dims = [dim for e in cycle for dim in system.tensor(e.tensor).dims]
    # sizes first, as they were declared; then numbers of a call and sums, such as T + 1
    every = [Axis(d, n) for d in dict.fromkeys((*map(_size, system.sizes), *dims)) for n in range(len(dims))]
    axes = [axis for axis in every if _carries(system, cycle, axis)]
    if not axes:
        raise DerivationError(f"{' -> '.join(names)}: a cycle in which no index carries a step")
    orders = itertools.permutations(axes)
    for order, directions in itertools.product(orders, itertools.product((1, -1), repeat=len(axes))):
        needs = list(_needs(system, cycle, order))
        if all(_is_earlier(n.distance, directions) for n in needs if any(n.distance)):
            return Walk(order, directions, _sorted([e.tensor for e in cycle], needs))
    raise DerivationError(f"{' -> '.join(names)}: a cycle whose rows need each other in every order")


def _size(size: Size) -> Affine:
    return Affine.of(size.name)


def _carries(system: System, cycle: list[Equation], axis: Axis) -> bool:
    """Whether all reads inside the cycle are steps to one side along an axis, and not all of them 0."""
    steps = [_step(system, e, term, at, t, axis) for e in cycle for term, t, at in _inside(cycle, e)]
    return None not in steps and any(steps)


def _inside(cycle: list[Equation], equation: Equation) -> Iterator[tuple[Term, str, tuple[Affine, ...]]]:
    names = {e.tensor for e in cycle}
    for term in equation.terms:
        yield from ((term, r.tensor, r.at) for r in term.all_reads() if r.tensor in names)


def _step(
    system: System, equation: Equation, term: Term, at: tuple[Affine, ...], tensor: str, axis: Axis
) -> int | None:
    own, other = axis.of(system.tensor(equation.tensor).dims), axis.of(system.tensor(tensor).dims)
    if own < 0 or other < 0:
        return None
    shift = at[other] - equation.indices[own].symbol
    return steps_away(system, shift, (*equation.indices, *term.binders), term.guards)


def _needs(system: System, cycle: list[Equation], axes: Sequence[Axis]) -> Iterator[Need]:
    for equation in cycle:
        for term, tensor, at in _inside(cycle, equation):
            steps = (_step(system, equation, term, at, tensor, axis) for axis in axes)
            yield Need(equation.tensor, tensor, tuple(found or 0 for found in steps))


def _is_earlier(distance: tuple[int, ...], directions: tuple[int, ...]) -> bool:
    return next((d * way for d, way in zip(distance, directions, strict=True) if d), 0) < 0


def _sorted(names: list[str], needs: list[Need]) -> tuple[str, ...]:
    """The tensors so that what is read in the same row comes first."""
    made: list[str] = []
    while len(made) < len(names):
        waiting = {n.reader for n in needs if not any(n.distance) and n.read not in made}
        ready = [name for name in names if name not in made and name not in waiting]
        if not ready:
            stuck = " -> ".join(n for n in names if n not in made)
            raise DerivationError(f"{stuck}: a value that needs itself at the same place")
        made += ready
    return tuple(made)
