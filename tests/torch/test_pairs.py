"""Output functions with their losses against torch's fused ones: values and gradients by both inputs."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from generated import (
    multi_label_cross_entropy,
    sigmoid_binary_cross_entropy,
    sigmoid_binary_cross_entropy_none,
    sigmoid_binary_cross_entropy_sum,
    softmax_categorical_cross_entropy,
    softmax_categorical_cross_entropy_none,
    softmax_categorical_cross_entropy_sum,
)

pytestmark = pytest.mark.torch

TOLERANCE = {np.float64: 1e-12, np.float32: 2e-6}
EVERY = ("mean", "sum", "none")
SIGMOID = (
    (sigmoid_binary_cross_entropy, "mean"),
    (sigmoid_binary_cross_entropy_sum, "sum"),
    (sigmoid_binary_cross_entropy_none, "none"),
)
SOFTMAX = (
    (softmax_categorical_cross_entropy, "mean"),
    (softmax_categorical_cross_entropy_sum, "sum"),
    (softmax_categorical_cross_entropy_none, "none"),
)


def compare(module, by_torch, y, z):
    """Values and the gradient by z, for a random cotangent of the module's loss."""
    dtype = z.dtype.type
    there = torch.tensor(z, requires_grad=True)
    wanted = by_torch(there, torch.tensor(y))
    bar = np.random.default_rng(9).normal(size=tuple(wanted.shape)).astype(dtype)
    wanted.backward(torch.tensor(bar))
    outputs, pullback = module.vjp(y, z)
    for found, exact in ((outputs.L, wanted.detach().numpy()), (pullback(bar).z, there.grad.numpy())):
        scale = max(1.0, float(np.abs(exact).max()))
        np.testing.assert_allclose(found, exact, rtol=0, atol=TOLERANCE[dtype] * scale)


def drawn(dtype, scale=3.0):
    random = np.random.default_rng(0)
    return random.uniform(0, 1, (7, 5)).astype(dtype), (scale * random.normal(size=(7, 5))).astype(dtype)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("scale", (3.0, 1e4))
@pytest.mark.parametrize(("module", "reduction"), SIGMOID, ids=EVERY)
def test_the_sigmoid_pair_is_binary_cross_entropy_with_logits(module, reduction, scale, dtype):
    def by_torch(z, y):
        return functional.binary_cross_entropy_with_logits(z, y, reduction=reduction)

    y, z = drawn(dtype, scale)
    compare(module, by_torch, y, z)
    compare(module, by_torch, np.round(y), z)


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("scale", (3.0, 1e4))
@pytest.mark.parametrize(("module", "reduction"), SOFTMAX, ids=EVERY)
def test_the_softmax_pair_is_cross_entropy_with_probabilities(module, reduction, scale, dtype):
    def by_torch(z, y):
        return functional.cross_entropy(z, y, reduction=reduction)

    y, z = drawn(dtype, scale)
    compare(module, by_torch, y / y.sum(axis=1, keepdims=True), z)
    compare(module, by_torch, y, z)  # whose rows do not add up to 1


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("scale", (3.0, 1e4))
def test_the_mean_over_units_is_the_multilabel_soft_margin_loss(scale, dtype):
    def by_torch(z, y):
        return functional.multilabel_soft_margin_loss(z, y, reduction="none")

    y, z = drawn(dtype, scale)
    compare(multi_label_cross_entropy, by_torch, np.round(y), z)


def test_a_loss_that_is_off_by_a_little_is_noticed():
    y, z = drawn(np.float64)
    with pytest.raises(AssertionError):
        compare(
            sigmoid_binary_cross_entropy,
            lambda z, y: functional.binary_cross_entropy_with_logits(z, y) * 1.0005,
            y,
            z,
        )
