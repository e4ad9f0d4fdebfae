"""Stable systems compute the same functions, and go on doing so where the plain ones overflow."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from derive.adjoint import join
from derive.algebra.expr import Read, transform
from derive.algebra.index import Affine
from derive.algebra.system import System, map_terms
from derive.derivation import Derivation, derive
from derive.language import OpSpec
from derive.ops.dense import dense
from derive.ops.lstm import lstm
from derive.ops.max_pool2d import max_pool2d
from derive.ops.softmax_cross_entropy import softmax_cross_entropy
from derive.oracle.numbers import Floats, NumberType, Precise
from derive.oracle.reference import evaluate
from derive.stable.homogeneity import Inhomogeneous
from derive.stable.rescale import Joint, candidates, rescale
from derive.stable.stabilise import stabilise
from derive.steps import Recorder
from tests.derive import stable_specs

OPS = (*stable_specs.STABLE, *softmax_cross_entropy)
SIZES = {"K": 4, "N": 3, "T": 4, "D": 2, "B": 2}
DIGITS = {"bce": 4500, "log_of_named": 4500}  # 1 - sigmoid(1e4) is 10**-4343
NAMES = [op.name for op in OPS]

Arrays = dict[str, np.ndarray[Any, Any]]


@cache
def derived(op: OpSpec) -> Derivation:
    return derive(op)


def gradients(derivation: Derivation, stable: bool) -> System:
    if stable:
        return join(derivation.stable_forward, derivation.stable_backward)
    return join(derivation.forward, derivation.backward)


def inputs(system: System, logits: float, seed: int = 0) -> Arrays:
    """Random inputs; the logits, x, are up to `logits` apart and each others' opposites."""
    random = np.random.default_rng(seed)
    made: Arrays = {}
    for name in system.inputs:
        tensor = system.tensor(name)
        shape = tuple(d.evaluate(SIZES, lambda *_: 0) for d in tensor.dims)
        made[name] = random.integers(0, 4, shape) if tensor.integer else random.uniform(0, 1, shape)
    made["x"] = logits * (2 * made["x"] - 1)
    return made


def results(system: System, given: Arrays, numbers: NumberType) -> Arrays:
    """What the op promises: outputs and gradients."""
    values = evaluate(system, given, SIZES, {}, {}, numbers)
    promised = {e.tensor for e in system.equations} & {n for n in (*system.outputs, *values)}
    return {name: values[name] for name in sorted(promised)}


def visible(derivation: Derivation) -> tuple[str, ...]:
    return (*derivation.forward.outputs, *derivation.backward.outputs)


def assert_near(found: Any, exact: Any, tolerance: float) -> None:
    a, b = np.asarray(found, dtype=float), np.asarray(exact, dtype=float)
    assert np.all(np.isfinite(a))
    assert np.all(np.abs(a - b) <= tolerance * max(1.0, float(np.max(np.abs(b)))))


@pytest.mark.parametrize("op", OPS, ids=NAMES)
def test_stable_equals_plain_at_moderate_inputs(op: OpSpec) -> None:
    derivation = derived(op)
    given = inputs(gradients(derivation, stable=False), logits=2)
    plain = results(gradients(derivation, stable=False), given, Floats())
    stable = results(gradients(derivation, stable=True), given, Floats())
    for name in visible(derivation):
        assert_near(stable[name], plain[name], 1e-12)


@pytest.mark.parametrize("logits", [1e3, 1e4])
@pytest.mark.parametrize("op", OPS, ids=NAMES)
def test_stable_is_right_where_plain_overflows(op: OpSpec, logits: float) -> None:
    derivation = derived(op)
    given = inputs(gradients(derivation, stable=False), logits)
    stable = results(gradients(derivation, stable=True), given, Floats())
    with mpmath.workdps(DIGITS.get(op.name, 60)):
        exact = results(gradients(derivation, stable=False), given, Precise())
    plain = results(gradients(derivation, stable=False), given, Floats())
    for name in visible(derivation):
        assert_near(stable[name], exact[name], 1e-12)
    assert not all(np.all(np.isfinite(plain[name].astype(float))) for name in visible(derivation))


@pytest.mark.parametrize("op", OPS, ids=NAMES)
def test_nothing_is_left_to_warn_of(op: OpSpec) -> None:
    assert derived(op).warnings == ()


def test_a_maximum_under_a_mask_keeps_the_mask() -> None:
    forward = derived(stable_specs.attention[0]).stable_forward
    (term,), (summed,) = forward.equation("max_Z").terms, forward.equation("Z").terms
    assert (term.monoid, term.guards, term.binders) == ("max", summed.guards, summed.binders)


