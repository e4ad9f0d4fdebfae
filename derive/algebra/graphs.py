"""Strongly connected components: what depends on itself, and the order of the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

T = TypeVar("T", int, str)


def components(nodes: Iterable[T], successors: Mapping[T, Iterable[T]]) -> list[tuple[T, ...]]:
    """Strongly connected components (Tarjan), each sorted, in a topological order of their graph.

    No recursion: a chain of dependences may be longer than Python's stack.
    """
    order: dict[T, int] = {}
    low: dict[T, int] = {}
    open_: dict[T, None] = {}  # in no component yet, in the order in which they were met
    found: list[tuple[T, ...]] = []
    for start in nodes:
        if start in order:
            continue
        path = [_entered(start, order, low, open_, successors)]
        while path:
            node, rest = path[-1]
            after = next(rest, None)
            if after is None:
                path.pop()
                if path:
                    low[path[-1][0]] = min(low[path[-1][0]], low[node])
                if low[node] == order[node]:
                    found.append(_closed(node, open_))
            elif after not in order:
                path.append(_entered(after, order, low, open_, successors))
            elif after in open_:
                low[node] = min(low[node], low[after])
    return found[::-1]


def _entered(
    node: T, order: dict[T, int], low: dict[T, int], open_: dict[T, None], successors: Mapping[T, Iterable[T]]
) -> tuple[T, Iterator[T]]:
    order[node] = low[node] = len(order)
    open_[node] = None
    return node, iter(successors.get(node, ()))


def _closed(root: T, open_: dict[T, None]) -> tuple[T, ...]:
    """The component of which the root was met first: all that was met since."""
    members = [open_.popitem()[0]]
    while members[-1] != root:
        members.append(open_.popitem()[0])
    return tuple(sorted(members))
