"""The published pilots against JAX in float64, written by hand with `jax.lax` and `jax.nn`."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from generated import (
    conv2d,
    conv2d_relu,
    dense,
    dense_relu,
    dense_sigmoid,
    dense_tanh,
    lstm,
    max_pool2d,
    softmax_cross_entropy,
)
from tests.by_hand import DEEP, SHALLOW, draw, errors, worst

DTYPES = (np.float64, np.float32)

DENSE = {
    dense: lambda z: z,
    dense_sigmoid: jax.nn.sigmoid,
    dense_tanh: jnp.tanh,
    dense_relu: jax.nn.relu,
}


# fully connected ----------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("module", DENSE, ids=lambda m: m.__name__)
def test_a_fully_connected_layer(module, dtype):
    inputs = {n: draw(s, k, dtype) for k, (n, s) in enumerate({"x": (7, 5), "W": (4, 5), "b": (4,)}.items())}
    found = errors(module, lambda x, W, b: DENSE[module](x @ W.T + b), inputs)
    assert worst(found) < SHALLOW[dtype], found


def test_the_derivative_of_relu_at_its_kink_is_0():
    outputs, pullback = dense_relu.vjp(np.zeros((1, 2)), np.ones((3, 2)), np.zeros(3))
    assert not outputs.h.any() and not pullback(np.ones((1, 3))).b.any()


# cross-entropy ------------------------------------------------------------------------------------
def cross_entropy(x, y):
    return -jnp.mean(jax.nn.log_softmax(x)[jnp.arange(len(y)), y]), jax.nn.softmax(x)


LABELS = np.array([3, 0, 4, 1, 2, 2])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("labels", (np.int64, np.int32, np.uint8))
def test_softmax_cross_entropy_on_class_numbers(dtype, labels):
    inputs = {"x": draw((6, 5), 0, dtype), "y": LABELS.astype(labels)}
    found = errors(softmax_cross_entropy, cross_entropy, inputs)
    assert worst(found) < SHALLOW[dtype], found


@pytest.mark.parametrize("scale", (1e2, 1e4))
def test_saturated_logits_neither_overflow_nor_lose_the_gradient(scale):
    x = np.where(draw((6, 5), 1) > 0, scale, -scale) + draw((6, 5), 2)
    outputs, pullback = softmax_cross_entropy.vjp(x, LABELS)
    assert all(np.isfinite(a).all() for a in (*outputs, *pullback(L=1.0, p=draw((6, 5), 3))))
    found = errors(softmax_cross_entropy, cross_entropy, {"x": x, "y": LABELS})
    assert worst(found) < SHALLOW[np.float64], found


# convolution --------------------------------------------------------------------------------------
def convolution(stride, pad):
    def by_hand(X, K, b):
        made = lax.conv_general_dilated(X, K, (stride, stride), ((pad, pad), (pad, pad)))
        return made + b[:, None, None]

    return by_hand


def images(dtype=np.float64):
    shapes = {"X": (2, 3, 9, 7), "K": (4, 3, 3, 2), "b": (4,)}
    return {n: draw(s, k, dtype) for k, (n, s) in enumerate(shapes.items())}


@pytest.mark.parametrize("stride", (1, 2, 3))
@pytest.mark.parametrize("pad", (0, 1, 2))
def test_convolution_with_strides_that_divide_and_do_not_and_any_padding(stride, pad):
    found = errors(conv2d, convolution(stride, pad), images(), stride=stride, pad=pad)
    assert worst(found) < SHALLOW[np.float64], found


def test_convolution_in_single_precision():
    found = errors(conv2d, convolution(2, 1), images(np.float32), stride=2, pad=1)
    assert worst(found) < SHALLOW[np.float32], found


def test_convolution_through_relu():
    by_hand = convolution(2, 1)
    found = errors(conv2d_relu, lambda X, K, b: jax.nn.relu(by_hand(X, K, b)), images(), stride=2, pad=1)
    assert worst(found) < SHALLOW[np.float64], found


# max pooling --------------------------------------------------------------------------------------
POOL = {"window": 3, "stride": 2, "pad": 1}


def max_pooling(X):
    padding = ((0, 0), (0, 0), (1, 1), (1, 1))
    return lax.reduce_window(X, -jnp.inf, lax.max, (1, 1, 3, 3), (1, 1, 2, 2), padding)


@pytest.mark.parametrize("dtype", DTYPES)
def test_max_pooling_with_overlapping_windows_and_padding(dtype):
    found = errors(max_pool2d, max_pooling, {"X": draw((2, 3, 9, 7), 0, dtype)}, **POOL)
    assert worst(found) < SHALLOW[dtype], found


def test_of_equal_maxima_the_first_takes_the_gradient():
    outputs, pullback = max_pool2d.vjp(np.full((1, 1, 4, 4), 2.0), window=2, stride=2)
    assert (outputs.Y == 2).all()
    wanted = np.zeros((4, 4))
    wanted[::2, ::2] = [[1, 2], [3, 4]]
    assert np.array_equal(pullback(np.array([[[[1.0, 2], [3, 4]]]])).X[0, 0], wanted)


def test_a_window_of_minus_infinity_has_a_maximum_and_a_place():
    """Planted in the printer once: -inf beats nothing, so that the window had no place."""
    X = np.full((1, 1, 2, 4), -np.inf)
    X[..., 3] = 5.0
    outputs, pullback = max_pool2d.vjp(X, window=2, stride=2)
    assert outputs.Y.tolist() == [[[[-np.inf, 5.0]]]]
    assert pullback(np.array([[[[7.0, 1.0]]]])).X[0, 0].tolist() == [[7, 0, 0, 1], [0, 0, 0, 0]]


def test_nan_wins_a_window_and_takes_its_gradient():
    X = draw((1, 1, 4, 4), 0)
    X[0, 0, 1, 0] = np.nan
    outputs, pullback = max_pool2d.vjp(X, window=2, stride=2)
    assert np.isnan(outputs.Y[0, 0]).tolist() == [[True, False], [False, False]]
    assert pullback(np.ones((1, 1, 2, 2))).X[0, 0, 1, 0] == 1.0


def test_padding_never_wins():
    outputs, _ = max_pool2d.vjp(-1 - np.abs(draw((1, 1, 5, 5), 0)), **POOL)
    assert (outputs.Y < 0).all()


# LSTM ---------------------------------------------------------------------------------------------
def long_short_term_memory(x, h0, c0, W, U, b):
    def step(state, x_t):
        h, c = state
        z = jnp.einsum("gik,bk->bgi", W, x_t) + jnp.einsum("gij,bj->bgi", U, h) + b
        f, i, o = (jax.nn.sigmoid(z[:, gate]) for gate in (0, 1, 3))
        c = f * c + i * jnp.tanh(z[:, 2])
        h = o * jnp.tanh(c)
        return (h, c), (h, c)

    return lax.scan(step, (h0, c0), x)[1]


def sequence(T, dtype=np.float64):
    B, I, H = 3, 5, 4
    shapes = {"x": (T, B, I), "h0": (B, H), "c0": (B, H), "W": (4, H, I), "U": (4, H, H), "b": (4, H)}
    return {n: draw(s, k, dtype) for k, (n, s) in enumerate(shapes.items())}


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_lstm_over_fifty_steps(dtype):
    found = errors(lstm, long_short_term_memory, sequence(50, dtype))
    assert worst(found) < DEEP[dtype], found


def test_an_lstm_over_one_step():
    found = errors(lstm, long_short_term_memory, sequence(1))
    assert worst(found) < SHALLOW[np.float64], found


def test_each_gradient_of_an_lstm_alone_is_the_same_to_the_last_bit():
    inputs, cotangents = sequence(7), {"h": draw((7, 3, 4), 1), "c": draw((7, 3, 4), 2)}
    every = lstm.vjp(**inputs)[1](**cotangents)
    for name in every._fields:
        alone = lstm.vjp(**inputs, wrt=(name,))[1](**cotangents)
        assert np.array_equal(getattr(alone, name), getattr(every, name))
        assert sum(g is not None for g in alone) == 1


def test_another_order_of_the_gates_is_seen():
    """Planted fault: W's gates f and i exchanged."""
    inputs = sequence(5)
    swap = lambda a: a[np.array([1, 0, 2, 3])]
    by_hand = lambda **a: long_short_term_memory(**{**a, "W": swap(a["W"])})
    assert worst(errors(lstm, by_hand, inputs)) > 1e-3


