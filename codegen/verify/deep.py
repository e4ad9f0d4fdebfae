"""What `gradsmith verify --deep` adds for one op: other numbers, every mutant, processes of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np

from codegen.module import Source
from codegen.verify import (
    processes,
    rung2_derivation,
    rung3_execution,
    rung5_autodiff,
    rung6_numeric,
    rung11_mutants,
)
from codegen.verify.cases import EXACT_BUDGET, Cases
from codegen.verify.execution import Candidate
from codegen.verify.ladder import Progress
from codegen.verify.result import VerificationError, failure
from codegen.verify.shapes import Shape, exact_shapes
from derive.derivation import Derivation

SEEDS = (1, 2)
WIDER = 3  # times the exact points of the certificate
CHECKS = (rung2_derivation.check, rung3_execution.check, rung5_autodiff.check, rung6_numeric.check)


class Reseeded(Cases):
    """Other sizes and numbers than the certificate's, and larger sizes among them."""

    def __init__(self, derivation: Derivation, number: int) -> None:
        super().__init__(derivation)
        self.seed = f"{self.seed} deep {number}"

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        return exact_shapes(self.forward, self.backward, self.seed, WIDER * EXACT_BUDGET)


@np.errstate(all="ignore")  # as in ladder.py
def other_numbers(source: Source, where: str, progress: Progress) -> str:
    """Rungs 2, 3, 5 and 6 with other seeds. Raises VerificationError."""
    candidate = Candidate(source)
    for number in SEEDS:
        cases = Reseeded(source.plan.derivation, number)
        for check in CHECKS:
            result = check(candidate, cases)
            progress(f"seed {number}: {result.name}")
            if result.verdict == "failed":
                raise VerificationError(f"{failure(source.name, result)} (seed {number} of --deep)")
    return f"{len(SEEDS)} other seeds"


@np.errstate(all="ignore")
def every_mutant(source: Source, where: str, progress: Progress) -> str:
    """Rung 11 with every mutant that can be made: how many are killed, which says nothing against the op."""
    progress("every mutant")
    found = rung11_mutants.report(Candidate(source), Cases(source.plan.derivation), None)
    faults = found.made - len(found.equivalent)
    weak = ", below the bar" if found.killed < rung11_mutants.BAR * faults else ""
    return f"{found.killed} of {faults}{weak}"


def apart(source: Source, where: str, progress: Progress) -> str:
    """Rung 10 in processes of their own. Raises VerificationError."""
    progress("processes of their own")
    fault = processes.check(source, where, Cases(source.plan.derivation))
    if fault:
        raise VerificationError(f"{source.name}: rung 10 in processes of their own: {fault}")
    return "bit-equal"


PIECES: dict[str, Callable[[Source, str, Progress], str]] = {
    "numbers": other_numbers,
    "every mutant": every_mutant,
    "processes": apart,
}
