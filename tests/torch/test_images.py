"""Convolution, pooling, dense stacks and LeNet-5 against torch in float64: values and all gradients."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from generated import (
    average_pool2d,
    average_pool2d_uncounted,
    conv2d,
    conv2d_relu,
    conv2d_same,
    dense_stack,
    dense_stack_three_relu,
    lenet5,
    max_pool2d,
    true_convolution2d,
)
from tests.by_hand import DEEP, SHALLOW, draw, worst
from tests.torch.comparing import errors

pytestmark = pytest.mark.torch
TIGHT = SHALLOW[np.float64]


# convolution ------------------------------------------------------------------------------------------
def images(kernel=(3, 2)):
    return {"X": draw((2, 3, 9, 7), 0), "K": draw((4, 3, *kernel), 1), "b": draw((4,), 2)}


@pytest.mark.parametrize(
    "kernel, stride, pad", (((3, 2), 1, 0), ((3, 2), 2, 1), ((5, 4), 3, 2), ((1, 1), 2, 0))
)
def test_conv2d(kernel, stride, pad):
    by_torch = lambda X, K, b: functional.conv2d(X, K, b, stride, pad)
    found = errors(conv2d, by_torch, images(kernel), stride=stride, pad=pad)
    assert worst(found) < TIGHT, found


def test_conv2d_through_relu():
    by_torch = lambda X, K, b: functional.relu(functional.conv2d(X, K, b, 2, 1))
    found = errors(conv2d_relu, by_torch, images(), stride=2, pad=1)
    assert worst(found) < TIGHT, found


# torch says that an even kernel costs a copy
@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("kernel", ((3, 5), (4, 2)))
def test_conv2d_with_padding_same(kernel):
    by_torch = lambda X, K, b: functional.conv2d(X, K, b, padding="same")
    found = errors(conv2d_same, by_torch, images(kernel))
    assert worst(found) < TIGHT, found


def test_true_convolution_is_torchs_with_the_kernel_flipped():
    by_torch = lambda I, K: functional.conv2d(I, K.flip(2, 3), padding=(2, 1))
    inputs = {"I": draw((2, 3, 5, 7), 0), "K": draw((4, 3, 3, 2), 1)}
    found = errors(true_convolution2d, by_torch, inputs)
    assert worst(found) < TIGHT, found


def test_a_padding_that_is_one_short_a_kernel_off_by_005_percent_and_a_flip_are_seen():
    """Planted faults."""
    conv = functional.conv2d
    shifted = lambda X, K, b: conv(torch.roll(X, 1, dims=3), K, b, 2, 1)
    scaled = lambda X, K, b: conv(X, 1.0005 * K, b, 2, 1)
    flipped = lambda X, K, b: conv(X, K.flip(2, 3), b, 2, 1)
    for wrong in (shifted, scaled, flipped):
        assert worst(errors(conv2d, wrong, images(), stride=2, pad=1)) > 1e-4


# pooling ----------------------------------------------------------------------------------------------
WINDOWS = ((2, 2, 0), (3, 2, 1), (2, 3, 0), (3, 1, 1), (5, 4, 2))


@pytest.mark.parametrize("window, stride, pad", WINDOWS)
def test_max_pooling(window, stride, pad):
    by_torch = lambda X: functional.max_pool2d(X, window, stride, pad)
    found = errors(max_pool2d, by_torch, {"X": draw((2, 3, 9, 7), 0)}, window=window, stride=stride, pad=pad)
    assert worst(found) < TIGHT, found


@pytest.mark.parametrize("window, stride, pad", WINDOWS)
@pytest.mark.parametrize("module", (average_pool2d, average_pool2d_uncounted), ids=lambda m: m.__name__)
def test_average_pooling_with_the_padding_counted_or_not(module, window, stride, pad):
    counted = module is average_pool2d
    by_torch = lambda X: functional.avg_pool2d(X, window, stride, pad, count_include_pad=counted)
    found = errors(module, by_torch, {"X": draw((2, 3, 9, 7), 0)}, window=window, stride=stride, pad=pad)
    assert worst(found) < TIGHT, found


def test_the_other_counting_is_seen():
    """Planted fault: padding counted where it is not to be."""
    by_torch = lambda X: functional.avg_pool2d(X, 3, 2, 1)
    wrong = errors(
        average_pool2d_uncounted, by_torch, {"X": draw((2, 3, 9, 7), 0)}, window=3, stride=2, pad=1
    )
    assert worst(wrong) > 0.1


def test_of_equal_maxima_the_first_takes_the_gradient_as_in_torch():
    X = np.random.default_rng(0).integers(0, 2, (2, 3, 9, 7)).astype(np.float64)
    by_torch = lambda X: functional.max_pool2d(X, 3, 2, 1)
    assert worst(errors(max_pool2d, by_torch, {"X": X}, window=3, stride=2, pad=1)) < TIGHT


# stacks -------------------------------------------------------------------------------------------------
def stacked(depth):
    units, names = (6, 5, 7, 4), ("first", "second", "third")
    inputs = {"x": draw((3, 6), 0)}
    for k, name in enumerate(names[:depth]):
        inputs[f"{name}_W"] = draw((units[k + 1], units[k]), 10 + k)
        inputs[f"{name}_b"] = draw((units[k + 1],), 20 + k)
    return inputs


@pytest.mark.parametrize(
    "module, depth, f",
    ((dense_stack, 2, torch.tanh), (dense_stack_three_relu, 3, torch.relu)),
    ids=("tanh", "relu"),
)
def test_stacked_layers(module, depth, f):
    def by_torch(x, **weights):
        for name in ("first", "second", "third")[:depth]:
            x = f(functional.linear(x, weights[f"{name}_W"], weights[f"{name}_b"]))
        return x

    found = errors(module, by_torch, stacked(depth))
    assert worst(found) < TIGHT, found


# LeNet-5 --------------------------------------------------------------------------------------------------
LAYERS = {"conv1": "0", "conv2": "3", "fc1": "7", "fc2": "9", "out": "11"}


def model():
    """LeNet-5 as a torch user writes it, with torch's own initial weights."""
    torch.manual_seed(0)
    convolutions = (nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU())
    dense = (nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))
    return nn.Sequential(*convolutions, nn.MaxPool2d(2), nn.Flatten(), *dense).double()