# not finite ---------------------------------------------------------------------------------------


def test_nan_goes_through_every_op():
    """Planted fault: `fastmath` in full, or max(nan, 0) = 0, would lose it."""
    layer = {"x": draw((2, 5), 0), "W": draw((4, 5), 1), "b": draw((4,), 2)}
    layer["x"][0, 0] = np.nan
    for module in DENSE:
        h = module.forward(**layer).h
        assert np.isnan(h[0]).all() and np.isfinite(h[1]).all()
        assert np.isnan(module.vjp(**layer)[1](np.ones((2, 4))).W[:, 0]).all()
    maps = images()
    maps["X"][0, 0, 4, 3] = np.nan
    Y = conv2d.forward(**maps).Y
    assert np.isnan(Y[0, :, 3, 3]).all() and np.isfinite(Y[1]).all()
    steps = sequence(4)
    steps["x"][2, 1, 0] = np.nan
    h = lstm.forward(**steps).h
    assert np.isfinite(h[:2]).all() and np.isnan(h[2:, 1]).all() and np.isfinite(h[2:, 0]).all()
    logits = draw((6, 5), 0)
    logits[2, 1] = np.nan
    outputs = softmax_cross_entropy.forward(logits, LABELS)
    assert np.isnan(outputs.L) and np.isnan(outputs.p[2]).all() and np.isfinite(outputs.p[1]).all()
