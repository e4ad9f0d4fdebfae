"""The recurrent layers against JAX in float64, by hand with `jax.lax.scan`, and against each other."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from generated import (
    bidirectional_rnn,
    bidirectional_rnn_concatenated,
    deep_rnn,
    gru,
    gru_reset_before,
    lstm,
    lstm_concatenated,
    recurrent_layer,
    recurrent_layer_sigmoid,
    rnn,
    rnn_bias_free,
    rnn_relu,
)
from tests.by_hand import draw, errors, worst

T, B, I, H, O, G = 5, 3, 4, 6, 2, 7
TOLERANCE = 1e-11


# by hand ------------------------------------------------------------------------------------------
def simple(f, x, h0, W_hh, W_xh, b_h=0.0):
    def step(h, x_t):
        h = f(x_t @ W_xh.T + h @ W_hh.T + b_h)
        return h, h

    return (lax.scan(step, h0, x)[1],)


def gated(after):
    """A GRU with the gates (update, reset, candidate), the reset gate after or before the product."""

    def layer(x, h0, W, U, b):
        def step(h, x_t):
            z = jax.nn.sigmoid(x_t @ W[0].T + h @ U[0].T + b[0])
            r = jax.nn.sigmoid(x_t @ W[1].T + h @ U[1].T + b[1])
            recurrent = r * (h @ U[2].T) if after else (r * h) @ U[2].T
            h = z * h + (1 - z) * jnp.tanh(x_t @ W[2].T + recurrent + b[2])
            return h, h

        return (lax.scan(step, h0, x)[1],)

    return layer


def long_short(x, h0, c0, W, U, b):
    """An LSTM with the gates (forget, input, candidate, output)."""

    def step(state, x_t):
        h, c = state
        z = [x_t @ W[g].T + h @ U[g].T + b[g] for g in range(4)]
        c = jax.nn.sigmoid(z[0]) * c + jax.nn.sigmoid(z[1]) * jnp.tanh(z[2])
        h = jax.nn.sigmoid(z[3]) * jnp.tanh(c)
        return (h, c), (h, c)

    return lax.scan(step, (h0, c0), x)[1]


def output_layer(f):
    def by_hand(x, h0, W_xh, W_hh, W_hy, b=0.0, c=0.0):
        (h,) = simple(f, x, h0, W_hh, W_xh, b)
        return h, h @ W_hy.T + c

    return by_hand


def concatenated(x, h0, c0, W, b):
    return long_short(x, h0, c0, W[:, :, H:], W[:, :, :H], b)


def part(inputs, prefix):
    return {k.removeprefix(prefix): a for k, a in inputs.items() if k.startswith(prefix)}


def stacked(layer, *names):
    """Layers upon each other: the outputs of all."""

    def by_hand(x, **inputs):
        found = ()
        for name in names:
            made = layer(x, **part(inputs, f"{name}_"))
            x, found = made[0], (*found, *made)
        return found

    return by_hand


def both_ways(layer, join):
    def by_hand(x, **inputs):
        ahead = layer(x, **part(inputs, "forward_"))[0]
        back = layer(x[::-1], **part(inputs, "backward_"))[0][::-1]
        return join(ahead, back)

    return by_hand


def added(ahead, back):
    return ahead + back


def side_by_side(ahead, back):
    return jnp.concatenate((ahead, back), axis=-1)


# inputs -------------------------------------------------------------------------------------------
def simple_layer(I, H):
    return {"h0": (B, H), "W_hh": (H, H), "W_xh": (H, I), "b_h": (H,)}


def gru_layer(I, H):
    return {"h0": (B, H), "W": (3, H, I), "U": (3, H, H), "b": (3, H)}


def lstm_layer(I, H):
    return {"h0": (B, H), "c0": (B, H), "W": (4, H, I), "U": (4, H, H), "b": (4, H)}


def renamed(shapes, **names):
    return {names.get(k, k): shape for k, shape in shapes.items()}


def under(prefix, shapes):
    return {f"{prefix}_{k}": shape for k, shape in shapes.items()}


def layers(shapes, *sizes):
    """The inputs of stacked layers with as many units as given."""
    found, below = {}, I
    for name, units in zip(("first", "second"), sizes, strict=True):
        found |= under(name, shapes(below, units))
        below = units
    return found


def directions(shapes, ahead, back):
    return under("forward", shapes(I, ahead)) | under("backward", shapes(I, back))


def drawn(module, shapes, scale=0.7):
    """Random inputs in the order in which the module takes them."""
    shapes = {"x": (T, B, I)} | shapes
    order = [n for n in inspect.signature(module.forward).parameters if n in shapes]
    assert len(order) == len(shapes), set(shapes) - set(order)
    return {n: scale * draw(shapes[n], k) for k, n in enumerate(order)}


RNN = {"h0": (B, H), "W_xh": (H, I), "W_hh": (H, H), "W_hy": (O, H)}
BIASES = {"b": (H,), "c": (O,)}
BEFORE = renamed(gru_layer(I, H), W="w_x", U="w_h")
CONCATENATED = {k: s for k, s in lstm_layer(I, H).items() if k != "U"} | {"W": (4, H, H + I)}

tanh_layer = lambda x, **inputs: simple(jnp.tanh, x, **inputs)
reset_after, reset_before = gated(after=True), gated(after=False)

OPS = {
    rnn: (output_layer(jnp.tanh), RNN | BIASES),
    rnn_relu: (output_layer(jax.nn.relu), RNN | BIASES),
    rnn_bias_free: (output_layer(jnp.tanh), RNN),
    recurrent_layer: (lambda **inputs: tanh_layer(**inputs)[0], simple_layer(I, H)),
    recurrent_layer_sigmoid: (lambda **i: simple(jax.nn.sigmoid, **i)[0], simple_layer(I, H)),
    gru: (lambda **inputs: reset_after(**inputs)[0], gru_layer(I, H)),
    gru_reset_before: (lambda x, h0, w_x, w_h, b: reset_before(x, h0, w_x, w_h, b)[0], BEFORE),
    lstm_concatenated: (concatenated, CONCATENATED),
    deep_rnn: (stacked(tanh_layer, "first", "second"), layers(simple_layer, H, G)),
    bidirectional_rnn: (both_ways(tanh_layer, added), directions(simple_layer, H, H)),
    bidirectional_rnn_concatenated: (both_ways(tanh_layer, side_by_side), directions(simple_layer, H, G)),
}


@pytest.mark.parametrize("module", OPS, ids=lambda m: m.__name__.removeprefix("generated."))
def test_outputs_and_gradients_are_those_of_a_scan_by_hand(module):
    by_hand, shapes = OPS[module]
    found = errors(module, by_hand, drawn(module, shapes))
    assert worst(found) < TOLERANCE, found


# the forms of one layer -----------------------------------------------------------------------------
def near(a, b):
    return np.max(np.abs(a - b)) < TOLERANCE


def test_the_lstm_on_the_concatenation_is_the_lstm_with_its_weights_side_by_side():
    inputs = drawn(lstm, lstm_layer(I, H))
    side = {k: a for k, a in inputs.items() if k != "U"}
    side["W"] = np.concatenate((inputs["U"], inputs["W"]), axis=-1)
    dh, dc = draw((T, B, H), 1), draw((T, B, H), 2)
    split, pullback = lstm.vjp(**inputs)
    joint, joint_pullback = lstm_concatenated.vjp(**side)
    assert near(split.h, joint.h) and near(split.c, joint.c)
    apart, whole = pullback(h=dh, c=dc), joint_pullback(h=dh, c=dc)
    assert all(near(getattr(apart, n), getattr(whole, n)) for n in ("x", "h0", "c0", "b"))
    assert near(apart.U, whole.W[:, :, :H]) and near(apart.W, whole.W[:, :, H:])


def before_and_after(inputs):
    W, U = inputs["W"], inputs["U"]
    before = {"x": inputs["x"], "h0": inputs["h0"], "w_x": W, "w_h": U, "b": inputs["b"]}
    return gru.forward(**inputs).h, gru_reset_before.forward(**before).h


def test_resetting_before_the_product_is_not_resetting_after_it():
    """One step of two units: U_h exchanges them, r is (1/2, 1) and z is 1/2.

    After, the candidate is tanh(r_j h_other); before, tanh(r_other h_other).
    """
    U = np.zeros((3, 2, 2))
    U[2] = [[0.0, 1.0], [1.0, 0.0]]
    b = np.zeros((3, 2))
    b[1] = [0.0, 50.0]
    h = np.array([[1.0, 0.6]])
    after, before = before_and_after(
        {"x": np.zeros((1, 1, 1)), "h0": h, "W": np.zeros((3, 2, 1)), "U": U, "b": b}
    )
    assert near(after, 0.5 * h + 0.5 * np.tanh([[0.3, 1.0]]))
    assert near(before, 0.5 * h + 0.5 * np.tanh([[0.6, 0.5]]))
    assert np.max(np.abs(after - before)) > 0.1


def test_the_two_reset_gates_agree_where_they_are_open():
    """r = 1 to the last bit: sigmoid(60)."""
    inputs = drawn(gru, gru_layer(I, H))
    after, before = before_and_after(inputs)
    assert np.max(np.abs(after - before)) > 1e-3
    inputs["W"][1], inputs["U"][1], inputs["b"][1] = 0, 0, 60.0
    after, before = before_and_after(inputs)
    assert near(after, before)


def test_the_two_reset_gates_agree_where_the_candidate_looks_at_its_own_unit():
    """r (U_h h) = U_h (r h) for all h and r where U_h is diagonal."""
    inputs = drawn(gru, gru_layer(I, H))
    inputs["U"][2] = np.diag(np.diag(inputs["U"][2]))
    after, before = before_and_after(inputs)
    assert near(after, before)


def test_an_update_gate_of_1_keeps_the_old_state():
    inputs = drawn(gru, gru_layer(I, H))
    inputs["W"][0], inputs["U"][0], inputs["b"][0] = 0, 0, 60.0
    after, before = before_and_after(inputs)
    assert near(after, np.broadcast_to(inputs["h0"], after.shape)) and near(before, after)


# layers of layers -----------------------------------------------------------------------------------
def test_the_bias_free_layer_is_the_one_with_biases_of_0():
    inputs = drawn(rnn, RNN | BIASES)
    inputs["b"][:], inputs["c"][:] = 0, 0
    without = {k: a for k, a in inputs.items() if k not in BIASES}
    assert near(rnn.forward(**inputs).y, rnn_bias_free.forward(**without).y)


def test_stacked_layers_are_layers_one_after_the_other():
    inputs = drawn(deep_rnn, layers(simple_layer, H, G))
    first = recurrent_layer.forward(inputs["x"], **part(inputs, "first_"))
    second = recurrent_layer.forward(first.h, **part(inputs, "second_"))
    found = deep_rnn.forward(**inputs)
    assert near(found.first_h, first.h) and near(found.second_h, second.h)


def test_a_sum_of_both_directions_is_the_sum_of_the_halves_of_the_concatenation():
    inputs = drawn(bidirectional_rnn, directions(simple_layer, H, H))
    joined = bidirectional_rnn_concatenated.forward(**inputs).y
    assert near(bidirectional_rnn.forward(**inputs).y, joined[..., :H] + joined[..., H:])


def test_the_last_output_of_a_bidirectional_layer_has_seen_one_step_backwards():
    """Planted fault: the backward states are not turned round again."""
    inputs = drawn(bidirectional_rnn_concatenated, directions(simple_layer, H, G))
    y = bidirectional_rnn_concatenated.forward(**inputs).y
    last = recurrent_layer.forward(inputs["x"][-1:], **part(inputs, "backward_")).h[0]
    assert near(y[-1, :, H:], last) and not near(y[0, :, H:], last)
