"""Sums of exponentials written out keep value and gradient where their terms overflow."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from codegen.lower import lower
from codegen.module import write_module
from codegen.verify.load import load_plain
from derive.authoring.spec import OpSpec
from derive.derivation import Derivation, derive
from tests.codegen.written_sums import BARS, asked, faults, random_op
from tests.derive import scaled_specs as specs

SIZES = {"N": 2, "K": 3, "T": 4, "U": 3, "C": 2, "B": 2, "E": 2}
SPECS = (
    *(specs.softmin + specs.log_mean_exp + specs.scaled_log_sum + specs.weighted_log_sum + specs.softmax3),
    *(specs.named_sum + specs.products + specs.one_more + specs.partition + specs.gates),
    *(specs.wkv + specs.lattice + specs.soft_dtw),
)


def numbers(op: OpSpec, size: float, kind: Any) -> dict[str, Any]:
    """Inputs up to a size; what multiplies, v and w, is up to 1, and w is positive."""
    rng = np.random.default_rng(0)
    made = {}
    forward = derive(op).forward
    for name in forward.inputs:
        shape = tuple(d.evaluate(SIZES, lambda *_: 0) for d in forward.tensor(name).dims)
        low, high = (0.1, 1) if name == "w" else (-1, 1) if name == "v" else (-size, size)
        made[name] = rng.uniform(low, high, shape)
    return {n: a.astype(kind) for n, a in made.items()}


def loaded(op: OpSpec) -> ModuleType:
    return load_plain(op.name, write_module(lower(derive(op))).text)


@pytest.mark.parametrize("size", [1.0, 400.0])
@pytest.mark.parametrize("kind", BARS)
@pytest.mark.parametrize("op", SPECS, ids=lambda op: op.name)
def test_values_and_gradients_are_those_of_the_formula(op: OpSpec, kind: Any, size: float) -> None:
    reals = {p.name: 0.0078125 for p in derive(op).forward.reals}
    assert faults(op, numbers(op, size, kind), SIZES, BARS[kind], **reals) == []
    assert derive(op).warnings == ()


def test_quotients_of_the_largest_exponentials_are_1() -> None:
    ones = {n: np.full((2, 2), 1e5) for n in "abc"}
    module = loaded(specs.products[0])
    outputs = module.forward(ones["a"], -ones["b"], ones["c"])
    assert np.all(outputs.p == 1)


@pytest.mark.parametrize("seed", range(12))
def test_random_formulas(seed: int) -> None:
    assert asked(seed, (1, 30, 300, 1000)[seed % 4]) == []


def test_the_gradient_of_a_norm_is_0_between_equal_points() -> None:
    outputs, pullback = loaded(specs.distances[0]).vjp(np.array([[1.0, 2.0], [1.0, 2.0], [3.0, 4.0]]))
    slope = np.exp(-np.sqrt(8)) * np.sqrt(2)
    (dx,) = pullback(K=np.ones((3, 3)))
    assert outputs.K[0, 1] == 1
    np.testing.assert_allclose(dx, [[slope, slope], [slope, slope], [-2 * slope, -2 * slope]], rtol=1e-14)


def test_a_norm_keeps_nan() -> None:
    values = loaded(specs.distances[0]).forward(np.array([[np.nan], [1.0]])).K
    assert np.isnan(values).tolist() == [[True, True], [True, False]]


def test_a_row_that_masks_everything_is_0_where_its_author_says_so() -> None:
    x, seen = 1e3 * np.array([[[1.0, 2, 3], [1, 2, 4]]]), np.array([[[0, 0, 0], [1, 0, 1]]])
    outputs, pullback = loaded(specs.masked_softmax[0]).vjp(x, seen)
    assert outputs.p.tolist() == [[[0, 0, 0], [0, 0, 1]]]
    assert pullback(p=np.arange(6.0).reshape(1, 2, 3)).x.tolist() == [[[0, 0, 0], [0, 0, 0]]]


def test_the_gradient_of_a_maximum_goes_to_the_first_nan() -> None:
    outputs, pullback = loaded(specs.top[0]).vjp(np.array([[1.0, np.nan, np.nan]]))
    assert np.isnan(outputs.y).all()
    assert pullback(y=np.ones(1)).x.tolist() == [[0, 1, 0]]


@pytest.mark.parametrize(("seed", "size"), [(50, 300), (62, 300), (75, 1000)])
def test_random_formulas_of_which_terms_cancel(seed: int, size: int) -> None:
    assert asked(seed, size) == []


@pytest.mark.parametrize("op", SPECS[:5], ids=lambda op: op.name)
def test_the_equations_as_they_are_written_are_found_at_fault(
    op: OpSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unstable(spec: OpSpec) -> Derivation:
        d = derive(spec)
        return replace(d, stable_forward=d.forward, stable_backward=d.backward)

    monkeypatch.setattr("tests.codegen.written_sums.derive", unstable)
    reals = {p.name: 0.0078125 for p in derive(op).forward.reals}
    assert faults(op, numbers(op, 1000.0, np.float64), SIZES, BARS[np.float64], **reals)


@pytest.mark.parametrize("kind", BARS)
@pytest.mark.parametrize("size", [1.0, 30.0, 300.0])
def test_look_alikes(size: float, kind: Any) -> None:
    """A difference, another power, a logarithm of something else, weights of which one is 0."""
    given = numbers(specs.look_alikes[0], size, kind)
    given["w"][0, 0] = 0
    assert faults(specs.look_alikes[0], given, SIZES, BARS[kind]) == []


def test_what_is_constant_once_it_is_stable_has_a_cotangent_still() -> None:
    """exp(b + d)/exp(d + b) is 1, and its gradients are 0 for any cotangent, positional or by name."""
    module = loaded(random_op(191))
    given = np.full((4, 1, 2), 900.0)
    outputs, pullback = module.vjp(*given)
    assert outputs.y.tolist() == [[1, 1]]
    for gradients in (pullback(outputs.y), pullback(y=outputs.y), pullback()):
        assert not np.any([*gradients])
    with pytest.raises(ValueError, match="y"):
        pullback(y=np.ones(3))
