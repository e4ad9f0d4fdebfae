"""Rung 6: the numeric derivative of the compiled op itself, in float64.

A fourth-order central difference of sum(dy * y) along a random direction v, for each floating input alone
and for all at once, against g.v. Near a kink or a tie (relu, maxima, choices) no difference says
anything: there the two one-sided fourth-order slopes disagree, and other numbers are drawn. How often
is said; where no smooth point is found nothing is shown.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from codegen.verify.cases import Cases
from codegen.verify.execution import FAULTS, Array, Candidate
from codegen.verify.face import Face
from codegen.verify.planted import shown
from codegen.verify.problems import Problem
from codegen.verify.result import RungResult

ORACLE = "fourth-order central differences of the op itself"
TOLERANCE = 1e-7
SMOOTH = 1e-8  # how far one-sided slopes may disagree, of the same sum
STEP = 2.0**-12
BAR = (
    f"{TOLERANCE:g} of sum |g * v|, and over the step 2^-12 either 16 roundings of sum |dy * y| or 16 times "
    "what inputs moved by a rounding do to sum dy * y"
)
TRIES = 40
TREMBLES = 4
CENTRAL = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}
ONE_SIDED = {0: -25 / 12, 1: 4.0, 2: -3.0, 3: 4 / 3, 4: -1 / 4}

Direction = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Slope:
    """The numeric slope of sum(dy * y) along a direction: it says nothing of any gradient."""

    direction: Direction
    numeric: float
    jump: float  # between the slopes from the two sides
    noise: float  # what rounding alone may do to a difference

    def smooth(self, gradients: Mapping[str, Array]) -> bool:
        return self.jump <= SMOOTH * max(self._scale(gradients), abs(self.numeric)) + 4 * self.noise

    def right(self, gradients: Mapping[str, Array]) -> bool:
        analytic = sum(float((gradients[n] * v).sum()) for n, v in self.direction.items())
        return abs(self.numeric - analytic) <= TOLERANCE * self._scale(gradients) + self.noise

    def _scale(self, gradients: Mapping[str, Array]) -> float:
        return sum(float(np.abs(gradients[n] * v).sum()) for n, v in self.direction.items())


def check(candidate: Candidate, cases: Cases) -> RungResult:
    """Candidate -> the verdict of differentiating its machine code numerically."""
    rung = RungResult(6, "numeric derivative", ORACLE, BAR, 0, "failed")
    face = Face(candidate.fast, cases)
    resampled, problems = 0, []
    for problem in cases.floats:
        try:
            fault, drawn, smooth = at_smooth_point(face, problem)
        except FAULTS as error:
            fault, drawn, smooth = f"{type(error).__name__}: {error}", 0, None
        if fault:
            return replace(rung, detail=f"at {problem}: {fault}")
        if smooth is None:
            return replace(
                rung, verdict="not shown", detail=f"at {problem}: {drawn} points, none of them smooth"
            )
        resampled += drawn
        problems.append(smooth)
    if not problems:
        return replace(rung, verdict="not shown", detail="no finite problem was found")
    rung = replace(rung, points=len(problems) * len(directions(cases)))
    return _with_faults_shown(rung, candidate, cases, problems, resampled)


def _with_faults_shown(
    rung: RungResult, candidate: Candidate, cases: Cases, problems: list[Problem], resampled: int
) -> RungResult:
    problem = next((p for p in problems if p.shape == cases.smallest_float.shape), problems[0])
    known = slopes(Face(candidate.fast, cases), problem)  # faults are in gradients: outputs stay the same
    killed, blind = shown(candidate, cases, problem, lambda face: against(known, face, problem)[0])
    detail = f"{resampled} points near a kink or a tie were drawn again" if resampled else ""
    if blind:
        return replace(rung, verdict="not shown", detail=f"blind to {blind}", mutants=killed)
    return replace(rung, verdict="passed", detail=detail, mutants=killed)


def at_smooth_point(face: Face, first: Problem) -> tuple[str, int, Problem | None]:
    """The first smooth point of a problem's shape: what is wrong there, how many were not smooth, and it."""
    others = (face.cases.float_problem(first.shape, str(turn)) for turn in range(1, TRIES))
    for turn, problem in enumerate(itertools.chain((first,), others)):
        if problem is None:
            continue
        fault, smooth = compare(face, problem)
        if smooth:
            return fault, turn, problem
    return "", TRIES, None


