"""Whether every cycle of equations has a step: the well-foundedness of a system.

An edge is a read of a tensor of the cycle. A cycle is a recurrence if along some dimension all its
reads look the same way or stay, and what stays is a recurrence itself, or no cycle (Allen and Kennedy).
How far they look may vary, as in y[t - 1 - p] with p from 0, or h[u] under u < t.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from derive.algebra.graphs import components
from derive.algebra.index import Affine
from derive.algebra.inequalities import steps_away
from derive.algebra.system import Equation, System, Term
from derive.errors import SpecError


@dataclass(frozen=True, slots=True)
class Edge:
    """In a term of its equation `reader` reads `tensor` at `at`."""

    system: System
    reader: Equation
    term: Term
    tensor: Equation
    at: tuple[Affine, ...]

    def shift(self, axis: Axis) -> Affine | None:
        """Where it reads along an axis, from where it is; None where either tensor has no such axis."""
        there, here = axis.of(self.tensor), axis.of(self.reader)
        if there is None or here is None:
            return None
        return self.at[there] - self.reader.indices[here].symbol

    def distance(self, axis: Axis) -> int | None:
        """How far ahead it reads along an axis, 1 or -1 if that varies on one side; None if on both."""
        shift = self.shift(axis)
        indices = (*self.reader.indices, *self.term.binders)
        return None if shift is None else steps_away(self.system, shift, indices, self.term.guards)


@dataclass(frozen=True, slots=True)
class Axis:
    """Of a tensor's axes of one dimension the one with so many before it, or the last."""

    dim: Affine
    before: int

    def of(self, equation: Equation) -> int | None:
        places = [k for k, i in enumerate(equation.indices) if i.hi == self.dim]
        return places[min(self.before, len(places) - 1)] if places else None


def _axes(equation: Equation) -> tuple[Axis, ...]:
    dims = [i.hi for i in equation.indices]
    return tuple(Axis(dim, dims[:k].count(dim)) for k, dim in enumerate(dims))


def check_cycles(system: System) -> None:
    """Raise SpecError for a cycle without a step, and for one that steps both ways."""
    defined = {e.tensor: e for e in system.equations}
    edges = [
        Edge(system, equation, term, defined[read.tensor], read.at)
        for equation in system.equations
        for term in equation.terms
        for read in term.all_reads()
        if read.tensor in defined
    ]
    try:
        _check(edges)
    except SpecError as fault:
        raise fault.of(system.name) from None


def _check(edges: list[Edge]) -> None:
    for cycle in _cycles(edges):
        axes = dict.fromkeys(axis for e in cycle for axis in _axes(e.reader))
        for axis in axes:
            distances = [e.distance(axis) for e in cycle]
            if _one_way(distances):
                _check([e for e, d in zip(cycle, distances, strict=True) if d == 0])
                break
        else:
            _refuse(cycle, axes)


def _one_way(distances: list[int | None]) -> bool:
    steps = [d for d in distances if d is not None]
    return len(steps) == len(distances) and any(steps) and not min(steps) < 0 < max(steps)


def _refuse(cycle: list[Edge], axes: Iterable[Axis]) -> None:
    names = ", ".join(sorted({e.reader.tensor for e in cycle}))
    where = cycle[0].reader.where
    for axis in axes:
        steps = [d for e in cycle if (d := e.distance(axis)) is not None]
        if steps and min(steps) < 0 < max(steps):
            raise SpecError(
                f"the recurrence of {names} looks into its past and its future at once: split it in two",
                where,
            )
    if any(_varies(e, axis) for e in cycle for axis in axes):
        raise SpecError(
            f"the recurrence of {names}: nothing says that all steps it reads are earlier, or all later: "
            "t - 1 - p with p from 0 does, or a condition such as between(u, 0, t)",
            where,
        )
    raise SpecError(f"{names}: a cycle without a step: read one of them a step earlier", where)


def _varies(edge: Edge, axis: Axis) -> bool:
    """Whether what it reads along an axis depends on where it is, but no fixed number of steps away."""
    shift, here = edge.shift(axis), axis.of(edge.reader)
    if shift is None or here is None or shift.is_integer():
        return False
    own = edge.reader.indices[here]
    parts = (shift + own.symbol, *(part for guard in edge.term.guards for part in guard.parts()))
    return any(own.name in part.names() for part in parts)


def _cycles(edges: list[Edge]) -> list[list[Edge]]:
    """The edges of each strongly connected component, in the order of the equations."""
    after: dict[str, dict[str, None]] = {}
    for edge in edges:
        after.setdefault(edge.reader.tensor, {})[edge.tensor.tensor] = None
    home = {name: group for group in components(after, after) for name in group}
    cycles: dict[tuple[str, ...], list[Edge]] = {}
    for edge in edges:
        if home[edge.reader.tensor] == home[edge.tensor.tensor]:
            cycles.setdefault(home[edge.reader.tensor], []).append(edge)
    return list(cycles.values())
