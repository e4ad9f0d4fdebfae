"""Losses, activations and the GAN objective against JAX in float64, written by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from generated import (
    activation,
    activation_relu,
    activation_tanh,
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
    huber,
    huber_none,
    huber_sum,
    mae,
    mae_none,
    mae_sum,
    mse,
    mse_none,
    mse_sum,
    softmax,
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


# regression ---------------------------------------------------------------------------------------
def huber_by_hand(delta):
    def loss(y, y_hat):
        e = jnp.abs(y - y_hat)
        return jnp.where(e <= delta, e**2 / 2, delta * (e - delta / 2))

    return loss


REGRESSION = {
    "mse": ((mse, mse_sum, mse_none), lambda y, y_hat: (y - y_hat) ** 2),
    "mae": ((mae, mae_sum, mae_none), lambda y, y_hat: jnp.abs(y - y_hat)),
    "huber": ((huber, huber_sum, huber_none), huber_by_hand(1.0)),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", REGRESSION)
def test_a_regression_loss_in_each_reduction(name, shape):
    modules, loss = REGRESSION[name]
    inputs = {"y": 3 * draw(shape, 0), "y_hat": 3 * draw(shape, 1)}
    for module, reduce in zip(modules, (MEAN, SUM, NONE), strict=True):
        found = errors(module, lambda y, y_hat, reduce=reduce: reduce(loss(y, y_hat)), inputs)
        assert worst(found) < TIGHT, (module.__name__, found)


@pytest.mark.parametrize("module, loss", ((mse, lambda e: e**2), (mae, jnp.abs)), ids=("mse", "mae"))
def test_a_regression_loss_in_single_precision(module, loss):
    inputs = {"y": draw((7, 5), 0, np.float32), "y_hat": draw((7, 5), 1, np.float32)}
    found = errors(module, lambda y, y_hat: jnp.mean(loss(y - y_hat)), inputs)
    assert worst(found) < SHALLOW[np.float32], found


def test_the_gradient_of_one_squared_error_is_the_documents():
    y, y_hat = draw((6, 1), 0), draw((6, 1), 1)
    _, pullback = mse_none.vjp(y, y_hat)
    np.testing.assert_allclose(pullback(np.ones((6, 1))).y_hat, -2 * (y - y_hat), rtol=1e-14)


def test_equal_predictions_take_no_gradient():
    y = draw((4, 3), 0)
    for module in (mse, mae, huber):
        outputs, pullback = module.vjp(y, y.copy())
        assert outputs.L == 0 and not pullback(1.0).y_hat.any() and not pullback(1.0).y.any()


@pytest.mark.parametrize("delta", (0.25, 2.5))
def test_the_huber_loss_for_any_delta(delta):
    inputs = {"y": 3 * draw((7, 5), 0), "y_hat": 3 * draw((7, 5), 1)}
    assert worst(errors(huber_none, huber_by_hand(delta), inputs, delta=delta)) < TIGHT


@pytest.mark.parametrize("sign", (1.0, -1.0))
def test_at_delta_both_pieces_of_the_huber_loss_agree(sign):
    y_hat, delta = np.zeros((1, 1)), 0.75
    for error in (delta, np.nextafter(delta, 2)):
        outputs, pullback = huber_none.vjp(np.full((1, 1), sign * error), y_hat, delta=delta)
        np.testing.assert_allclose(outputs.L, delta**2 / 2, rtol=1e-14)
        np.testing.assert_allclose(pullback(np.ones((1, 1))).y_hat, -sign * delta, rtol=1e-14)


def test_the_huber_loss_tends_to_half_the_squared_and_to_the_absolute_error():
    y, y_hat = draw((7, 5), 0), draw((7, 5), 1)
    (wide,), wide_pullback = huber.vjp(y, y_hat, delta=1e6)
    (squared,), squared_pullback = mse.vjp(y, y_hat)
    np.testing.assert_allclose(wide, squared / 2, rtol=1e-14)
    np.testing.assert_allclose(wide_pullback(1.0).y_hat, squared_pullback(0.5).y_hat, rtol=1e-13)
    narrow_delta = 1e-9
    (narrow,), narrow_pullback = huber.vjp(y, y_hat, delta=narrow_delta)
    (absolute,), absolute_pullback = mae.vjp(y, y_hat)
    np.testing.assert_allclose(narrow / narrow_delta, absolute, rtol=1e-8)
    np.testing.assert_allclose(
        narrow_pullback(1 / narrow_delta).y_hat, absolute_pullback(1.0).y_hat, rtol=1e-13
    )


def test_large_errors_overflow_nowhere_but_in_their_square():
    y, y_hat = np.full((2, 3), 1e200), np.zeros((2, 3))
    for module in (mae, huber):
        outputs, pullback = module.vjp(y, y_hat)
        assert np.isfinite(outputs.L) and np.isfinite(pullback(1.0).y_hat).all()


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


# softmax and activations ----------------------------------------------------------------------------
@pytest.mark.parametrize("shape", SHAPES)
def test_softmax(shape):
    found = errors(softmax, lambda x: jax.nn.softmax(x, axis=-1), {"x": 3 * draw(shape, 0)})
    assert found["p"] < TIGHT
    # with one class the gradient is 0, and only rounding is left of it
    assert found["dx"] < TIGHT or shape[1] == 1


def test_softmax_of_ties_and_of_saturated_logits():
    x = np.array([[1e4, 1e4, -1e4], [-1e4, -1e4, -1e4], [1e4, -1e4, 0.0]])
    outputs, pullback = softmax.vjp(x)
    np.testing.assert_allclose(outputs.p, [[0.5, 0.5, 0], [1 / 3] * 3, [1, 0, 0]], rtol=1e-15)
    assert np.isfinite(pullback(draw((3, 3), 0)).x).all()


ACTIVATIONS = {activation: jax.nn.sigmoid, activation_tanh: jnp.tanh, activation_relu: jax.nn.relu}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("module", ACTIVATIONS, ids=lambda m: m.__name__)
def test_an_activation(module, shape):
    found = errors(module, lambda z: ACTIVATIONS[module](z), {"z": 3 * draw(shape, 0)})
    assert worst(found) < TIGHT, found


def test_activations_at_their_kinks_and_limits():
    z = np.array([[0.0, -0.0, 1e4, -1e4]])
    for module, values, slopes in (
        (activation, [0.5, 0.5, 1, 0], [0.25, 0.25, 0, 0]),
        (activation_tanh, [0, 0, 1, -1], [1, 1, 0, 0]),
        (activation_relu, [0, 0, 1e4, 0], [0, 0, 1, 0]),
    ):
        outputs, pullback = module.vjp(z)
        np.testing.assert_array_equal(outputs.a, [values])
        np.testing.assert_array_equal(pullback(np.ones((1, 4))).z, [slopes])


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
