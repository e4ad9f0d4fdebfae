"""Convolution: padding 'same', the size of the output, one filter, and the flipped kernel exactly."""

import jax
import numpy as np
import pytest
from jax import lax

from codegen.sizes import tensor_sizes
from derive.derivation import derive
from derive.ops.conv2d import conv2d as conv2d_spec
from derive.ops.max_pool2d import max_pool2d as max_pool2d_spec
from derive.ops.true_convolution2d import true_convolution2d as true_convolution2d_spec
from derive.oracle.reference import evaluate, sizes_of
from derive.oracle.residues import PRIME, PrimeField, Residue
from generated import conv2d, conv2d_same, conv2d_same_relu, feature_map, feature_map_relu, max_pool2d
from generated.runtime import ShapeError
from tests.by_hand import SHALLOW, draw, errors, worst

TIGHT = SHALLOW[np.float64]


# padding 'same' ---------------------------------------------------------------------------------------
def same(stride):
    def by_hand(X, K, b):
        return lax.conv_general_dilated(X, K, (stride, stride), "SAME") + b[:, None, None]

    return by_hand


def images(kernel, image=(9, 7)):
    inputs = {"X": draw((2, 3, *image), 0), "K": draw((4, 3, *kernel), 1), "b": draw((4,), 2)}
    return inputs


@pytest.mark.parametrize("kernel, stride", (((4, 3), 1), ((3, 5), 2), ((5, 6), 3), ((7, 4), 2)))
def test_padding_same_puts_the_odd_zero_at_the_end(kernel, stride):
    found = errors(conv2d_same, same(stride), images(kernel), stride=stride)
    assert worst(found) < TIGHT, found


@pytest.mark.parametrize("kernel, image", (((1, 2), (9, 7)), ((1, 1), (1, 3)), ((11, 9), (4, 3))))
def test_padding_same_of_kernels_of_one_pixel_and_larger_than_the_image(kernel, image):
    assert worst(errors(conv2d_same, same(1), images(kernel, image))) < TIGHT


def test_padding_same_through_relu():
    by_hand = lambda X, K, b: jax.nn.relu(same(2)(X, K, b))
    assert worst(errors(conv2d_same_relu, by_hand, images((4, 3)), stride=2)) < TIGHT


def test_the_odd_zero_at_the_beginning_is_seen():
    """Planted fault: 'SAME_LOWER' puts the odd zero of an even kernel first."""
    first = lambda X, K, b: lax.conv_general_dilated(X, K, (1, 1), "SAME_LOWER") + b[:, None, None]
    assert worst(errors(conv2d_same, first, images((3, 5)))) < TIGHT
    assert worst(errors(conv2d_same, first, images((4, 3)))) > 1e-2


def test_a_stride_beyond_the_kernel_has_no_padding_same():
    X, K, b = draw((1, 1, 6, 6), 0), draw((1, 1, 1, 1), 1), np.zeros(1)
    with pytest.raises(ShapeError, match=r"above = .* is -1; expected at least 0"):
        conv2d_same.forward(X, K, b, stride=2)


def test_padding_same_of_an_odd_kernel_is_explicit_padding_with_half_of_it():
    inputs = images((5, 5))
    equal = zip(
        conv2d_same.vjp(**inputs)[1](draw((2, 4, 9, 7), 3)),
        conv2d.vjp(**inputs, pad=2)[1](draw((2, 4, 9, 7), 3)),
        strict=True,
    )
    assert all(np.array_equal(ours, theirs) for ours, theirs in equal)


# the size of the output -------------------------------------------------------------------------------
def places(extent, window, stride, pad):
    """How many windows fit, counted one by one."""
    return sum(start + window <= extent + 2 * pad for start in range(0, extent + 2 * pad + 1, stride))


SIZES = [(e, w, s, p) for e in (1, 5, 8) for w in (1, 2, 3, 5) for s in (1, 2, 3) for p in (0, 1, 2)]


@pytest.mark.parametrize("op", (conv2d_spec[0], max_pool2d_spec[0]), ids=lambda op: op.name)
def test_the_output_is_as_large_as_the_document_says_rounded_down(op):
    """(Input - Filter + 2*Padding) / Stride + 1, where the stride divides; where not, its floor."""
    kernel = op.name == "conv2d"
    for extent, window, stride, pad in SIZES:
        if extent + 2 * pad < window:
            continue
        given = {"B": 1, "C": 1, "H": extent, "W": 9, "stride": stride, "pad": pad}
        given |= {"O": 1, "P": window, "Q": 1} if kernel else {"window": window}
        if not kernel and window > 9 + 2 * pad:
            continue
        rows = next(t.shape[2] for t in tensor_sizes(op, given) if t.name == "Y")
        assert rows == places(extent, window, stride, pad), given
        exact = (extent - window + 2 * pad) / stride + 1
        assert rows == exact or not exact.is_integer()


