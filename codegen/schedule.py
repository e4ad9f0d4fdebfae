"""A schedule from dependence distances alone: loop distribution (Allen and Kennedy).

Strongly connected pieces with a dependence carried by an index run in a loop over that index,
forwards for t-1 and backwards for t+1; every other piece is one whole-array operation. So the input
projection of a recurrence is one product before the loop, and each weight gradient one after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import TypeAlias

from codegen.dependence import Edge, Piece, carried_axes, direction, distance, edges, pieces
from derive.algebra.expr import substitute
from derive.algebra.graphs import components
from derive.algebra.index import Affine, Delta, Index, Letter, solve
from derive.algebra.system import Equation, System, Term
from derive.errors import DerivationError


@dataclass(frozen=True, slots=True)
class Steps:
    """A loop over one index around what depends on itself along it."""

    index: Index
    backwards: bool
    body: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """A piece, with the indices of the loops around it.

    `first` says that nothing was written before to where it writes: to the whole tensor, or, where a
    tensor is written member by member, to `member` of its first axis.
    """

    piece: Piece
    fixed: tuple[Index, ...]
    first: bool = False
    member: Affine | None = None

    @property
    def at(self) -> tuple[Affine, ...]:
        """Where it writes: at its left indices, or at its member and the others."""
        own = self.piece.equation.lhs.at
        return own if self.member is None else (self.member, *own[1:])


Item: TypeAlias = Steps | Task
Kind: TypeAlias = str | tuple[str, object]
LIGHT, SUM = "light", "sum"


def schedule(system: System) -> tuple[Item, ...]:
    """System -> loops and pieces in an order in which everything is computed before it is read.

    Raises DerivationError for a cycle with no step, or one that looks both ways or may do so.
    """
    nodes = pieces(system)
    items = _schedule(system, nodes, edges(nodes), ())
    return _mark_first(items, set(), _by_member(system, nodes))


def _schedule(
    system: System, nodes: tuple[Piece, ...], links: tuple[Edge, ...], fixed: tuple[Index, ...]
) -> tuple[Item, ...]:
    successors: dict[int, list[int]] = {n: [] for n in range(len(nodes))}
    for edge in links:
        successors[edge.writer].append(edge.reader)
    groups = components(range(len(nodes)), successors)
    home = {n: k for k, group in enumerate(groups) for n in group}
    inside: dict[int, list[Edge]] = {}
    waits: dict[int, set[int]] = {k: set() for k in range(len(groups))}
    for edge in links:
        writer, reader = home[edge.writer], home[edge.reader]
        if writer == reader:
            inside.setdefault(reader, []).append(edge)
        else:
            waits[reader].add(writer)
    return tuple(
        _steps(system, groups[k], nodes, inside[k], fixed)
        if k in inside
        else Task(nodes[groups[k][0]], fixed)
        for k in _sequence([tuple(nodes[n] for n in group) for group in groups], waits)
    )


def _sequence(groups: list[tuple[Piece, ...]], waits: Mapping[int, Set[int]]) -> Iterator[int]:
    """A topological order in which pieces over the same space stand together and sums come late."""
    readers: dict[int, list[int]] = {}
    for k, writers in waits.items():
        for writer in writers:
            readers.setdefault(writer, []).append(k)
    missing = {k: len(writers) for k, writers in waits.items()}
    ready, last = _Ready(), None
    for k, group in enumerate(groups):
        if not missing[k]:
            ready.add(k, group)
    for _ in groups:
        chosen = ready.take(last)
        last = groups[chosen][0] if len(groups[chosen]) == 1 else None
        yield chosen
        for k in readers.get(chosen, ()):
            missing[k] -= 1
            if not missing[k]:
                ready.add(k, groups[k])


@dataclass(slots=True)
class _Ready:
    """Groups whose reads are computed, the first of each kind at hand."""

    kinds: dict[Kind, list[int]] = field(default_factory=dict)
    taken: set[int] = field(default_factory=set)

    def add(self, k: int, group: tuple[Piece, ...]) -> None:
        piece = group[0]
        kinds: tuple[Kind, ...] = (LIGHT, (LIGHT, _space(piece)))
        if len(group) > 1:
            kinds = (SUM,)
        elif not piece.light:
            kinds = (SUM, (SUM, piece.equation.tensor))
        for kind in kinds:
            heappush(self.kinds.setdefault(kind, []), k)

    def take(self, last: Piece | None) -> int:
        """First a piece that can share its loops with the last one, then light pieces, then sums, those
        that add to what the last one wrote before the others."""
        wanted: list[Kind] = [LIGHT, SUM]
        if last is not None:
            wanted.insert(1, (SUM, last.equation.tensor))
        if last is not None and last.light:
            wanted.insert(0, (LIGHT, _space(last)))
        chosen = next(k for kind in wanted for k in self._first(kind))
        self.taken.add(chosen)
        return chosen

    def _first(self, kind: Kind) -> list[int]:
        """The first group of a kind that is not taken yet, if there is one."""
        waiting = self.kinds.get(kind, [])
        while waiting and waiting[0] in self.taken:
            heappop(waiting)
        return waiting[:1]


def _space(piece: Piece) -> tuple[Affine, ...]:
    return tuple(i.hi for i in piece.equation.indices)


def _steps(
    system: System,
    group: tuple[int, ...],
    nodes: tuple[Piece, ...],
    inside: list[Edge],
    fixed: tuple[Index, ...],
) -> Steps:
    """The loop that carries the group's dependences, and the schedule of one step."""
    members = tuple(nodes[n] for n in group)
    fault: DerivationError | None = None
    for candidate, axes in _candidates(members, {i.name for i in fixed}):
        try:
            away = direction([distance(system, e, nodes, axes) for e in inside], (e.tensor for e in inside))
            renamed = tuple(_rename_step(m, axes, candidate) for m in members)
            loops = (*fixed, candidate)
            now = tuple(e for e in edges(renamed) if _at_same_step(system, e, renamed, loops))
            return Steps(candidate, away > 0, _schedule(system, renamed, now, loops))
        except DerivationError as error:
            fault = fault or error
    names = ", ".join(dict.fromkeys(t for m in members for t in m.writes))
    raise fault or DerivationError(f"{names} depend on each other with no common index to step along")


