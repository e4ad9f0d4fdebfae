"""Gradient clipping: by value and by global norm, against JAX, and where squares, zeros and NaN go wrong."""

import jax.numpy as jnp
import numpy as np
import pytest

from codegen.verify.load import load_fast
from derive.language import op
from derive.ops.clipping import clip_together
from generated import clip_by_global_norm, clip_by_norm, clip_by_value
from tests.by_hand import SHALLOW, draw, error, errors, worst
from tests.codegen.emitted import text

H, I = 4, 3
SHAPES = {"g_hh": (H, H), "g_xh": (H, I), "g_h": (H,)}
CLIPPED = ("clipped_g_hh", "clipped_g_xh", "clipped_g_h")


def drawn(scale=1.0, dtype=np.float64):
    return {n: (scale * draw(shape, k)).astype(dtype) for k, (n, shape) in enumerate(SHAPES.items())}


# by hand ------------------------------------------------------------------------------------------
def by_value(c):
    return lambda g: jnp.clip(g, -c, c)


def by_norm(c, power=2):
    """The gradients times min(1, c / norm), and the norm: the textbook's sum of squares."""

    def clip(**gradients):
        norm = sum(jnp.sum(jnp.abs(g) ** power) for g in gradients.values()) ** (1 / power)
        return *(g * jnp.minimum(1.0, c / norm) for g in gradients.values()), norm

    return clip


# agreement ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", (np.float64, np.float32))
@pytest.mark.parametrize("c", (0.3, 10.0))
def test_clipping_by_value_is_what_jax_computes(dtype, c):
    found = errors(clip_by_value, by_value(np.float64(dtype(c))), {"g": draw((11,), 1, dtype)}, c=c)
    assert worst(found) < SHALLOW[dtype], found


@pytest.mark.parametrize("dtype", (np.float64, np.float32))
@pytest.mark.parametrize("c", (0.7, 100.0))  # below the norm, and above it
def test_clipping_by_norm_is_what_jax_computes(dtype, c):
    for module, inputs in (
        (clip_by_norm, {"g": draw((11,), 1, dtype)}),
        (clip_by_global_norm, drawn(dtype=dtype)),
    ):
        found = errors(module, by_norm(c), inputs, c=c)
        assert worst(found) < SHALLOW[dtype], found


@pytest.mark.parametrize(
    "fault",
    (
        by_norm(0.7 * 1.0005),  # a factor that is wrong by 0.05%
        by_norm(0.7, power=1),  # another norm
        lambda **g: (*(by_norm(0.7)(g=a)[0] for a in g.values()), by_norm(0.7)(**g)[-1]),  # each by itself
    ),
)
def test_a_planted_fault_in_the_norm_is_caught(fault):
    assert worst(errors(clip_by_global_norm, fault, drawn(), c=0.7)) > 1e-4


def test_a_planted_fault_in_the_value_is_caught():
    assert worst(errors(clip_by_value, by_value(0.3 * 1.0005), {"g": draw((11,), 1)}, c=0.3)) > 1e-4


def test_the_clipped_norm_is_c_and_the_direction_stays():
    given = drawn(3.0)
    out = clip_by_global_norm.forward(**given, c=0.5)
    flat = np.concatenate([getattr(out, n).ravel() for n in CLIPPED])
    before = np.concatenate([g.ravel() for g in given.values()])
    assert error(np.linalg.norm(flat), 0.5) < 1e-14
    assert error(flat / 0.5, before / np.linalg.norm(before)) < 1e-14


# where it goes wrong ------------------------------------------------------------------------------
def test_a_norm_of_at_most_c_leaves_every_bit():
    g = np.array([3.0, -4.0])  # its norm is exactly 5
    assert np.array_equal(clip_by_norm.forward(g, c=5.0).clipped_g, g)
    given = drawn()
    out = clip_by_global_norm.forward(**given, c=100.0)
    assert all(np.array_equal(getattr(out, f"clipped_{n}"), g) for n, g in given.items())
    assert not np.array_equal(clip_by_norm.forward(g, c=np.nextafter(5.0, 0)).clipped_g, g)


