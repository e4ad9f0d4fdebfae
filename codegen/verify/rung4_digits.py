"""Rung 4: the last digits, in float32 and float64, against mpmath.

The plain equations, forward and adjoint, are evaluated at a precision that is raised until their own
rounding is far below float64's. Two things are shown of every entry of every output and gradient:

* the machine code is within the running error bound of the stable equations, which it is made of: each
  operation rounds once, in any order of a sum (derive/oracle/rounding.py);
* that bound is not much more than what the problem's inputs, moved by one rounding each, would do
  anyway, or a rounding of the number (of a gradient: of the terms of its plain sums, multiplied out).
  Where it is, the formula loses digits, and the certificate says which one and at which inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import mpmath
import numpy as np

from codegen.verify.cases import Cases
from codegen.verify.execution import FAULTS, Array, Candidate
from codegen.verify.face import Face, as_single
from codegen.verify.planted import shown
from codegen.verify.problems import Problem
from codegen.verify.result import RungResult
from codegen.verify.roundings import DOUBLE, GRADIENT, SLACK, Digits, digits
from codegen.verify.shapes import Draw
from codegen.verify.slow_oracle import answer
from derive.oracle.numbers import Floats, Singles
from derive.oracle.rounding import Rounded

ORACLE = "the plain equations in mpmath, its precision raised until they are exact"
BAR = "first-order running error bound of the stable equations, float32 and float64; digits lost are named"
BUDGET = 4_000  # points of index space
TRIES = 6  # seeds
UNITS = ((np.float32, 2.0**-24, 2.0**-120), (np.float64, DOUBLE, 2.0**-1000))  # rounding, near underflow
LOST = 256.0  # a bound so many times what cannot be avoided has lost 8 bits

SCALES: tuple[tuple[str, float, float], ...] = (
    ("as drawn", 0.0, 1.0),
    ("8 times as large", 0.0, 8.0),
    ("4096 times as small", 0.0, 2.0**-12),
    ("close together at 12", 12.0, 2.0**-10),
)


def check(candidate: Candidate, cases: Cases) -> RungResult:
    """Candidate -> the verdict on the last digits of its machine code."""
    rung = RungResult(4, "last digits", ORACLE, BAR, 0, "failed")
    found = list(_decided(cases)) if cases.floats else []
    if not found:
        return replace(rung, verdict="not run", detail="no problem whose comparisons rounding leaves alone")
    face, rung = Face(candidate.fast, cases), replace(rung, points=len(UNITS) * len(found))
    for about, problem, known in found:
        fault = _guarded(partial(difference, face, problem, known))
        if fault:
            return replace(rung, detail=f"at {problem}, {about}: {fault}")
    lost = "; ".join(said for about, p, d in found if (said := lost_digits(about, p, d)))
    _, problem, known = found[0]
    killed, blind = shown(candidate, cases, problem, lambda face: difference(face, problem, known))
    if blind:
        return replace(rung, verdict="not shown", detail=f"blind to {blind}", mutants=killed)
    return replace(rung, verdict="passed", detail=lost, mutants=killed)


def _guarded(compare: Any) -> str:
    try:
        found: str = compare()
        return found
    except FAULTS as error:
        return f"{type(error).__name__}: {error}"


def _decided(cases: Cases) -> Iterator[tuple[str, Problem, Digits]]:
    """Of every magnitude the first problem at which rounding decides no comparison."""
    seen: set[str] = set()
    for seed in range(TRIES):
        for about, problem in problems(cases, f"digits {seed}") if len(seen) < len(SCALES) else ():
            known = digits(cases, problem) if about not in seen else None
            if known is not None:
                seen.add(about)
                yield about, problem, known


def problems(cases: Cases, seed: str = "digits 0") -> Iterator[tuple[str, Problem]]:
    """Inputs of several magnitudes, rounded to float32, at which the op is finite."""
    draw = Draw(cases.forward, cases.backward, f"{cases.seed} digits")
    shape = draw.awkward("awkward, defaults", BUDGET, defaults=True) or cases.smallest_float.shape
    drawn = cases.float_problem(shape, seed) or cases.smallest_float
    for about, centre, scale in SCALES:
        problem = as_single(_scaled(drawn, centre, scale))
        if cases.is_finite(problem):
            yield about, problem


def _scaled(problem: Problem, centre: float, scale: float) -> Problem:
    """The floating inputs scaled about a centre; cotangents stay."""
    inputs = {n: a if a.dtype == np.int64 else centre + scale * a for n, a in problem.inputs.items()}
    return replace(problem, inputs=inputs)


def difference(face: Face, problem: Problem, known: Digits) -> str:
    """Nothing where the machine code is within the bound, else the first name that is not."""
    largest = max(abs(e.value) for a in known.exact.values() for e in a.flat)
    for kind, unit, tiny in UNITS:
        if largest * tiny > 1:
            continue  # near the end of its range a float has other errors than roundings
        made = face.run(_as(problem, kind))
        found = {**made.outputs} | {f"{GRADIENT} {n}": a for n, a in made.gradients.items()}
        for name, exact in known.exact.items():
            pairs = zip(found[name].flat, exact.flat, known.stable[name].flat, strict=True)
            right = all(_within(float(f), e, s, unit, tiny) for f, e, s in pairs)
            if not right and (np.isfinite(found[name]).all() or _stays_finite(face.cases, problem, kind)):
                return f"{name} is beyond its rounding error in {np.dtype(kind).name}"
    return ""


def _stays_finite(cases: Cases, problem: Problem, kind: type) -> bool:
    """Whether nothing overflows on the way in the equations themselves: that is rung 8's to judge."""
    d = cases.derivation
    numbers = Floats() if kind is np.float64 else Singles()
    made = answer(cases, problem, (d.stable_forward, d.stable_backward), numbers)
    return all(np.isfinite(a).all() for a in made.values())