def _candidates(members: tuple[Piece, ...], taken: Set[Letter]) -> list[tuple[Index, dict[str, int]]]:
    """The indices that a loop may step along, each with the axis that it is of every tensor."""
    found: list[tuple[Index, dict[str, int]]] = []
    for equation in (m.equation for m in members):
        for index in (i for i in equation.indices if i.name not in taken):
            axes = carried_axes(members, equation, index, taken)
            if axes is not None and axes not in [known for _, known in found]:
                found.append((index, axes))
    return found


def _at_same_step(system: System, edge: Edge, nodes: tuple[Piece, ...], loops: tuple[Index, ...]) -> bool:
    """Whether the edge reads what the same step of all these loops writes."""
    ends = {edge.tensor: nodes[edge.writer], nodes[edge.reader].equation.tensor: nodes[edge.reader]}
    names = {tensor: [i.name for i in node.equation.indices] for tensor, node in ends.items()}
    axes = ({tensor: own.index(loop.name) for tensor, own in names.items()} for loop in loops)
    return all(distance(system, edge, nodes, along) == 0 for along in axes)


def _rename_step(piece: Piece, axes: dict[str, int], step: Index) -> Piece:
    """The piece with its carried index called as the loop's."""

    def names(equation: Equation) -> dict[Letter, Letter]:
        # exchanged: another axis, or an index summed over, may have the loop's name
        old = equation.indices[axes[equation.tensor]].name
        return {old: step.name, step.name: old}

    def rename(equation: Equation) -> Equation:
        put = names(equation)
        indices = tuple(i.renamed(put.get(i.name, i.name)) for i in equation.indices)
        return replace(equation, indices=indices, terms=tuple(_renamed(t, put) for t in equation.terms))

    terms = tuple(_renamed(t, names(piece.equation)) for t in piece.terms)
    return Piece(rename(piece.equation), terms, tuple(map(rename, piece.also)))


def _renamed(term: Term, names: dict[Letter, Letter]) -> Term:
    put = {old: Affine.of(new) for old, new in names.items()}
    return replace(
        term,
        binders=tuple(b.renamed(names.get(b.name, b.name)).substitute(put) for b in term.binders),
        guards=tuple(g.substitute(put) for g in term.guards),
        body=substitute(term.body, put),
        witness=names.get(term.witness, term.witness) if term.witness else None,
    )


def _by_member(system: System, nodes: tuple[Piece, ...]) -> frozenset[str]:
    """The tensors of which every piece writes one member of the first axis, and every member is written."""
    members: dict[str, list[int | None]] = {}
    for node in nodes:
        member = _member(node)
        members.setdefault(node.equation.tensor, []).append(None if member is None else member.integer())
    extents = {n: system.tensor(n).dims[:1] for n in members}
    return frozenset(
        n
        for n, found in members.items()
        if extents[n] and extents[n][0].is_integer() and {*found} == {*range(extents[n][0].integer())}
    )


def _member(piece: Piece) -> Affine | None:
    """The one number of the first axis at which all terms of a piece stand, by a delta each."""
    if not piece.equation.indices:
        return None
    first = piece.equation.indices[0].name
    solved = [
        [v for g in term.guards if isinstance(g, Delta) and (v := solve(g, first)) is not None]
        for term in piece.terms
    ]
    found = {next((v for v in values if v.is_integer()), None) for values in solved}
    return found.pop() if len(found) == 1 else None


def _mark_first(
    items: tuple[Item, ...], written: set[tuple[str, Affine | None]], by_member: frozenset[str]
) -> tuple[Item, ...]:
    """Mark the piece that sets a tensor, or a member of it; the others add to it."""
    marked: list[Item] = []
    for item in items:
        if isinstance(item, Steps):
            marked.append(replace(item, body=_mark_first(item.body, written, by_member)))
            continue
        tensor = item.piece.equation.tensor
        member = _member(item.piece) if tensor in by_member else None
        marked.append(replace(item, first=(tensor, member) not in written, member=member))
        written.add((tensor, member))
    return tuple(marked)
