"""Pooling, true convolution and flattening against JAX in float64."""

import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from generated import (
    average_pool2d,
    average_pool2d_uncounted,
    conv2d,
    flatten,
    flatten_channels_last,
    true_convolution2d,
)
from tests.by_hand import SHALLOW, draw, error, errors, worst

TIGHT = SHALLOW[np.float64]


# average pooling ------------------------------------------------------------------------------------
def sums(X, window, stride, pad):
    padding = ((0, 0), (0, 0), (pad, pad), (pad, pad))
    return lax.reduce_window(X, 0.0, lax.add, (1, 1, window, window), (1, 1, stride, stride), padding)


def counted(X, window, stride, pad):
    return sums(X, window, stride, pad) / window**2


def uncounted(X, window, stride, pad):
    elements = sums(jnp.ones_like(X), window, stride, pad)
    return jnp.where(elements > 0, sums(X, window, stride, pad) / jnp.maximum(elements, 1), 0.0)


AVERAGES = {average_pool2d: counted, average_pool2d_uncounted: uncounted}
# windows that overlap, touch, leave gaps, do not divide the image; padding wider than the window
WINDOWS = ((2, 2, 0), (3, 2, 1), (2, 3, 0), (3, 1, 2), (2, 3, 3), (1, 1, 0), (5, 4, 4))


@pytest.mark.parametrize("window, stride, pad", WINDOWS)
@pytest.mark.parametrize("module", AVERAGES, ids=lambda m: m.__name__)
def test_average_pooling(module, window, stride, pad):
    numbers = {"window": window, "stride": stride, "pad": pad}
    by_hand = lambda X: AVERAGES[module](X, **numbers)
    found = errors(module, by_hand, {"X": draw((2, 3, 9, 7), 0)}, **numbers)
    assert worst(found) < TIGHT, found


def test_average_pooling_of_a_row_and_in_single_precision():
    numbers = {"window": 3, "stride": 2, "pad": 1}
    for module, by_hand in AVERAGES.items():
        found = errors(module, lambda X, f=by_hand: f(X, **numbers), {"X": draw((1, 2, 1, 6), 0)}, **numbers)
        assert worst(found) < TIGHT, found
        inputs = {"X": draw((2, 3, 9, 7), 0, np.float32)}
        found = errors(module, lambda X, f=by_hand: f(X, **numbers), inputs, **numbers)
        assert worst(found) < SHALLOW[np.float32], found


def test_without_padding_both_averages_are_equal_and_at_a_border_they_differ():
    X = np.ones((1, 1, 6, 4))
    assert np.array_equal(average_pool2d.forward(X).Y, average_pool2d_uncounted.forward(X).Y)
    border = {"window": 2, "stride": 2, "pad": 1}
    assert average_pool2d.forward(X, **border).Y[0, 0, 0, 0] == 0.25
    assert average_pool2d_uncounted.forward(X, **border).Y[0, 0, 0, 0] == 1.0


# true convolution -----------------------------------------------------------------------------------
def convolution(I, K):
    """The document's sum, shifted images added up."""
    P, Q = K.shape[2:]
    H, W = I.shape[2:]
    S = jnp.zeros((I.shape[0], K.shape[0], H + P - 1, W + Q - 1))
    for p in range(P):
        for q in range(Q):
            S = S.at[:, :, p : p + H, q : q + W].add(jnp.einsum("bcmn,oc->bomn", I, K[:, :, p, q]))
    return S


@pytest.mark.parametrize("kernel", ((3, 2), (1, 4), (1, 1), (6, 8)))
def test_true_convolution(kernel):
    inputs = {"I": draw((2, 3, 5, 7), 0), "K": draw((4, 3, *kernel), 1)}
    found = errors(true_convolution2d, convolution, inputs)
    assert worst(found) < TIGHT, found


def test_true_convolution_is_cross_correlation_with_the_kernel_flipped():
    I, K = draw((2, 3, 5, 7), 0), draw((4, 3, 3, 2), 1)
    correlated, correlated_pullback = conv2d.vjp(
        I, np.ascontiguousarray(K[:, :, ::-1, ::-1]), np.zeros(4), pad=2
    )
    # conv2d pads both axes by 2: a kernel of width 2 meets one column less on either side
    convolved, convolved_pullback = true_convolution2d.vjp(I, K)
    assert error(convolved.S, correlated.Y[:, :, :, 1:-1]) < TIGHT
    dS = draw(convolved.S.shape, 2)
    dY = np.zeros_like(correlated.Y)
    dY[:, :, :, 1:-1] = dS
    ours, theirs = convolved_pullback(dS), correlated_pullback(dY)
    assert error(ours.I, theirs.X) < TIGHT and error(ours.K, theirs.K[:, :, ::-1, ::-1]) < TIGHT


def test_true_convolution_is_commutative():
    I, K = draw((1, 1, 5, 7), 0), draw((1, 1, 3, 2), 1)
    assert error(true_convolution2d.forward(I, K).S, true_convolution2d.forward(K, I).S) < TIGHT


# flattening -------------------------------------------------------------------------------------------
FLATTENED = {
    flatten: lambda X: X.reshape(len(X), -1),
    flatten_channels_last: lambda X: X.transpose(0, 2, 3, 1).reshape(len(X), -1),
}


@pytest.mark.parametrize("shape", ((2, 3, 4, 5), (1, 1, 3, 2), (3, 2, 1, 4), (2, 4, 3, 1)))
@pytest.mark.parametrize("module", FLATTENED, ids=lambda m: m.__name__)
def test_flattening(module, shape):
    assert worst(errors(module, FLATTENED[module], {"X": draw(shape, 0)})) == 0