def compare(face: Face, problem: Problem) -> tuple[str, bool]:
    """What is wrong at a point, and whether it is smooth: otherwise nothing can be said there."""
    return against(slopes(face, problem), face, problem)


def against(known: Mapping[str, Slope], face: Face, problem: Problem) -> tuple[str, bool]:
    """The same with slopes that are known already."""
    gradients = face.run(problem).gradients
    wrong = [about for about, s in known.items() if not s.right(gradients)]
    fault = f"the slope along {wrong[0]} differs" if wrong else ""
    return fault, all(s.smooth(gradients) for s in known.values())


def slopes(face: Face, problem: Problem) -> dict[str, Slope]:
    """The numeric slope along every direction."""
    return {about: slope(face, problem, names) for about, names in directions(face.cases).items()}


def directions(cases: Cases) -> dict[str, tuple[str, ...]]:
    """The inputs that move together: each alone, and all."""
    floating = cases.forward.floating_inputs()
    each: dict[str, tuple[str, ...]] = {n: (n,) for n in floating}
    return {**each, "all inputs": floating} if len(floating) > 1 else each


def slope(face: Face, problem: Problem, moving: tuple[str, ...]) -> Slope:
    """The slope of sum(dy * y) along a random direction of the moving inputs."""
    rng = random.Random(f"{face.cases.seed} {problem} {moving}")
    v = {n: _uniform(rng, problem.inputs[n].shape) for n in moving}
    products_at = {k: _products(face, problem, v, k * STEP) for k in range(-4, 5)}
    values = {k: sum(float(p.sum()) for p in made) for k, made in products_at.items()}
    roundings = 2.0**-53 * sum(float(np.abs(p).sum()) for p in products_at[0])
    noise = 16 * max(roundings, _trembling(face, problem, values[0], rng)) / STEP
    numeric = sum(c * values[k] for k, c in CENTRAL.items()) / STEP
    right = sum(c * values[k] for k, c in ONE_SIDED.items()) / STEP
    left = -sum(c * values[-k] for k, c in ONE_SIDED.items()) / STEP
    return Slope(v, numeric, abs(right - left), noise)


def _trembling(face: Face, problem: Problem, value: float, rng: random.Random) -> float:
    """How far sum(dy * y) goes when inputs move by a rounding: where its terms cancel, further than one.

    Nothing for an op that does not give the same twice: memory that it never wrote is no rounding.
    """
    found = 0.0
    for _ in range(TREMBLES):
        moved = {n: _moved(a, rng) for n, a in problem.inputs.items()}
        found = max(found, abs(_value(face, replace(problem, inputs=moved)) - value))
    return found if _value(face, problem) == value else 0.0


def _value(face: Face, problem: Problem) -> float:
    """sum(dy * y) where the inputs are."""
    return sum(float(p.sum()) for p in _products(face, problem, {}, 0.0))


def _moved(array: Array, rng: random.Random) -> Array:
    """Every number up, down or left alone by one rounding."""
    if array.dtype == np.int64:
        return array
    steps = np.array([rng.choice((-1, 0, 1)) for _ in range(array.size)]).reshape(array.shape)
    return array * (1 + steps * 2.0**-52)


def _uniform(rng: random.Random, extents: tuple[int, ...]) -> Array:
    count = int(np.prod(extents, dtype=int))
    return np.array([rng.uniform(-1, 1) for _ in range(count)]).reshape(extents)


def _products(face: Face, problem: Problem, v: Direction, step: float) -> list[Array]:
    """Cotangents times outputs, when the inputs have moved by a step."""
    moved = {n: a + step * v[n] if n in v else a for n, a in problem.inputs.items()}
    outputs = face.outputs(replace(problem, inputs=moved))
    return [outputs[n] * problem.cotangents[n] for n in face.cases.names]
