"""How far rounding can take an op's numbers from exact ones, entry by entry, at one problem.

The plain equations in mpmath, at a precision that is raised until their own rounding is far below
float64's, and the running errors of the plain and of the stable equations (derive/oracle/rounding.py).
Rung 4 holds the machine code to them. Rungs 5 and 7, which compare two evaluations in floats, ask them
where their own bars are not met: at a degenerate problem (a normalisation of two numbers, a cosine in one
dimension) everything cancels, and what is left is rounding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mpmath
import numpy as np

from codegen.verify.cases import Cases
from codegen.verify.execution import Array
from codegen.verify.problems import Problem
from derive.algebra.system import System
from derive.errors import DerivationError
from derive.oracle.reference import Evaluator, evaluate
from derive.oracle.rounding import Rounded, RoundingEvaluator, Roundings, Undecided

GRADIENT = "the gradient of"
PRECISION, MOST_PRECISION = 160, 5_120  # bits
ENOUGH = 2.0**-80  # relative to mass or inherent error
FAR_BELOW = 2.0**-64  # relative to what the stable equations may be off by, and to the number
SLACK = 1.0625  # what first order leaves out
DOUBLE = 2.0**-53
TINIEST = 2.0**-1074  # of float64


@dataclass(frozen=True, slots=True)
class Digits:
    """Outputs and gradients by name: exact with what cannot be avoided, and with the formula's error."""

    exact: Mapping[str, Array]
    stable: Mapping[str, Array]

    def is_resolved(self, precision: int) -> bool:
        """Whether the plain equations are as exact as the stable ones need: 1e-41 may be 1 - (1 - 1e-41)."""
        unit = 2.0**-precision
        pairs = [
            (e, s) for n in self.exact for e, s in zip(self.exact[n].flat, self.stable[n].flat, strict=True)
        ]
        return all(e.error * unit <= FAR_BELOW * _error(s) + TINIEST for e, s in pairs)

    def of_code(self, name: str, unit: float) -> Array:
        """How far two ways of running the stable equations, each with such a rounding, may be apart."""
        return 2 * SLACK * unit * np.vectorize(_error, otypes=[float])(self.stable[name])

    def of_two(self, name: str, unit: float) -> Array:
        """How far code with such a rounding may be from an evaluation of the plain equations in float64."""
        plain, stable = (np.vectorize(_error, otypes=[float])(d[name]) for d in (self.exact, self.stable))
        return SLACK * (unit * stable + DOUBLE * plain)


def _error(number: Rounded) -> float:
    return number.error + abs(float(number.value))  # and the result is stored


def digits(cases: Cases, problem: Problem) -> Digits | None:
    """What mpmath says; None where rounding may decide a comparison, or nothing is finite."""
    d, precision = cases.derivation, PRECISION
    try:
        while precision <= MOST_PRECISION:
            with mpmath.workprec(precision):
                exact = _both(cases, (d.forward, d.backward), problem, Evaluator)
                if _is_certain(exact, precision):
                    stable = d.stable_forward, d.stable_backward
                    made = Digits(exact, _both(cases, stable, problem, RoundingEvaluator))
                    if made.is_resolved(precision):
                        return made
            precision *= 2
    except (Undecided, ZeroDivisionError, DerivationError, OverflowError):
        pass
    return None


class Allowance:
    """What rounding explains at one problem; mpmath is asked when it is first needed."""

    def __init__(self, cases: Cases, problem: Problem) -> None:
        self.cases, self.problem = cases, problem

    @cached_property
    def known(self) -> Digits | None:
        return digits(self.cases, self.problem)

    def explains(self, name: str, found: Array, wanted: Array, unit: float = DOUBLE) -> bool:
        """Whether no entry is further from what was wanted than the roundings of both can take it."""
        if self.known is None or found.shape != wanted.shape or not np.isfinite(wanted).all():
            return False
        return bool((np.abs(found - wanted) <= self.known.of_two(name, unit)).all())


def _both(
    cases: Cases, systems: tuple[System, System], problem: Problem, evaluator: type[Evaluator]
) -> dict[str, Array]:
    """Outputs and gradients, evaluated with their rounding errors."""
    (forward, backward), shape = systems, problem.shape
    more = (shape.sizes, shape.integers, problem.reals, Roundings(), evaluator)
    values: dict[str, Any] = evaluate(forward, problem.inputs, *more)
    given = {cases.names[n]: a for n, a in problem.cotangents.items()}
    gradients = evaluate(backward, {**problem.inputs, **values, **given}, *more)
    named = zip(cases.forward.floating_inputs(), backward.outputs, strict=True)
    return {n: values[n] for n in cases.names} | {f"{GRADIENT} {n}": gradients[g] for n, g in named}


def _is_certain(exact: Mapping[str, Array], precision: int) -> bool:
    unit = 2.0**-precision
    return all(r.error * unit <= ENOUGH * (r.mass + r.inherent) for a in exact.values() for r in a.flat)
