"""Rung 9: what goes in stays as it is, what comes out is the caller's own.

The compiled op: input and cotangent bytes unchanged by forward, vjp and pullback; outputs and gradients
share no memory with inputs, cotangents, each other, or what an earlier call gave; read-only and
Fortran-ordered inputs give the same bits; so does a pullback called twice; garbage in the buffers
(NaN, or large numbers) changes no bit.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np

from codegen.verify.cases import Cases
from codegen.verify.execution import FAULTS, Array, Candidate, Runner, runner
from codegen.verify.face import Face, arrays
from codegen.verify.load import load_plain
from codegen.verify.problems import Problem
from codegen.verify.result import Killed, RungResult
from codegen.verify.sabotage import isolation_faults

ORACLE = "the bytes and the memory of arrays"
BAR = "exact"

Named = Mapping[str, Array]


def check(candidate: Candidate, cases: Cases) -> RungResult:
    """Candidate -> the verdict on what its calls touch."""
    rung = RungResult(9, "isolation", ORACLE, BAR, len(cases.floats), "failed")
    for problem in cases.floats:
        fault = noticed(candidate, candidate.fast, cases, problem)
        if fault:
            return replace(rung, detail=f"at {problem}: {fault}")
    if not cases.floats:
        return replace(rung, verdict="not shown", detail="no finite problem was found")
    return _with_faults_shown(rung, candidate, cases)


def _with_faults_shown(rung: RungResult, candidate: Candidate, cases: Cases) -> RungResult:
    problem = cases.smallest_float
    faults = isolation_faults(candidate.text, candidate.plan)
    missed = [
        about
        for about, text in faults
        if not noticed(candidate, load_plain(candidate.source.name, text), cases, problem)
    ]
    count = Killed(len(faults) - len(missed), len(faults))
    if missed:
        return replace(rung, verdict="not shown", detail=f"blind to {missed[0]}", mutants=count)
    return replace(rung, verdict="passed", mutants=count)


def noticed(candidate: Candidate, module: ModuleType, cases: Cases, problem: Problem) -> str:
    """Nothing, or what a module does at a problem that it may not do."""
    problem = _copied(problem)  # a faulty module may write to it
    try:
        face = Face(module, cases)
        return next(filter(None, _findings(face, problem)), "") or _garbage(candidate, module, cases, problem)
    except FAULTS as fault:
        return f"{type(fault).__name__}: {fault}"


def _findings(face: Face, problem: Problem) -> Iterator[str]:
    given = {**problem.inputs, **{f"the cotangent of {n}": a for n, a in problem.cotangents.items()}}
    before = {n: a.tobytes() for n, a in given.items()}
    first = face.outputs(problem)
    yield changed(given, before, "a call of forward")
    kept = {n: a.tobytes() for n, a in first.items()}
    named, pullback = face.vjp(problem)
    outputs = arrays(named)
    yield changed(given, before, "a call of vjp")
    gradients = arrays(pullback(**problem.cotangents))
    yield changed(given, before, "a call of the pullback")
    again = arrays(pullback(**problem.cotangents))
    face.vjp(_moved(problem))[1](**problem.cotangents)
    later = arrays(pullback(**problem.cotangents))
    owned = {f"{n} of forward": a for n, a in first.items()} | {f"{n} of vjp": a for n, a in outputs.items()}
    owned |= {f"the gradient of {n}": a for n, a in gradients.items()}
    owned |= {f"the second gradient of {n}": a for n, a in again.items()}
    yield shared(owned, given)
    yield changed(first, kept, "a later call")
    yield unlike(outputs, first, "vjp's outputs and forward's")
    yield unlike(gradients, again, "a second call of the pullback")
    yield unlike(later, gradients, "gradients after a call with other inputs")
    for about, other in _other_layouts(problem):
        named, pullback = face.vjp(other)
        yield unlike(arrays(named), outputs, f"outputs for {about} inputs")
        yield unlike(arrays(pullback(**other.cotangents)), gradients, f"gradients for {about} inputs")
    for name in face.cases.forward.floating_inputs():
        pruned = arrays(face.vjp(problem, wrt=(name,))[1](**problem.cotangents))
        yield unlike(pruned, {name: gradients[name]}, f"gradients with wrt=({name!r},)")
    yield unlike(outputs, first, "outputs after all calls")


def _copied(problem: Problem) -> Problem:
    inputs, cotangents = ({n: a.copy() for n, a in g.items()} for g in (problem.inputs, problem.cotangents))
    return replace(problem, inputs=inputs, cotangents=cotangents)


def _moved(problem: Problem) -> Problem:
    """The same shape with other numbers, elsewhere too: a hinge may be open at the same places for both."""
    inputs = {n: a if a.dtype == np.int64 else np.roll(a, 1) * 0.875 for n, a in problem.inputs.items()}
    return replace(problem, inputs=inputs)


def _other_layouts(problem: Problem) -> Iterator[tuple[str, Problem]]:
    def frozen(array: Array) -> Array:
        copy = array.copy()
        copy.flags.writeable = False
        return copy

    def fortran(array: Array) -> Array:
        return np.array(array, order="F")

    for about, change in (("read-only", frozen), ("Fortran-ordered", fortran)):
        inputs = {n: change(a) for n, a in problem.inputs.items()}
        cotangents = {n: change(a) for n, a in problem.cotangents.items()}
        yield about, replace(problem, inputs=inputs, cotangents=cotangents)


def changed(given: Named, before: Mapping[str, bytes], by: str) -> str:
    """The first array whose bytes are not what they were."""
    return next((f"{n} is changed by {by}" for n, a in given.items() if a.tobytes() != before[n]), "")


def unlike(found: Named, wanted: Named, about: str) -> str:
    """Whether two sets of arrays differ in any bit."""
    if found.keys() != wanted.keys():
        return f"{about} have other names"
    same = (found[n].shape == a.shape and found[n].tobytes() == a.tobytes() for n, a in wanted.items())
    return "" if all(same) else f"{about} differ"


def shared(owned: Named, given: Named) -> str:
    """The first pair of arrays that share memory, of which the caller owns one."""
    pairs = [*itertools.combinations(owned.items(), 2), *itertools.product(owned.items(), given.items())]
    return next((f"{m} and {n} share memory" for (m, a), (n, b) in pairs if np.shares_memory(a, b)), "")


# buffers full of garbage --------------------------------------------------------------------------------
def _garbage(candidate: Candidate, module: ModuleType, cases: Cases, problem: Problem) -> str:
    fillings = [full_of(value) for value in (np.nan, 1e300, 0.0)]
    runs = [run_kernels(candidate, module, cases, problem, room) for room in fillings]
    faults = (unlike(run, runs[0], "results with other garbage in the buffers") for run in runs[1:])
    return next(filter(None, faults), "")


def full_of(value: float) -> Callable[[tuple[int, ...], bool], Array]:
    """Makes arrays that hold this number, or an integer, before a kernel writes to them."""

    def make(extents: tuple[int, ...], integer: bool) -> Array:
        return np.full(extents, 7 if integer else value, np.int64 if integer else np.float64)

    return make


def run_kernels(candidate: Candidate, module: ModuleType, cases: Cases, problem: Problem, room: Any) -> Named:
    """Everything that both kernels write for their caller, in such buffers; ValueError if inputs change."""
    forward, backward = (runner(candidate.source, module, name) for name in ("_forward", "_backward"))
    reals = {n: np.float64(v) for n, v in problem.reals.items()}
    values = _untouched(forward, dict(problem.inputs), reals, problem, room)
    cotangents = {cases.names[n]: a for n, a in problem.cotangents.items()}
    given = {**problem.inputs, **values, **cotangents}
    return {**values, **_untouched(backward, given, reals, problem, room)}


def _untouched(kernel: Runner, given: Named, reals: Mapping[str, Any], problem: Problem, room: Any) -> Named:
    """What a kernel makes; raises ValueError if it changes what it was given, residuals included."""
    before = {n: a.tobytes() for n, a in given.items()}
    made = kernel({**given, **reals}, problem.shape, room)
    fault = changed(given, before, f"the {kernel.kernel.name} kernel")
    if fault:
        raise ValueError(fault)
    return made
