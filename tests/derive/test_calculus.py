"""Every small spec: elaboration and adjoint against three oracles that share nothing with them."""

import numpy as np
import pytest

from derive.oracle.numbers import Floats
from derive.oracle.reference import evaluate
from derive.oracle.reference_spec import evaluate_spec
from derive.oracle.residues import PrimeField
from tests.derive.calculus import (
    by_jax,
    close,
    drawn,
    example,
    gradients,
    pair,
    pairing,
    setting,
    unpacked,
)
from tests.derive.calculus_specs import CASES, Case

every_case = pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])


@every_case
def test_values_and_gradients_are_those_of_jax(case: Case) -> None:
    given = pair(case.op)
    at = setting(case, given.forward)
    inputs, bars = drawn(given, at)
    made, wanted = by_jax(given, at, inputs, bars)
    values = evaluate(given.forward, inputs, *at.arguments, Floats())
    assert all(close(values[name], made[name], 1e-12) for name in given.forward.outputs)
    found = gradients(given, at, inputs, bars)
    assert {n: close(found[n], wanted[n], 1e-10) for n in wanted} == dict.fromkeys(wanted, True)
    assert any(np.any(array != 0) for array in wanted.values())


@every_case
def test_adjoint_pairs_with_the_forward_mode_exactly(case: Case) -> None:
    given = pair(case.op)
    assert [pairing(given, setting(case, given.forward, seed)) for seed in (1, 2)] == [0, 0]


@every_case
def test_elaboration_keeps_the_meaning_of_the_authors_tree(case: Case) -> None:
    given = pair(case.op)
    at = setting(case, given.forward, seed=3)
    inputs = {**at.residues(), **at.integers()}
    known = (at.sizes, case.integers, at.exact_reals, PrimeField())
    found = evaluate(given.forward, inputs, *known)
    for number in range(at.sizes.get("B", 1)):
        one = unpacked(given.spec, example(given.forward, inputs, number))
        wanted = evaluate_spec(given.spec, one, *known)
        ours = example(given.forward, {n: found[n] for n in given.forward.outputs}, number)
        for name, array in ours.items():
            assert np.shape(array) == np.shape(wanted[name])
            assert np.all(array == wanted[name]), f"{name} of example {number}"
