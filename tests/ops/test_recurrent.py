"""The recurrent layers against JAX in float64, by hand with `jax.lax.scan`."""

import importlib

import jax
import jax.numpy as jnp
import pytest

from tests.by_hand import errors, worst
from tests.ops.recurrent_by_hand import (
    B,
    G,
    H,
    I,
    K,
    O,
    added,
    both_ways,
    concatenated,
    directions,
    drawn,
    gated,
    gru_layer,
    layers,
    long_short,
    lstm_layer,
    output_layer,
    peepholes,
    renamed,
    side_by_side,
    simple,
    simple_layer,
    stacked,
)

TOLERANCE = 1e-11

RNN = {"h0": (B, H), "W_xh": (H, I), "W_hh": (H, H), "W_hy": (O, H)}
BIASES = {"b": (H,), "c": (O,)}
STATE_BIAS = renamed(RNN, W_xh="W_x", W_hh="W_h", W_hy="W_y") | {"b": (H,)}
BEFORE = renamed(gru_layer(I, H), W="w_x", U="w_h")
PEEPHOLE = renamed(lstm_layer(I, H), c0="cl0", W="w_x", U="w_h")
CONCATENATED = {k: s for k, s in lstm_layer(I, H).items() if k != "U"} | {"W": (4, H, H + I)}


def of(f):
    return lambda x, **inputs: simple(f, x, **inputs)


def alone(layer):
    """The first output, by itself."""
    return lambda *inputs, **named: layer(*inputs, **named)[0]


def state_bias(x, h0, W_h, W_x, W_y, b):
    return output_layer(jnp.tanh)(x, h0, W_x, W_h, W_y, b)


def before(x, h0, w_x, w_h, b):
    return gated(after=False)(x, h0, w_x, w_h, b)[0]


OPS = {
    "rnn": (output_layer(jnp.tanh), RNN | BIASES),
    "rnn_relu": (output_layer(jax.nn.relu), RNN | BIASES),
    "rnn_sigmoid": (output_layer(jax.nn.sigmoid), RNN | BIASES),
    "rnn_softmax": (output_layer(jnp.tanh, jax.nn.softmax), RNN | BIASES),
    "rnn_bias_free": (output_layer(jnp.tanh), RNN),
    "rnn_state_bias": (state_bias, STATE_BIAS),
    "recurrent_layer": (alone(of(jnp.tanh)), simple_layer(I, H)),
    "recurrent_layer_sigmoid": (alone(of(jax.nn.sigmoid)), simple_layer(I, H)),
    "gru": (alone(gated(after=True)), gru_layer(I, H)),
    "gru_reset_before": (before, BEFORE),
    "lstm": (long_short, lstm_layer(I, H)),
    "lstm_concatenated": (concatenated, CONCATENATED),
    "lstm_peephole": (peepholes(lambda w, c: w * c), PEEPHOLE | {"w_cl": (3, H)}),
    "lstm_peephole_full": (peepholes(lambda w, c: c @ w.T), PEEPHOLE | {"w_cl": (3, H, H)}),
}
LAYERS = {
    "rnn": (of(jnp.tanh), simple_layer),
    "gru": (gated(after=True), gru_layer),
    "lstm": (long_short, lstm_layer),
}
for name, (layer, shapes) in LAYERS.items():
    OPS[f"deep_{name}"] = (stacked(layer, 2), layers(shapes, H, G))
    OPS[f"deep_{name}_three"] = (stacked(layer, 3), layers(shapes, H, G, K))
    OPS[f"bidirectional_{name}"] = (both_ways(layer, added), directions(shapes, H, H))
    OPS[f"bidirectional_{name}_concatenated"] = (
        both_ways(layer, side_by_side),
        directions(shapes, H, G),
    )


@pytest.mark.parametrize("name", OPS)
def test_outputs_and_gradients_are_those_of_a_scan_by_hand(name):
    by_hand, shapes = OPS[name]
    module = importlib.import_module(f"generated.{name}")
    found = errors(module, by_hand, drawn(module, shapes))
    assert worst(found) < TOLERANCE, found


@pytest.mark.parametrize("name", ("lstm", "gru"))
def test_two_gates_that_changed_places_are_seen(name):
    by_hand, shapes = OPS[name]
    module = importlib.import_module(f"generated.{name}")

    def wrong(x, h0, W, U, b, **rest):
        order = jnp.array([1, 0, *range(2, len(b))])
        return by_hand(x=x, h0=h0, W=W[order], U=U, b=b, **rest)

    assert worst(errors(module, wrong, drawn(module, shapes))) > 1e-2
