"""The rungs, in order: which there are, which are proofs, and a candidate run through them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from codegen.module import Source
from codegen.verify import (
    rung1_adjoint,
    rung2_derivation,
    rung3_execution,
    rung4_digits,
    rung5_autodiff,
    rung6_numeric,
    rung7_shapes,
    rung8_nonfinite,
    rung9_isolation,
    rung10_determinism,
    rung11_mutants,
    rung12_provenance,
)
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.result import MutantReport, RungResult

Progress = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung: its check, or why it has none here; an op is verified once every proof has passed."""

    number: int
    name: str
    check: Callable[[Candidate, Cases], RungResult] | None = None
    proof: bool = False
    why_not: str = ""


RUNGS = (
    Rung(1, "adjoint identity, all sizes", rung1_adjoint.check, proof=True),
    Rung(2, "derivation", rung2_derivation.check, proof=True),
    Rung(3, "execution of the text", rung3_execution.check, proof=True),
    Rung(4, "last digits", rung4_digits.check),
    Rung(5, "autodiff", rung5_autodiff.check),
    Rung(6, "numeric derivative", rung6_numeric.check),
    Rung(7, "shapes and strides", rung7_shapes.check),
    Rung(8, "not finite, saturated", rung8_nonfinite.check),
    Rung(9, "isolation", rung9_isolation.check),
    Rung(10, "determinism", rung10_determinism.check),
    Rung(11, "mutants of the text"),
    Rung(12, "provenance", rung12_provenance.check),
)
EXACT = (2, 3)  # no machine code runs where these have failed
TEXT = 3  # nor before this one has run the text at some sizes


def climb(
    source: Source, progress: Progress = lambda name: None
) -> tuple[tuple[RungResult, ...], MutantReport | None]:
    """The result of every rung; it ends where running the machine code would not be safe."""
    return run(Candidate(source), Cases(source.plan.derivation), progress)


@np.errstate(all="ignore")  # wrong texts may overflow: numbers are compared, not warned about
def run(
    candidate: Candidate,
    cases: Cases,
    progress: Progress = lambda name: None,
    without: Collection[int] = (),
) -> tuple[tuple[RungResult, ...], MutantReport | None]:
    """The same for a candidate with its problems; rungs in `without` are left out, and are in no result."""
    results: list[RungResult] = []
    report = None
    for rung in (r for r in RUNGS if r.number not in without):
        if rung.check is not None or rung.number == 11:
            progress(rung.name)
        if rung.number == 11:
            result, report = rung11_mutants.climb(candidate, cases)
        else:
            result = rung.check(candidate, cases) if rung.check else _absent(rung)
        results.append(result)
        if _unsafe(result):
            break
    return tuple(results), report


def _unsafe(result: RungResult) -> bool:
    """Whether machine code may not be run after what an exact rung says."""
    never_run = result.rung == TEXT and not result.points
    return never_run or (result.verdict == "failed" and result.rung in EXACT)


def _absent(rung: Rung) -> RungResult:
    return RungResult(rung.number, rung.name, "", "", 0, "not run", rung.why_not)
