"""Every loss with every reduction against torch in float64: values and all gradients."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from generated import (
    binary_cross_entropy,
    binary_cross_entropy_logits,
    binary_cross_entropy_logits_none,
    binary_cross_entropy_logits_sum,
    binary_cross_entropy_none,
    binary_cross_entropy_sum,
    categorical_cross_entropy,
    categorical_cross_entropy_none,
    categorical_cross_entropy_sum,
    huber,
    huber_none,
    huber_sum,
    mae,
    mae_none,
    mae_sum,
    mse,
    mse_none,
    mse_sum,
    smooth_l1,
    smooth_l1_none,
    smooth_l1_sum,
    softmax_cross_entropy,
    softmax_cross_entropy_distribution,
    softmax_cross_entropy_distribution_none,
    softmax_cross_entropy_distribution_sum,
)
from tests.by_hand import SHALLOW, draw, worst
from tests.torch.comparing import errors

pytestmark = pytest.mark.torch
TIGHT = SHALLOW[np.float64]
REDUCTIONS = ("mean", "sum", "none")
SHAPE = (7, 5)
CLASSES = np.array([3, 0, 4, 1, 2, 2, 0])


def uniform(seed, low=0.01, high=0.99):
    return np.random.default_rng(seed).uniform(low, high, SHAPE)


def distribution(seed):
    weights = uniform(seed)
    return weights / weights.sum(axis=1, keepdims=True)


def losses(modules, by_torch, inputs, **numbers):
    """The errors of a loss with each reduction."""
    for module, reduction in zip(modules, REDUCTIONS, strict=True):
        reduced = lambda reduction=reduction, **given: by_torch(**given, reduction=reduction)
        yield module.__name__, errors(module, reduced, inputs, **numbers)


def pair(seed=0):
    return {"y": 3 * draw(SHAPE, seed), "y_hat": 3 * draw(SHAPE, seed + 1)}


# regression ---------------------------------------------------------------------------------------------
def mse_loss(y, y_hat, reduction):
    return functional.mse_loss(y_hat, y, reduction=reduction)


def l1_loss(y, y_hat, reduction):
    return functional.l1_loss(y_hat, y, reduction=reduction)


def huber_loss(y, y_hat, reduction, delta=0.7):
    return functional.huber_loss(y_hat, y, reduction=reduction, delta=delta)


def smooth_l1_loss(y, y_hat, reduction, beta=0.7):
    return functional.smooth_l1_loss(y_hat, y, reduction=reduction, beta=beta)


REGRESSION = (
    ((mse, mse_sum, mse_none), mse_loss, {}),
    ((mae, mae_sum, mae_none), l1_loss, {}),
    ((huber, huber_sum, huber_none), huber_loss, {"delta": 0.7}),
    ((smooth_l1, smooth_l1_sum, smooth_l1_none), smooth_l1_loss, {"beta": 0.7}),
)


@pytest.mark.parametrize("modules, by_torch, numbers", REGRESSION, ids=lambda x: getattr(x, "__name__", ""))
def test_a_regression_loss(modules, by_torch, numbers):
    for name, found in losses(modules, by_torch, pair(), **numbers):
        assert worst(found) < TIGHT, (name, found)


@pytest.mark.parametrize("modules, by_torch, numbers", REGRESSION, ids=lambda x: getattr(x, "__name__", ""))
def test_a_loss_that_is_005_percent_off_is_seen(modules, by_torch, numbers):
    """Planted fault: in the value, and in the gradient alone."""
    scaled = lambda **given: 1.0005 * by_torch(**given)
    assert all(worst(found) > 1e-4 for _, found in losses(modules, scaled, pair(), **numbers))

    def bent(y, y_hat, reduction):
        right = by_torch(y, y_hat, reduction)
        return right + 0.0005 * (right - right.detach())

    for _, found in losses(modules, bent, pair(), **numbers):
        assert found["L"] < TIGHT and found["dy_hat"] > 1e-4


def test_the_defaults_of_huber_and_smooth_l1_are_torchs():
    for module, by_torch in ((huber, functional.huber_loss), (smooth_l1, functional.smooth_l1_loss)):
        found = errors(module, lambda y, y_hat, f=by_torch: f(y_hat, y), pair())
        assert worst(found) < TIGHT, found


def test_at_their_kinks_the_losses_have_torchs_derivatives():
    e = np.array([[0.0, -0.0, 0.7, -0.7, 1.0, -1.0]])
    for modules, by_torch, numbers in REGRESSION:
        reduced = lambda f=by_torch, **given: f(**given, reduction="none")
        found = errors(modules[2], reduced, {"y": e, "y_hat": np.zeros((1, 6))}, **numbers)
        assert worst(found) < TIGHT, (by_torch.__name__, found)


# binary classification ----------------------------------------------------------------------------------
BINARY = (binary_cross_entropy, binary_cross_entropy_sum, binary_cross_entropy_none)
LOGITS = (binary_cross_entropy_logits, binary_cross_entropy_logits_sum, binary_cross_entropy_logits_none)


@pytest.mark.parametrize("y", (uniform(0), np.round(uniform(0))), ids=("soft", "sharp"))
def test_binary_cross_entropy_on_probabilities_and_on_logits(y):
    by_torch = lambda y, y_hat, reduction: functional.binary_cross_entropy(y_hat, y, reduction=reduction)
    for name, found in losses(BINARY, by_torch, {"y": y, "y_hat": uniform(1)}):
        assert worst(found) < TIGHT, (name, found)
    on_logits = functional.binary_cross_entropy_with_logits
    by_torch = lambda y, x, reduction: on_logits(x, y, reduction=reduction)
    for name, found in losses(LOGITS, by_torch, {"y": y, "x": 3 * draw(SHAPE, 1)}):
        assert worst(found) < TIGHT, (name, found)


def test_labels_the_wrong_way_round_are_seen():
    """Planted fault."""
    by_torch = lambda y, y_hat, reduction: functional.binary_cross_entropy(y_hat, 1 - y, reduction=reduction)
    assert all(worst(f) > 0.1 for _, f in losses(BINARY, by_torch, {"y": uniform(0), "y_hat": uniform(1)}))


# several classes ------------------------------------------------------------------------------------------
CATEGORICAL = (categorical_cross_entropy, categorical_cross_entropy_sum, categorical_cross_entropy_none)
DISTRIBUTION = (
    softmax_cross_entropy_distribution,
    softmax_cross_entropy_distribution_sum,
    softmax_cross_entropy_distribution_none,
)


def test_cross_entropy_with_class_numbers_is_cross_entropy_and_the_likelihood_of_log_softmax():
    def cross_entropy(x, y):
        return functional.cross_entropy(x, y), functional.softmax(x, dim=1)

    def likelihood(x, y):
        return functional.nll_loss(functional.log_softmax(x, dim=1), y), functional.softmax(x, dim=1)

    inputs = {"x": 3 * draw(SHAPE, 0), "y": CLASSES}
    for by_torch in (cross_entropy, likelihood):
        found = errors(softmax_cross_entropy, by_torch, inputs)
        assert worst(found) < TIGHT, found
    wrong = errors(softmax_cross_entropy, cross_entropy, {**inputs, "y": CLASSES[::-1].copy()})
    assert worst(wrong) < TIGHT  # other labels, the same for both
    shifted = lambda x, y: cross_entropy(x, (y + 1) % 5)
    assert worst(errors(softmax_cross_entropy, shifted, inputs)) > 0.1  # a planted fault


def test_cross_entropy_on_logits_with_distributions():
    by_torch = lambda y, x, reduction: functional.cross_entropy(x, y, reduction=reduction)
    # labels that do not add up to 1 tell -y/p from p - y
    for y in (distribution(0), uniform(0)):
        for name, found in losses(DISTRIBUTION, by_torch, {"y": y, "x": 3 * draw(SHAPE, 1)}):
            assert worst(found) < TIGHT, (name, found)


def test_cross_entropy_on_probabilities_is_the_likelihood_of_their_logarithms():
    y = np.eye(5)[CLASSES]

    def by_torch(y, y_hat, reduction):
        # nll_loss knows labels as numbers only: those of one-hot labels, whose gradient it has not
        loss = functional.nll_loss(torch.log(y_hat), torch.tensor(CLASSES), reduction=reduction)
        return loss + 0 * y.sum()

    for name, found in losses(CATEGORICAL, by_torch, {"y": y, "y_hat": distribution(1)}):
        del found["dy"]
        assert worst(found) < TIGHT, (name, found)
