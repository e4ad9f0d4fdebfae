"""The five input/output types of document 004 against JAX in float64, each written by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from generated import (
    decoder,
    embedding,
    encoder_decoder,
    many_to_many,
    many_to_one,
    one_to_many,
    one_to_one,
    sequence_cross_entropy,
)
from tests.by_hand import SHALLOW, draw, errors, worst

B, T, S, I, H, K, V, D = 3, 5, 4, 7, 6, 8, 9, 2  # D is small: features of a symbol
W = 10  # symbols that an encoder reads


# by hand ------------------------------------------------------------------------------------------
def gru(x, h0, W, U, b):
    def step(h, x_t):
        z = jax.nn.sigmoid(x_t @ W[0].T + h @ U[0].T + b[0])
        r = jax.nn.sigmoid(x_t @ W[1].T + h @ U[1].T + b[1])
        h = z * h + (1 - z) * jnp.tanh(x_t @ W[2].T + r * (h @ U[2].T) + b[2])
        return h, h

    return lax.scan(step, h0, x)[1]


def lstm(x, h0, c0, W, U, b):
    def step(state, x_t):
        h, c = state
        f, i, g, o = (x_t @ W[n].T + h @ U[n].T + b[n] for n in range(4))
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), (h, c)

    return lax.scan(step, (h0, c0), x)[1]


def losses(x, y):
    """The cross-entropy of every row of logits, and the probabilities."""
    log_p = jax.nn.log_softmax(x)
    return -jnp.take_along_axis(log_p, y[..., None], -1)[..., 0], jnp.exp(log_p)


def mean_loss(x, y):
    found, p = losses(x, y)
    return found.mean(), p


def one_step(x, y, layer_h0, layer_W_hh, layer_W_xh, layer_b_h, out_W, out_b):
    h = jnp.tanh(layer_h0 @ layer_W_hh.T + x @ layer_W_xh.T + layer_b_h)
    return mean_loss(h @ out_W.T + out_b, y)


def last_state(x, y, gru_h0, gru_W, gru_U, gru_b, out_W, out_b):
    return mean_loss(gru(x, gru_h0, gru_W, gru_U, gru_b)[-1] @ out_W.T + out_b, y)


def every_step(w, y, embedding_E, lstm_h0, lstm_c0, lstm_W, lstm_U, lstm_b, out_W, out_b):
    h, c = lstm(embedding_E[w], lstm_h0, lstm_c0, lstm_W, lstm_U, lstm_b)
    found, p = losses(h @ out_W.T + out_b, y)
    return found.mean(axis=0), p, h, c


def decode(start, before, y, m, embedding_E, gru_W, gru_U, gru_b, out_W, out_b):
    found, p = losses(gru(embedding_E[before], start, gru_W, gru_U, gru_b) @ out_W.T + out_b, y)
    return (m * found).sum(axis=0), p


def described(x, start_W, start_b, **decoder):
    return decode(jnp.tanh(x @ start_W.T + start_b), **without_prefix(decoder))


def translated(source, last, encoder_embedding_E, encoder_h0, encoder_W, encoder_U, encoder_b, **decoder):
    states = gru(encoder_embedding_E[source], encoder_h0, encoder_W, encoder_U, encoder_b)
    return decode(states[last, jnp.arange(len(last))], **without_prefix(decoder))


def without_prefix(named):
    return {name.removeprefix("decoder_"): array for name, array in named.items()}


# inputs -------------------------------------------------------------------------------------------
def drawn(shapes, **integers):
    """Random floating inputs, beside integers below a bound: name=(bound, shape)."""
    floating = {n: draw(s, k) / np.sqrt(s[-1]) for k, (n, s) in enumerate(shapes.items())}
    rng = np.random.default_rng(7)
    return floating | {n: rng.integers(0, bound, shape) for n, (bound, shape) in integers.items()}


GRU = {"gru_W": (3, H, D), "gru_U": (3, H, H), "gru_b": (3, H)}
OUT = {"out_W": (K, H), "out_b": (K,)}
DECODER = {"m": (T, B), "embedding_E": (V, D)} | GRU | OUT
PREFIXED = {f"decoder_{n}": s for n, s in DECODER.items()}
LAYER = {"layer_h0": (B, H), "layer_W_hh": (H, H), "layer_W_xh": (H, I), "layer_b_h": (H,)}
LSTM = {"lstm_h0": (B, H), "lstm_c0": (B, H), "lstm_W": (4, H, D), "lstm_U": (4, H, H), "lstm_b": (4, H)}
ENCODER = {f"encoder_{n}": s for n, s in (("W", (3, H, D)), ("U", (3, H, H)), ("b", (3, H)))}

PREDICTED = {"decoder_before": (V, (T, B)), "decoder_y": (K, (T, B))}
OPS = {
    one_to_one: (one_step, drawn({"x": (B, I)} | LAYER | OUT, y=(K, (B,)))),
    one_to_many: (
        described,
        drawn({"x": (B, I), "start_W": (H, I), "start_b": (H,)} | PREFIXED, **PREDICTED),
    ),
    many_to_one: (
        last_state,
        drawn({"x": (T, B, I), "gru_h0": (B, H)} | GRU | {"gru_W": (3, H, I)} | OUT, y=(K, (B,))),
    ),
    many_to_many: (
        every_step,
        drawn({"embedding_E": (V, D)} | LSTM | OUT, w=(V, (T, B)), y=(K, (T, B))),
    ),
    encoder_decoder: (
        translated,
        drawn(
            {"encoder_embedding_E": (W, D), "encoder_h0": (B, H)} | ENCODER | PREFIXED,
            source=(W, (S, B)),
            last=(S, (B,)),
            **PREDICTED,
        ),
    ),
    decoder: (decode, drawn({"start": (B, H)} | DECODER, before=(V, (T, B)), y=(K, (T, B)))),
}


def named(module):
    return module.__name__.split(".")[-1]


@pytest.mark.parametrize("module", OPS, ids=named)
def test_values_and_all_gradients_are_those_of_jax(module):
    by_hand, inputs = OPS[module]
    found = errors(module, by_hand, inputs)
    floating = [n for n, a in inputs.items() if a.dtype.kind == "f"]
    assert {f"d{n}" for n in floating} <= found.keys()
    assert worst(found) < SHALLOW[np.float64], found


@pytest.mark.parametrize("module", (one_to_one, encoder_decoder), ids=named)
def test_a_fault_of_half_a_thousandth_is_seen(module):
    """Planted: the first weights of the function by hand are 0.05% larger."""
    by_hand, inputs = OPS[module]
    weights = next(n for n in inputs if n.endswith(("_W", "_W_xh")))
    faulty = lambda **given: by_hand(**given | {weights: 1.0005 * given[weights]})
    assert worst(errors(module, faulty, inputs)) > 1e-6


def test_the_embedding_is_a_row_of_the_table():
    w, E = np.array([2, 0, 2, 5]), draw((6, 3), 0)
    found = errors(embedding, lambda w, E: E[w], {"w": w, "E": E})
    assert worst(found) < SHALLOW[np.float64], found
    for outside in (-1, 6):
        with pytest.raises(
            ValueError, match=rf"w\[1\] is {outside}, expected 0 <= w < V, which is 0 to 5 here"
        ):
            embedding.forward(np.array([0, outside]), E)


def test_steps_without_weight_add_nothing_whatever_their_class_number():
    x, m = draw((T, B, K), 0), np.ones((T, B))
    m[3:] = 0
    y = np.random.default_rng(0).integers(0, K, (T, B))
    outputs, pullback = sequence_cross_entropy.vjp(x, y, m)
    y[3:] = -1
    again, pullback_again = sequence_cross_entropy.vjp(x, y, m)
    ones = np.ones(B)
    assert np.array_equal(outputs.L, again.L)
    assert np.array_equal(pullback(L=ones).x, pullback_again(L=ones).x)
    assert not pullback(L=ones).x[3:].any()


def test_what_stands_behind_the_end_of_a_source_is_not_used():
    inputs = OPS[encoder_decoder][1]
    inputs = inputs | {"last": np.array([0, S - 1, 1])}
    changed = inputs["source"].copy()
    changed[1:, 0] = changed[2:, 2] = 0
    outputs, pullback = encoder_decoder.vjp(**inputs)
    again, pullback_again = encoder_decoder.vjp(**inputs | {"source": changed})
    assert np.array_equal(outputs.decoder_loss_p, again.decoder_loss_p)
    same = [pullback(decoder_loss_L=np.ones(B)), pullback_again(decoder_loss_L=np.ones(B))]
    assert np.allclose(same[0].encoder_U, same[1].encoder_U, rtol=1e-12, atol=0)


def test_reading_a_text_in_parts_is_reading_it_at_once():
    inputs = OPS[many_to_many][1]
    whole = many_to_many.forward(**inputs)
    first = many_to_many.forward(**inputs | {n: inputs[n][:2] for n in ("w", "y")})
    states = {"lstm_h0": first.lstm_h[-1], "lstm_c0": first.lstm_c[-1]}
    second = many_to_many.forward(**inputs | states | {n: inputs[n][2:] for n in ("w", "y")})
    assert np.allclose(np.concatenate([first.loss_p, second.loss_p]), whole.loss_p, rtol=1e-13, atol=0)


def test_one_step_with_a_first_state_of_zero_leaves_the_recurrent_weights_alone():
    inputs = OPS[one_to_one][1]
    _, pullback = one_to_one.vjp(**inputs | {"layer_h0": np.zeros((B, H))})
    assert not pullback(loss_L=np.float64(1)).layer_W_hh.any()
