"""Sizes and integer parameters for problems of any op, drawn from its system alone.

Sizes are awkward on purpose: pairwise different where the op allows it, so that no transposed operand
and no wrong limit goes unnoticed; then small ones, all ones, and one long axis at a time.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from derive.algebra.index import Affine, IntegerRead
from derive.algebra.system import System
from derive.oracle.meaning import symbols_of

DRAWS = 400  # tries to find sizes at which every derived size is at least what it must be
LONG = 19  # the long axis: beyond any unrolled loop, and no multiple of one
SHORT = (0, 1, 2, 3, 4)  # extents that every axis has at least once, where its op allows them


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes (derived ones included) and integer parameters of one problem."""

    label: str
    sizes: Mapping[str, int]
    integers: Mapping[str, int]

    @property
    def symbols(self) -> dict[str, int]:
        return {**self.sizes, **self.integers}

    def called(self, names: Mapping[str, str]) -> Shape:
        """The shape with other names for some sizes and integers."""
        sizes, integers = ({names.get(n, n): v for n, v in m.items()} for m in (self.sizes, self.integers))
        return Shape(self.label, sizes, integers)

    def of(self, system: System, tensor: str) -> tuple[int, ...]:
        """A tensor's extents: none has fewer than 0 elements, though a sum such as 2*T - 1 may be less."""
        return tuple(max(plain(d, self.symbols), 0) for d in system.tensor(tensor).dims)

    def __str__(self) -> str:
        numbers = " ".join(f"{n}={v}" for n, v in self.symbols.items())
        return f"{self.label} ({numbers})" if numbers else self.label


def plain(e: Affine, symbols: Mapping[str, int]) -> int:
    """An index expression without integer reads."""
    return e.evaluate(symbols, lambda *_: 0)


@dataclass(frozen=True, slots=True)
class Work:
    """The index spaces of a system's terms: the distinct ends of their indices, and for every space
    the places of its indices among these and how many terms run over it."""

    ends: tuple[tuple[Affine, Affine], ...]
    spaces: tuple[tuple[tuple[int, ...], int], ...]

    @staticmethod
    def of(system: System) -> Work:
        terms = ((*e.indices, *t.binders) for e in system.equations for t in e.terms)
        spaces = Counter(tuple((i.lo, i.hi) for i in space) for space in terms)
        ends = tuple(dict.fromkeys(pair for space in spaces for pair in space))
        places = {pair: place for place, pair in enumerate(ends)}
        return Work(ends, tuple((tuple(places[pair] for pair in s), count) for s, count in spaces.items()))

    def points(self, symbols: Mapping[str, int]) -> int:
        """About how many points of index space the equations visit."""
        known = symbols.keys()

        def value(e: Affine) -> int:
            return 0 if e.names() - known else plain(e, symbols)

        extents = [max(value(hi) - value(lo), 0) for lo, hi in self.ends]
        return sum(count * prod(extents[place] for place in space) for space, count in self.spaces)


