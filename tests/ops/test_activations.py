"""Softmax and the activations against JAX in float64, with their derivatives as the documents state them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from derive.derivation import derive
from derive.ops.activation import activation as activation_spec
from derive.pages.page import render
from generated import activation, activation_relu, activation_relu_right, activation_tanh, softmax
from tests.by_hand import SHALLOW, draw, error, errors, worst

TIGHT = SHALLOW[np.float64]
SHAPES = ((7, 5), (1, 3), (4, 1))


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


ACTIVATIONS = {
    activation: jax.nn.sigmoid,
    activation_tanh: jnp.tanh,
    activation_relu: jax.nn.relu,
    activation_relu_right: jax.nn.relu,
}


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
        (activation_relu_right, [0, 0, 1e4, 0], [1, 1, 1, 0]),
    ):
        outputs, pullback = module.vjp(z)
        np.testing.assert_array_equal(outputs.a, [values])
        np.testing.assert_array_equal(pullback(np.ones((1, 4))).z, [slopes])


# the derivatives that the documents state -----------------------------------------------------------
STATED = {
    activation: lambda z, a: a * (1 - a),  # document 002: sigma'(z) = sigma(z) * (1 - sigma(z))
    activation_relu_right: lambda z, a: np.where(z >= 0, 1.0, 0.0),  # document 002: 1 if x >= 0, else 0
    activation_tanh: lambda z, a: 1 - a**2,
    activation_relu: lambda z, a: np.where(z > 0, 1.0, 0.0),
}


@pytest.mark.parametrize("module", STATED, ids=lambda m: m.__name__)
def test_a_derivative_is_the_one_that_the_documents_state(module):
    z = np.concatenate([3 * draw((4, 5), 0), np.zeros((1, 5))])
    outputs, pullback = module.vjp(z)
    slopes = pullback(np.ones_like(z)).z
    assert error(slopes, STATED[module](z, outputs.a)) < 1e-15
    assert error(slopes, 1.0005 * STATED[module](z, outputs.a)) > 1e-4  # a planted fault


PRINTED = {
    "activation": "a[b,i]*(1 - a[b,i])",
    "activation_tanh": "1 - a[b,i]**2",
    "activation_relu": "step(a[b,i])",
    "activation_relu_right": "step_right(z[b,i])",
}


def test_the_pages_print_these_derivatives():
    for op in activation_spec:
        assert f"= {PRINTED[op.name]}." in render(derive(op), "text", "index").replace("\n", " ")
