"""Rung 10: the same call gives the same bits, whoever else is calling.

Machine code, float64 and float32: a second call, with its inputs at other addresses; then eight threads
that call the op at once, each with numbers of its own, against what each gets alone. No kernel may be
parallel: the layer that Numba may choose for threads aborts the process when two of them call at once, and
nothing here would keep them apart.

Plain Python: two callers that take turns, both forward passes before both backward ones, and then at
every line of the module's text: a buffer that two calls share is seen in use by both, every time. The
planted faults are seen by this and by the second call.

The cold and the warm cache, two PYTHONHASHSEEDs and one and two threads of BLAS need processes of their
own: `gradsmith verify --deep` starts them (processes.py), and the project's tests for some ops; this rung
does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from types import ModuleType

import numpy as np

from codegen.verify.cases import Cases
from codegen.verify.determinism_faults import determinism_faults
from codegen.verify.execution import FAULTS, KERNELS, Array, Candidate
from codegen.verify.extremes import base_problem
from codegen.verify.face import Face, Made, arrays, as_single
from codegen.verify.interleave import interleaved
from codegen.verify.load import load_plain
from codegen.verify.problems import Problem
from codegen.verify.result import Killed, RungResult
from codegen.verify.rung8_nonfinite import flat
from codegen.verify.rung9_isolation import unlike

ORACLE = "the same call, alone"
BAR = (
    "bit-equal: again, at other addresses, from 8 threads at once, in turn, call by call and line by line; "
    "caches, hash seeds and thread counts by the project's tests"
)
CALLERS, CALLS = 8, 8
PARALLEL = "numba_parallel_for"  # what a kernel calls that starts Numba's own threads

Named = Mapping[str, Array]


def check(candidate: Candidate, cases: Cases) -> RungResult:
    """Candidate -> the verdict on whether its results depend on anything but its arguments."""
    rung = RungResult(10, "determinism", ORACLE, BAR, 0, "failed")
    small = base_problem(cases)
    if small is None or not cases.floats:
        return replace(rung, verdict="not shown", detail="no finite problem was found")
    problems = [*cases.floats, *map(as_single, cases.floats)]
    rung = replace(rung, points=len(problems) * (1 + CALLERS) + 1)
    face = Face(candidate.fast, cases)
    for problem in problems:
        fault = guarded(face, problem)
        if fault:
            return replace(rung, detail=f"at {problem}: {fault}")
    fault = parallel(candidate.fast) or in_turn(candidate, candidate.plain, cases, small)
    if fault:
        return replace(rung, detail=fault)
    return _with_faults_shown(rung, candidate, cases, small)


def guarded(face: Face, problem: Problem) -> str:
    """What differs between calls of machine code at a problem."""
    try:
        return again(face, problem) or at_once(face, problem)
    except FAULTS as error:
        return f"{type(error).__name__}: {error}"


def _with_faults_shown(rung: RungResult, candidate: Candidate, cases: Cases, small: Problem) -> RungResult:
    faults = list(determinism_faults(candidate))
    missed = [f for f in faults if not noticed(f.text, candidate, cases, small)]
    count = Killed(len(faults) - len(missed), len(faults))
    blind = [f.about for f in missed if f.certain]
    if blind:
        return replace(rung, verdict="not shown", detail=f"blind to {blind[0]}", mutants=count)
    return replace(rung, verdict="passed", mutants=count)


@np.errstate(all="ignore")
def noticed(text: str, candidate: Candidate, cases: Cases, problem: Problem) -> str:
    """Nothing, or what is seen of a text that is run as plain Python."""
    module = load_plain(candidate.source.name, text)
    try:
        return again(Face(module, cases), problem) or in_turn(candidate, module, cases, problem)
    except FAULTS as error:
        return f"{type(error).__name__}: {error}"


def again(face: Face, problem: Problem) -> str:
    """Whether a second call, with every array one element further from a boundary, gives other bits."""
    first, second = (_alone(face, _placed(problem, offset)) for offset in (0, 1))
    return unlike(second, first, "results of a second call")


def _alone(face: Face, problem: Problem) -> dict[str, Array]:
    """Copies of the results: no later call can change them."""
    return {n: a.copy() for n, a in flat(face.run(problem)).items()}


def at_once(face: Face, problem: Problem) -> str:
    """Whether threads that call at once get other bits than each alone."""
    given = [_other(problem, k) for k in range(CALLERS)]
    alone = [_alone(face, p) for p in given]

    def caller(k: int) -> str:
        runs = (unlike(flat(face.run(given[k])), alone[k], "results") for _ in range(CALLS))
        return next(filter(None, runs), "")

    with ThreadPoolExecutor(CALLERS) as pool:
        faults = list(pool.map(caller, range(CALLERS)))
    fault = next(filter(None, faults), "")
    return f"{fault} when {CALLERS} threads call at once" if fault else ""


def parallel(module: ModuleType) -> str:
    """The first kernel that starts Numba's own threads."""
    for name in KERNELS:
        kernel = getattr(module, name)
        if kernel.targetoptions.get("parallel") or any(
            PARALLEL in text for text in kernel.inspect_llvm().values()
        ):
            return f"{name} is parallel: two callers at once may abort the process"
    return ""


def in_turn(candidate: Candidate, module: ModuleType, cases: Cases, problem: Problem) -> str:
    """Whether two callers that take turns get other bits than each alone: by calls, then by lines."""
    face = Face(module, cases)
    given = [problem, _other(problem, 1)]
    alone = [_alone(face, p) for p in given]
    forward = [face.vjp(p) for p in given]
    backward = [pullback(**p.cotangents) for (_, pullback), p in zip(forward, given, strict=True)]
    by_calls = [Made(arrays(o), arrays(g)) for (o, _), g in zip(forward, backward, strict=True)]
    by_lines = interleaved([partial(face.run, p) for p in given], f"<{candidate.source.name}>")
    for how, made in (("calls", by_calls), ("lines", by_lines)):
        for found, wanted in zip(made, alone, strict=True):
            if unlike(flat(found), wanted, "results"):
                return f"results differ when two callers take turns by {how}"
    return ""


def _placed(problem: Problem, offset: int) -> Problem:
    """The same numbers so many elements after a multiple of 64 bytes."""

    def placed(array: Array) -> Array:
        step = array.itemsize
        memory = np.empty(array.nbytes + 64 + offset * step, np.uint8)
        start = -memory.__array_interface__["data"][0] % 64 + offset * step
        found = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
        found[...] = array
        return found

    inputs = {n: placed(a) for n, a in problem.inputs.items()}
    return replace(problem, inputs=inputs, cotangents={n: placed(a) for n, a in problem.cotangents.items()})


def _other(problem: Problem, turn: int) -> Problem:
    """Other numbers at the same shape: moved round, and smaller, which keeps them in every op's domain."""

    def other(array: Array) -> Array:
        moved = np.roll(array, turn)
        return moved if array.dtype == np.int64 else (moved * (1 - turn / 16)).astype(array.dtype)

    inputs = {n: other(a) for n, a in problem.inputs.items()}
    return replace(problem, inputs=inputs, cotangents={n: other(a) for n, a in problem.cotangents.items()})