class Draw:
    """Draws shapes for a forward system; every draw is a function of the seed alone."""

    def __init__(self, forward: System, backward: System, seed: str) -> None:
        self.forward, self.backward = forward, backward
        self.works = (Work.of(forward), Work.of(backward))
        self.rng = random.Random(seed)
        self.free = [s for s in forward.sizes if s.formula is None]
        # a derived size that is no axis, such as a number of padded rows, may well be 0
        self.axes = {n for t in forward.tensors for d in t.dims for n in d.names()}

    def shape(self, label: str, sizes: Mapping[str, int], integers: Mapping[str, int]) -> Shape | None:
        """The shape with these free sizes, None where one is below its least, or an axis below 0."""
        known = symbols_of(self.forward.sizes, sizes, integers)
        empty = 0 in sizes.values()  # no derived size is 0 unless another one is meant to be
        least = {
            s.name: s.least if empty or s.name not in self.axes else max(s.least, 1)
            for s in self.forward.sizes
        }
        if any(known[name] < bound for name, bound in least.items()):
            return None
        if any(plain(d, known) < 0 for t in self.forward.tensors for d in t.dims):
            return None
        return Shape(label, {s.name: known[s.name] for s in self.forward.sizes}, integers)

    def cost(self, shape: Shape) -> int:
        return sum(work.points(shape.symbols) for work in self.works)

    def integers(self, defaults: bool) -> dict[str, int]:
        """Integer parameters: their defaults, or anything from the least to two above it."""
        return {
            p.name: p.default if defaults else self.rng.randint(p.least, p.least + 2)
            for p in self.forward.integers
        }

    def awkward(self, label: str, budget: int, defaults: bool = False) -> Shape | None:
        """As many different sizes as possible, none of them 1, within the budget of points."""
        best, most = None, (-1, -1)
        for _ in range(DRAWS):
            pool = list(range(2, 2 + max(4, len(self.free))))
            chosen = self.rng.sample(pool, len(self.free))
            sizes = {s.name: n for s, n in zip(self.free, chosen, strict=True)}
            shape = self.shape(label, sizes, self.integers(defaults))
            if shape is None or self.cost(shape) > budget:
                continue
            all_sizes = list(shape.sizes.values())
            short = sum(shape.sizes[s.name] < 3 for s in self.free if s.sequence)
            score = (len(set(all_sizes)) - all_sizes.count(1) - short, self.cost(shape))
            if score > most:
                best, most = shape, score
        return best or self.small(label, 3, budget)

    def small(self, label: str, most: int, budget: int) -> Shape | None:
        """Sizes from 1 to `most`, repeats allowed."""
        for _ in range(DRAWS):
            sizes = {s.name: self.rng.randint(max(1, s.least), max(most, s.least)) for s in self.free}
            shape = self.shape(label, sizes, self.integers(defaults=False))
            if shape is not None and self.cost(shape) <= budget:
                return shape
        return None

    def one(self, label: str, size: str, extent: int, budget: int) -> Shape | None:
        """One size of this extent, the others small."""
        for _ in range(DRAWS if extent else DRAWS // 10):
            sizes = {s.name: self.rng.randint(max(1, s.least), max(3, s.least)) for s in self.free}
            sizes[size] = extent
            shape = self.shape(f"{label} {size}", sizes, self.integers(defaults=False))
            if shape is not None and self.cost(shape) <= budget:
                return shape
        return None


def exact_shapes(forward: System, backward: System, seed: str, budget: int) -> tuple[Shape, ...]:
    """Shapes for runs over exact numbers, the cheapest first."""
    draw = Draw(forward, backward, seed)
    many = 4 if forward.integers else 2
    found = [draw.awkward("awkward, defaults", budget, defaults=True)]
    found += [draw.awkward("awkward", budget) for _ in range(many)]
    found += [draw.small("small", 3, budget) for _ in range(many)]
    found += [draw.small("ones", 1, budget)]
    found += [draw.one("long", s.name, LONG, 4 * budget) for s in draw.free]
    found += [draw.one("short", s.name, n, budget) for s in draw.free for n in SHORT if n >= s.least]
    distinct = {str(sorted(s.symbols.items())): s for s in found if s is not None}
    return tuple(sorted(distinct.values(), key=draw.cost))


def label_extents(system: System, tensor: str) -> tuple[Affine, ...]:
    """What the elements of an integer tensor are compared with or used as an index of: the extents."""
    found: list[Affine] = []

    def visit(e: Affine, extent: Affine | None) -> None:
        for read in e.reads():
            if read.tensor == tensor and extent is not None:
                found.append(extent)
            visit_read(read)

    def visit_read(read: IntegerRead) -> None:
        for e, dim in zip(read.at, system.tensor(read.tensor).dims, strict=True):
            visit(e, dim)

    for equation in system.equations:
        for term in equation.terms:
            ranges = {i.name: i.hi for i in (*equation.indices, *term.binders)}
            for floating in term.reads():
                for e, dim in zip(floating.at, system.tensor(floating.tensor).dims, strict=True):
                    visit(e, dim)
            for guard in term.guards:
                hi = next((ranges[n] for p in guard.parts() if (n := p.letter()) in ranges), None)
                for part in guard.parts():
                    visit(part, hi or guard.parts()[-1])
    return tuple(dict.fromkeys(found))
