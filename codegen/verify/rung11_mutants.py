"""Rung 11: mutants of the published text, each with one small mistake; none may go unnoticed.

Each mutant is run as plain Python by rung 3's exact comparison, whose oracle values are computed once.
What survives there is shown to rung 6's numeric derivative, in floats. What survives both is named: a
mutant may be equivalent (a guard that skips only additions of 0), and the reader can see whether it
is. The bar is on the share that is killed.
"""

from __future__ import annotations

import sys

import numpy as np

from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate, Runner, runner
from codegen.verify.face import Face
from codegen.verify.load import load_plain
from codegen.verify.mutate import Mutant, mutants
from codegen.verify.result import Killed, MutantReport, RungResult, Survivor, Verdict
from codegen.verify.rung3_execution import alone, comparison, guarded
from codegen.verify.rung6_numeric import compare
from codegen.verify.sabotage import with_mutant

ORACLE = "rung 3's exact comparison, then rung 6's in plain Python"
MOST = 60  # mutants of one kernel
BAR = 0.85  # the share that must be killed: lowering may write guards that nothing needs, and each survives


def report(candidate: Candidate, cases: Cases, most: int | None = MOST) -> MutantReport:
    """The mutants of both kernels, at most so many of each, and which of them survive."""
    made = [m for k in candidate.kernels.values() for m in mutants(k, most or sys.maxsize)]
    survivors = [m for m in made if not killed(candidate, cases, m)]
    named = tuple(Survivor(m.kernel, m.operator, m.line, m.was, m.now) for m in survivors)
    return MutantReport(len(made), len(made) - len(named), named)


def climb(candidate: Candidate, cases: Cases) -> tuple[RungResult, MutantReport]:
    """Candidate -> whether enough of its mutants are killed, and the report."""
    found = report(candidate, cases)
    passed = found.killed >= BAR * found.made and found.made > 0
    detail = "" if passed else "; ".join(map(str, found.survivors[:5])) or "no mutant could be made"
    bar = f"{BAR:.0%} killed, survivors named"
    count = Killed(found.killed, found.made)
    verdict: Verdict = "passed" if passed else "failed"
    return RungResult(11, "mutants of the text", ORACLE, bar, found.made, verdict, detail, count), found


def killed(candidate: Candidate, cases: Cases, mutant: Mutant) -> bool:
    """Whether some exact problem shows the mistake."""
    kernel = runner(candidate.source, load_plain(candidate.source.name, mutant.text), mutant.kernel)
    if any(guarded(comparison(kernel, problem, cases)) for problem in cases.exact):
        return True
    if mutant.kernel == "_backward":
        checks = [check for p in cases.typical for _, check in alone(kernel, p, cases)]
        if any(map(guarded, checks)) or _killed_astray(candidate, kernel, cases):
            return True
    return _killed_in_floats(candidate, cases, mutant)


def _killed_astray(candidate: Candidate, kernel: Runner, cases: Cases) -> bool:
    """Whether indices that no forward pass would have saved show it, where the text itself is right."""
    published = runner(candidate.source, candidate.plain, "_backward")
    return any(
        guarded(comparison(kernel, problem, cases)) and not guarded(comparison(published, problem, cases))
        for problem in cases.stray
    )


@np.errstate(all="ignore")  # a mutant may overflow: that it does is how it is killed
def _killed_in_floats(candidate: Candidate, cases: Cases, mutant: Mutant) -> bool:
    """Whether its numeric derivative shows it, where that of the text itself is right."""
    problem = cases.smallest_float
    wrong = load_plain(candidate.source.name, with_mutant(candidate.text, mutant))
    right, mutated = (Face(module, cases) for module in (candidate.plain, wrong))
    if guarded(lambda: compare(right, problem)[0]):
        return False
    return bool(guarded(lambda: compare(mutated, problem)[0]))
