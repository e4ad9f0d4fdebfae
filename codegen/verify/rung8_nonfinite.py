"""Rung 8: numbers that are not finite, that saturate, that vanish, that tie.

What is compared: every entry of every output and gradient of the compiled op, in float64 and float32,
with the slow oracle run over the stable equations in IEEE arithmetic of the same precision. NaN must be
NaN, an infinity the same infinity; a finite entry must be finite and agree coarsely, for its digits are
the business of other rungs. At kinks and ties the convention is the equations': relu'(0), |x|'(0) and
sign(0) are 0, the first of equal maxima takes the gradient, NaN is the largest.

Conventions are the declared ones where IEEE leaves room. A false guard, and a factor that is read
outside its axis, mean "not evaluated". But a sum that became a matrix product over unfolded patches
multiplies by its padding, and 0 * inf is NaN there, as in every peer: where reading padding as the
number 0 makes an entry NaN, NaN is accepted as well, and the certificate says so. Signs of zeros are not
compared: sums may be reassociated; nor is what dividing by such a zero makes, 1/0.0 or 1/(-0.0).

Saturation has an oracle of its own: with 1e4 and -1e4 in an input, the plain equations (before they were
made stable) over mpmath's numbers, which cannot overflow; 60 digits, then 5000 where that is not enough.
Where they are finite the op must be, and agree; a gradient that meets an output without a real value is
outside the formula's domain, and nothing is demanded of it. Where the stable equations in IEEE arithmetic
give what the kernel gives and mpmath something else, the kernel is faithful and the equations lose the
value: the rung passes and says at which input. No certificate of the catalogue says so
(`test_rung8.py`). For equations that no rule could make stable, which the op's docstring names, this
comparison is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from codegen.integers import checked_labels
from codegen.verify.cases import Cases
from codegen.verify.execution import FAULTS, Array, Candidate
from codegen.verify.extreme_answers import Named, Reference
from codegen.verify.extreme_differences import (
    CONVENTIONS,
    DIGITS,
    Asked,
    better,
    entry,
    is_finite,
    rounded,
    unlike,
)
from codegen.verify.extremes import base_problem, extremes, kinks
from codegen.verify.face import Face, Made
from codegen.verify.labels import label_top
from codegen.verify.load import load_plain
from codegen.verify.nonfinite_faults import nonfinite_faults
from codegen.verify.problems import Problem
from codegen.verify.result import Killed, RungResult

ORACLE = "the slow oracle in IEEE arithmetic; for +-1e4, the plain equations over mpmath's numbers"
BAR = (
    "the same NaN and infinities, but a finite number that mpmath confirms is taken where the oracle's own "
    "arithmetic overflowed on its way; finite entries within 1e-9 (float32: 1e-3) of the largest entry, "
    "or 2^-44 (2^-18) of the largest number given, or, in float64, 4 roundings of that number's square, "
    "or what the running errors of both explain"
)
UNSTABLE = "the equations are declared unstable, so +-1e4 was not compared with mpmath"
LARGEST = {np.dtype(np.float64): 1e300, np.dtype(np.float32): 1e30}  # beyond: either side may overflow
DRAWS = 8  # of the places at which numbers are replaced
LOST = "no rule keeps it"
NOTHING = "no problem was found at which every output is finite and one of them is not 0 throughout"
SHOWN = 2  # of the values that the equations lose


@dataclass(frozen=True, slots=True)
class Outcome:
    """What differs at a problem, the conventions that were used, what the equations lose."""

    fault: str = ""
    conventions: frozenset[str] = frozenset()
    lost: tuple[str, ...] = ()


def check(candidate: Candidate, cases: Cases) -> RungResult:
    """Candidate -> the verdict on its machine code at the edges of floating point."""
    rung = RungResult(8, "not finite, saturated", ORACLE, BAR, 0, "failed")
    base = base_problem(cases)
    if base is None:
        return replace(rung, verdict="not shown", detail=NOTHING)
    asked = {dtype: questions(cases, base, dtype) for dtype in map(np.dtype, cases.precisions)}
    rung = replace(rung, points=sum(map(len, asked.values())))
    face, found, lost = Face(candidate.fast, cases), list[Outcome](), list[str]()
    for dtype, questions_in in asked.items():
        for question in questions_in:
            found.append(difference(face, question))
            if fault := found[-1].fault:
                return replace(rung, detail=f"{dtype}, {question.extreme.about}, {base.shape}: {fault}")
        lost = lost or [f"{dtype}, {line}" for o in found for line in o.lost]
    notes = [about for about in CONVENTIONS if any(about in o.conventions for o in found)]
    notes += [UNSTABLE] * bool(cases.derivation.unstable) + _lost(lost)
    return _with_faults_shown(replace(rung, detail="; ".join(notes)), candidate, cases, asked)


def _lost(lines: Sequence[str]) -> list[str]:
    """One sentence on what the equations lose, with the first values that show it."""
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    return [f"{'; '.join(lines[:SHOWN])}{more}: {LOST}"] if lines else []


def questions(cases: Cases, base: Problem, dtype: Any) -> tuple[Asked, ...]:
    """The extreme problems of one dtype with their oracles.

    Where the numbers stand is drawn again while NaN reaches no result: a mask may drop what it meets.
    """
    found: tuple[Asked, ...] = ()
    free = cases.straying.keys() - checked_labels(cases.derivation).keys()
    inside = [n for n, rate in cases.straying.items() if not rate and n in free]
    tops = {n: label_top(cases.forward, n, base.shape) for n in inside}
    for attempt in range(DRAWS):
        seed = f"{cases.seed} {attempt}" if attempt else cases.seed
        drawn = extremes(base, dtype, seed, kinks(cases.forward), tops)
        found = tuple(Asked(e, Reference(cases, e, dtype)) for e in drawn)
        if any(np.isnan(a).any() for q in found for a in q.reference.wanted.values()):
            break
    return found


def _with_faults_shown(
    rung: RungResult, candidate: Candidate, cases: Cases, asked: Mapping[Any, Sequence[Asked]]
) -> RungResult:
    """The faults are run in plain Python, whose floats are float64."""
    double = asked[np.dtype(np.float64)]
    shown = [q.reference.wanted for q in double]
    faults = nonfinite_faults(candidate, cases, shown)
    if not faults:
        return replace(rung, verdict="not shown", detail="no fault could be planted: nothing was lost")
    missed = [f for f in faults if not noticed(f.text, candidate, cases, double)]
    count = Killed(len(faults) - len(missed), len(faults))
    blind = [f.about for f in missed if f.certain]
    if blind:
        sure = nonfinite_faults(candidate, cases, [q.reference.demanded for q in double])
        blind = [about for about in blind if about in {f.about for f in sure}]
    if blind:
        return replace(rung, verdict="not shown", detail=f"blind to {blind[0]}", mutants=count)
    return replace(rung, verdict="passed", mutants=count)


@np.errstate(all="ignore")
def noticed(text: str, candidate: Candidate, cases: Cases, asked: Sequence[Asked]) -> str:
    """Nothing, or the first extreme problem at which a text, run as plain Python, differs."""
    face = Face(load_plain(candidate.source.name, text), cases)
    return next((q.extreme.about for q in asked if difference(face, q).fault), "")


def difference(face: Face, asked: Asked) -> Outcome:
    """What a module's answers differ in from the oracles' at a problem."""
    extreme, reference = asked.extreme, asked.reference
    try:
        found = flat(face.run(extreme.problem))
    except FAULTS as error:
        return Outcome(f"{type(error).__name__}: {error}")
    used: set[str] = set()
    for name, array in found.items():
        wrong = unlike(array, reference.wanted[name], extreme, reference.dtype)
        for about, accepts in CONVENTIONS.items():
            if (accepted := wrong & accepts(array, name, asked, wrong)).any():
                used, wrong = {*used, about}, wrong & ~accepted
        if wrong.any() and is_finite(extreme.problem):
            wrong = wrong & ~better(array, name, asked)
            wrong = wrong & ~rounded(array, name, asked, wrong)
        if wrong.any():
            return Outcome("{} is {!r}, not {!r}".format(*entry(name, array, reference.wanted[name], wrong)))
    if extreme.saturated and not face.cases.derivation.unstable:
        return replace(_saturated(found, asked), conventions=frozenset(used))
    return Outcome(conventions=frozenset(used))


def _saturated(found: Named, asked: Asked) -> Outcome:
    """What differs from mpmath's numbers, where these are finite, even with the most digits."""
    extreme, reference, lost = asked.extreme, asked.reference, list[str]()
    for name, array in found.items():
        for digits in DIGITS:
            wanted = reference.inside(digits)[name]
            known = np.isfinite(wanted) & (np.abs(wanted) < LARGEST[reference.dtype])
            wrong = known & unlike(array, np.where(known, wanted, 0), extreme, reference.dtype)
            if known.all() and not wrong.any():
                break
        own = wrong & unlike(array, reference.wanted[name], extreme, reference.dtype)
        own = own & ~rounded(array, name, asked, own)
        if own.any():
            return Outcome("{} is {!r}, not {!r}".format(*entry(name, array, wanted, own)))
        if wrong.any():
            place, value, exact = entry(name, array, wanted, wrong)
            lost.append(f"at {extreme.about} {place} is {value:.4g}, exactly {exact:.4g}")
    return Outcome(lost=tuple(lost))


def flat(made: Made) -> dict[str, Array]:
    """Outputs by name, gradients as "the gradient of" a name."""
    return {**made.outputs, **{f"the gradient of {n}": a for n, a in made.gradients.items()}}
