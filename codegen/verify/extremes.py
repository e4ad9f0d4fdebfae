"""Problems at the edges of floating point: NaN, infinities, saturation, subnormals, zeros, ties.

Each is a small finite problem of the op in which few numbers were replaced, so that most entries of the
results stay finite and an entry that is not says which path a number took.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from codegen.verify.cases import Cases
from codegen.verify.execution import Array
from codegen.verify.face import as_single
from codegen.verify.problems import Problem
from codegen.verify.shapes import Draw
from codegen.verify.slow_oracle import answer
from derive.algebra.expr import Call, Choice, Expr, Number, walk
from derive.algebra.scalars import SCALARS
from derive.algebra.system import System
from derive.oracle.numbers import Floats

BUDGET = 1200  # points of index space: the slow oracle visits them once a problem
SATURATING = 1e4
Place = tuple[str, str]  # inputs or cotangents, and the array's name


@dataclass(frozen=True, slots=True)
class Extreme:
    """A problem and what is special about it; `saturated`: finite numbers of which some are large."""

    about: str
    problem: Problem
    saturated: bool = False


def base_problem(cases: Cases) -> Problem | None:
    """A small problem at which the op is finite, the largest within the budget; None where none is found.

    One whose outputs are all 0 is the last resort: an op may have no other.
    """
    silent = None
    draw = Draw(cases.forward, cases.backward, f"{cases.seed} extremes")
    for budget in (BUDGET, 2 * BUDGET, 4 * BUDGET, 16 * BUDGET):
        drawn = [draw.awkward("extreme", budget) for _ in range(3)]
        drawn += [draw.small("extreme", 3, budget) for _ in range(3)]
        for shape in sorted((s for s in drawn if s is not None), key=draw.cost, reverse=True):
            for seed in ("extreme", *(f"extreme {k}" for k in range(1, 8))):
                problem = cases.float_problem(shape, seed)
                if problem is None:
                    break
                if not _silent(cases, problem):
                    return problem
                silent = silent or problem
    return silent


def _silent(cases: Cases, problem: Problem) -> bool:
    """Whether every output is 0 throughout: a mask may drop all that there is."""
    d = cases.derivation
    made = answer(cases, problem, (d.stable_forward, d.stable_backward), Floats())
    return not any(made[n].any() for n in d.forward.outputs)


def kinks(system: System) -> tuple[float, ...]:
    """The numbers that a system compares with, or adds to what has a kink, their opposites, and 0.

    None where all are 0, 1 or -1, which the ties meet.
    """
    found: set[float] = set()
    for node in (n for e in system.equations for t in e.terms for n in walk(t.body)):
        sides: tuple[Expr, ...] = (node.left, node.right) if isinstance(node, Choice) else ()
        if isinstance(node, Call) and SCALARS[node.function].at_kink:
            sides = node.args
        numbers = [n for side in sides for n in walk(side) if isinstance(n, Number)]
        found |= {n.value.integer() / n.denominator for n in numbers if n.value.is_integer()}
    return tuple(sorted(found | {-c for c in found} | {0})) if found - {0, 1, -1} else ()


def extremes(
    base: Problem, dtype: Any, seed: str, at: tuple[float, ...] = (), tops: Mapping[str, int] | None = None
) -> tuple[Extreme, ...]:
    """The problems in one dtype, float64 or float32; the same on every machine.

    `at`: where kinks are; `tops`: where the axes end of the labels that lie inside them in all others.
    """
    double = np.dtype(dtype) == np.float64
    made = _Maker(base if double else as_single(base), seed, dtype)
    found = (
        *made.single_numbers(),
        *made.saturated(),
        *made.whole_arrays(),
        *made.near(at),
        *made.astray(tops or {}),
    )
    return tuple(e if double else replace(e, problem=as_single(e.problem)) for e in found)


def all_lowest(base: Problem) -> Iterator[Extreme]:
    """In each input nothing but -inf, the others positive: no first candidate of a maximum is above it."""
    positive = {n: a if a.dtype == np.int64 else np.abs(a) for n, a in base.inputs.items()}
    for name in (n for n, a in base.inputs.items() if a.dtype != np.int64 and a.size):
        inputs = {**positive, name: np.full_like(base.inputs[name], -np.inf)}
        yield Extreme(f"-inf throughout {name}", replace(base, inputs=inputs))


class _Maker:
    def __init__(self, base: Problem, seed: str, dtype: Any) -> None:
        self.base, self.rng = base, random.Random(f"{seed} extremes")
        self.tiny = float(np.finfo(dtype).smallest_subnormal)
        self.inputs = [("inputs", n) for n, a in base.inputs.items() if a.dtype != np.int64 and a.size]
        self.places = [*self.inputs, *(("cotangents", n) for n, a in base.cotangents.items() if a.size)]

    def single_numbers(self) -> Iterator[Extreme]:
        """NaN and infinity in every array, the other numbers in two arrays each."""
        for place in self.places:
            yield self._with("NaN", place, np.nan)
            yield self._with("inf", place, np.inf)
        others = {"-inf": -np.inf, "a subnormal": self.tiny, "-0": -0.0, "a large number": -SATURATING}
        for k, (about, number) in enumerate(others.items()):
            for turn in range(min(2, len(self.places))):
                yield self._with(about, self.places[(k + turn) % len(self.places)], number)

    def saturated(self) -> Iterator[Extreme]:
        """In each input, 1e4 first and -1e4 last: beyond where exp overflows in any dtype."""
        for group, name in self.inputs:
            array = self.base.inputs[name].copy()
            array.flat[-1], array.flat[0] = -SATURATING, SATURATING
            yield Extreme(f"+-1e4 in {name}", self._changed({(group, name): array}), saturated=True)

    def whole_arrays(self) -> Iterator[Extreme]:
        """Small integers, which tie and sit on kinks; then inputs of equal numbers and of zeros."""

        def filled(number: float) -> Callable[[Array], Array]:
            return lambda array: np.full_like(array, number)

        def integers(array: Array) -> Array:
            drawn = [float(self.rng.randint(-1, 1)) for _ in range(array.size)]
            return np.array(drawn).reshape(array.shape)

        ones = dict.fromkeys(self.base.reals, 1.0)
        for about in ("ties", "more ties"):
            yield Extreme(about, replace(self._each(self.places, integers), reals=ones))
        for about, number in (("equal numbers", 0.5), ("zeros", 0.0), ("negative zeros", -0.0)):
            yield Extreme(about, self._each(self.inputs, filled(number)))

    def near(self, kinks: tuple[float, ...]) -> Iterator[Extreme]:
        """Inputs that are the equations' own numbers, so that a comparison ties, and some half way on."""

        def drawn(by: float) -> Callable[[Array], Array]:
            places = [c + by for c in kinks]
            return lambda array: np.resize(self.rng.sample(places, len(places)), array.shape)

        for about, by in (("kinks", 0.0), ("below kinks", -0.5), ("above kinks", 0.5)) if kinks else ():
            yield Extreme(about, self._each(self.inputs, drawn(by)))

    def astray(self, tops: Mapping[str, int]) -> Iterator[Extreme]:
        """Labels next to their axis, before its first element and after its last."""
        for name, top in tops.items():
            array = self.base.inputs[name].copy()
            array.flat[-1], array.flat[0] = -1, top
            yield Extreme(f"labels that stray in {name}", self._changed({("inputs", name): array}))

    def _with(self, about: str, place: Place, number: float) -> Extreme:
        group, name = place
        array = getattr(self.base, group)[name].copy()
        array.flat[self.rng.randrange(array.size)] = number
        what = name if group == "inputs" else f"the cotangent of {name}"
        return Extreme(f"{about} in {what}", self._changed({place: array}))

    def _each(self, places: list[Place], change: Callable[[Array], Array]) -> Problem:
        return self._changed({(g, n): change(getattr(self.base, g)[n]) for g, n in places})

    def _changed(self, arrays: Mapping[Place, Array]) -> Problem:
        groups = {g: dict(getattr(self.base, g)) for g in ("inputs", "cotangents")}
        for (group, name), array in arrays.items():
            groups[group][name] = array
        return replace(self.base, inputs=groups["inputs"], cotangents=groups["cotangents"])
