"""Rung 3: the published text itself, executed over exact numbers.

The kernels' own source, with `kernel` as identity and the runtime's plain-Python meanings, run over the
integers modulo 2**61 - 1 with uninterpreted scalar functions (compared by the representative nearest
to 0), against the slow oracle on the system that the kernels are made of. Every output, every
gradient, every saved residual; buffers full of garbage; each gradient also asked for alone. Positions
below 0 and beyond the end are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType

from codegen.module import Source
from codegen.verify.cases import Cases
from codegen.verify.execution import FAULTS, Candidate, Runner, exact_garbage, runner, same
from codegen.verify.load import load_plain
from codegen.verify.problems import ExactProblem
from codegen.verify.result import Killed, RungResult
from codegen.verify.sabotage import scaled_gradient
from codegen.verify.vocabulary import outside_vocabulary

ORACLE = "the slow oracle over GF(2^61-1), uninterpreted functions"
BAR = "equal"

Check = Callable[[], str]  # nothing where all is equal, else what differs


def check(candidate: Candidate, cases: Cases) -> RungResult:
    """Candidate -> the verdict of executing its text."""
    problems = cases.exact
    rung = RungResult(3, "execution of the text", ORACLE, BAR, len(problems), "failed")
    fault = outside_vocabulary(candidate.text)
    fault = fault or first_difference(candidate.source, candidate.plain, cases, problems)
    if fault:
        return replace(rung, detail=fault)
    if not problems:
        return replace(rung, verdict="not shown", detail="no sizes were found at which the op can be run")
    return _with_faults_shown(rung, candidate, cases)


def _with_faults_shown(rung: RungResult, candidate: Candidate, cases: Cases) -> RungResult:
    """The rung after it was shown every gradient wrong by 0.05%; one that is 0 everywhere cannot be."""
    system = cases.backward
    seen = [n for n in system.outputs if any(r.value for p in cases.exact for r in p.gradients[n].flat)]
    missed = []
    for name in seen:
        text = scaled_gradient(candidate.text, name, len(system.tensor(name).dims))
        wrong = load_plain(candidate.source.name, text)
        if not first_difference(candidate.source, wrong, cases, cases.exact):
            missed.append(name)
    count = Killed(len(seen) - len(missed), len(seen))
    if missed:
        blind = f"blind to {missed[0]} wrong by 0.05%"
        return replace(rung, verdict="not shown", detail=blind, mutants=count)
    return replace(rung, verdict="passed", mutants=count)


def first_difference(
    source: Source, module: ModuleType, cases: Cases, problems: tuple[ExactProblem, ...]
) -> str:
    """Nothing, or the first place where a loaded module differs from the oracle."""
    forward, backward = runner(source, module, "_forward"), runner(source, module, "_backward")
    for problem in problems:
        for kernel in (forward, backward):
            fault = guarded(comparison(kernel, problem, cases))
            if fault:
                return f"{kernel.kernel.name} at {problem.problem.shape}: {fault}"
    for problem in cases.typical:
        for name, compare in alone(backward, problem, cases):
            fault = guarded(compare)
            if fault:
                return f"backward for {name} alone at {problem.problem.shape}: {fault}"
    return ""


def guarded(compare: Check) -> str:
    """A text that cannot be run is a difference too."""
    try:
        return compare()
    except FAULTS as fault:
        return f"{type(fault).__name__}: {fault}"


def comparison(kernel: Runner, problem: ExactProblem, cases: Cases) -> Check:
    """The check of one kernel on one problem."""

    def compare() -> str:
        if kernel.kernel.name == "forward":
            made = kernel(problem.forward_given(), problem.problem.shape, exact_garbage)
        else:
            made = kernel(problem.backward_given(cases.names), problem.problem.shape, exact_garbage)
        wanted = {**problem.values, **problem.gradients}
        faults = (f"{n} {same(a, wanted[n])}" for n, a in made.items() if same(a, wanted[n]))
        return next(faults, "")

    return compare


def alone(kernel: Runner, problem: ExactProblem, cases: Cases) -> Iterator[tuple[str, Check]]:
    """The checks of every gradient asked for alone (as among all), and of none (nothing is touched)."""
    for name in (*kernel.kernel.outputs, ""):
        yield name or "nothing", _alone(kernel, problem, cases, name)


def _alone(kernel: Runner, problem: ExactProblem, cases: Cases, name: str) -> Check:
    def compare() -> str:
        given = problem.backward_given(cases.names)
        made = kernel(given, problem.problem.shape, exact_garbage, wanted={name})
        fault = same(made[name], problem.gradients[name]) if name else ""
        return f"{name} {fault}" if fault else ""

    return compare