def _within(found: float, exact: Rounded, stable: Rounded, unit: float, tiny: float) -> bool:
    return bool(abs(mpmath.mpf(found) - exact.value) <= SLACK * unit * (stable.error + _own(exact)) + tiny)


def _own(exact: Rounded) -> float:
    """One rounding of the number itself: the result is stored."""
    return abs(float(exact.value))


def _as(problem: Problem, kind: type) -> Problem:
    def cast(given: Mapping[str, Array]) -> dict[str, Array]:
        return {n: a if a.dtype == np.int64 else a.astype(kind) for n, a in given.items()}

    return replace(problem, inputs=cast(problem.inputs), cotangents=cast(problem.cotangents))


def lost_digits(about: str, problem: Problem, known: Digits) -> str:
    """What may lose digits, its worst entry and the inputs that show it; nothing if none does."""
    said = [_shown(name, problem, known) for name in losing(known)]
    return f"{about}: {'; '.join(said)}" if said else ""


def losing(known: Digits) -> list[str]:
    """Names whose formula may lose digits that the problem does not: in most entries, not by accident."""
    found = []
    for name in known.exact:
        lost = [ratio > LOST for ratio in _ratios(name, known)]
        found += [name] if 2 * sum(lost) > len(lost) else []
    return found


def _ratios(name: str, known: Digits) -> list[float]:
    """For every entry, the formula's error bound over what cannot be avoided."""
    unavoidable = _of_gradient if name.startswith(GRADIENT) else _of_output
    pairs = zip(known.exact[name].flat, known.stable[name].flat, strict=True)
    return [s.error / least if (least := unavoidable(e)) else np.inf * s.error for e, s in pairs]


def _shown(name: str, problem: Problem, known: Digits) -> str:
    """The worst entry of a name, its value, and the inputs."""
    ratios = np.nan_to_num(_ratios(name, known), posinf=0.0)
    worst = np.unravel_index(int(ratios.argmax()), known.exact[name].shape)
    at = str([int(k) for k in worst]) if worst else ""
    value = float(known.exact[name][worst].value)
    floating = {n: a for n, a in problem.inputs.items() if a.dtype != np.int64 and a.size}
    inputs = ", ".join(_input(n, a, known.exact[name].shape, worst) for n, a in floating.items())
    return f"{name} may lose digits, as {name}{at} = {value:.4g} at {inputs}"


def _input(name: str, array: Array, shape: tuple[int, ...], worst: tuple[Any, ...]) -> str:
    """An input's number at the place of an entry, or its range if it has other axes."""
    if array.shape == shape:
        return f"{name}{[int(k) for k in worst] if worst else ''} = {float(array[worst])!r}"
    return f"{name} from {float(array.min())!r} to {float(array.max())!r}"


def _of_output(exact: Rounded) -> float:
    """An author's formula is held to its value: 1 - cos(x) loses digits near 0."""
    return exact.inherent + abs(float(exact.value))


def _of_gradient(exact: Rounded) -> float:
    """A derived one is held to its terms: 1 - tanh(x)^2 is as good as its 1."""
    return exact.inherent + exact.mass