def test_the_kernels_outputs_have_these_sizes():
    X, K, b = draw((1, 1, 8, 5), 0), draw((1, 1, 3, 2), 1), np.zeros(1)
    for stride, pad in ((1, 0), (2, 0), (3, 1), (2, 2)):
        wanted = (places(8, 3, stride, pad), places(5, 2, stride, pad))
        assert conv2d.forward(X, K, b, stride=stride, pad=pad).Y.shape[2:] == wanted
        wanted = (places(8, 2, stride, pad), places(5, 2, stride, pad))
        assert max_pool2d.forward(X, window=2, stride=stride, pad=pad).Y.shape[2:] == wanted


# one filter ------------------------------------------------------------------------------------------
def correlated(X, K):
    return lax.conv_general_dilated(X[:, None], K[None, None], (1, 1), "VALID")[:, 0]


@pytest.mark.parametrize("kernel", ((3, 2), (1, 4), (6, 5)))
def test_the_feature_map_of_one_filter(kernel):
    inputs = {"X": draw((3, 6, 5), 0), "K": draw(kernel, 1)}
    assert worst(errors(feature_map, correlated, inputs)) < TIGHT
    by_hand = lambda X, K: jax.nn.relu(correlated(X, K))
    assert worst(errors(feature_map_relu, by_hand, inputs)) < TIGHT


def test_the_feature_map_is_conv2d_with_one_channel_one_filter_and_no_bias():
    X, K = draw((3, 6, 5), 0), draw((3, 2), 1)
    wide = conv2d.forward(X[:, None], K[None, None], np.zeros(1)).Y[:, 0]
    assert np.max(np.abs(feature_map.forward(X, K).Y - wide)) < 1e-14


# the flipped kernel, over a finite field -------------------------------------------------------------------
def field(shape, seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, PRIME, shape, dtype=np.int64)
    return np.array([Residue(int(v)) for v in values.flat], dtype=object).reshape(shape)


def exactly(op, inputs, cotangent):
    """An op's output and gradients over GF(2^61-1), by the slow oracle and the derived systems."""
    d = derive(op)
    sizes = sizes_of(d.forward, {n: a.shape for n, a in inputs.items()}, {"stride": 1, "pad": 0})
    more = (sizes, {p.name: p.default for p in d.forward.integers}, {}, PrimeField())
    values = evaluate(d.forward, inputs, *more)
    (output,) = d.forward.outputs
    gradients = evaluate(d.backward, {**inputs, **values, f"d{output}": cotangent}, *more)
    return values[output], {n: gradients[f"d{n}"] for n in inputs}


def both(flip):
    """True convolution, and cross-correlation of the padded image with a changed kernel."""
    I, K, dS = field((2, 3, 5, 4), 0), field((2, 3, 3, 2), 1), field((2, 2, 7, 5), 2)
    padded = np.full((2, 3, 5 + 4, 4 + 2), Residue(0), dtype=object)
    padded[:, :, 2:-2, 1:-1] = I
    bias = np.full(2, Residue(0), dtype=object)
    S, ours = exactly(true_convolution2d_spec[0], {"I": I, "K": K}, dS)
    Y, theirs = exactly(conv2d_spec[0], {"X": padded, "K": flip(K), "b": bias}, dS)
    return (S, ours["I"], ours["K"]), (Y, theirs["X"][:, :, 2:-2, 1:-1], flip(theirs["K"]))


def test_true_convolution_is_exactly_cross_correlation_with_the_kernel_flipped():
    ours, theirs = both(lambda K: K[:, :, ::-1, ::-1])
    assert all(a.shape == b.shape and (a == b).all() for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("flip", (lambda K: K, lambda K: K[:, :, ::-1], lambda K: K[..., ::-1]))
def test_a_kernel_that_is_not_flipped_on_both_axes_is_seen(flip):
    """Planted fault: the kernel as it is, or flipped on one axis."""
    ours, theirs = both(flip)
    assert not any((a == b).all() for a, b in zip(ours, theirs, strict=True))
