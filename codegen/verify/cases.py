"""Random problems for any op, with what the oracle says: everything is a function of the op's systems.

Weights are random, no two dimensions equal, several steps (constant weights let most permuted gates
pass). Exact problems are elements of a prime field; in one of them all numbers are small integers, so
that maxima tie and arguments of relu are 0. Labels stray outside their axis now and then, unless the
equations then divide by 0, as where a weight is divided by the sum of a segment that is none.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np

from codegen.integers import checked_labels
from codegen.verify.execution import Array
from codegen.verify.labels import STRAYING, inside, labels_of, strays
from codegen.verify.problems import ExactProblem, Problem, cotangent_names
from codegen.verify.shapes import Draw, Shape, exact_shapes
from derive.algebra.system import Tensor
from derive.derivation import Derivation
from derive.errors import DerivationError
from derive.oracle.numbers import Floats
from derive.oracle.reference import evaluate
from derive.oracle.residues import PRIME, PrimeField, Residue

SEED = 20260131
EXACT_BUDGET = 10_000  # points of index space a problem may visit
FLOAT_BUDGET = 20_000
DEEP = 50  # steps from which on a recurrence is held to the bar of deep networks
STRAYED = 8  # problems with such labels, of which one must be solvable
REDRAWN = 6  # times, where a tensor is 0 throughout: no fault behind a dead unit could be seen
STYLES = ("normal", "positive", "unit")  # what inputs are drawn from, the first that stays finite


class Cases:
    """The problems of one derivation; made when first asked for, the same on every machine.

    `precisions` are those in which rung 8 asks, `examples` the shapes that rung 7 draws.
    """

    precisions: tuple[type[np.floating], ...] = (np.float64, np.float32)
    examples = 50

    def __init__(self, derivation: Derivation) -> None:
        self.derivation = derivation
        self.forward, self.backward = derivation.forward, derivation.backward
        self.names = cotangent_names(self.forward, self.backward)
        self.seed = f"{SEED} {derivation.op.name}"

    # shapes -----------------------------------------------------------------------------------
    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        return exact_shapes(self.forward, self.backward, self.seed, EXACT_BUDGET)

    @cached_property
    def floats(self) -> tuple[Problem, ...]:
        """Problems at which the op is finite: awkward, small, or many steps for a recurrence.

        Sizes of 0 and 1 are rung 7's, against the slow oracle.
        """
        draw = Draw(self.forward, self.backward, f"{self.seed} floats")
        makers: list[Callable[[], Shape | None]] = [
            lambda: draw.awkward("awkward, defaults", FLOAT_BUDGET, defaults=True),
            lambda: draw.awkward("awkward", FLOAT_BUDGET),
        ]
        steps = [s.name for s in draw.free if s.sequence]
        makers += [partial(draw.one, "long", name, DEEP, 8 * FLOAT_BUDGET) for name in steps]
        makers += [] if steps else [lambda: draw.small("small", 3, FLOAT_BUDGET)]
        made = [self._first_finite(make) for make in makers]
        distinct = {tuple(m.shape.symbols.items()): m for m in reversed(made) if m is not None}
        return tuple(reversed(distinct.values()))

    def _first_finite(self, make: Callable[[], Shape | None]) -> Problem | None:
        drawn = (make() for _ in range(6))
        problems = (self.float_problem(shape, "0") for shape in drawn if shape is not None)
        return next((p for p in problems if p is not None), None)

    # exact numbers ----------------------------------------------------------------------------
    def exact_problem(self, shape: Shape, seed: str, small: bool = False) -> Problem:
        """Uniform elements of the field, or small integers that tie, with each other and with parameters."""
        return self._exact_problem(shape, seed, small, self.straying)

    def _exact_problem(self, shape: Shape, seed: str, small: bool, straying: Mapping[str, float]) -> Problem:
        rng = random.Random(f"{self.seed} {shape} {seed}")

        def numbers(extents: tuple[int, ...]) -> Array:
            made = np.empty(extents, dtype=object)
            for at in np.ndindex(extents):
                made[at] = Residue(rng.randint(-2, 2) if small else rng.randrange(PRIME))
            return made

        top = 3 if small else PRIME // 2
        reals = {p.name: Residue(rng.randrange(1, top)) for p in self.forward.reals}
        cotangents = {n: numbers(shape.of(self.forward, n)) for n in self.names}
        return Problem(shape, self._inputs(shape, rng, numbers, straying), reals, cotangents)

    @cached_property
    def straying(self) -> Mapping[str, float]:
        """How many labels lie outside their axis, by tensor: none where the equations then divide by 0."""
        names = [n for n in self.forward.inputs if self.forward.tensor(n).integer]
        shape = next((s for s in self.shapes if s.label.startswith("awkward")), None)
        return {n: 0.0 if shape and self._divides_by_0(shape, n) else STRAYING for n in names}

    @property
    def allowed(self) -> Mapping[str, float]:
        """The same where labels are checked before a kernel sees them: none where one outside is an error."""
        return {n: 0.0 if n in checked_labels(self.derivation) else rate for n, rate in self.straying.items()}

    def _divides_by_0(self, shape: Shape, labels: str) -> bool:
        """Whether nothing can be solved in which a label of this tensor lies outside its axis."""
        seeds = (f"{labels} strays {k}" for k in range(STRAYED))
        drawn = (self._exact_problem(shape, seed, False, {labels: STRAYING}) for seed in seeds)
        strayed = [p for p in drawn if strays(self.derivation, p.inputs[labels], labels, shape)]
        return bool(strayed) and not any(map(self._is_solvable, strayed))

    def _is_solvable(self, problem: Problem) -> bool:
        try:
            return bool(self.solve(problem))
        except ZeroDivisionError:
            return False

    @cached_property
    def exact(self) -> tuple[ExactProblem, ...]:
        """Problems with the oracle's values, the cheapest first; the last ones tie."""
        smallest = [s for s in self.shapes if s.label.startswith(("awkward", "small"))][:3]
        made = [self._solved(shape, "uniform") for shape in self.shapes]
        made += [self._solved(shape, "ties", small=True) for shape in smallest]
        return tuple(m for m in made if m is not None)

    @property
    def typical(self) -> tuple[ExactProblem, ...]:
        """Two exact problems at awkward sizes, for what need not be seen at every size."""
        awkward = [p for p in self.exact if p.problem.shape.label.startswith("awkward")]
        return tuple(awkward[:2]) or self.exact[-2:]

    def _solved(self, shape: Shape, seed: str, small: bool = False) -> ExactProblem | None:
        """None where the equations themselves divide by 0 (small integers may)."""
        for attempt in range(4):
            problem = self.exact_problem(shape, f"{seed} {attempt}", small)
            try:
                return self.solve(problem)
            except ZeroDivisionError:
                continue
        return None

    def solve(self, problem: Problem) -> ExactProblem:
        """What the slow oracle makes of a problem. Raises ZeroDivisionError where the equations do."""
        d, shape = self.derivation, problem.shape
        more = (shape.sizes, shape.integers, problem.reals, PrimeField())
        return self.with_gradients(problem, evaluate(d.stable_forward, problem.inputs, *more))

    def with_gradients(self, problem: Problem, values: Mapping[str, Array]) -> ExactProblem:
        """A problem with these residuals and the gradients that follow from them."""
        d, shape = self.derivation, problem.shape
        more = (shape.sizes, shape.integers, problem.reals, PrimeField())
        given = {self.names[n]: a for n, a in problem.cotangents.items()}
        gradients = evaluate(d.stable_backward, {**problem.inputs, **values, **given}, *more)
        return ExactProblem(problem, values, {n: gradients[n] for n in d.stable_backward.outputs})

    # floats -----------------------------------------------------------------------------------
    @property
    def smallest_float(self) -> Problem:
        """A small problem for runs in plain Python, its sizes awkward if they can be."""
        short = [p for p in self.floats if not p.shape.label.startswith("long")]
        awkward = [p for p in short if p.shape.label.startswith("awkward")]
        return min(awkward or short or self.floats, key=lambda p: sum(a.size for a in p.inputs.values()))

    def float_problem(self, shape: Shape, seed: str) -> Problem | None:
        """Numbers of the first style whose outputs are finite; None where none are."""
        found = (self._liveliest(shape, seed, style) for style in STYLES)
        return next((problem for problem in found if problem is not None), None)

    def _liveliest(self, shape: Shape, seed: str, style: str) -> Problem | None:
        """Of a few problems the one with the fewest tensors that are 0 throughout; None where not finite."""
        best, least = None, 0
        for k in range(REDRAWN):
            problem = self.drawn(shape, f"{seed} {k}" if k else seed, style)
            dead = self._vanishing(problem)
            if dead is None:
                break
            if best is None or dead < least:
                best, least = problem, dead
            if not least:
                break
        return best

    def drawn(self, shape: Shape, seed: str, style: str) -> Problem:
        """Numbers of one of `STYLES`, whether the op is finite there or not."""
        rng = random.Random(f"{self.seed} {shape} {style} {seed}")

        def number(style: str) -> float:
            if style == "unit":
                return rng.uniform(0.1, 0.9)
            return abs(rng.gauss(0, 1)) + 0.3 if style == "positive" else rng.gauss(0, 1)

        def numbers(extents: tuple[int, ...], style: str = style) -> Array:
            count = int(np.prod(extents, dtype=int))
            return np.array([number(style) for _ in range(count)]).reshape(extents)

        reals = {p.name: (p.default or 1.0) * rng.uniform(0.75, 1.25) for p in self.forward.reals}
        cotangents = {n: numbers(shape.of(self.forward, n), "normal") for n in self.names}
        inputs = self._inputs(shape, rng, numbers, self.allowed)
        if style == "normal":
            inputs = {n: _as_in_networks(self.forward.tensor(n), a) for n, a in inputs.items()}
        return Problem(shape, inputs, reals, cotangents)

    def is_finite(self, problem: Problem) -> bool:
        """Whether every output is finite."""
        return self._vanishing(problem) is not None

    def _vanishing(self, problem: Problem) -> int | None:
        """How many of the author's tensors are 0 throughout; None where an output is not finite."""
        d, shape = self.derivation, problem.shape
        more = (shape.sizes, shape.integers, problem.reals, Floats())
        try:
            values = evaluate(d.stable_forward, problem.inputs, *more)
        except DerivationError:
            return None
        if not all(np.isfinite(values[n].astype(float)).all() for n in self.forward.outputs):
            return None
        named = [e.tensor for e in self.forward.equations if not self.forward.tensor(e.tensor).integer]
        return sum(values[n].size > 0 and not values[n].any() for n in named)

    def _inputs(
        self, shape: Shape, rng: random.Random, numbers: Any, straying: Mapping[str, float]
    ) -> dict[str, Array]:
        made = {}
        for name in self.forward.inputs:
            extents = shape.of(self.forward, name)
            integer = self.forward.tensor(name).integer
            if integer:
                within = inside(self.derivation, name, shape)
                made[name] = labels_of(extents, within, rng, straying.get(name, 0.0))
            else:
                made[name] = numbers(extents)
        return made


def _as_in_networks(tensor: Tensor, array: Array) -> Array:
    """Weights with the variance that networks start from: one over the entries of a row.

    With larger ones several layers saturate, and in single precision 1 - tanh**2 is then only rounding.
    """
    axes = 1 + bool(tensor.members)
    if tensor.role != "parameter" or array.ndim <= axes or not array.size:
        return array
    return array / np.sqrt(np.prod(array.shape[axes:]))
