"""The adjoint: its guards, its faults when one is planted, and its own adjoint."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from codegen.verify.grids import load_jax
from codegen.verify.jax_oracle import jax_gradients
from derive.adjoint import adjoint, join
from derive.algebra.expr import Read, Sum, reads, substitute, transform
from derive.algebra.index import Affine, In
from derive.algebra.system import System, Term
from derive.authoring.spec import OpSpec
from derive.ops.conv2d import conv2d
from derive.ops.dense import dense
from derive.ops.lstm import lstm
from derive.ops.softmax_cross_entropy import softmax_cross_entropy
from derive.steps import Recorder
from tests.derive.calculus import (
    Pair,
    by_jax,
    close,
    drawn,
    gradients,
    pair,
    pairing,
    setting,
    with_equation,
)
from tests.derive.calculus_specs import CASES, Case


def case_named(name: str) -> Case:
    return next(c for c in CASES if c.name == name)


def op_named(ops: tuple[OpSpec, ...], name: str) -> OpSpec:
    return next(o for o in ops if o.name == name)


def with_terms(system: System, tensor: str, terms: tuple[Term, ...]) -> System:
    return with_equation(system, replace(system.equation(tensor), terms=terms))


def is_noticed(given: Pair, case: Case, wrong: System) -> bool:
    """Whether both comparisons refuse a wrong gradient: with JAX, and of exact pairings."""
    at = setting(case, given.forward)
    inputs, bars, wanted = oracle(case.name)
    found = gradients(given, at, inputs, bars, wrong)
    seen_by_jax = not all(close(found[n], wanted[n], 1e-10) for n in wanted)
    return seen_by_jax and pairing(given, at, wrong) != 0


@cache
def oracle(name: str) -> tuple[Any, Any, Any]:
    """Inputs and cotangents of a case, and JAX's gradients there."""
    case = case_named(name)
    given = pair(case.op)
    at = setting(case, given.forward)
    inputs, bars = drawn(given, at)
    return inputs, bars, by_jax(given, at, inputs, bars)[1]


# guards -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["average_pooling-s3-k2", "average_pooling-s2-k3", "average_pooling-s1-k2"])
def test_average_pooling_keeps_the_guard_that_its_window_needs(name: str) -> None:
    case = case_named(name)
    given = pair(case.op)
    (term,) = given.backward.equation("dx").terms
    assert any(isinstance(guard, In) and str(guard.hi) == "k" for guard in term.guards)
    wrong = with_terms(given.joined, "dx", (replace(term, guards=()),))
    assert is_noticed(given, case, wrong)


def test_convolution_needs_no_guard_because_its_kernel_extends_by_zero() -> None:
    backward = pair(case_named("convolution-stride2-pad1").op).backward
    assert [term.guards for e in backward.equations for term in e.terms] == [(), ()]


def test_a_window_under_a_function_keeps_its_guard() -> None:
    case = case_named("exponential_window")
    given = pair(case.op)
    (term,) = given.backward.equation("dx").terms
    assert term.guards
    assert is_noticed(given, case, with_terms(given.joined, "dx", (replace(term, guards=()),)))


def test_the_zero_extension_of_a_factor_guards_the_gradient_of_a_ratio() -> None:
    """w is 0 where x[i-1] is outside: no gradient may divide by it there."""
    case = case_named("guarded_ratio")
    given = pair(case.op)
    at = setting(case, given.forward)
    found = gradients(given, at, *drawn(given, at))
    assert all(np.isfinite(array.astype(float)).all() for array in found.values())


def test_max_pooling_of_a_row_of_minus_infinity() -> None:
    case = case_named("max_pooling-s2-k3-pad1")
    given = pair(case.op)
    at = setting(case, given.forward)
    inputs, bars = drawn(given, at)
    inputs["X"][:, 1:4] = -np.inf
    made, wanted = by_jax(given, at, inputs, bars)
    assert np.isinf(made["Y"]).any()
    assert close(gradients(given, at, inputs, bars)["X"], wanted["X"], 1e-10)


# planted faults -----------------------------------------------------------------------------------------
SABOTAGED = ("convolution-stride2-pad1", "leaky_integrator", "with_initial_state", "diagonal", "concatenate")


@pytest.mark.parametrize("name", SABOTAGED)
def test_a_dropped_term_is_noticed(name: str) -> None:
    case = case_named(name)
    given = pair(case.op)
    for equation in given.backward.equations:
        for n in range(len(equation.terms)):
            kept = equation.terms[:n] + equation.terms[n + 1 :]
            wrong = with_terms(given.joined, equation.tensor, kept)
            assert is_noticed(given, case, wrong), f"{equation.tensor}, term {n}"


@pytest.mark.parametrize("name", SABOTAGED)
def test_a_wrong_solution_of_a_delta_is_noticed(name: str) -> None:
    """Every shifted read of a gradient, shifted by one more."""
    case = case_named(name)
    given = pair(case.op)
    for equation, read in _shifted_reads(given.backward):
        moved = replace(read, at=tuple(e if e.plain() else e + 1 for e in read.at))
        terms = tuple(replace(t, body=_replaced(t, read, moved)) for t in equation.terms)
        assert is_noticed(given, case, with_terms(given.joined, equation.tensor, terms)), str(read)


