"""float32 sums of any length are right to the last digits: losses, bias gradients, products."""

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from codegen.lower import lower
from codegen.module import write_module
from codegen.runtime import BLOCK, plain
from codegen.verify.load import load_fast, load_plain
from derive.derivation import derive
from derive.language import Spec, op, tanh, total
from tests.codegen.emitted import OPS

BAR = 4 * 2.0**-24  # four roundings, relative to the sum of the terms' sizes


@op(title="sums of the columns", source="a user's file")
def column_sums(s: Spec) -> None:
    N, K = s.batch("N", "n"), s.size("K", "k")
    n, k = s.index("n", N), s.index("k", K)
    x, y = s.data("x", N, K), s.let("y", K)
    y[k] = total(n, x[n, k])
    s.returns(y)


@op(title="a sum in each step of a recurrence", source="a user's file")
def summing_steps(s: Spec) -> None:
    T, K = s.sequence("T", "t"), s.size("K", "k")
    t, k = s.index("t", T), s.index("k", K)
    x, z, h = s.parameter("x", K), s.data("z", T), s.let("h", T)
    h[t] = total(k, tanh(x[k] + z[t] + h[t - 1]))
    s.returns(h)


MINE = {"column_sums": column_sums[0], "summing_steps": summing_steps[0]}


@cache
def text(name: str) -> str:
    return write_module(lower(derive({**OPS, **MINE}[name]))).text


@cache
def compiled(name: str, made_narrow: bool = False) -> ModuleType:
    return load_fast(name, narrowed(text(name)) if made_narrow else text(name))


def narrowed(module: str) -> str:
    """The text with every sum in the arrays' own dtype, and in one block."""
    for old, new in (("= wide(", "= ("), (", BLOCK)", ", 2**62)"), ("start + BLOCK", "2**62")):
        module = module.replace(old, new)
    lines = [line for line in module.splitlines() if not line.strip().startswith("narrow(")]
    return "\n".join(lines) + "\n"


def draw(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).normal(size=shape).astype(np.float32)


def error(found: Any, wanted: Any, size: Any = None) -> float:
    """The largest error, relative to the sum of the terms' sizes."""
    return float(np.max(np.abs(np.float64(found) - wanted) / (np.abs(wanted) if size is None else size)))


# each gives the error of one sum ------------------------------------------------------------------------
def ones(op: ModuleType) -> float:
    return error(op.forward(np.ones((2**25, 1), np.float32), np.zeros((2**25, 1), np.float32)).L, 1)


def ones_in_a_row(op: ModuleType) -> float:
    return error(
        op.forward(np.full((1, 10**7), 0.1, np.float32), np.zeros((1, 10**7), np.float32)).L, TENTH**2
    )


def normals(op: ModuleType) -> float:
    y = draw(10**7, 1)
    return error(op.forward(y, np.zeros_like(y)).L, np.mean(np.float64(y) ** 2))


def cross_entropy(op: ModuleType) -> float:
    x, y = draw(10**6, 1), np.full((10**6, 1), 0.5, np.float32)
    wide = np.float64(x)
    return error(op.forward(y, x).L, np.mean(np.logaddexp(0, wide) - wide / 2))


def bias(op: ModuleType) -> float:
    dh = np.abs(draw(10**6, 3))
    pullback = op.vjp(draw(10**6, 2), draw(3, 2), draw(3), wrt=("b",))[1]
    return error(pullback(h=dh).b, np.float64(dh).sum(0))


def weights(op: ModuleType) -> float:
    x, dh = np.abs(draw(2 * 10**6, 2)), np.full((2 * 10**6, 3), 0.1, np.float32)
    pullback = op.vjp(x, draw(3, 2), draw(3), wrt=("W",))[1]
    return error(pullback(h=dh).W, np.float64(dh).T @ np.float64(x))


def kernel_of_many_images(op: ModuleType) -> float:
    X, dY = np.full((10**5, 1, 3, 3), 0.1, np.float32), np.ones((10**5, 1, 2, 2), np.float32)
    pullback = op.vjp(X, draw(1, 1, 2, 2), draw(1), wrt=("K", "b"))[1]
    made = pullback(Y=dY)
    return max(error(made.K, 4 * TENTH * 10**5), error(made.b, 4 * 10**5))


def first_axis(op: ModuleType) -> float:
    x = np.abs(draw(10**6, 3))
    return error(op.forward(x).y, np.float64(x).sum(0))


def each_step(op: ModuleType) -> float:
    h = op.forward(np.full(10**6, 0.1, np.float32), np.zeros((2, 1), np.float32)).h.ravel()
    return error(h, np.array([10**6 * np.tanh(TENTH), 10**6]))


TENTH = float(np.float32(0.1))
SUMS: dict[Callable[[ModuleType], float], str] = {
    ones: "mse",
    ones_in_a_row: "mse",
    normals: "mse",
    cross_entropy: "binary_cross_entropy_logits",
    bias: "dense",
    weights: "dense",
    kernel_of_many_images: "conv2d",
    first_axis: "column_sums",
    each_step: "summing_steps",
}
# a long inner axis is the business of `gemm`, not of the text
IN_THE_RUNTIME = {weights}


@pytest.mark.parametrize("sum_of", SUMS, ids=lambda f: f.__name__)
def test_a_long_sum_is_right_to_the_last_digits(sum_of):
    assert sum_of(compiled(SUMS[sum_of])) <= BAR


@pytest.mark.parametrize("sum_of", [s for s in SUMS if s not in IN_THE_RUNTIME], ids=lambda f: f.__name__)
def test_a_sum_made_narrow_again_is_noticed(sum_of):
    assert text(SUMS[sum_of]) != narrowed(text(SUMS[sum_of]))
    assert sum_of(compiled(SUMS[sum_of], made_narrow=True)) > BAR


def test_a_scatter_is_as_right_as_numpys():
    """Which element is added to, labels say: such a sum stays in the array's dtype (codegen/widen.py)."""
    de, labels = np.full((10**6, 2), 0.1, np.float32), np.full(10**6, 2)
    numpys = np.zeros((5, 2), np.float32)
    np.add.at(numpys, labels, de)
    ours = compiled("embedding").vjp(labels, draw(5, 2))[1](e=de).E
    assert error(ours[2], TENTH * 10**6) <= 2 * error(numpys[2], TENTH * 10**6)


def test_the_mean_of_nothing_is_zero():
    nothing = np.ones((0, 3), np.float32)
    assert compiled("mse").forward(nothing, nothing).L == 0
    assert load_plain("mse", text("mse")).forward(nothing, nothing).L == 0


def test_the_mean_does_not_overflow_before_it_divides():
    huge = np.full((4, 1), 1.5e19, np.float32)  # their squares add up to more than float32 holds
    assert np.isclose(compiled("mse").forward(huge, np.zeros_like(huge)).L, 2.25e38, rtol=1e-6)


def test_what_is_not_finite_goes_through_a_wide_sum():
    for value in (np.nan, np.inf):
        y = np.array([[1, value, 2]], np.float32)
        assert np.array_equal(
            compiled("mse").forward(y, np.zeros_like(y)).L, np.float32(value), equal_nan=True
        )


def test_small_sums_have_several_blocks_in_plain_python():
    assert 1 < plain.BLOCK <= 3 < BLOCK
