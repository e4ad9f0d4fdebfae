"""Users' own ops, from their files to compiled kernels, against JAX."""

import jax
import jax.numpy as jnp
import numba
import numpy as np
import pytest
from jax import lax
from scipy.signal import lfilter

from codegen.verify.load import load_fast
from tests.by_hand import DEEP, SHALLOW, draw, errors, worst
from tests.codegen.emitted import OPS, text


@pytest.fixture(scope="module")
def leaky():
    return load_fast("leaky_integrator", text(OPS["leaky_integrator"]))


@pytest.fixture(scope="module")
def gated():
    return load_fast("gelu_gated", text(OPS["gelu_gated"]))


@pytest.fixture(scope="module")
def attention():
    return load_fast("causal_attention", text(OPS["causal_attention"]))


@pytest.fixture(scope="module")
def normalisation():
    return load_fast("layer_norm", text(OPS["layer_norm"]))


@pytest.fixture(scope="module")
def filter_():
    return load_fast("recursive_filter", text(OPS["recursive_filter"]))


@pytest.fixture(scope="module")
def substitution():
    return load_fast("forward_substitution", text(OPS["forward_substitution"]))


@pytest.fixture(scope="module")
def tree():
    return load_fast("tree_rnn", text(OPS["tree_rnn"]))


def leaky_integrator(x, W, a):
    def step(h, x_t):
        h = a * h + (1 - a) * jnp.tanh(x_t @ W.T)
        return h, h

    return lax.scan(step, jnp.zeros((x.shape[1], W.shape[0])), x)[1]


def gelu_gated(x, W, b, V, c):
    return (x @ V.T + c) * jax.nn.gelu(x @ W.T + b, approximate=False)


def causal_attention(Q, K, X):
    e = jnp.einsum("baid,bajd->baij", Q, K) / jnp.sqrt(Q.shape[-1])
    past = jnp.tril(jnp.ones(e.shape[-2:], bool))
    return jax.nn.softmax(jnp.where(past, e, -jnp.inf)) @ X


def layer_norm(x, g, b):
    return g * (x - x.mean(1, keepdims=True)) / jnp.sqrt(x.var(1, keepdims=True) + 1e-5) + b


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


def recursive_filter(x, a, b):
    """Step by step, by the definition."""
    y = jnp.zeros_like(x)
    for t in range(len(x)):
        ahead = sum(b[q] * x[t - q] for q in range(min(len(b), t + 1)))
        y = y.at[t].set(ahead - sum(a[p] * y[t - 1 - p] for p in range(min(len(a), t))))
    return y


TAPS = {"x": (9, 2), "a": (3,), "b": (4,)}


def test_the_recursive_filter_is_what_jax_computes(filter_):
    given = drawn(TAPS) | {"a": draw((3,), 9) / 3}
    found = errors(filter_, recursive_filter, given)
    assert worst(found) < SHALLOW[np.float64], found


def test_the_recursive_filter_is_scipys(filter_):
    given = drawn({**TAPS, "x": (200, 2)}) | {"a": draw((3,), 9) / 8}
    wanted = lfilter(given["b"], np.concatenate(([1.0], given["a"])), given["x"], axis=0)
    assert np.allclose(filter_.forward(**given).y, wanted, rtol=1e-11, atol=1e-12)


def test_a_filter_with_a_tap_too_many_is_told_apart(filter_):
    """Planted fault: the feedback begins at the sample itself."""
    shifted = lambda x, a, b: recursive_filter(x, jnp.concatenate((jnp.zeros(1), a)), b)
    assert worst(errors(filter_, shifted, drawn(TAPS))) > 1e-3


def test_forward_substitution_is_what_jax_computes(substitution):
    given = drawn({"L": (6, 6), "b": (6, 3)})
    given["L"] = given["L"] / 3 + 2 * np.eye(6)
    solve = lambda L, b: jax.scipy.linalg.solve_triangular(L, b, lower=True)
    found = errors(substitution, solve, given)
    assert worst(found) < SHALLOW[np.float64], found
    unit = lambda L, b: jax.scipy.linalg.solve_triangular(L, b, lower=True, unit_diagonal=True)
    assert worst(errors(substitution, unit, given)) > 1e-3  # planted fault: a diagonal of ones


def along(x, W, U, parent):
    """Each tree of a batch, node by node."""
    h = jnp.zeros((*x.shape[:2], len(W)))
    for b, t in np.ndindex(parent.shape):
        above = U @ h[b, parent[b, t]] if parent[b, t] >= 0 else 0
        h = h.at[b, t].set(jnp.tanh(W @ x[b, t] + above))
    return h


def test_trees_are_what_jax_computes(tree):
    parent = np.array([[-1, 0, 0, 1, 1, 2, -1, 6, 5], [-1, 0, 1, 0, 3, 3, 3, 2, 1]])
    given = drawn({"x": (2, 9, 4), "W": (3, 4), "U": (3, 3)}) | {"parent": parent}
    found = errors(tree, along, given)
    assert worst(found) < DEEP[np.float64], found
    chain = lambda parent, **other: along(parent=np.tile(np.arange(9) - 1, (2, 1)), **other)
    assert worst(errors(tree, chain, given)) > 1e-3  # planted fault: everybody's parent is the one before


HEADS = {"Q": (2, 3, 6, 5), "K": (2, 3, 6, 5), "X": (2, 3, 6, 4)}


def test_causal_attention_is_what_jax_computes(attention):
    found = errors(attention, causal_attention, drawn(HEADS))
    assert worst(found) < SHALLOW[np.float64], found


def test_attention_to_the_future_is_told_apart(attention):
    """Planted fault: no mask."""

    def unmasked(Q, K, X):
        return jax.nn.softmax(jnp.einsum("baid,bajd->baij", Q, K) / jnp.sqrt(Q.shape[-1])) @ X

    assert worst(errors(attention, unmasked, drawn(HEADS))) > 1e-3


def test_what_the_future_holds_changes_nothing(attention):
    given = drawn(HEADS)
    far = {n: a.copy() for n, a in given.items()}
    for name in ("K", "X"):
        far[name][:, :, -1] = 1e6
    now, then = (attention.forward(**named).Y for named in (given, far))
    assert np.array_equal(now[:, :, :-1], then[:, :, :-1]) and not np.array_equal(now, then)


def test_layer_normalisation_is_what_jax_computes(normalisation):
    given = drawn({"x": (7, 5), "g": (5,), "b": (5,)})
    found = errors(normalisation, layer_norm, given)
    assert worst(found) < SHALLOW[np.float64], found
    biased = lambda x, g, b: layer_norm(x, g, b) * 1.0005
    assert worst(errors(normalisation, biased, given)) > 1e-4
