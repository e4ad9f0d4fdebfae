"""Rung 11: mutants of the published text, each with one small mistake; none may go unnoticed.

Each mutant is run as plain Python by rung 3's exact comparison, whose oracle values are computed once.
What survives there is either shown to be equivalent, by a row of equivalence.py, or meets what is
stronger: rung 3 with the lowest numbers and with residuals that no forward pass saves, rung 6's numeric
derivative, rung 8's zeros, ties, infinities and NaN. What survives all of it is named. The bar is on the
share killed of those that are not shown equivalent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate, Runner, runner
from codegen.verify.extreme_answers import Reference
from codegen.verify.extreme_differences import Asked
from codegen.verify.extremes import all_lowest, base_problem
from codegen.verify.face import Face
from codegen.verify.load import load_plain
from codegen.verify.mutation.equivalence import reason
from codegen.verify.mutation.mutate import Mutant, mutants
from codegen.verify.problems import ExactProblem, Problem
from codegen.verify.result import Killed, MutantReport, OperatorCount, RungResult, Survivor, Verdict
from codegen.verify.rung3_execution import alone, comparison, guarded
from codegen.verify.rung6_numeric import at_smooth_point, compare
from codegen.verify.rung8_nonfinite import noticed, questions
from codegen.verify.sabotage import with_mutant
from codegen.verify.strange import Strange

ORACLE = "rung 3's exact comparison, then rung 6's and rung 8's in plain Python"
MOST = 60  # mutants of one kernel
BAR = 0.97  # the share that must be killed of those not shown equivalent
NAMED = 5  # of the survivors, where too many are left


def report(candidate: Candidate, cases: Cases, most: int | None = MOST) -> MutantReport:
    """At most so many mutants of each kernel (None: all): which rung kills each, and which survive."""
    made = [m for k in candidate.kernels.values() for m in mutants(k, most)]
    judge = Judge(candidate, cases)
    fates = [judge.fate(m) for m in made]
    unnoticed = [f.named for f in fates if not f.rung]
    return MutantReport(
        len(made),
        sum(f.rung > 0 for f in fates),
        tuple(n for n in unnoticed if not n.reason),
        tuple(n for n in unnoticed if n.reason),
        tuple(sorted(Counter(f.rung for f in fates if f.rung).items())),
        tuple(_by_operator(fates)),
    )


@dataclass(frozen=True, slots=True)
class Fate:
    """A mutant and the rung that killed it, 0 where none did."""

    named: Survivor
    rung: int


def _by_operator(fates: list[Fate]) -> Iterator[OperatorCount]:
    for name in dict.fromkeys(f.named.operator for f in fates):
        of = [f for f in fates if f.named.operator == name]
        killed, equivalent = sum(f.rung > 0 for f in of), sum(bool(f.named.reason) for f in of)
        yield OperatorCount(name, len(of), killed, equivalent)


def climb(candidate: Candidate, cases: Cases) -> tuple[RungResult, MutantReport]:
    """Candidate -> whether enough of its mutants are killed, and the report.

    Too few are no fault of the text, but of what was asked of it: the rung is then not shown, never failed.
    """
    found = report(candidate, cases)
    faults = found.made - len(found.equivalent)
    passed = found.killed >= BAR * faults and faults > 0
    verdict: Verdict = "passed" if passed else "not shown"
    detail = "" if passed else _survived(found, faults)
    bar = f"{BAR:.0%} killed of those not shown equivalent, survivors named"
    count = Killed(found.killed, faults)
    return RungResult(11, "mutants of the text", ORACLE, bar, found.made, verdict, detail, count), found


def _survived(found: MutantReport, faults: int) -> str:
    """Who came through, the first by name."""
    if not found.survivors:
        return "no mutant could be made"
    named = "; ".join(map(str, found.survivors[:NAMED]))
    more = len(found.survivors) - NAMED
    return f"{len(found.survivors)} of {faults} came through: {named}" + (
        f" and {more} more" if more > 0 else ""
    )


class Judge:
    """Which rung kills a mutant of one candidate; questions that few mutants need are asked when needed."""

    def __init__(self, candidate: Candidate, cases: Cases) -> None:
        self.candidate, self.cases = candidate, cases

    def fate(self, mutant: Mutant) -> Fate:
        """What no row of equivalence explains is shown to ever stronger rungs."""
        named = Survivor(mutant.kernel, mutant.operator, mutant.line, mutant.was, mutant.now)
        if self.exactly(mutant):
            return Fate(named, 3)
        why = reason(self.candidate.plan, mutant)
        if why:
            return Fate(replace(named, reason=why), 0)
        stages = ((3, self.astray), (6, self.in_floats), (8, self.at_the_edges))
        return Fate(named, next((rung for rung, notices in stages if notices(mutant)), 0))

    def _runner(self, mutant: Mutant) -> Runner:
        module = load_plain(self.candidate.source.name, mutant.text)
        return runner(self.candidate.source, module, mutant.kernel)

    def exactly(self, mutant: Mutant) -> bool:
        """Whether some exact problem shows it."""
        kernel = self._runner(mutant)
        if any(guarded(comparison(kernel, problem, self.cases)) for problem in self.cases.exact):
            return True
        asked = self.cases.typical if mutant.kernel == "_backward" else ()
        return any(guarded(check) for p in asked for _, check in alone(kernel, p, self.cases))

    def astray(self, mutant: Mutant) -> bool:
        """Whether a strange exact problem shows it."""
        kernel = self._runner(mutant)
        problems = self._strange[mutant.kernel]
        return any(guarded(comparison(kernel, problem, self.cases)) for problem in problems)

    @cached_property
    def _strange(self) -> dict[str, list[ExactProblem]]:
        """Lowest numbers, and residuals that no forward pass would have saved; where the text is right."""
        strange = Strange(self.cases)
        drawn = {"_forward": strange.lowest, "_backward": (*strange.stray, *strange.loose)}
        return {name: [p for p in ps if not self._published(name, p)] for name, ps in drawn.items()}

    def _published(self, name: str, problem: ExactProblem) -> str:
        kernel = runner(self.candidate.source, self.candidate.plain, name)
        return guarded(comparison(kernel, problem, self.cases))

    @np.errstate(all="ignore")  # a mutant may overflow: that it does is how it is killed
    def in_floats(self, mutant: Mutant) -> bool:
        """Whether its numeric derivative shows it, where that of the text itself is right."""
        problem = self._smooth
        if problem is None:
            return False
        wrong = load_plain(self.candidate.source.name, with_mutant(self.candidate.text, mutant))
        return bool(guarded(lambda: compare(Face(wrong, self.cases), problem)[0]))

    @cached_property
    def _smooth(self) -> Problem | None:
        """A small problem away from kinks and ties; None where the text itself is not right there."""
        if not self.cases.floats:
            return None
        face = Face(self.candidate.plain, self.cases)
        fault, _, problem = at_smooth_point(face, self.cases.smallest_float)
        return None if fault else problem

    def at_the_edges(self, mutant: Mutant) -> bool:
        """Whether zeros, ties, infinities or NaN show it."""
        text = with_mutant(self.candidate.text, mutant)
        return bool(noticed(text, self.candidate, self.cases, self._edges))

    @cached_property
    def _edges(self) -> tuple[Asked, ...]:
        """Rung 8's problems but those of saturation, and lowest numbers, where the text itself is right."""
        base = base_problem(self.cases)
        if base is None:
            return ()
        lowest = (Asked(e, Reference(self.cases, e, np.float64)) for e in all_lowest(base))
        asked = (*questions(self.cases, base, np.float64), *lowest)
        plain = [q for q in asked if not q.extreme.saturated]
        text = self.candidate.text
        return tuple(q for q in plain if not noticed(text, self.candidate, self.cases, (q,)))
