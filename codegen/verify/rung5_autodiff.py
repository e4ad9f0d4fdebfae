"""Rung 5: automatic differentiation of the spec's own equations, by JAX in float64.

JAX differentiates the plain forward system, evaluated on dense masked grids: neither the project's
adjoints, nor its stable forms, nor its lowering take part. The compiled op, called as a user calls it,
must agree relative to the largest entry of each output and each gradient. In float32 the same op is held
to an a-priori bound: units in the last place by the number of terms of the longest sum. A problem at which
that does not hold may be one where nearly everything cancels, as a normalisation over two numbers: there
no entry may differ by more than the running errors of both (roundings.py), and the certificate says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from codegen.verify.cases import DEEP, Cases
from codegen.verify.execution import FAULTS, Array, Candidate
from codegen.verify.face import Face, as_single
from codegen.verify.grids import load_jax
from codegen.verify.jax_oracle import jax_function
from codegen.verify.planted import shown
from codegen.verify.problems import Problem
from codegen.verify.result import RungResult
from codegen.verify.roundings import DOUBLE, GRADIENT, Allowance
from codegen.verify.shapes import Shape, plain
from derive.algebra.system import System

ORACLE = "JAX's own reverse mode on the forward equations, float64"
SHALLOW, DEEPER = 1e-11, 1e-9
SINGLE = 2.0**-24
COMPILATION = {  # it runs once
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}
TINY = 1e-12  # entries that may be rounding of 0: excused at one problem, certified at another
BAR = (
    f"{SHALLOW:g} of the largest entry, {DEEPER:g} from {DEEP} steps on; float32: "
    "16 (n + 16) 2^-24 of it, n the terms of the longest sum times the steps; or the running errors of both"
)
WITHOUT_JAX = "JAX is not installed: pip install 'gradsmith[jax]'"


@dataclass(frozen=True, slots=True)
class Answer:
    """JAX's outputs and gradients for a problem, by name."""

    outputs: Mapping[str, Array]
    gradients: Mapping[str, Array]
    vanishing: frozenset[str] = frozenset()  # what is 0 here and not at another problem


Oracle = Callable[[Problem], Answer]


def check(candidate: Candidate, cases: Cases) -> RungResult:
    """Candidate -> the verdict of comparing its machine code with JAX."""
    rung = RungResult(5, "autodiff", ORACLE, BAR, 0, "failed")
    try:
        load_jax()
    except ImportError:
        return replace(rung, verdict="not run", detail=WITHOUT_JAX)
    if not cases.floats:
        return replace(rung, verdict="not shown", detail="no finite problem was found")
    rung = replace(rung, points=2 * len(cases.floats))
    face = Face(candidate.fast, cases)
    oracles = [oracle(cases, problem) for problem in cases.floats]
    answers = _marked([ask(as_single(p)) for ask, p in zip(oracles, cases.floats, strict=True)])
    allowed: dict[str, Allowance] = {}
    for problem, answer in zip(cases.floats, answers, strict=True):
        fault = _compare_both(face, problem, answer)
        if fault:
            allowed[str(problem)] = Allowance(cases, _doubled(problem))
            fault = _compare_both(face, problem, answer, allowed[str(problem)])
        if fault:
            return replace(rung, detail=f"at {problem}: {fault}")
    unseen = _only_rounding(answers)
    if unseen:
        said = f"{unseen} is nothing but rounding at every problem"
        return replace(rung, verdict="not shown", detail=said)
    cancels = "; ".join(f"nearly everything cancels at {p}" for p in cases.floats if str(p) in allowed)
    ask = next(o for o, p in zip(oracles, cases.floats, strict=True) if p is cases.smallest_float)
    return _with_faults_shown(
        replace(rung, detail=cancels), candidate, cases, ask, allowed.get(str(cases.smallest_float))
    )


def _with_faults_shown(
    rung: RungResult, candidate: Candidate, cases: Cases, ask: Oracle, allowed: Allowance | None
) -> RungResult:
    problem = cases.smallest_float
    answer = ask(problem)
    agreement = Agreement(tolerance(cases.forward, problem.shape), DOUBLE, allowed)
    killed, blind = shown(
        candidate, cases, problem, lambda face: difference(face, problem, answer, agreement)
    )
    if blind:
        return replace(rung, verdict="not shown", detail=f"blind to {blind}", mutants=killed)
    return replace(rung, verdict="passed", mutants=killed)


def _marked(answers: list[Answer]) -> list[Answer]:
    """The answers with the names of what is 0 in one of them and not in another."""
    tops = [{n: np.abs(v).max(initial=0.0) for n, v in {**a.outputs, **a.gradients}.items()} for a in answers]
    moving = frozenset(n for top in tops for n, most in top.items() if most > TINY)
    zero = [frozenset(n for n, most in top.items() if most == 0) for top in tops]
    return [replace(a, vanishing=moving & names) for a, names in zip(answers, zero, strict=True)]


