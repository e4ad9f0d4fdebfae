"""Dependence distances between the pieces of a system: all that the scheduler knows.

A node is a piece of an equation: all its terms without a sum together, or one sum. Splitting at the
terms is what lets an input projection leave a recurrence: it is a node that the recurrence does not
reach.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import TypeAlias

from derive.algebra.index import Affine, Index, Letter
from derive.algebra.inequalities import steps_away
from derive.algebra.monoids import MONOIDS
from derive.algebra.system import Equation, System, Term
from derive.errors import DerivationError


@dataclass(frozen=True, slots=True)
class Piece:
    """Terms of one equation that are computed together; `also` holds equations with the same search
    for a maximum (its argmax tensors)."""

    equation: Equation
    terms: tuple[Term, ...]
    also: tuple[Equation, ...] = ()

    @property
    def writes(self) -> tuple[str, ...]:
        return (self.equation.tensor, *(e.tensor for e in self.also))

    @property
    def light(self) -> bool:
        """Whether it has no sum."""
        return not any(t.binders for t in self.terms)


Search: TypeAlias = tuple[object, ...]  # a monoid, where it stands, and what it searches


@dataclass(frozen=True, slots=True)
class Edge:
    """In a term `reader` reads `tensor`, which `writer` writes, at these indices."""

    writer: int
    reader: int
    term: Term
    tensor: str
    at: tuple[Affine, ...]


def pieces(system: System) -> tuple[Piece, ...]:
    """Every equation cut into its sums and the rest; a maximum with all that it finds stays whole."""
    made: list[Piece] = []
    searches: dict[Search, int] = {}
    for equation in system.equations:
        monoid = equation.terms[0].monoid if equation.terms else "sum"
        if monoid == "sum":
            light = tuple(t for t in equation.terms if not t.binders)
            heavy = tuple(t for t in equation.terms if t.binders)
            made += [Piece(equation, light)] if light or not heavy else []
            made += [Piece(equation, (t,)) for t in heavy]
        else:
            _join_search(made, searches, equation)
    return tuple(made)


def _join_search(made: list[Piece], searches: dict[Search, int], equation: Equation) -> None:
    """Add an argmax to the piece that already looks for its maximum; a maximum is a piece of its own."""
    term = equation.terms[0]
    search = (term.monoid, equation.indices, term.binders, term.guards, term.body)
    at = searches.get(search)
    if at is not None:
        made[at] = Piece(made[at].equation, made[at].terms, (*made[at].also, equation))
        return
    searches.setdefault((MONOIDS[term.monoid].witness, *search[1:]), len(made))
    made.append(Piece(equation, equation.terms))


def edges(nodes: tuple[Piece, ...]) -> tuple[Edge, ...]:
    """Which piece reads what other pieces write, and where."""
    writers: dict[str, list[int]] = {}
    for n, node in enumerate(nodes):
        for tensor in node.writes:
            writers.setdefault(tensor, []).append(n)
    found = []
    for n, node in enumerate(nodes):
        for term in node.terms:
            for read in dict.fromkeys(term.all_reads()):
                found += [Edge(w, n, term, read.tensor, read.at) for w in writers.get(read.tensor, ())]
    return tuple(found)


def distance(system: System, edge: Edge, nodes: tuple[Piece, ...], axes: Mapping[str, int]) -> int | None:
    """How far ahead along the carried axis the edge reads from where it writes, 1 or -1 if that varies on
    one side; None if on both."""
    reader = nodes[edge.reader].equation
    shift = edge.at[axes[edge.tensor]] - reader.indices[axes[reader.tensor]].symbol
    return steps_away(system, shift, (*reader.indices, *edge.term.binders), edge.term.guards)


def carried_axes(
    nodes: tuple[Piece, ...], owner: Equation, index: Index, taken: Set[Letter] = frozenset()
) -> dict[str, int] | None:
    """For each tensor that is written, the axis that a loop over an index of one of them steps along.

    Of several axes of the index's dimension it is the one with as many before it, or the last; those that
    are taken are stepped along by loops around. None if a tensor has no axis left.
    """
    rank = _open_axes(owner, index.hi, taken).index(owner.indices.index(index))
    axes: dict[str, int] = {}
    for node in nodes:
        for equation in (node.equation, *node.also):
            positions = _open_axes(equation, index.hi, taken)
            if not positions:
                return None
            axes[equation.tensor] = positions[min(rank, len(positions) - 1)]
    return axes


def _open_axes(equation: Equation, dim: Affine, taken: Set[Letter]) -> list[int]:
    return [k for k, i in enumerate(equation.indices) if i.hi == dim and i.name not in taken]


def direction(distances: list[int | None], tensors: Iterable[str]) -> int:
    """-1 for a recurrence from the past, 1 from the future. Raises DerivationError for neither."""
    names = ", ".join(dict.fromkeys(tensors))
    if any(d is None for d in distances):
        raise DerivationError(
            f"the recurrence of {names}: nothing says that all steps it reads are earlier, or all later"
        )
    steps = [d for d in distances if d]
    if not steps:
        raise DerivationError(f"{names} depend on each other with no step in between: read one at t-1")
    if min(steps) < 0 < max(steps):
        raise DerivationError(
            f"the recurrence of {names} looks into its past and its future at once: split it in two"
        )
    return -1 if steps[0] < 0 else 1
