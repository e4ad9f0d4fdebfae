"""Rung 1: the adjoint identity for all sizes, against the tangent system, symbolically.

For every equation and every tensor that it reads, the sum of ybar*ydot and the sum of abar*adot are
proved equal with symbolic dimensions, domains and guards included (pairing/); docs/lemma.md composes
them. What is not proved is evaluated at small sizes, over the integers modulo 2**61 - 1: if the two sums
differ there, the adjoint is wrong and the rung fails; if they do not, the rung says "unproved" and why.
Both systems take the scalar functions' derivatives from the rule table, whose rows are proved by tests of
their own.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from codegen.verify.cases import Cases
from codegen.verify.execution import FAULTS, Array, Candidate
from codegen.verify.pairing.hypotheses import breaches
from codegen.verify.pairing.identity import Proof, prove, unproved
from codegen.verify.pairing.pairs import Pair, Pairs
from codegen.verify.problems import Problem
from codegen.verify.result import Killed, RungResult
from codegen.verify.sabotage import WrongSystem, with_spurious_term, without_terms, wrong_systems
from derive.algebra.system import Equation, System, Tensor
from derive.oracle.reference import evaluate
from derive.oracle.residues import PRIME, PrimeField, Residue

ORACLE = "the tangent system, by changes of variables proved with their domains"
BAR = "equal for all sizes, equation by equation"
MOST = 40  # wrong systems that the rung is shown besides one for each gradient
SIDES = ("tangent side", "gradient side")


def check(candidate: Candidate, cases: Cases) -> RungResult:
    """Candidate -> the verdict on the adjoint that it was derived by."""
    proof = prove(cases.forward, cases.backward)
    rung = RungResult(1, "adjoint identity, all sizes", ORACLE, BAR, proof.pairs, "unproved")
    if proof.faults:
        return _not_proved(rung, proof, cases)
    shown = wrong_systems(cases.backward, MOST)
    missed = _missed(cases, shown)
    zero = [w for w in missed if w.scaled and _vanishes(cases, w.scaled)]
    instead = [w for gradient in zero for w in _spurious(cases, gradient.scaled)]
    unnoticed = _missed(cases, instead)
    planted, left = len(shown) + len(instead), len(missed) + len(unnoticed)
    rung = replace(rung, mutants=Killed(planted - left, planted))
    blind = [*(w for w in missed if w.scaled and w not in zero), *unnoticed]
    if blind:
        return replace(rung, verdict="not shown", detail=f"blind to {blind[0].about}")
    named = "".join(f"; proved to change nothing: {w.about}" for w in missed)
    return replace(rung, verdict="passed", detail=f"proved: {proof}{named}")


def _not_proved(rung: RungResult, proof: Proof, cases: Cases) -> RungResult:
    """Failed, with the sizes at which the sums differ; else unproved, with the first reason."""
    pairs = Pairs(cases.forward, cases.backward)
    for fault in proof.faults:
        where = next(differences(pairs, fault.pair, cases), "") if fault.pair else ""
        if where:
            return replace(rung, verdict="failed", detail=f"{fault}; they differ at {where}")
    more = f" (and {len(proof.faults) - 1} more)" if len(proof.faults) > 1 else ""
    return replace(rung, detail=f"{proof.faults[0]}{more}")


def _missed(cases: Cases, shown: Iterable[WrongSystem]) -> list[WrongSystem]:
    """Those of the wrong systems that are proved like the right one."""
    return [w for w in shown if _is_proved(cases.forward, cases.backward, w.system)]


def _vanishes(cases: Cases, gradient: str) -> bool:
    """Whether a gradient is proved to be 0 everywhere, so that no factor makes it wrong."""
    return _is_proved(cases.forward, cases.backward, without_terms(cases.backward, gradient))


def _spurious(cases: Cases, gradient: str) -> Iterator[WrongSystem]:
    """What is wrong of a gradient even where it is 0: a term too many, in each cotangent that it may have."""
    names = Pairs(cases.forward, cases.backward).names.gradients
    for equation in cases.forward.equations:
        if equation.tensor in names:
            yield with_spurious_term(cases.backward, gradient, names[equation.tensor])


def _is_proved(forward: System, backward: System, wrong: System) -> bool:
    """Whether a system that differs from a proved one in some equations is proved as well."""
    pairs = Pairs(forward, wrong)
    changed = {e.tensor for e, old in zip(wrong.equations, backward.equations, strict=True) if e != old}
    if any(breaches(pairs)):
        return False
    targets = (t for t in pairs.targets() if pairs.names.gradients[t] in changed)
    return not any(fault for t in targets for pair in pairs.of(t) for fault in unproved(pairs, pair))


# at small sizes ---------------------------------------------------------------------------------------
def differences(pairs: Pairs, pair: Pair, cases: Cases) -> Iterator[str]:
    """The problems at which a pair's two sums are different numbers."""
    for shape in cases.shapes:
        problem = cases.exact_problem(shape, "pair")
        try:
            left, right = _sides(pairs, pair, problem)
        except FAULTS:  # a wrong adjoint may divide by 0 where the forward does not
            continue
        if left != right:
            yield str(problem)


def _sides(pairs: Pairs, pair: Pair, problem: Problem) -> tuple[Residue, Residue]:
    """The two sums at a problem, for random cotangents and tangents."""
    shape, field = problem.shape, PrimeField()
    more = (shape.sizes, shape.integers, problem.reals, field)
    values = evaluate(pairs.forward, problem.inputs, *more)
    system = _pair_system(pairs, pair)
    rng = random.Random(f"{problem} {pair}")
    drawn = {n: _numbers(rng, shape.of(system, n)) for n in system.inputs}
    made = evaluate(system, {**drawn, **problem.inputs, **values}, *more)
    left, right = (made[side].item() for side in SIDES)
    return left, right


def _pair_system(pairs: Pairs, pair: Pair) -> System:
    """A pair's two sums as a system with two numbers as outputs."""
    declared = {t.name: t for s in (pairs.moved, pairs.backward) for t in s.tensors}
    read = {n for t in (*pair.left, *pair.right) for n in t.tensors()}
    return replace(
        pairs.forward,
        tensors=(*declared.values(), *(Tensor(side, (), "computed") for side in SIDES)),
        inputs=tuple(sorted(read)),
        outputs=SIDES,
        equations=tuple(Equation(s, (), t) for s, t in zip(SIDES, (pair.left, pair.right), strict=True)),
    )


def _numbers(rng: random.Random, extents: tuple[int, ...]) -> Array:
    made = np.empty(extents, dtype=object)
    for at in np.ndindex(extents):
        made[at] = Residue(rng.randrange(PRIME))
    return made
