"""Neurons, fully connected layers in each form, and stacks of any depth, against JAX in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from codegen.lower import lower
from codegen.module import write_module
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.rung3_execution import check
from derive.derivation import derive
from derive.language import op
from derive.ops.dense import dense as dense_spec
from derive.ops.dense_stack import stack
from generated import (
    activation_relu,
    activation_relu_right,
    dense,
    dense_relu,
    dense_relu_right,
    dense_row,
    dense_softmax,
    dense_stack,
    dense_stack_relu,
    dense_stack_three,
    dense_stack_three_relu,
    neuron,
    neuron_relu,
    neuron_tanh,
    softmax,
)
from tests.by_hand import SHALLOW, draw, error, errors, worst

TIGHT = SHALLOW[np.float64]
B, I, H = 3, 5, 4


def layer(rows=False):
    return {"x": draw((B, I), 0), "W": draw((I, H) if rows else (H, I), 1), "b": draw((H,), 2)}


# neurons ------------------------------------------------------------------------------------------------
NEURONS = {neuron: jax.nn.sigmoid, neuron_tanh: jnp.tanh, neuron_relu: jax.nn.relu}


@pytest.mark.parametrize("module", NEURONS, ids=lambda m: m.__name__)
def test_a_neuron_is_a_weighted_sum_and_an_activation(module):
    def by_hand(x, w, b):
        z = x @ w + b
        return z, NEURONS[module](z)

    inputs = {"x": draw((B, I), 0), "w": draw((I,), 1), "b": np.array(0.3)}
    found = errors(module, by_hand, inputs)
    assert worst(found) < TIGHT, found


# the forms of a layer -----------------------------------------------------------------------------------
def test_the_row_form():
    found = errors(dense_row, lambda x, W, b: x @ W + b, layer(rows=True))
    assert worst(found) < TIGHT, found


def test_the_row_form_is_the_column_form_with_the_weights_transposed():
    inputs = layer()
    column, column_pullback = dense.vjp(**inputs)
    row, row_pullback = dense_row.vjp(inputs["x"], inputs["W"].T, inputs["b"])
    dh = draw((B, H), 3)
    ours, theirs = row_pullback(dh), column_pullback(dh)
    assert error(row.h, column.h) < TIGHT and error(ours.W.T, theirs.W) < TIGHT
    assert error(ours.x, theirs.x) < TIGHT and error(ours.b, theirs.b) < TIGHT


def test_softmax_as_an_output_layer():
    found = errors(dense_softmax, lambda x, W, b: jax.nn.softmax(x @ W.T + b), layer())
    assert worst(found) < TIGHT, found


def test_the_softmax_layer_is_the_layer_and_then_softmax():
    inputs = layer()
    p = softmax.forward(dense.forward(**inputs).h).p
    assert error(dense_softmax.forward(**inputs).output_p, p) < TIGHT


# both conventions of the derivative of ReLU at 0 ----------------------------------------------------------
def test_document_002_has_derivative_1_at_0_where_the_default_has_0():
    z, da = np.array([[-1.0, -0.0, 0.0, 2.0]]), np.array([[3.0, 5.0, 7.0, 11.0]])
    for module, slopes in ((activation_relu, [0, 0, 0, 1]), (activation_relu_right, [0, 1, 1, 1])):
        outputs, pullback = module.vjp(z)
        assert outputs.a.tolist() == [[0, 0, 0, 2]]
        assert pullback(da).z.tolist() == (da * slopes).tolist()


def test_both_conventions_are_one_function_and_one_gradient_off_the_kink():
    inputs, dh = layer(), draw((B, H), 3)
    (one, one_pullback), (other, other_pullback) = dense_relu.vjp(**inputs), dense_relu_right.vjp(**inputs)
    assert np.array_equal(one.h, other.h) and (one.h == 0).any()
    assert all(np.array_equal(a, b) for a, b in zip(one_pullback(dh), other_pullback(dh), strict=True))


def test_a_layer_whose_sums_are_0_moves_with_one_convention_and_stands_with_the_other():
    x, W, b, dh = draw((B, I), 0), np.zeros((H, I)), np.zeros(H), draw((B, H), 3)
    assert not dense_relu.vjp(x, W, b)[1](dh).W.any()
    assert error(dense_relu_right.vjp(x, W, b)[1](dh).W, dh.T @ x) < TIGHT


def test_nan_is_no_number_with_either_convention():
    z = np.array([[np.nan, 1.0]])
    for module in (activation_relu, activation_relu_right):
        outputs, pullback = module.vjp(z)
        assert np.isnan(outputs.a[0, 0]) and np.isnan(pullback(np.ones((1, 2))).z[0, 0])


# stacks -----------------------------------------------------------------------------------------------
NAMES = ("first", "second", "third", "fourth", "fifth")
STACKS = {
    dense_stack: (2, jnp.tanh),
    dense_stack_relu: (2, jax.nn.relu),
    dense_stack_three: (3, jnp.tanh),
    dense_stack_three_relu: (3, jax.nn.relu),
}


def stacked(depth):
    units = (6, 5, 7, 4, 3, 2)[: depth + 1]
    inputs = {"x": draw((B, units[0]), 0)}
    for k, name in enumerate(NAMES[:depth]):
        inputs[f"{name}_W"] = draw((units[k + 1], units[k]), 10 + k)
        inputs[f"{name}_b"] = draw((units[k + 1],), 20 + k)
    return inputs


def by_hand(depth, f):
    def network(x, **weights):
        for name in NAMES[:depth]:
            x = f(x @ weights[f"{name}_W"].T + weights[f"{name}_b"])
        return x

    return network


@pytest.mark.parametrize("module", STACKS, ids=lambda m: m.__name__)
def test_stacked_layers(module):
    depth, f = STACKS[module]
    found = errors(module, by_hand(depth, f), stacked(depth))
    assert worst(found) < TIGHT, found


def test_a_stack_with_two_layers_exchanged_is_seen():
    """Planted fault: the biases of two layers of one size exchanged."""
    inputs = {"x": draw((B, 4), 0)}
    for k, name in enumerate(NAMES[:2]):
        inputs |= {f"{name}_W": draw((4, 4), 10 + k), f"{name}_b": draw((4,), 20 + k)}
    swapped = {"first_b": inputs["second_b"], "second_b": inputs["first_b"]}
    wrong = lambda **given: by_hand(2, jnp.tanh)(**{**given, **swapped})
    assert worst(errors(dense_stack, by_hand(2, jnp.tanh), inputs)) < TIGHT
    assert worst(errors(dense_stack, wrong, inputs)) > 1e-3


@op(title="five layers", source="test")
def five_layers(s):
    x = s.data("x", s.size("I", "k"))
    s.returns(stack(s, x, dense_spec.sigmoid, NAMES))


def test_a_users_five_layers_are_one_pair_of_kernels_that_is_exact():
    source = write_module(lower(derive(five_layers[0])))
    result = check(Candidate(source), Cases(source.plan.derivation))
    assert result.points >= 3
    assert (result.verdict, result.detail) == ("passed", "")