def _only_rounding(answers: list[Answer]) -> str:
    """The name of an array that is never 0 exactly and never more than a rounding of 0."""
    for name in (*answers[0].outputs, *answers[0].gradients):
        tops = [np.abs({**a.outputs, **a.gradients}[name]).max(initial=0.0) for a in answers]
        if max(tops) <= TINY and any(tops):
            return name
    return ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How near is near enough: a bar relative to the largest entry, or what roundings of a size explain."""

    bar: float
    unit: float = DOUBLE
    allowed: Allowance | None = None

    def holds(self, name: str, found: Array, wanted: Array, vanishing: bool) -> bool:
        if close(found, wanted, self.bar, vanishing):
            return True
        return self.allowed is not None and self.allowed.explains(name, found, wanted, self.unit)


def _compare_both(face: Face, problem: Problem, answer: Answer, allowed: Allowance | None = None) -> str:
    """Nothing where float64 and float32 agree with JAX on one problem."""
    single, system = as_single(problem), face.cases.forward
    coarse = 16 * (longest_sum(system, face.cases.backward, problem.shape) + 16) * SINGLE
    fine = Agreement(tolerance(system, problem.shape), DOUBLE, allowed)
    try:
        fault = difference(face, _doubled(problem), answer, fine)
        return fault or difference(face, single, answer, Agreement(coarse, SINGLE, allowed))
    except FAULTS as error:
        return f"{type(error).__name__}: {error}"


def _doubled(problem: Problem) -> Problem:
    """The problem with numbers that float32 has, in float64."""
    single = as_single(problem)
    inputs = {n: _widened(a) for n, a in single.inputs.items()}
    return replace(single, inputs=inputs, cotangents={n: _widened(a) for n, a in single.cotangents.items()})


def _widened(array: Array) -> Array:
    return array.astype(np.float64) if array.dtype == np.float32 else array


def tolerance(system: System, shape: Shape) -> float:
    """The bar in float64: looser for a recurrence over many steps."""
    return DEEPER if steps(system, shape) >= DEEP else SHALLOW


def steps(system: System, shape: Shape) -> int:
    """How many steps a recurrence runs over."""
    return max((shape.sizes[s.name] for s in system.sizes if s.sequence), default=1)


def longest_sum(forward: System, backward: System, shape: Shape) -> int:
    """The number of terms of the longest sum, times the steps of a recurrence."""
    symbols = shape.symbols
    longest = 1
    for equation in (*forward.equations, *backward.equations):
        for term in equation.terms:
            inside = [b for b in term.binders if (b.lo.names() | b.hi.names()) <= symbols.keys()]
            longest = max(longest, prod(plain(b.hi - b.lo, symbols) for b in inside))
    return longest * steps(forward, shape)


def oracle(cases: Cases, problem: Problem) -> Oracle:
    """JAX's outputs and gradients for problems of this shape with these integers.

    Nothing of the project's calculus takes part.
    """
    jax = load_jax()
    system, shape = cases.forward, problem.shape
    function = jax_function(system)

    def outputs(values: Mapping[str, Any], reals: Mapping[str, Any]) -> dict[str, Any]:
        made = function({**problem.inputs, **values}, shape.sizes, shape.integers, reals)
        return {n: made[n] for n in cases.names}

    def both(values: Mapping[str, Any], given: Mapping[str, Any], reals: Mapping[str, Any]) -> Any:
        made, pullback = jax.vjp(lambda v: outputs(v, reals), values)
        return made, pullback(given)[0]

    compiled = jax.jit(both, compiler_options=COMPILATION)

    def ask(asked: Problem) -> Answer:
        floating = {n: jax.numpy.asarray(asked.inputs[n], dtype=float) for n in system.floating_inputs()}
        given = {n: jax.numpy.asarray(asked.cotangents[n], dtype=float) for n in cases.names}
        made, gradients = (
            {n: np.asarray(a) for n, a in named.items()}
            for named in compiled(floating, given, dict(asked.reals))
        )
        return Answer(made, gradients)

    return ask


def difference(face: Face, problem: Problem, answer: Answer, agreement: Agreement) -> str:
    """Nothing where a module agrees with the answer, else the first name that does not."""
    made = face.run(problem)
    for name, wanted in answer.outputs.items():
        if not agreement.holds(name, made.outputs[name], wanted, name in answer.vanishing):
            return f"{name} differs"
    for name, wanted in answer.gradients.items():
        about = f"{GRADIENT} {name}"
        if not agreement.holds(about, made.gradients[name], wanted, name in answer.vanishing):
            return f"{about} differs"
    return ""


def close(found: Array, wanted: Array, bar: float, vanishing: bool = False) -> bool:
    """Within the bar of the largest entry; what is not finite must be equal, and so must 0 be.

    What is 0 by cancelling, and only at this problem (a softmax of one class), may be a rounding of 0.
    """
    if found.shape != wanted.shape:
        return False
    found = found.astype(np.float64)
    finite = np.isfinite(wanted)
    if not np.array_equal(found[~finite], wanted[~finite], equal_nan=True):
        return False
    largest = np.abs(wanted[finite]).max(initial=0.0)
    largest = 1.0 if largest <= TINY and (largest > 0 or vanishing) else largest
    return bool((np.abs(found[finite] - wanted[finite]) <= bar * largest).all())
