"""One random system through every stage, held against what shares no code with it.

Exact numbers: the adjoint against forward mode (rung 2's check), then the kernels' own text, run as plain
Python, against the slow oracle (rung 3's). Floats: the text against JAX, which differentiates the plain
equations by itself and knows neither our adjoint nor our stable forms (rung 5's oracle). One small problem:
compiling it once is cheaper than JAX's own steps, each of which is compiled for each shape.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from codegen.lower import lower
from codegen.module import write_module
from codegen.verify.cases import Cases
from codegen.verify.execution import Array, Candidate
from codegen.verify.face import Face
from codegen.verify.problems import Problem
from codegen.verify.rung2_derivation import pairings
from codegen.verify.rung3_execution import first_difference
from codegen.verify.rung5_autodiff import Answer, oracle
from codegen.verify.shapes import Draw, Shape
from derive.derivation import derive
from derive.errors import SpecError
from derive.language import OpSpec
from derive.oracle.numbers import Floats
from derive.oracle.reference import evaluate
from derive.oracle.residues import PrimeField, Residue

BUDGET = 600  # points of index space that an exact problem may visit
SIZES = {"N": 4, "M": 3, "P": 2, "T": 4, "B": 2}  # of the problem in floats
INTEGERS = {"stride": 2, "pad": 1}
BAR = 1e-10  # of the largest entry
SPREAD = 1e4  # times what a change of one rounding does to the answer, where the problem is ill-conditioned
REFUSED = ("a delta of an index with itself", "has two ranges")  # what the strategy cannot always avoid


class Refused(Exception):
    """The language does not take this system."""


class Small(Cases):
    """A few cheap problems: two with awkward sizes, one with small ones and one of ones."""

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        draw = Draw(self.forward, self.backward, self.seed)
        made = (
            draw.awkward("awkward, defaults", BUDGET, defaults=True),
            draw.small("small", 3, BUDGET),
            draw.small("ones", 1, BUDGET),
        )
        return tuple(sorted((s for s in made if s is not None), key=draw.cost))

    @cached_property
    def floats(self) -> tuple[Problem, ...]:
        draw = Draw(self.forward, self.backward, self.seed)
        free = {s.name: SIZES[s.name] for s in draw.free}
        shape = draw.shape("awkward", free, {p.name: INTEGERS[p.name] for p in self.forward.integers})
        assert shape is not None, "the sizes allow every system that the strategy makes"
        problem = self.drawn(shape, "fuzz", "normal")
        return (problem,) if self.is_finite(problem) else ()


def difference(op: OpSpec) -> str:
    """Nothing where a system agrees with every oracle, else what differs and by which. Raises Refused."""
    candidate, cases = _made(op)
    return _exactly(candidate, cases) or _named("the kernels' text, against JAX", _floats(candidate, cases))


def exact_difference(op: OpSpec) -> str:
    """The same without floats, which costs a tenth."""
    return _exactly(*_made(op))


def _made(op: OpSpec) -> tuple[Candidate, Cases]:
    try:
        derivation = derive(op)
    except SpecError as fault:
        if any(words in str(fault) for words in REFUSED):
            raise Refused(str(fault)) from None
        raise
    return Candidate(write_module(lower(derivation))), Small(derivation)


def _exactly(candidate: Candidate, cases: Cases) -> str:
    text = first_difference(candidate.source, candidate.plain, cases, cases.exact)
    return _named("the adjoint, against forward mode", _adjoint(cases)) or _named(
        "the kernels' text, against the slow oracle", text
    )


def _named(oracle: str, fault: str) -> str:
    return f"{oracle}: {fault}" if fault else ""


def _adjoint(cases: Cases) -> str:
    """Rung 2's comparison; a maximum of nothing is no number to calculate with."""
    systems = dict.fromkeys((cases.backward, cases.derivation.combined))
    proper = (p for p in pairings(cases) if not any(map(_has_lowest, p.values.values())))
    faults = (p.difference(cases, system) for p in proper for system in systems)
    return next(filter(None, faults), "")


def _has_lowest(array: Array) -> bool:
    lowest = PrimeField().lowest()
    return any(isinstance(value, Residue) and value == lowest for value in array.flat)


# floats -----------------------------------------------------------------------------------------------
@np.errstate(all="ignore")
def _floats(candidate: Candidate, cases: Cases) -> str:
    """The text in floats against JAX, entry by entry where both are finite."""
    for problem in cases.floats:
        made, ask = Face(candidate.plain, cases).run(problem), oracle(cases, problem)
        found, wanted = _named_answer(Answer(made.outputs, made.gradients)), _named_answer(ask(problem))
        compared = list(wanted) if _is_proper(cases, problem) else list(made.outputs)
        doubtful = [n for n in compared if not _close(found[n], wanted[n], BAR * _largest(wanted[n]))]
        if doubtful:
            moved = _named_answer(ask(_moved(problem)))
            bars = {n: BAR * _largest(wanted[n]) + SPREAD * abs(moved[n] - wanted[n]) for n in doubtful}
            wrong = [n for n in doubtful if not _close(found[n], wanted[n], bars[n])]
            if wrong:
                return f"{wrong[0]} differs at {problem}"
    return ""


def _is_proper(cases: Cases, problem: Problem) -> bool:
    """Whether nothing is calculated with a maximum of nothing: its slopes are 0 times infinity."""
    shape = problem.shape
    more = (shape.sizes, shape.integers, problem.reals, Floats())
    values = evaluate(cases.derivation.stable_forward, problem.inputs, *more)
    return all(np.isfinite(a.astype(float)).all() for a in values.values())


def _largest(array: Array) -> float:
    finite = np.abs(array[np.isfinite(array)])
    return max(float(finite.max(initial=0.0)), 1e-3)


def _close(found: Array, wanted: Array, bar: Any) -> bool:
    """Within the bar; what overflows in JAX says nothing."""
    if found.shape != wanted.shape:
        return False
    near = np.abs(found - wanted) <= bar
    return bool((near | ~np.isfinite(wanted) | ~np.isfinite(np.asarray(bar) + 0 * wanted)).all())


def _named_answer(answer: Answer) -> dict[str, Array]:
    return {**answer.outputs, **{f"the gradient of {n}": a for n, a in answer.gradients.items()}}


def _moved(problem: Problem) -> Problem:
    """The inputs changed by about one rounding, each by its own."""
    rng = np.random.default_rng(0)

    def moved(array: Array) -> Array:
        if array.dtype == np.int64:
            return array
        return array * (1 + 2.0**-52 * rng.choice((-1, 1), array.shape))

    return replace(problem, inputs={n: moved(a) for n, a in problem.inputs.items()})