def weights_of(network):
    named = {
        f"{name}_{'b' if kind == 'bias' else 'K' if name.startswith('conv') else 'W'}": (place, kind)
        for name, place in LAYERS.items()
        for kind in ("weight", "bias")
    }
    return {name: network.get_parameter(f"{place}.{kind}") for name, (place, kind) in named.items()}


def compared(labels):
    network, X = model(), draw((3, 1, 32, 32), 20)
    parameters = weights_of(network)
    given = {"X": X, "y": labels, **{n: p.detach().numpy() for n, p in parameters.items()}}

    def by_torch(X, y, **weights):
        places = {
            f"{LAYERS[n.split('_')[0]]}.{'bias' if n.endswith('b') else 'weight'}": w
            for n, w in weights.items()
        }
        logits = torch.func.functional_call(network, places, (X,))
        return functional.cross_entropy(logits, torch.tensor([7, 0, 9])), functional.softmax(logits, dim=1)

    return errors(lenet5, by_torch, given)


def test_lenet5_with_its_loss_and_all_gradients():
    assert sum(p.numel() for p in model().parameters()) == 61706
    found = compared(np.array([7, 0, 9]))
    assert len(found) == 2 + 1 + 10
    assert worst(found) < DEEP[np.float64], found


def test_a_wrong_label_is_seen_in_lenet5():
    """Planted fault; small, as before training all ten classes are nearly as likely."""
    found = compared(np.array([7, 1, 9]))
    assert found["loss_L"] > 1e-4 and found["dconv1_K"] > 1e-3
