"""Neighbouring pointwise nests in one: merged where legal, repeated values held in locals."""

from __future__ import annotations

from codegen.accesses import accesses, substitute_indices
from codegen.nodes import Nest, Statement
from derive.index import Affine


def fuse(items: list[Statement], apart: frozenset[str] = frozenset()) -> list[Statement]:
    """Merge each nest into the one before it where both visit the same points in the same order.

    Arrays in `apart` may be missing when the kernel runs: what writes one of them writes nothing else.
    """
    merged: list[Statement] = []
    for item in items:
        last = merged[-1] if merged else None
        if isinstance(item, Nest) and isinstance(last, Nest):
            joined = _join(last, item) if _same(last, item, apart) else None
            if joined is not None:
                merged[-1] = joined
                continue
        merged.append(item)
    return merged


def _same(first: Nest, second: Nest, apart: frozenset[str]) -> bool:
    """Whether both write the same ones of these arrays."""
    return not apart & (accesses(first.body)[0].keys() ^ accesses(second.body)[0].keys())


def _join(first: Nest, second: Nest) -> Nest | None:
    if [(i.lo, i.hi) for i in first.indices] != [(i.lo, i.hi) for i in second.indices]:
        return None
    put = {b.name: a.symbol for a, b in zip(first.indices, second.indices, strict=True)}
    body = tuple(substitute_indices(s, put) for s in second.body)
    looped = {i.name for i in first.indices}
    cites = tuple(dict.fromkeys(first.cites + second.cites))
    return Nest(first.indices, first.body + body, cites) if _independent(first.body, body, looped) else None


def _independent(first: tuple[Statement, ...], second: tuple[Statement, ...], looped: set[str]) -> bool:
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


def _disjoint(here: tuple[Affine, ...], there: tuple[Affine, ...], looped: set[str]) -> bool:
    """Whether the positions differ by a number on an axis along which these loops do not move."""
    return any(
        (a - b).is_integer() and a != b and not looped & (a.names() | b.names())
        for a, b in zip(here, there, strict=True)
    )
