"""Sums of exponentials written out keep value and gradient where their terms overflow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from codegen.verify.load import load_plain
from derive.authoring.spec import OpSpec
from derive.derivation import derive
from tests.codegen.written_sums import NAMES, faults, random_op
from tests.derive import scaled_specs as specs

SIZES = {"N": 2, "K": 3, "T": 4, "U": 3, "C": 2, "B": 2, "E": 2}
BARS = {np.float64: 2.0**-42, np.float32: 2.0**-16}
SPECS = (
    *(specs.softmin + specs.log_mean_exp + specs.scaled_log_sum + specs.weighted_log_sum + specs.softmax3),
    *(specs.named_sum + specs.products + specs.one_more + specs.partition + specs.gates),
    *(specs.wkv + specs.lattice + specs.soft_dtw),
)


def numbers(op: OpSpec, size: float, kind: Any) -> dict[str, Any]:
    """Inputs up to a size; weights w are positive."""
    rng = np.random.default_rng(0)
    made = {}
    forward = derive(op).forward
    for name in forward.inputs:
        shape = tuple(d.evaluate(SIZES, lambda *_: 0) for d in forward.tensor(name).dims)
        made[name] = rng.uniform(0.1, 1, shape) if name == "w" else size * rng.uniform(-1, 1, shape)
    return {n: a.astype(kind) for n, a in made.items()}


@pytest.mark.parametrize("size", [1.0, 400.0])
@pytest.mark.parametrize("kind", BARS)
@pytest.mark.parametrize("op", SPECS, ids=lambda op: op.name)
def test_values_and_gradients_are_those_of_the_formula(op: OpSpec, kind: Any, size: float) -> None:
    reals = {p.name: 0.0078125 for p in derive(op).forward.reals}
    assert faults(op, numbers(op, size, kind), SIZES, BARS[kind], **reals) == []
    assert derive(op).warnings == ()


def test_quotients_of_the_largest_exponentials_are_1() -> None:
    ones = {n: np.full((2, 2), 1e5) for n in "abc"}
    from codegen.lower import lower
    from codegen.module import write_module

    module = load_plain("products", write_module(lower(derive(specs.products[0]))).text)
    outputs = module.forward(ones["a"], -ones["b"], ones["c"])
    assert np.all(outputs.p == 1)


@pytest.mark.parametrize("seed", range(24))
def test_random_formulas(seed: int) -> None:
    size = (1, 30, 300, 1000)[seed % 4]
    kind = np.float64 if seed % 3 else np.float32
    rng = np.random.default_rng(seed)
    given = {n: (size * rng.uniform(-1, 1, (2, 2))).astype(kind) for n in NAMES}
    assert faults(random_op(seed), given, SIZES, BARS[kind]) == []
