"""The building blocks of document 003's table of architectures against JAX in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from generated import (
    alexnet_classifier,
    compound_scaling,
    dropout,
    inception,
    residual_block,
    vgg_block,
)
from tests.by_hand import SHALLOW, draw, errors, worst

TIGHT = SHALLOW[np.float64]


def same(X, K, b):
    return lax.conv_general_dilated(X, K, (1, 1), "SAME") + b[:, None, None]


def largest(X, window, stride, padding):
    return lax.reduce_window(X, -jnp.inf, lax.max, (1, 1, window, window), (1, 1, stride, stride), padding)


# ResNet: skip connections ---------------------------------------------------------------------------
def residual(X, K1, K2, b1, b2):
    return jax.nn.relu(same(jax.nn.relu(same(X, K1, b1)), K2, b2) + X)


@pytest.mark.parametrize("shape", ((2, 3, 7, 5), (1, 1, 4, 6), (3, 2, 1, 4), (2, 4, 2, 1)))
def test_the_residual_block(shape):
    C = shape[1]
    shapes = {"X": shape, "K1": (C, C, 3, 3), "K2": (C, C, 3, 3), "b1": (C,), "b2": (C,)}
    inputs = {n: draw(s, k) for k, (n, s) in enumerate(shapes.items())}
    found = errors(residual_block, residual, inputs)
    assert worst(found) < TIGHT, found


def test_a_block_without_weights_is_its_skip_connection():
    X, K, b = draw((2, 3, 5, 4), 0), np.zeros((3, 3, 3, 3)), np.zeros(3)
    outputs, pullback = residual_block.vjp(X, K, K, b, b)
    dY = draw(X.shape, 1)
    assert np.array_equal(outputs.Y, np.maximum(X, 0))
    assert np.array_equal(pullback(dY).X, dY * (X > 0))


# AlexNet: ReLU and dropout --------------------------------------------------------------------------
def test_dropout_keeps_what_its_mask_says_and_divides_it():
    x, m = draw((4, 5), 0), np.random.default_rng(1).integers(0, 2, (4, 5))
    for p in (0.5, 0.2):
        found = errors(dropout, lambda x, m, p=p: x * m / (1 - p), {"x": x, "m": m}, p=p)
        assert worst(found) < TIGHT, found


def test_dropout_with_its_default_doubles_and_with_nothing_to_drop_does_nothing():
    x, ones = draw((4, 5), 0), np.ones((4, 5), dtype=bool)
    assert np.array_equal(dropout.forward(x, ones).y, 2 * x)
    assert np.array_equal(dropout.forward(x, ones, p=0.0).y, x)
    assert not dropout.forward(x, ~ones, p=1.0).y.any()


def test_dropout_changes_nothing_on_average():
    rng, p = np.random.default_rng(0), 0.3
    x = np.ones((200, 500))
    left = dropout.forward(x, rng.uniform(size=x.shape) >= p, p=p).y
    # the mean of 100,000 elements with standard deviation sqrt(p/(1-p)): five of its deviations
    assert abs(left.mean() - 1) < 5 * np.sqrt(p / (1 - p) / x.size)


def classifier(p):
    def by_hand(
        x, first_W, first_b, first_dropout_m, second_W, second_b, second_dropout_m, output_W, output_b
    ):
        h = jax.nn.relu(x @ first_W.T + first_b) * first_dropout_m / (1 - p)
        h = jax.nn.relu(h @ second_W.T + second_b) * second_dropout_m / (1 - p)
        return h @ output_W.T + output_b

    return by_hand


def classifier_inputs():
    units = {"first": (7, 6), "second": (5, 7), "output": (4, 5)}
    inputs = {"x": draw((3, 6), 0)}
    for seed, (name, shape) in enumerate(units.items()):
        inputs |= {f"{name}_W": draw(shape, 10 + seed), f"{name}_b": draw(shape[:1], 20 + seed)}
        if name != "output":
            inputs[f"{name}_dropout_m"] = np.random.default_rng(seed).integers(0, 2, (3, shape[0]))
    return inputs


def test_fully_connected_layers_with_relu_and_dropout():
    found = errors(alexnet_classifier, classifier(0.3), classifier_inputs(), p=0.3)
    assert worst(found) < TIGHT, found


def test_a_forgotten_division_by_what_is_kept_is_seen():
    """Planted fault: dropout that is not inverted."""
    assert worst(errors(alexnet_classifier, classifier(0.0), classifier_inputs(), p=0.3)) > 0.1


# VGG: stacks of 3x3 ---------------------------------------------------------------------------------
def vgg(X, conv1_K, conv1_b, conv2_K, conv2_b):
    inner = jax.nn.relu(same(X, conv1_K, conv1_b))
    return largest(jax.nn.relu(same(inner, conv2_K, conv2_b)), 2, 2, "VALID")


@pytest.mark.parametrize("image", ((6, 4), (7, 5), (2, 3)))
def test_the_block_of_vgg(image):
    shapes = {"X": (2, 3, *image), "conv1_K": (4, 3, 3, 3), "conv1_b": (4,)}
    shapes |= {"conv2_K": (5, 4, 3, 3), "conv2_b": (5,)}
    found = errors(vgg_block, vgg, {n: draw(s, k) for k, (n, s) in enumerate(shapes.items())})
    assert worst(found) < TIGHT, found


# GoogLeNet: the inception module --------------------------------------------------------------------
BRANCHES = {"one": (2, 3, 1), "reduce3": (4, 3, 1), "three": (5, 4, 3), "reduce5": (2, 3, 1)}
BRANCHES |= {"five": (3, 2, 5), "project": (4, 3, 1)}


def module(X, **weights):
    def conv(name, X):
        return jax.nn.relu(same(X, weights[f"{name}_K"], weights[f"{name}_b"]))

    pooled = largest(X, 3, 1, "SAME")
    branches = [conv("one", X), conv("three", conv("reduce3", X)), conv("five", conv("reduce5", X))]
    return jnp.concatenate([*branches, conv("project", pooled)], axis=1)


def inception_inputs(image):
    inputs = {"X": draw((2, 3, *image), 0)}
    for seed, (name, (filters, channels, size)) in enumerate(BRANCHES.items()):
        inputs[f"{name}_K"] = draw((filters, channels, size, size), 10 + seed)
        inputs[f"{name}_b"] = draw((filters,), 20 + seed)
    return inputs


@pytest.mark.parametrize("image", ((6, 7), (1, 4)))
def test_the_inception_module(image):
    assert inception.forward(**inception_inputs(image)).Y.shape == (2, 2 + 5 + 3 + 4, *image)
    found = errors(inception, module, inception_inputs(image))
    assert worst(found) < TIGHT, found


def test_branches_in_another_order_are_seen():
    """Planted fault: the last branch first."""
    rolled = lambda **inputs: jnp.roll(module(**inputs), 4, axis=1)
    assert worst(errors(inception, rolled, inception_inputs((6, 7)))) > 0.1


# EfficientNet: compound scaling ---------------------------------------------------------------------
TAN_AND_LE = {"alpha": np.array(1.2), "beta": np.array(1.1), "gamma": np.array(1.15)}


def scaling(phi, alpha, beta, gamma):
    d, w, r = alpha**phi, beta**phi, gamma**phi
    return d, w, r, d * w**2 * r**2


@pytest.mark.parametrize("phi", (0.0, 1.0, 2.5, -1.0))
def test_compound_scaling(phi):
    found = errors(compound_scaling, scaling, {"phi": np.array(phi), **TAN_AND_LE})
    assert worst(found) < TIGHT, found


def test_with_the_papers_numbers_every_step_nearly_doubles_the_cost():
    for phi in range(8):
        outputs, pullback = compound_scaling.vjp(np.array(float(phi)), **TAN_AND_LE)
        cost = outputs.F
        assert cost == pytest.approx(1.92027**phi, rel=1e-5)
        # dF/dphi = F * log(alpha * beta**2 * gamma**2)
        slope = pullback(F=1.0).phi
        assert slope == pytest.approx(cost * np.log(1.2 * 1.1**2 * 1.15**2), rel=1e-12)
    assert outputs.d == pytest.approx(1.2**7, rel=1e-13)
