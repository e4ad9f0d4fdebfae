"""Rung 2: the derivation, at small sizes, against forward mode over exact numbers.

The plain forward system is run over dual numbers, over the integers modulo 2**61 - 1 with uninterpreted
scalar functions, and the plain adjoint system over the same field. For every tangent the two sides of

    sum of dy * ydot  =  sum of da * adot

must be equal, for a random tangent of each floating input alone and of all at once. Both sides take
the scalar functions' derivatives from the rule table, whose rows are proved by tests of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from codegen.verify.cases import Cases
from codegen.verify.execution import FAULTS, Array, Candidate
from codegen.verify.problems import Problem
from codegen.verify.result import Killed, RungResult
from codegen.verify.sabotage import WrongSystem, wrong_systems
from codegen.verify.shapes import Shape
from derive.algebra.system import System
from derive.oracle.duals import Dual, Duals
from derive.oracle.reference import evaluate
from derive.oracle.residues import PrimeField, Residue

ORACLE = "dual numbers over GF(2^61-1), uninterpreted functions"
BAR = "identically equal; a false identity survives with probability below 2^-40"
MOST = 40  # wrong systems that the rung is shown besides one for each gradient
SHAPES = 6
DRAWS = 4  # of numbers at each


@dataclass(frozen=True, slots=True)
class Pairing:
    """One problem with tangents: the left sides of the identity, by the inputs that move."""

    problem: Problem
    values: Mapping[str, Array]  # of the forward system, without slopes
    tangents: Mapping[str, Array]  # by input
    left: Mapping[str, Residue]  # "all", or the one input that moves

    def gradients(self, cases: Cases, backward: System) -> dict[str, Array]:
        """The gradients by input, as a backward system has them."""
        given = {cases.names[n]: a for n, a in self.problem.cotangents.items()}
        made = _evaluate(backward, self.problem, {**self.problem.inputs, **self.values, **given})
        return {n: made[g] for n, g in zip(cases.forward.floating_inputs(), backward.outputs, strict=True)}

    def difference(self, cases: Cases, backward: System) -> str:
        """Nothing where all identities hold, else where one fails."""
        try:
            gradients = self.gradients(cases, backward)
        except FAULTS as fault:
            return f"{self.problem}: {type(fault).__name__}: {fault}"
        right = {n: _pair(gradients[n], self.tangents[n]) for n in gradients}
        sums = {**right, "all": sum(right.values(), start=Residue(0))}
        wrong = [n for n in self.left if sums[n] != self.left[n]]
        return f"{self.problem}, tangent of {wrong[0]}" if wrong else ""


def check(candidate: Candidate, cases: Cases) -> RungResult:
    """Candidate -> the verdict on the adjoint that it was derived by."""
    rung = RungResult(2, "derivation", ORACLE, BAR, 0, "failed")
    found = pairings(cases)
    rung = replace(rung, points=sum(len(p.left) for p in found))
    faults = [p.difference(cases, system) for p in found for system in _adjoints(cases)]
    if not found:
        return replace(rung, verdict="not shown", detail="no sizes were found at which it can be run")
    if any(faults):
        return replace(rung, detail=next(filter(None, faults)))
    shown = wrong_systems(cases.backward, MOST)
    missed = [w for w in shown if not any(p.difference(cases, w.system) for p in found)]
    rung = replace(rung, mutants=Killed(len(shown) - len(missed), len(shown)))
    blind = [w for w in missed if w.scaled and not _vanishes(cases, found, w)]
    if blind:
        return replace(rung, verdict="not shown", detail=f"blind to {blind[0].about}")
    named = "changes that change nothing here: " + "; ".join(w.about for w in missed) if missed else ""
    return replace(rung, verdict="passed", detail=named)


def _adjoints(cases: Cases) -> tuple[System, ...]:
    """The adjoint as it was derived, and with what cancels combined, where anything does."""
    combined = cases.derivation.combined
    return (cases.backward,) if combined == cases.backward else (cases.backward, combined)


def pairings(cases: Cases) -> list[Pairing]:
    """Problems with their tangents, the cheapest first; the last one ties."""
    shapes = [s for s in cases.shapes if s.label.startswith(("awkward", "small"))]
    shapes = (shapes or list(cases.shapes))[-SHAPES:]  # an op of scalars has but one shape
    asked = [*((shape, False) for shape in shapes), *((shape, True) for shape in shapes[-1:])]
    drawn = (_first_pairing(cases, shape, small) for shape, small in asked)
    return [pairing for pairing in drawn if pairing is not None]


def _first_pairing(cases: Cases, shape: Shape, small: bool) -> Pairing | None:
    """At the first of a few problems at which the equations do not divide by 0, as of a label astray."""
    seeds = ("tangents", *(f"tangents {k}" for k in range(1, DRAWS)))
    problems = (cases.exact_problem(shape, seed, small) for seed in seeds)
    return next((found for p in problems if (found := _pairing(cases, p)) is not None), None)


def _pairing(cases: Cases, problem: Problem) -> Pairing | None:
    """The pairing of a problem; None where the equations divide by 0."""
    floating = cases.forward.floating_inputs()
    tangents = {n: cases.exact_problem(problem.shape, f"tangent {n}").inputs[n] for n in floating}
    moving = {**{n: (n,) for n in floating}, "all": floating} if len(floating) > 1 else {"all": floating}
    try:
        values = _evaluate(cases.forward, problem, problem.inputs)
        left = {about: _left(cases, problem, tangents, names) for about, names in moving.items()}
    except ZeroDivisionError:
        return None
    return Pairing(problem, values, tangents, left)


def _left(cases: Cases, problem: Problem, tangents: Mapping[str, Array], moving: tuple[str, ...]) -> Residue:
    """Cotangents times the outputs' slopes when these inputs move."""
    inputs = dict(problem.inputs)
    for name in moving:
        inputs[name] = _dual(inputs[name], tangents[name])
    made = _evaluate(cases.forward, problem, inputs, duals=True)
    slopes = {n: np.vectorize(lambda d: d.slope, otypes=[object])(made[n]) for n in cases.names}
    return sum((_pair(problem.cotangents[n], slopes[n]) for n in cases.names), start=Residue(0))


def _dual(values: Array, slopes: Array) -> Array:
    return np.vectorize(Dual, otypes=[object])(values, slopes)


def _evaluate(
    system: System, problem: Problem, inputs: Mapping[str, Array], duals: bool = False
) -> dict[str, Array]:
    shape, field = problem.shape, PrimeField()
    numbers = Duals(field) if duals else field
    return evaluate(system, inputs, shape.sizes, shape.integers, problem.reals, numbers)


def _pair(a: Array, b: Array) -> Residue:
    return sum((x * y for x, y in zip(a.flat, b.flat, strict=True)), start=Residue(0))


def _vanishes(cases: Cases, found: list[Pairing], wrong: WrongSystem) -> bool:
    """Whether the gradient that was scaled is 0 everywhere, so that no scale can be seen."""
    gradients = [p.gradients(cases, cases.backward) for p in found]
    name = dict(zip(cases.backward.outputs, cases.forward.floating_inputs(), strict=True))[wrong.scaled]
    return all(not g.value for made in gradients for g in made[name].flat)