def test_each_sum_has_the_maximum_of_its_own_mask() -> None:
    given = inputs(derived(stable_specs.masked_and_not[0]).forward, 1.0)
    given["x"][:, 0, 1:] = 800.0  # outside row 0's mask: must not push its sum to 0
    system = derived(stable_specs.masked_and_not[0]).stable_forward
    found = results(system, given, Floats())["r"][:, 0].astype(float)
    assert_near(found, given["x"][:, 0, 0] - 800 - np.log(3), 1e-13)


def test_steps_hold_the_equations_that_changed() -> None:
    derivation = derived(softmax_cross_entropy[0])
    steps = [s for s in derivation.steps if s.rule == "rescale"]
    assert [e.tensor for e in steps[0].made] == ["max_Z", "Z", "p", "L"]  # dx reads p alone
    assert derivation.stable_forward.tensor("Z").about == "normaliser, divided by a power of exp(max_Z)"
    assert derivation.stable_forward.tensor("max_Z").latex == "m"
    assert "max_Z" in derivation.stable_backward.inputs


@pytest.mark.parametrize("op", [*dense, *lstm, *max_pool2d], ids=lambda op: op.name)
def test_what_is_stable_already_is_left_alone(op: OpSpec) -> None:
    derivation = derived(op)
    assert derivation.stable_forward == derivation.forward
    assert derivation.stable_backward == derivation.backward
    assert derivation.warnings == ()


def test_a_row_of_minus_infinity_gives_nan() -> None:
    system = derived(stable_specs.softmax[0]).stable_forward
    found = results(system, {"x": np.full((2, 4), -np.inf)}, Floats())["p"]
    assert np.all(np.isnan(found.astype(float)))


def test_it_agrees_with_jax() -> None:
    op = stable_specs.log_softmax[0]
    system = gradients(derived(op), stable=True)
    given = inputs(system, logits=1e4)
    found = results(system, given, Floats())
    with jax.enable_x64(True):
        value, pullback = jax.vjp(lambda x: jax.nn.log_softmax(x, axis=-1), jnp.asarray(given["x"]))
        (dx,) = pullback(jnp.asarray(given["dp"]))
        assert_near(found["p"], value, 1e-15)
        assert_near(found["dx"], dx, 1e-15)


WARNINGS = {
    stable_specs.log_of_tensor: (
        "log_of_tensor: y takes log of p, which rounds to 0 or 1 for large inputs, and no rule matched: "
        "write the formula of p inside the logarithm",
    ),
    stable_specs.log_behind_the_end: (
        "log_behind_the_end: y takes log of p, which rounds to 0 or 1 for large inputs, and no rule matched: "
        "write the formula of p inside the logarithm",
    ),
    stable_specs.log_of_one_less: (),
}


@pytest.mark.parametrize("op", WARNINGS, ids=lambda ops: ops[0].name)
def test_what_no_rule_covers_is_said_aloud(op: tuple[OpSpec, ...]) -> None:
    derivation = derived(op[0])
    assert derivation.warnings == WARNINGS[op]
    assert "max_Z" not in {t.name for t in derivation.stable_forward.tensors}


# planted faults --------------------------------------------------------------------------------
def _shift_reads(system: System, tensor: str, of: str) -> System:
    """The system with `tensor` read one place further in the equation of `of`."""

    def further(node: Any) -> Any:
        moved = isinstance(node, Read) and node.tensor == tensor
        return Read(tensor, (node.at[0] + Affine.of(1), *node.at[1:])) if moved else node

    equations = []
    for e in system.equations:
        terms = {n: _with_body(t, transform(t.body, further)) for n, t in enumerate(e.terms)}
        equations.append(map_terms(e, terms) if e.tensor == of else e)
    return system.with_equations(tuple(equations), system.tensors)


def _with_body(term: Any, body: Any) -> Any:
    return type(term)(term.binders, term.guards, body, term.monoid, term.witness)


def test_a_scale_at_other_indices_is_refused() -> None:
    derivation = derived(softmax_cross_entropy[0])
    wrong = _shift_reads(derivation.forward, "Z", of="p")  # p[n,k] = exp(x[n,k]) / Z[n+1]
    (candidate,) = candidates(wrong)
    with pytest.raises(Inhomogeneous, match="the equation of p does not scale as a whole"):
        rescale(Joint(wrong, derivation.backward), candidate, frozenset())
    stable = stabilise(wrong, derivation.backward, Recorder([]))  # what does not cancel is multiplied again
    assert "max_Z" in {r.tensor for t in stable.forward.equation("p").terms for r in t.reads()}


def test_a_wrong_adjoint_is_refused() -> None:
    derivation = derived(softmax_cross_entropy[0])
    wrong = _shift_reads(derivation.backward, "Z", of="dZ")
    (candidate,) = candidates(derivation.forward)
    with pytest.raises(Inhomogeneous):
        rescale(Joint(derivation.forward, wrong), candidate, frozenset())