@pytest.mark.parametrize(
    ("dtype", "size"),
    ((np.float64, 1e200), (np.float64, 1e-200), (np.float32, 1e30), (np.float32, 1e-30)),
)
def test_squares_neither_overflow_nor_vanish(dtype, size):
    g = np.array([3, -4, 0, 12], dtype) * dtype(size)
    with np.errstate(over="ignore", under="ignore"):
        assert np.sum(g * g) in (0, np.inf)  # the plain sum of squares fails here
    out = clip_by_norm.forward(g, c=size)
    assert error(out.norm / size, 13) < SHALLOW[dtype]
    assert error(out.clipped_g / size, np.array([3, -4, 0, 12]) / 13) < SHALLOW[dtype]


def test_a_norm_beyond_the_dtype_is_inf_and_clips_all_the_same():
    out = clip_by_norm.forward(np.full(4, 1.5e308), c=1.0)
    assert np.isinf(out.norm) and error(out.clipped_g, np.full(4, 0.5)) < 1e-15


def test_zeros_stay_zeros_with_finite_gradients():
    zeros = {n: np.zeros(shape) for n, shape in SHAPES.items()}
    out, pullback = clip_by_global_norm.vjp(**zeros, c=1.0)
    assert not any(np.any(a) for a in out)
    ones = {n: np.ones_like(getattr(out, n)) for n in CLIPPED}
    assert all(np.array_equal(g, np.ones_like(g)) for g in pullback(**ones))
    assert not any(np.any(g) for g in pullback(norm=1.0))
    # nothing can pass a bound of 0, and 0/0 is not asked for
    assert not np.any(clip_by_norm.forward(np.zeros(3), c=0.0).clipped_g)
    assert not np.any(clip_by_norm.forward(np.ones(3), c=0.0).clipped_g)


@pytest.mark.parametrize("bad", (np.nan, np.inf, -np.inf))
@pytest.mark.parametrize("place", SHAPES)
def test_what_is_not_finite_is_never_a_silent_zero(bad, place):
    given = drawn()
    given[place].flat[1] = bad
    assert all(np.all(np.isnan(a)) for a in clip_by_global_norm.forward(**given, c=1.0))


def test_clipping_by_value_bounds_infinity_and_passes_nan_on():
    g = np.array([np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5])
    out, pullback = clip_by_value.vjp(g, c=1.0)
    assert np.array_equal(out.y, [1, -1, np.nan, 1, -1, 0.5], equal_nan=True)
    assert np.array_equal(pullback(y=np.ones(6)).g, [0, 0, 1, 1, 1, 1])


def test_no_entries_have_the_norm_zero():
    assert clip_by_norm.forward(np.empty(0)).norm == 0.0
    out = clip_by_global_norm.forward(np.ones((2, 2)), np.empty((2, 0)), np.zeros(2), c=9.0)
    assert error(out.norm, 2.0) < 1e-15


# any list of tensors ------------------------------------------------------------------------------
@op(title="the gradients of a layer of another kind", source="a test")
def of_another_kind(s):
    K, m = s.size("K", "k"), s.size("M", "m")
    clipped, norm = clip_together(
        s, [s.parameter("e"), s.parameter("k4", 2, K, K, m), s.parameter("v", m), s.parameter("w", K)]
    )
    s.returns(*clipped, norm)


def test_any_list_of_tensors_is_clipped_together():
    module = load_fast("of_another_kind", text(of_another_kind[0]))
    shapes = {"e": (), "k4": (2, 3, 3, 5), "v": (5,), "w": (3,)}
    inputs = {n: draw(shape, k) for k, (n, shape) in enumerate(shapes.items())}
    for c in (0.7, 100.0):
        assert worst(errors(module, by_norm(c), inputs, c=c)) < SHALLOW[np.float64]
