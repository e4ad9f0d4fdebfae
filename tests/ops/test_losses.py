"""Classification losses and the GAN objective against JAX in float64, written by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from generated import (
    activation,
    binary_cross_entropy,
    binary_cross_entropy_logits,
    binary_cross_entropy_logits_none,
    binary_cross_entropy_logits_sum,
    binary_cross_entropy_none,
    binary_cross_entropy_sum,
    categorical_cross_entropy,
    categorical_cross_entropy_none,
    categorical_cross_entropy_sum,
    gan_objective,
    gan_objective_logits,
    softmax_cross_entropy,
    softmax_cross_entropy_distribution,
    softmax_cross_entropy_distribution_none,
    softmax_cross_entropy_distribution_sum,
)
from tests.by_hand import SHALLOW, draw, errors, worst

TIGHT = SHALLOW[np.float64]
MEAN, SUM, NONE = jnp.mean, jnp.sum, lambda x: x
SHAPES = ((7, 5), (1, 3), (4, 1))


def uniform(shape, seed, low=0.0, high=1.0, dtype=np.float64):
    return np.random.default_rng(seed).uniform(low, high, shape).astype(dtype)


def distribution(shape, seed):
    weights = uniform(shape, seed, 0.1)
    return weights / weights.sum(axis=1, keepdims=True)


def labels(shape, seed):
    return np.random.default_rng(seed).integers(0, 2, shape).astype(np.float64)


# binary cross-entropy -----------------------------------------------------------------------------
def binary(y, y_hat):
    return -(y * jnp.log(y_hat) + (1 - y) * jnp.log1p(-y_hat))


def binary_on_logits(y, x):
    return y * jax.nn.softplus(-x) + (1 - y) * jax.nn.softplus(x)


BINARY = (binary_cross_entropy, binary_cross_entropy_sum, binary_cross_entropy_none)
LOGITS = (
    binary_cross_entropy_logits,
    binary_cross_entropy_logits_sum,
    binary_cross_entropy_logits_none,
)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduction", range(3))
def test_binary_cross_entropy(reduction, shape):
    reduce = (MEAN, SUM, NONE)[reduction]
    soft, sharp = uniform(shape, 0), labels(shape, 0)
    for y in (soft, sharp):
        inputs = {"y": y, "y_hat": uniform(shape, 1, 0.01, 0.99)}
        found = errors(BINARY[reduction], lambda y, y_hat: reduce(binary(y, y_hat)), inputs)
        assert worst(found) < TIGHT, found
        inputs = {"y": y, "x": 3 * draw(shape, 1)}
        found = errors(LOGITS[reduction], lambda y, x: reduce(binary_on_logits(y, x)), inputs)
        assert worst(found) < TIGHT, found


def test_binary_cross_entropy_of_probabilities_near_0_and_1():
    y_hat = np.array([[1e-300, 1e-12, 1e-3], [1 - 1e-3, 1 - 1e-12, np.nextafter(1, 0)]])
    for y in (labels((2, 3), 0), 1 - labels((2, 3), 0), uniform((2, 3), 1)):
        with np.errstate(all="ignore"):
            outputs, pullback = binary_cross_entropy_none.vjp(y, y_hat)
            dy_hat = pullback(np.ones((2, 3))).y_hat
        wanted = -(y * np.log(y_hat) + (1 - y) * np.log1p(-y_hat))
        np.testing.assert_allclose(outputs.L, wanted, rtol=1e-13)
        np.testing.assert_allclose(dy_hat, (1 - y) / (1 - y_hat) - y / y_hat, rtol=1e-12)


@pytest.mark.parametrize("scale", (40.0, 1e4))
@pytest.mark.parametrize("module", LOGITS, ids=lambda m: m.__name__)
def test_binary_cross_entropy_of_saturated_logits_is_finite(module, scale):
    x = np.where(draw((6, 5), 1) > 0, scale, -scale) + draw((6, 5), 2)
    for y in (labels((6, 5), 3), uniform((6, 5), 3)):
        outputs, pullback = module.vjp(y, x)
        gradients = pullback(np.ones_like(outputs.L))
        assert all(np.isfinite(a).all() for a in (outputs.L, *gradients))
    reduce = dict(zip(LOGITS, (MEAN, SUM, NONE), strict=True))[module]
    found = errors(module, lambda y, x: reduce(binary_on_logits(y, x)), {"y": labels((6, 5), 3), "x": x})
    assert worst(found) < TIGHT, found


def test_on_logits_the_gradient_simplifies_to_prediction_minus_label():
    y, x = labels((6, 5), 0), draw((6, 5), 1)
    _, pullback = binary_cross_entropy_logits_sum.vjp(y, x)
    np.testing.assert_allclose(pullback(1.0).x, jax.nn.sigmoid(x) - y, rtol=1e-12)


def test_binary_cross_entropy_is_the_same_on_logits_and_on_their_probabilities():
    y, x = uniform((6, 5), 0), 3 * draw((6, 5), 1)
    p = activation.forward(x).a
    np.testing.assert_allclose(
        binary_cross_entropy_logits_none.forward(y, x).L,
        binary_cross_entropy_none.forward(y, p).L,
        rtol=1e-12,
    )


# categorical cross-entropy --------------------------------------------------------------------------
CATEGORICAL = (categorical_cross_entropy, categorical_cross_entropy_sum, categorical_cross_entropy_none)
DISTRIBUTION = (
    softmax_cross_entropy_distribution,
    softmax_cross_entropy_distribution_sum,
    softmax_cross_entropy_distribution_none,
)


def categorical(y, y_hat):
    return -jnp.sum(y * jnp.log(y_hat), axis=1)


def categorical_on_logits(y, x):
    return -jnp.sum(y * jax.nn.log_softmax(x), axis=1)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduction", range(3))
def test_categorical_cross_entropy_of_distributions(reduction, shape):
    reduce, y = (MEAN, SUM, NONE)[reduction], distribution(shape, 0)
    inputs = {"y": y, "y_hat": distribution(shape, 1)}
    found = errors(CATEGORICAL[reduction], lambda y, y_hat: reduce(categorical(y, y_hat)), inputs)
    assert worst(found) < TIGHT, found
    # labels that do not add up to 1 tell -y/p from p - y
    for weights in (1, uniform(shape, 4)):
        inputs = {"y": y * weights, "x": 3 * draw(shape, 1)}
        by_hand = lambda y, x: reduce(categorical_on_logits(y, x))
        made, pullback = jax.vjp(by_hand, *inputs.values())
        outputs, ours = DISTRIBUTION[reduction].vjp(**inputs)
        cotangent = draw(np.shape(made), 5)
        np.testing.assert_allclose(outputs.L, made, rtol=1e-12, atol=1e-13)
        for found, wanted in zip(ours(cotangent), pullback(jnp.asarray(cotangent)), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-13)


def test_categorical_cross_entropy_of_probabilities_near_0_and_1():
    y_hat = np.array([[1e-300, 1 - 1e-12, 1e-12], [1e-12, 1e-300, np.nextafter(1, 0)]])
    y = distribution((2, 3), 0)
    outputs, pullback = categorical_cross_entropy_none.vjp(y, y_hat)
    np.testing.assert_allclose(outputs.L, -(y * np.log(y_hat)).sum(axis=1), rtol=1e-14)
    np.testing.assert_allclose(pullback(np.ones(2)).y_hat, -y / y_hat, rtol=1e-14)


@pytest.mark.parametrize("scale", (1e2, 1e4))
def test_categorical_cross_entropy_of_saturated_logits_is_finite(scale):
    x = np.where(draw((6, 5), 1) > 0, scale, -scale) + draw((6, 5), 2)
    inputs = {"y": distribution((6, 5), 0), "x": x}
    outputs, pullback = softmax_cross_entropy_distribution.vjp(**inputs)
    assert all(np.isfinite(a).all() for a in (outputs.L, *pullback(1.0)))
    found = errors(
        softmax_cross_entropy_distribution, lambda y, x: jnp.mean(categorical_on_logits(y, x)), inputs
    )
    assert worst(found) < TIGHT, found


def test_a_distribution_with_one_class_is_a_class_number():
    x, classes = 3 * draw((6, 5), 0), np.array([3, 0, 4, 1, 2, 2])
    one_hot = np.eye(5)[classes]
    numbers, numbers_pullback = softmax_cross_entropy.vjp(x, classes)
    distributions, distributions_pullback = softmax_cross_entropy_distribution.vjp(one_hot, x)
    np.testing.assert_allclose(distributions.L, numbers.L, rtol=1e-13)
    np.testing.assert_allclose(
        distributions_pullback(1.0).x, numbers_pullback(L=1.0).x, rtol=1e-11, atol=1e-15
    )
    np.testing.assert_allclose(categorical_cross_entropy.forward(one_hot, numbers.p).L, numbers.L, rtol=1e-13)


# the GAN objective ------------------------------------------------------------------------------------
BATCHES = ((7, 5), (1, 4), (3, 1))


@pytest.mark.parametrize("sizes", BATCHES)
def test_the_gan_objective_on_probabilities(sizes):
    inputs = {"D_x": uniform(sizes[0], 0, 0.01, 0.99), "D_G": uniform(sizes[1], 1, 0.01, 0.99)}
    by_hand = lambda D_x, D_G: jnp.mean(jnp.log(D_x)) + jnp.mean(jnp.log1p(-D_G))
    assert worst(errors(gan_objective, by_hand, inputs)) < TIGHT


def gan_by_hand(x, g):
    saturating = jnp.mean(jax.nn.log_sigmoid(-g))
    return jnp.mean(jax.nn.log_sigmoid(x)) + saturating, saturating, -jnp.mean(jax.nn.log_sigmoid(g))


@pytest.mark.parametrize("sizes", BATCHES)
@pytest.mark.parametrize("scale", (2.0, 1e4))
def test_the_gan_objective_and_both_generator_losses_on_logits(sizes, scale):
    inputs = {"x": scale * draw(sizes[0], 0), "g": scale * draw(sizes[1], 1)}
    outputs, pullback = gan_objective_logits.vjp(**inputs)
    assert all(np.isfinite(a).all() for a in (*outputs, *pullback(V=1.0, L_s=1.0, L_n=1.0)))
    found = errors(gan_objective_logits, gan_by_hand, inputs)
    assert worst(found) < TIGHT, found


def test_the_gan_objective_is_the_same_on_logits_and_on_their_probabilities():
    x, g = draw((1, 7), 0), draw((1, 5), 1)
    D_x, D_G = activation.forward(x).a[0], activation.forward(g).a[0]
    on_logits = gan_objective_logits.forward(x[0], g[0])
    np.testing.assert_allclose(gan_objective.forward(D_x, D_G).V, on_logits.V, rtol=1e-13)


def test_where_the_discriminator_wins_only_the_non_saturating_loss_moves_the_generator():
    _, pullback = gan_objective_logits.vjp(np.ones(3), np.full(4, -50.0))
    assert np.abs(pullback(L_s=1.0).g).max() < 1e-20
    np.testing.assert_allclose(pullback(L_n=1.0).g, -np.ones(4) / 4, rtol=1e-15)
