"""The tangent system: forward mode as equations, against dual numbers and JAX."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from codegen.verify.grids import load_jax
from codegen.verify.jax_oracle import jax_function
from derive.adjoint import adjoint
from derive.algebra.expr import Number, Read, Reduce, times
from derive.algebra.index import Affine
from derive.algebra.system import System, Term
from derive.errors import DerivationError
from derive.oracle.duals import Dual, Duals
from derive.oracle.numbers import Floats
from derive.oracle.reference import evaluate
from derive.oracle.residues import PrimeField
from derive.steps import Recorder
from derive.tangent import moving, tangent
from tests.derive.calculus import Setting, close, forward_system, pair, setting, with_equation
from tests.derive.calculus_specs import CASES, Case

every_case = pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])
TELLING = (
    "average_pooling_counted-s3-k2-pad2",
    "max_pooling-s2-k3-pad1",
    "batch_normalisation",
    "huber",
    "two_steps_back",
    "sums_behind_guards",
)


def case_named(name: str) -> Case:
    return next(c for c in CASES if c.name == name)


def names(forward: System) -> dict[str, str]:
    return dict(
        zip(
            forward.floating_inputs(), tangent(forward).inputs[-len(forward.floating_inputs()) :], strict=True
        )
    )


def moved(
    forward: System, at: Setting, moves: System, reals: Any, numbers: Any, inputs: Any, dots: Any
) -> Any:
    """Every tensor of the forward system, and every tangent."""
    known = (at.sizes, at.case.integers, reals, numbers)
    values = evaluate(forward, inputs, *known)
    given = {names(forward)[n]: dot for n, dot in dots.items()}
    return values, evaluate(moves, {**inputs, **values, **given}, *known)


def differs_from_duals(case: Case, moves: System, seed: int = 0) -> bool:
    """Whether some output's tangent is not the slope that dual numbers over a prime field give."""
    forward = pair(case.op).forward
    at = setting(case, forward, seed)
    integers, inputs, dots = at.integers(), at.residues(), at.residues()
    duals = {n: np.vectorize(Dual, otypes=[object])(inputs[n], dots[n]) for n in inputs}
    known = (at.sizes, case.integers, at.exact_reals, Duals(PrimeField()))
    wanted = evaluate(forward, {**duals, **integers}, *known)
    _, found = moved(forward, at, moves, at.exact_reals, PrimeField(), {**inputs, **integers}, dots)
    return any(
        dot != dual.slope
        for name, about in zip(moves.outputs, moving_outputs(forward), strict=True)
        for dot, dual in zip(found[name].flat, wanted[about].flat, strict=True)
    )


def moving_outputs(forward: System) -> list[str]:
    return [n for n in forward.outputs if n in moving(forward)]


@every_case
def test_tangents_are_the_slopes_of_dual_numbers_exactly(case: Case) -> None:
    assert not differs_from_duals(case, tangent(pair(case.op).forward))


@pytest.mark.parametrize("name", TELLING)
def test_tangents_are_those_of_jax(name: str) -> None:
    case = case_named(name)
    forward = pair(case.op).forward
    at = setting(case, forward)
    integers, inputs, dots = at.integers(), at.floats(), at.floats()
    _, found = moved(forward, at, tangent(forward), case.reals, Floats(), {**inputs, **integers}, dots)

    def run(values: Any) -> dict[str, Any]:
        return dict(jax_function(forward)({**values, **integers}, *at.arguments))

    _, wanted = load_jax().jit(lambda x, dx: load_jax().jvp(run, (x,), (dx,)))(inputs, dots)
    for name, about in zip(tangent(forward).outputs, moving_outputs(forward), strict=True):
        assert close(found[name], wanted[about], 1e-11)


# planted faults --------------------------------------------------------------------------------------
def with_terms(system: System, tensor: str, terms: tuple[Term, ...]) -> System:
    return with_equation(system, replace(system.equation(tensor), terms=terms))


@pytest.mark.parametrize("name", TELLING)
def test_a_tangent_wrong_by_a_twentieth_of_a_percent_is_seen(name: str) -> None:
    case = case_named(name)
    moves = tangent(pair(case.op).forward)
    gain = Number(Affine.of(2001), 2000)
    output = moves.outputs[0]
    terms = tuple(replace(t, body=times(gain, t.body)) for t in moves.equation(output).terms)
    assert differs_from_duals(case, with_terms(moves, output, terms))


@pytest.mark.parametrize("name", TELLING)
def test_a_dropped_addend_is_seen(name: str) -> None:
    case = case_named(name)
    moves = tangent(pair(case.op).forward)
    output = moves.outputs[0]
    assert differs_from_duals(case, with_terms(moves, output, moves.equation(output).terms[:-1]))


# what it is -------------------------------------------------------------------------------------------
def test_every_term_keeps_its_binders_and_guards_and_moves_with_one_factor() -> None:
    forward = pair(case_named("causal_softmax").op).forward
    moves = tangent(forward)
    dots = {t.name for t in moves.tensors} - {t.name for t in forward.tensors}
    for equation in moves.equations:
        old = forward.equation(moves.tensor(equation.tensor).of)
        kept = {(t.binders, frozenset(t.guards)) for t in old.terms}
        for term in equation.terms:
            assert sum(r.tensor in dots for r in term.reads()) == 1
            assert any(b == term.binders and g <= set(term.guards) for b, g in kept)


def test_what_depends_on_no_floating_input_does_not_move() -> None:
    forward = pair(case_named("average_pooling_counted-s2-k3-pad1").op).forward
    assert "n" not in moving(forward) and "y" in moving(forward)


def test_the_tangent_of_the_adjoint_is_a_system_too() -> None:
    """Hessian-vector products need nothing new."""
    forward = pair(case_named("leaky_integrator").op).forward
    assert tangent(adjoint(forward, Recorder([]))).equations


def test_a_maximum_without_its_argmax_is_refused() -> None:
    forward = forward_system(case_named("shadowed_maximum").op.spec())
    bare = forward.with_equations(forward.equations[:1], forward.tensors)
    with pytest.raises(DerivationError, match=r"no argmax along .* of y: name its witnesses first"):
        tangent(bare)


def test_what_is_not_elaborated_is_refused() -> None:
    forward = pair(case_named("every_second").op).forward
    sugar = Reduce("sum", (), (), Read("x", forward.equation("y").lhs.at))
    with pytest.raises(DerivationError, match="Reduce has no differential"):
        tangent(with_terms(forward, "y", (Term((), (), sugar),)))
