"""Rung 7: sizes 0 and 1, strides that do not divide, and arrays that lie in memory in any way.

Fixed cases first: every layout of `layouts.py` for all arrays at once, all sizes 1, each size 0, 1 and 5,
integer parameters below their least, wrong ranks, extents, dtypes and labels of each array. Then Hypothesis
draws sizes from 0 to 5, integer parameters and a layout for every array, from a fixed seed and without a
database. What the spec allows must give, bit for bit, what contiguous arrays give, in float64 and in
float32, and, at small problems and with garbage in every buffer, what the slow oracle gives. What the spec
does not allow, labels outside of their range too, must be refused with the runtime's typed error. Hypothesis
shrinks what fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from random import Random
from types import ModuleType
from typing import Any

import numpy as np

from codegen.runtime import OpError
from codegen.verify.cases import SEED, Cases
from codegen.verify.execution import FAULTS, Array, Candidate
from codegen.verify.face import Face, as_single
from codegen.verify.labels import can_be_labelled
from codegen.verify.layouts import LAYOUTS
from codegen.verify.load import load_plain
from codegen.verify.problems import Problem
from codegen.verify.result import Killed, RungResult
from codegen.verify.roundings import GRADIENT, Allowance
from codegen.verify.rung5_autodiff import SHALLOW, close
from codegen.verify.rung9_isolation import full_of, run_kernels, unlike
from codegen.verify.shape_cases import (
    LARGEST,
    SPREAD,
    ShapeCase,
    arranged,
    array_names,
    fixed_cases,
    free_sizes,
    problem_of,
    shape_of,
    wrong_calls,
)
from codegen.verify.shape_faults import shape_faults
from codegen.verify.shapes import Shape, Work
from codegen.verify.slow_oracle import answer
from derive.oracle.numbers import Floats

ORACLE = "the same numbers in contiguous arrays; at small sizes the slow oracle"
FIXED_BUDGET = 1500  # points of index space up to which the slow oracle is asked at the fixed cases
DRAWN_BUDGET = 300  # and at those that Hypothesis draws
BAR = (
    f"bit-equal; the oracle within {SHALLOW:g} of the largest entry or both running errors; a typed error "
    "for what is not allowed"
)
Named = Mapping[str, Array]
WITHOUT_HYPOTHESIS = "Hypothesis is not installed: pip install hypothesis"


def check(candidate: Candidate, cases: Cases) -> RungResult:
    """Candidate -> the verdict on its machine code at the edges of shapes and strides."""
    rung = RungResult(7, "shapes and strides", ORACLE, BAR, 0, "failed")
    try:
        import hypothesis  # noqa: F401
    except ImportError:
        return replace(rung, verdict="not run", detail=WITHOUT_HYPOTHESIS)
    typical = _typical(cases)
    if typical is None:
        return replace(rung, verdict="not shown", detail="no shape was found")
    fixed = fixed_cases(cases, typical)
    noticer = Noticer(candidate, candidate.fast, cases)
    wrong = list(wrong_calls(problem_of(fixed[0], typical, cases), cases))
    rung = replace(rung, points=len(fixed) + len(wrong) + cases.examples)
    fault = noticer.first(fixed, typical) or searched(noticer.drawn, cases)
    if fault:
        return replace(rung, detail=fault)
    return _with_faults_shown(rung, noticer, typical)


def _typical(cases: Cases) -> Shape | None:
    """The shape at which layouts are compared: awkward where it can be, and cheap in plain Python."""
    awkward = [s for s in cases.shapes if s.label.startswith("awkward")]
    return next(iter([*awkward, *cases.shapes[::-1]]), None)


def _with_faults_shown(rung: RungResult, right: Noticer, typical: Shape) -> RungResult:
    candidate, cases = right.candidate, right.cases
    fixed = fixed_cases(cases, typical)
    faults = shape_faults(candidate, asked(fixed, cases))
    missed = []
    for fault in faults:
        module = load_plain(candidate.source.name, fault.text)
        if not Noticer(candidate, module, cases, right).first(fixed, typical):
            missed.append(fault)
    count = Killed(len(faults) - len(missed), len(faults))
    blind = [f.about for f in missed if f.certain]
    if blind:
        return replace(rung, verdict="not shown", detail=f"blind to {blind[0]}", mutants=count)
    return replace(rung, verdict="passed", mutants=count)


def asked(fixed: tuple[ShapeCase, ...], cases: Cases) -> list[Shape]:
    """The shapes of the fixed cases at which the slow oracle is asked."""
    shapes = [shape for shape, allowed in (shape_of(c, cases.forward) for c in fixed) if allowed]
    work, d = Work.of(cases.forward), cases.derivation
    return [s for s in shapes if can_be_labelled(d, s) and work.points(s.symbols) <= FIXED_BUDGET]


class Noticer:
    """What is wrong with one loaded module, case by case.

    `known` holds what the slow oracle said by shape, which its numbers follow from: it is asked once.
    `allowed` has the shapes at which the right text needed more than the bar: others get it there as well.
    """

    def __init__(
        self, candidate: Candidate, module: ModuleType, cases: Cases, right: Noticer | None = None
    ) -> None:
        self.candidate, self.module, self.cases = candidate, module, cases
        self.known: dict[str, Named] = {} if right is None else right.known
        self.allowed: dict[str, Allowance] = {} if right is None else right.allowed
        self.asks = right is None
        self.work = Work.of(cases.forward)
        self.face = Face(module, cases)

    @np.errstate(all="ignore")
    def first(self, fixed: tuple[ShapeCase, ...], typical: Shape) -> str:
        """The first fault at the fixed cases and wrong calls."""
        problem = problem_of(fixed[0], typical, self.cases)
        found = (f"at {case}: {fault}" for case in fixed if (fault := self.at(case)))
        calls = wrong_calls(problem, self.cases)
        taken = (f"{about}: not refused as it must be" for about, p in calls if not self._refused(p))
        return next(found, "") or next(taken, "")

    def drawn(self, case: ShapeCase) -> str:
        """The same for a case that Hypothesis draws."""
        return self.at(case, DRAWN_BUDGET)

    def at(self, case: ShapeCase, budget: int = FIXED_BUDGET) -> str:
        """Nothing, or what is wrong at a case."""
        shape, allowed = shape_of(case, self.cases.forward)
        if not allowed or not can_be_labelled(self.cases.derivation, shape):
            return "" if self._refused(problem_of(case, shape, self.cases)) else "not refused as it must be"
        problem = problem_of(case, shape, self.cases)
        try:
            return next(filter(None, self._faults(case, problem, budget)), "")
        except FAULTS as fault:
            return f"{type(fault).__name__}: {fault}"

    def _faults(self, case: ShapeCase, problem: Problem, budget: int) -> Iterator[str]:
        for about, contiguous in (("float64", problem), ("float32", as_single(problem))):
            plain, moved = self.face.run(contiguous), self.face.run(arranged(contiguous, case.layouts))
            yield unlike(moved.outputs, plain.outputs, f"{about} outputs")
            yield unlike(moved.gradients, plain.gradients, f"{about} gradients")
        if self.work.points(problem.shape.symbols) <= budget:
            yield self._unlike_oracle(problem)

    @np.errstate(all="ignore")
    def _unlike_oracle(self, problem: Problem) -> str:
        """Whether the kernels, with garbage in their buffers, differ from the slow oracle."""
        made = run_kernels(self.candidate, self.module, self.cases, problem, full_of(np.nan))
        wrong = [n for n, a in self._wanted(problem).items() if not close(made[n], a, SHALLOW)]
        wrong = [n for n in wrong if not self._is_rounding(n, made[n], problem)]
        return f"{wrong[0]} differs from the oracle" if wrong else ""

    def _is_rounding(self, name: str, found: Array, problem: Problem) -> bool:
        """Whether the running errors of both explain it: in one dimension a cosine cancels altogether."""
        shape = str(problem.shape)
        if self.asks and shape not in self.allowed:
            self.allowed[shape] = Allowance(self.cases, problem)
        named = zip(self.cases.backward.outputs, self.cases.forward.floating_inputs(), strict=True)
        about = {g: f"{GRADIENT} {n}" for g, n in named}.get(name, name)
        return shape in self.allowed and self.allowed[shape].explains(
            about, found, self._wanted(problem)[name]
        )

    def _wanted(self, problem: Problem) -> Named:
        shape, d = str(problem.shape), self.cases.derivation
        if shape not in self.known:
            systems = (d.stable_forward, d.stable_backward)
            self.known[shape] = answer(self.cases, problem, systems, Floats())
        return self.known[shape]

    def _refused(self, problem: Problem) -> bool:
        """Whether a call ends in the runtime's typed error."""
        try:
            self.face.run(problem)
        except OpError:
            return True
        except FAULTS:
            return False
        return False


def searched(fault_at: Callable[[ShapeCase], str], cases: Cases) -> str:
    """The smallest case at which Hypothesis finds a fault, and the fault; nothing if it finds none."""
    from hypothesis import errors, find, settings

    quiet = settings(max_examples=cases.examples, database=None, deadline=None)
    try:
        case = find(strategy(cases), lambda c: bool(fault_at(c)), settings=quiet, random=Random(SEED))
    except errors.NoSuchExample:
        return ""
    return f"at {case}: {fault_at(case)}"


def strategy(cases: Cases) -> Any:
    """Sizes from 0 to 5, integer parameters from their least, and a layout for every array."""
    from hypothesis import strategies as st

    system = cases.forward
    sizes = st.fixed_dictionaries({n: st.integers(0, LARGEST) for n in free_sizes(system)})
    integers = st.fixed_dictionaries(
        {p.name: st.integers(p.least, p.least + SPREAD) for p in system.integers}
    )
    layouts = st.fixed_dictionaries({n: st.sampled_from(list(LAYOUTS)) for n in array_names(cases)})
    return st.builds(ShapeCase, sizes, integers, layouts)
