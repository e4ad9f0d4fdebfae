"""Users' own ops, from their files to compiled kernels, against JAX."""

import jax
import jax.numpy as jnp
import numba
import numpy as np
import pytest
from jax import lax

from codegen.verify.load import load_fast
from tests.by_hand import DEEP, SHALLOW, draw, errors, worst
from tests.codegen.emitted import OPS, text


@pytest.fixture(scope="module")
def leaky():
    return load_fast("leaky_integrator", text(OPS["leaky_integrator"]))


@pytest.fixture(scope="module")
def gated():
    return load_fast("gelu_gated", text(OPS["gelu_gated"]))


def leaky_integrator(x, W, a):
    def step(h, x_t):
        h = a * h + (1 - a) * jnp.tanh(x_t @ W.T)
        return h, h

    return lax.scan(step, jnp.zeros((x.shape[1], W.shape[0])), x)[1]


def gelu_gated(x, W, b, V, c):
    return (x @ V.T + c) * jax.nn.gelu(x @ W.T + b, approximate=False)


def drawn(shapes):
    return {n: draw(s, k) for k, (n, s) in enumerate(shapes.items())}


def test_the_leaky_integrator_is_what_jax_computes(leaky):
    found = errors(
        leaky, leaky_integrator, drawn({"x": (50, 3, 5), "W": (4, 5), "a": (4,)}) | {"a": draw((4,), 9) / 4}
    )
    assert worst(found) < DEEP[np.float64], found


def test_the_gelu_gated_unit_is_what_jax_computes(gated):
    shapes = {"x": (7, 5), "W": (4, 5), "b": (4,), "V": (4, 5), "c": (4,)}
    found = errors(gated, gelu_gated, drawn(shapes))
    assert worst(found) < SHALLOW[np.float64], found


def test_the_tanh_approximation_of_gelu_is_told_apart(gated):
    """Planted fault: JAX's approximate GELU, which differs by less than 0.001."""
    shapes = {"x": (7, 5), "W": (4, 5), "b": (4,), "V": (4, 5), "c": (4,)}
    approximate = lambda x, W, b, V, c: (x @ V.T + c) * jax.nn.gelu(x @ W.T + b)
    assert worst(errors(gated, approximate, drawn(shapes))) > 1e-5


def test_raw_kernels_can_be_called_from_a_users_own_compiled_code(gated):
    forward = gated.kernels.forward

    @numba.njit
    def twice(x, W, b, V, c, y, a, z):
        forward(x, W, b, V, c, y, a, z)
        forward(y, W, b, V, c, y.copy(), a, z)

    inputs = drawn({"x": (3, 4), "W": (4, 4), "b": (4,), "V": (4, 4), "c": (4,)})
    y, a, z = (np.empty((3, 4)) for _ in range(3))
    twice(*inputs.values(), y, a, z)
    assert np.array_equal(y, gated.forward(**inputs).y)
    assert np.allclose(a, y @ inputs["W"].T + inputs["b"], rtol=1e-13)
