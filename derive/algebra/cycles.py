"""Whether every cycle of equations has a step: the well-foundedness of a system.

An edge is a read of a tensor of the cycle. A cycle is a recurrence if along some dimension all its
reads look the same way or stay, and what stays is a recurrence itself, or no cycle (Allen and Kennedy).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from derive.algebra.index import Affine
from derive.algebra.system import Equation, System
from derive.errors import SpecError


@dataclass(frozen=True, slots=True)
class Edge:
    """The equation of `reader` reads `tensor` at `at`, guarded or not."""

    reader: Equation
    tensor: Equation
    at: tuple[Affine, ...]
    guarded: bool

    def distance(self, dim: Affine) -> int | None:
        """How far ahead it reads along a dimension; None if that varies."""
        there, here = _axis(self.tensor, dim), _axis(self.reader, dim)
        if there is None or here is None:
            return None
        shift = self.at[there] - self.reader.indices[here].symbol
        return shift.integer() if shift.is_integer() else None


def _axis(equation: Equation, dim: Affine) -> int | None:
    return next((k for k, i in enumerate(equation.indices) if i.hi == dim), None)


def check_cycles(system: System) -> None:
    """Raise SpecError for a cycle without a step, and for one that steps both ways."""
    defined = {e.tensor: e for e in system.equations}
    edges = [
        Edge(equation, defined[read.tensor], read.at, bool(term.guards))
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
        dims = dict.fromkeys(i.hi for e in cycle for i in e.reader.indices)
        for dim in dims:
            distances = [e.distance(dim) for e in cycle]
            if _one_way(distances):
                _check([e for e, d in zip(cycle, distances, strict=True) if d == 0])
                break
        else:
            _refuse(cycle, dims)


def _one_way(distances: list[int | None]) -> bool:
    steps = [d for d in distances if d is not None]
    return len(steps) == len(distances) and any(steps) and not min(steps) < 0 < max(steps)


def _refuse(cycle: list[Edge], dims: Iterable[Affine]) -> None:
    names = ", ".join(sorted({e.reader.tensor for e in cycle}))
    where = cycle[0].reader.where
    for dim in dims:
        steps = [d for e in cycle if (d := e.distance(dim)) is not None]
        if steps and min(steps) < 0 < max(steps):
            raise SpecError(
                f"the recurrence of {names} looks into its past and its future at once: split it in two",
                where,
            )
    # under a guard (s < t) a read at a varying distance may be a recurrence: the scheduler decides
    if not any(e.guarded and not _stays(e, dims) for e in cycle):
        raise SpecError(f"{names}: a cycle without a step: read one of them a step earlier", where)


def _stays(edge: Edge, dims: Iterable[Affine]) -> bool:
    return all(edge.distance(dim) == 0 for dim in dims)


def _cycles(edges: list[Edge]) -> list[list[Edge]]:
    """The edges of each strongly connected component, in the order of the equations."""
    after: dict[str, set[str]] = {}
    for edge in edges:
        after.setdefault(edge.reader.tensor, set()).add(edge.tensor.tensor)
    reach = {name: _reached(name, after) for name in after}
    components: dict[frozenset[str], list[Edge]] = {}
    for edge in edges:
        a, b = edge.reader.tensor, edge.tensor.tensor
        if a in reach.get(b, set()):
            both = frozenset(n for n in reach[a] if a in reach.get(n, set()))
            components.setdefault(both, []).append(edge)
    return list(components.values())


def _reached(name: str, after: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = [name]
    while todo:
        for other in after.get(todo.pop(), set()) - found:
            found.add(other)
            todo.append(other)
    return found
