"""Neighbouring pointwise nests in one: merged where legal, repeated values held in locals."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from codegen.accesses import accesses, substitute_indices
from codegen.nodes import If, Nest, Statement
from derive.algebra.index import Affine, Letter


@dataclass(frozen=True, slots=True)
class Pruning:
    """Arrays that are empty where they are not wanted, and the outputs that each array serves."""

    optional: frozenset[str] = frozenset()
    serves: Mapping[str, Set[str]] = field(default_factory=dict)

    def allows(self, written: Set[str]) -> bool:
        """Whether these may be written together: what writes an optional array serves nothing else."""
        optional = self.optional & written
        served = {n for tensor in written for n in self.serves.get(tensor, ())}
        return not optional or (served == optional and len(optional) == 1)


EVERYTHING = Pruning()


def fuse(items: list[Statement], pruning: Pruning = EVERYTHING) -> list[Statement]:
    """Merge each nest into the one before it where both visit the same points in the same order."""
    merged: list[Statement] = []
    for item in items:
        last = merged[-1] if merged else None
        if isinstance(item, Nest) and isinstance(last, Nest):
            written = accesses((*last.body, *item.body))[0].keys()
            joined = _join(last, item) if pruning.allows(written) else None
            if joined is not None:
                merged[-1] = joined
                continue
        merged.append(item)
    return merged


def under_one_condition(body: tuple[Statement, ...], integers: Set[str]) -> tuple[Statement, ...]:
    """Neighbours that ask the same condition under one, where the first changes no integer that it reads."""
    merged: list[Statement] = []
    for item in body:
        last = merged[-1] if merged else None
        if isinstance(item, If) and isinstance(last, If) and _asks_the_same(item, last, integers):
            merged[-1] = If(last.guards, last.body + item.body)
        else:
            merged.append(item)
    return tuple(merged)


def _asks_the_same(second: If, first: If, integers: Set[str]) -> bool:
    return second.guards == first.guards and not integers & accesses((first,))[0].keys()


def _join(first: Nest, second: Nest) -> Nest | None:
    if [(i.lo, i.hi) for i in first.indices] != [(i.lo, i.hi) for i in second.indices]:
        return None
    put = {b.name: a.symbol for a, b in zip(first.indices, second.indices, strict=True)}
    body = tuple(substitute_indices(s, put) for s in second.body)
    looped = {i.name for i in first.indices}
    cites = tuple(dict.fromkeys(first.cites + second.cites))
    return Nest(first.indices, first.body + body, cites) if _independent(first.body, body, looped) else None


def _independent(first: tuple[Statement, ...], second: tuple[Statement, ...], looped: set[Letter]) -> bool:
    """Whether every array that one of them writes is touched by the other at the same point only."""
    wrote, read = accesses(first)
    wrote2, read2 = accesses(second)
    pairs = ((wrote, wrote2), (wrote, read2), (wrote2, read))
    return all(
        here == there or _disjoint(here, there, looped)
        for changed, touched in pairs
        for tensor, places in changed.items()
        for here in places
        for there in touched.get(tensor, ())
    )


def _disjoint(here: tuple[Affine, ...], there: tuple[Affine, ...], looped: set[Letter]) -> bool:
    """Whether the positions differ by a number on an axis along which these loops do not move."""
    return any(
        (a - b).is_integer() and a != b and not looped & (a.names() | b.names())
        for a, b in zip(here, there, strict=True)
    )
