"""Nests of loops over squares, in which two counters can change their names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from codegen.verify.mutation.integers import Integers
from codegen.verify.mutation.syntax import Path, base

Store = ast.Assign | ast.AugAssign


@dataclass(frozen=True, slots=True)
class Nest:
    """Two loops over the same range with nothing but loops between them, and what is done inside."""

    counters: tuple[str, str]
    loops: tuple[ast.For, ...]  # from one of the two to the other

    @property
    def body(self) -> list[ast.stmt]:
        return self.loops[-1].body

    @property
    def exchange(self) -> dict[str, str]:
        """The new names of the counters."""
        return dict(zip(self.counters, reversed(self.counters), strict=True))


def nest_of(way: Path, at: list[ast.expr], integers: Integers) -> Nest | None:
    """The nest on a way down in which the last two positions are the counters."""
    loops = [n for n, f, _ in way if isinstance(n, ast.For) and f == "body"]
    names = [ast.unparse(e) for e in at[-2:]]
    if len(set(names)) != 2:
        return None
    ends = [k for k, loop in enumerate(loops) if ast.unparse(loop.target) in names]
    if len(ends) != 2:
        return None
    between = loops[ends[0] : ends[1] + 1]
    found = Nest((names[0], names[1]), tuple(between))
    nested = all(outer.body == [inner] for outer, inner in pairwise(between))
    return found if nested and _is_square(found, integers) else None


def _is_square(nest: Nest, integers: Integers) -> bool:
    """Whether both counters have the same range, and no range depends on another counter of the nest."""
    counters = {ast.unparse(loop.target) for loop in nest.loops}
    named = {n.id for loop in nest.loops for n in ast.walk(loop.iter) if isinstance(n, ast.Name)}
    same = ast.dump(nest.loops[0].iter) == ast.dump(nest.loops[-1].iter)
    return same and not named & counters and all(map(integers.stays, named - {"range", "min", "max"}))


def in_any_order(nest: Nest) -> bool:
    """Whether the turns of a nest can be taken in any order, but that those of one pair stay in theirs.

    Then the two counters can change their names. A turn may set numbers of its own, add to what no turn
    reads, and write to the element of its pair.
    """
    nodes = [n for s in nest.body for n in ast.walk(s)]
    stores = [n for n in nodes if isinstance(n, Store)]
    known = all(isinstance(n, (Store, ast.For, ast.If)) for n in nodes if isinstance(n, ast.stmt))
    names = dict.fromkeys(base(target_of(s))[0] for s in stores)
    return known and all(_is_apart(nest, name, stores) for name in names)


def target_of(store: Store) -> ast.expr:
    return store.target if isinstance(store, ast.AugAssign) else store.targets[0]


def _is_apart(nest: Nest, name: str, stores: list[Store]) -> bool:
    own = [s for s in stores if base(target_of(s))[0] == name]
    targets = [target_of(s) for s in own]
    alone = sum(_mentions(s, name) for s in nest.body) == len(own)
    if all(isinstance(s, ast.AugAssign) and isinstance(s.op, (ast.Add, ast.Sub)) for s in own):
        return alone
    if isinstance(targets[0], ast.Name):
        return _is_set_first(nest, name)
    places = {ast.unparse(e) for e in base(targets[0])[1]}
    return alone and len({ast.dump(t) for t in targets}) == 1 and places >= set(nest.counters)


def _is_set_first(nest: Nest, name: str) -> bool:
    """Whether every turn sets a number before it reads it."""
    match next((s for s in nest.body if _mentions(s, name)), None):
        case ast.Assign([ast.Name(target)], value):
            return target == name and not _mentions(value, name)
    return False


def _mentions(node: ast.AST, name: str) -> int:
    return sum(isinstance(n, ast.Name) and n.id == name for n in ast.walk(node))


def stores_of(function: ast.FunctionDef) -> Iterator[Store]:
    """Every statement that sets a number or an element."""
    return (n for n in ast.walk(function) if isinstance(n, Store))
