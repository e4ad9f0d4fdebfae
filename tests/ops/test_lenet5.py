"""LeNet-5 of document 003 against JAX in float64."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from generated import lenet5
from tests.by_hand import DEEP, draw, errors, worst


def parameters(channels=1, kernels=(5, 5), filters=(6, 16), flat=400, units=(120, 84, 10)):
    first, second = filters
    shapes = {
        "conv1_K": (first, channels, kernels[0], kernels[0]),
        "conv1_b": (first,),
        "conv2_K": (second, first, kernels[1], kernels[1]),
        "conv2_b": (second,),
    }
    for name, fan_in, fan_out in zip(("fc1", "fc2", "out"), (flat, *units), units, strict=False):
        shapes |= {f"{name}_W": (fan_out, fan_in), f"{name}_b": (fan_out,)}
    return {n: draw(s, k) / np.sqrt(np.prod(s[1:])) for k, (n, s) in enumerate(shapes.items())}


def pool(X):
    return lax.reduce_window(X, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def network(X, y, conv1_K, conv1_b, conv2_K, conv2_b, fc1_W, fc1_b, fc2_W, fc2_b, out_W, out_b):
    def conv(X, K, b):
        return jax.nn.relu(lax.conv_general_dilated(X, K, (1, 1), "VALID") + b[:, None, None])

    maps = pool(conv(pool(conv(X, conv1_K, conv1_b)), conv2_K, conv2_b))
    h = jax.nn.relu(maps.reshape(len(X), -1) @ fc1_W.T + fc1_b)
    x = jax.nn.relu(h @ fc2_W.T + fc2_b) @ out_W.T + out_b
    return -jnp.mean(jax.nn.log_softmax(x)[jnp.arange(len(y)), y]), jax.nn.softmax(x)


def test_lenet5_of_the_document():
    weights = parameters()
    assert sum(weights[n].size for n in ("conv1_K", "conv1_b")) == 156
    assert sum(weights[n].size for n in ("conv2_K", "conv2_b")) == 2416
    assert sum(w.size for w in weights.values()) == 61706
    inputs = {"X": draw((3, 1, 32, 32), 20), "y": np.array([7, 0, 9]), **weights}
    found = errors(lenet5, network, inputs)
    assert worst(found) < DEEP[np.float64], found


def test_lenet5_of_other_sizes():
    # 17 x 14 -> 15 x 12 -> 7 x 6 -> 6 x 5 -> 3 x 2: the windows do not divide the images
    weights = parameters(channels=2, kernels=(3, 2), filters=(4, 5), flat=30, units=(9, 8, 6))
    inputs = {"X": draw((4, 2, 17, 14), 20), "y": np.array([5, 0, 2, 3]), **weights}
    found = errors(lenet5, network, inputs)
    assert worst(found) < DEEP[np.float64], found
