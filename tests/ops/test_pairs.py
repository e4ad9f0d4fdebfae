"""Output functions with their losses against JAX in float64, and at the ends of the floating-point range."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from generated import (
    multi_label_cross_entropy,
    multi_label_cross_entropy_sum,
    sigmoid_binary_cross_entropy,
    sigmoid_binary_cross_entropy_none,
    sigmoid_binary_cross_entropy_sum,
    softmax_categorical_cross_entropy,
    softmax_categorical_cross_entropy_none,
    softmax_categorical_cross_entropy_sum,
)
from tests.by_hand import SHALLOW, draw, errors, worst

SHAPES = ((7, 5), (1, 3), (4, 1))
DTYPES = (np.float64, np.float32)


def units(y, z):
    """Binary cross-entropies, as document 003 has them."""
    y_hat = jax.nn.sigmoid(z)
    return -(y * jnp.log(y_hat) + (1 - y) * jnp.log(1 - y_hat))


def examples(y, z):
    """Categorical cross-entropies, as document 003 has them."""
    return -jnp.sum(y * jnp.log(jax.nn.softmax(z)), axis=1)


BINARY = (
    (sigmoid_binary_cross_entropy, lambda y, z: jnp.mean(units(y, z))),
    (sigmoid_binary_cross_entropy_sum, lambda y, z: jnp.sum(units(y, z))),
    (sigmoid_binary_cross_entropy_none, units),
    (multi_label_cross_entropy, lambda y, z: jnp.mean(units(y, z), axis=1)),
    (multi_label_cross_entropy_sum, lambda y, z: jnp.sum(units(y, z), axis=1)),
)
CATEGORICAL = (
    (softmax_categorical_cross_entropy, lambda y, z: jnp.mean(examples(y, z))),
    (softmax_categorical_cross_entropy_sum, lambda y, z: jnp.sum(examples(y, z))),
    (softmax_categorical_cross_entropy_none, examples),
)


def name(case):
    return case[0].__name__.split(".")[-1]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("case", BINARY + CATEGORICAL, ids=name)
def test_a_pair_is_the_loss_of_the_output(case, shape):
    module, by_hand = case
    soft = np.random.default_rng(1).uniform(0, 1, shape)  # labels of any kind: they need not add up to 1
    for y in (soft, np.round(soft), np.zeros(shape), np.ones(shape)):
        found = errors(module, by_hand, {"y": y, "z": 2 * draw(shape, 2)})
        assert worst(found) < SHALLOW[np.float64], found


@pytest.mark.parametrize("case", BINARY + CATEGORICAL, ids=name)
def test_a_pair_in_single_precision(case):
    module, by_hand = case
    y = np.random.default_rng(1).integers(0, 2, (7, 5)).astype(np.float32)
    found = errors(module, by_hand, {"y": y, "z": draw((7, 5), 2, np.float32)})
    assert worst(found) < SHALLOW[np.float32], found


def test_a_gradient_that_is_off_by_a_little_is_noticed():
    def wrong(y, z):
        return jnp.sum(units(y, z) * 1.0005)

    found = errors(sigmoid_binary_cross_entropy_sum, wrong, {"y": np.ones((3, 2)), "z": draw((3, 2), 2)})
    assert found["dz"] > 1e-4 and worst(found) > SHALLOW[np.float32]


# the gradients that the pairs are known for -------------------------------------------------------
def gradient(module, y, z):
    outputs, pullback = module.vjp(y, z)
    return outputs.L, pullback(np.ones_like(outputs.L)).z


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_of_the_sigmoid_pair_is_the_error(dtype):
    z = draw((6, 4), 0, dtype)
    y = np.random.default_rng(1).integers(0, 2, (6, 4)).astype(dtype)
    _, found = gradient(sigmoid_binary_cross_entropy_sum, y, z)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-z)) - y, rtol=2e-6 if dtype == np.float32 else 1e-14)


def test_the_gradient_of_the_softmax_pair_is_p_times_the_sum_of_the_labels_less_them():
    z, y = draw((6, 4), 0), np.random.default_rng(1).uniform(0.5, 2, (6, 4))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    _, found = gradient(softmax_categorical_cross_entropy_sum, y, z)
    np.testing.assert_allclose(found, p * y.sum(axis=1, keepdims=True) - y, rtol=1e-12, atol=1e-14)
    assert np.abs(found - (p - y)).max() > 0.1  # the labels of no example add up to 1 here
    y /= y.sum(axis=1, keepdims=True)
    _, found = gradient(softmax_categorical_cross_entropy_sum, y, z)
    np.testing.assert_allclose(found, p - y, rtol=1e-12, atol=1e-14)


# at the ends --------------------------------------------------------------------------------------
Z = np.array([[1e4, 1e4, -1e4], [-1e4, 0.0, 1e4]])
Y = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
LOSSES = np.array([[0.0, 1e4, 1e4], [0.0, np.log(2), 0.0]])
ERRORS = np.array([[0.0, 1.0, -1.0], [0.0, -0.5, 0.0]])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("module", "reduce", "share"),
    [
        (sigmoid_binary_cross_entropy, np.mean, 6),
        (sigmoid_binary_cross_entropy_sum, np.sum, 1),
        (sigmoid_binary_cross_entropy_none, lambda losses: losses, 1),
        (multi_label_cross_entropy, lambda losses: losses.mean(axis=1), 3),
        (multi_label_cross_entropy_sum, lambda losses: losses.sum(axis=1), 1),
    ],
    ids=("mean", "sum", "none", "mean of units", "sum of units"),
)
def test_a_logistic_pair_is_exact_however_sure_it_is(module, reduce, share, dtype):
    L, dz = gradient(module, Y.astype(dtype), Z.astype(dtype))
    tight = 2 * np.finfo(dtype).eps
    np.testing.assert_allclose(L, reduce(LOSSES), rtol=tight)
    np.testing.assert_allclose(dz, ERRORS / share, rtol=tight)
    assert L.dtype == dz.dtype == dtype


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("module", "reduce", "share"),
    [
        (softmax_categorical_cross_entropy, np.mean, 2),
        (softmax_categorical_cross_entropy_sum, np.sum, 1),
        (softmax_categorical_cross_entropy_none, lambda losses: losses, 1),
    ],
    ids=("mean", "sum", "none"),
)
def test_a_softmax_pair_is_exact_however_sure_it_is(module, reduce, share, dtype):
    y = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    L, dz = gradient(module, y.astype(dtype), Z.astype(dtype))
    tight = 2 * np.finfo(dtype).eps
    np.testing.assert_allclose(L, reduce(np.array([np.log(2), 2e4])), rtol=tight)
    np.testing.assert_allclose(dz, np.array([[0.5, -0.5, 0.0], [-1.0, 0.0, 1.0]]) / share, rtol=tight)


def test_the_formulas_themselves_do_not_get_that_far():
    assert not np.isfinite(units(Y, Z)).all()
    assert not np.isfinite(examples(np.eye(2, 3), Z)).all()


@pytest.mark.parametrize("case", BINARY + CATEGORICAL, ids=name)
def test_nothing_hides_a_nan(case):
    z = draw((3, 4), 0)
    z[1, 2] = np.nan
    L, dz = gradient(case[0], np.full((3, 4), 0.25), z)
    assert np.isnan(np.sum(L)) and np.isnan(dz[1, 2]) and np.isfinite(dz[0]).all()