def _replaced(term: Term, read: Read, moved: Read) -> object:
    return transform(term.body, lambda node: moved if node == read else node)


def _shifted_reads(system: System) -> list[tuple[object, Read]]:
    return [
        (equation, read)
        for equation in system.equations
        for term in equation.terms
        for read in reads(term.body)
        if not all(e.plain() or e.is_integer() for e in read.at)
    ]


def test_a_dropped_guard_is_noticed_wherever_there_is_one() -> None:
    dropped = 0
    for name in ("diagonal", "with_initial_state", "cross_entropy", "max_pooling-s2-k3-pad1"):
        case = case_named(name)
        given = pair(case.op)
        for equation in given.backward.equations:
            for n, term in enumerate(equation.terms):
                if term.guards:
                    terms = (*equation.terms[:n], replace(term, guards=()), *equation.terms[n + 1 :])
                    assert is_noticed(given, case, with_terms(given.joined, equation.tensor, terms)), name
                    dropped += 1
    assert dropped >= 3


def test_a_gradient_wrong_by_a_two_thousandth_is_noticed() -> None:
    case = case_named("leaky_integrator")
    given = pair(case.op)
    (term, *rest) = given.backward.equation("dW").terms
    body = Sum((term.body, term.body * Affine.of(1) / 2000))
    assert is_noticed(given, case, with_terms(given.joined, "dW", (replace(term, body=body), *rest)))


def test_a_transposed_matrix_is_noticed() -> None:
    case = case_named("with_initial_state")
    given = pair(case.op)
    equation = given.backward.equation("dh_prev")
    (term,) = equation.terms
    j, l = equation.indices[-1].name, term.binders[-1].name
    (read,) = [r for r in reads(term.body) if r.tensor == "U"]
    turned = substitute(read, {j: Affine.of(l), l: Affine.of(j)})
    body = transform(term.body, lambda node: turned if node == read else node)
    assert is_noticed(given, case, with_terms(given.joined, "dh_prev", (replace(term, body=body),)))


# the adjoint of the adjoint -----------------------------------------------------------------------------
TWICE = {
    "dense_tanh": Case(op_named(dense, "dense_tanh"), {"I": 3, "H": 2}),
    "conv2d": Case(
        conv2d[0], {"C": 2, "O": 3, "H": 5, "W": 4, "P": 3, "Q": 2}, integers={"stride": 2, "pad": 1}
    ),
    "softmax_cross_entropy": Case(softmax_cross_entropy[0], {"N": 3, "K": 4}, labels={"y": (0, 4)}),
    "lstm": Case(lstm[0], {"T": 3, "I": 2, "H": 2}),
    "leaky_integrator": case_named("leaky_integrator"),
    "max_pooling": case_named("max_pooling-s2-k3-pad1"),
    "guarded_ratio": case_named("guarded_ratio"),
}


def twice(given: Pair) -> Pair:
    """The joined system as a forward system, with its own adjoint."""
    return Pair(given.spec, given.joined, adjoint(given.joined, Recorder([])))


@pytest.mark.parametrize("case", TWICE.values(), ids=TWICE.keys())
def test_the_adjoint_of_the_adjoint_is_jaxs_vjp_of_vjp(case: Case) -> None:
    once = pair(case.op)
    given = twice(once)
    at = setting(case, given.forward)
    inputs, bars = drawn(given, at)
    out = {once.cotangents[name]: name for name in once.cotangents}

    def first(values: dict[str, object]) -> dict[str, object]:
        upstream = {out[n]: values[n] for n in out}
        found = jax_gradients(once.forward, {**inputs, **values}, upstream, *at.arguments)
        return dict(
            zip(once.backward.outputs, (found[n] for n in once.forward.floating_inputs()), strict=True)
        )

    jax = load_jax()
    floating = {n: jax.numpy.asarray(inputs[n]) for n in given.forward.floating_inputs()}
    upstream = {n: jax.numpy.asarray(bars[n]) for n in once.backward.outputs}
    wanted = jax.jit(lambda values, given: jax.vjp(first, values)[1](given)[0])(floating, upstream)
    found = gradients(given, at, inputs, bars)
    assert {n: close(found[n], wanted[n], 1e-9) for n in wanted} == dict.fromkeys(wanted, True)


@pytest.mark.parametrize("case", TWICE.values(), ids=TWICE.keys())
def test_the_adjoint_of_the_adjoint_pairs_exactly(case: Case) -> None:
    given = twice(pair(case.op))
    assert pairing(given, setting(case, given.forward)) == 0


def test_joining_keeps_the_inputs_of_the_op_and_adds_the_cotangents() -> None:
    given = pair(op_named(dense, "dense_tanh"))
    joined = join(given.forward, given.backward)
    assert joined.inputs == ("x", "W", "b", "dh")
    assert joined.outputs == ("dx", "dW", "db")
