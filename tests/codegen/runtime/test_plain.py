"""Every name that kernels call means the same in plain Python as in compiled code."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from numba import njit

from codegen import runtime
from codegen.runtime import KERNEL_NAMES, plain
from codegen.runtime.plain import ExactArray, exact_array

VALUES = (-30.0, -2.5, -1.0, -0.3, 0.0, 1e-5, 0.3, 1.0, 2.5, 30.0, np.nan, np.inf, -np.inf)
UNARY = (
    "absolute",
    "cos",
    "erf",
    "exp",
    "expm1",
    "log",
    "log1p",
    "normal_cdf",
    "normal_pdf",
    "relu",
    "relu_right",
    "sigmoid",
    "sign",
    "sin",
    "softplus",
    "sqrt",
    "step",
    "step_right",
    "tanh",
)
BINARY = ("beats", "maximum", "minimum")


def unary(function: Callable) -> Callable:
    def run(out, a, b):
        for i in range(a.size):
            out[i] = function(a[i])

    return run


def binary(function: Callable) -> Callable:
    def run(out, a, b):
        for i in range(a.size):
            for j in range(a.size):
                out[i * a.size + j] = function(a[i], a[j])

    return run


def powers(function: Callable) -> Callable:
    def run(out, a, b):
        for i in range(b.size):
            for n in range(6):
                out[i * 6 + n] = function(b[i], n)
            out[6 * b.size + i] = function(b[i], -3)

    return run


def numbers(function: Callable) -> Callable:
    def run(out, a, b):
        out[0], out[1], out[2] = function(a, 1, 3), function(a, -7), function(a, 0)

    return run


def lows(function: Callable) -> Callable:
    def run(out, a, b):
        out[0] = function(a)

    return run


def clears(function: Callable) -> Callable:
    def run(out, a, b):
        out[...] = 5
        function(out[1:4])
        function(out[:4].reshape((2, 2))[1:])

    return run


def matrices(function: Callable) -> Callable:
    def run(out, a, b):
        cube = out[:24].reshape((2, 3, 4))
        function(cube, 2)[5, 1] = 1
        function(cube, 1)[1, 3] = 2
        function(cube[1:], 0)[0, 5] = 3
        out[30] = function(cube, 3).shape[0]

    return run


def products(function: Callable) -> Callable:
    def run(out, a, b):
        tall, wide = b[:6].reshape((3, 2)), b[:6].reshape((2, 3))
        function(out[:9].reshape((3, 3)), tall, wide, False, False, False)
        function(out[:9].reshape((3, 3)), tall, tall, False, True, True)
        function(out[9:13].reshape((2, 2)), tall, tall, True, False, False)
        function(out[13:22].reshape((3, 3)), wide, tall, True, True, True)
        function(out[22:26].reshape((2, 2)), b[:0].reshape((2, 0)), b[:0].reshape((0, 2)), 0, 0, 0)

    return run


def widenings(function: Callable) -> Callable:
    def run(out, a, b):
        sums = function(b)
        sums[0] += b[1]
        out[0], out[1] = sums[0], function(b[2])

    return run


def narrowings(function: Callable) -> Callable:
    def run(out, a, b):
        square = out[:4].reshape((2, 2))
        square[0, 1] = 5
        function(square, square)  # of float64 the sums are in the array itself

    return run


def quotients(function: Callable) -> Callable:
    def run(out, a, b):
        out[0], out[1] = function(np.float64(b[0]), 3), function(np.float64(b[1]), 0)

    return run


def identity(function: Callable) -> Callable:
    # `kernel` is applied to a function outside of kernels
    def double(x):
        return x + x

    doubled = function(double)

    def run(out, a, b):
        out[0] = doubled(b[0])

    return run


CASES = {
    **dict.fromkeys(UNARY, unary),
    **dict.fromkeys(BINARY, binary),
    "power": powers,
    "number": numbers,
    "lowest": lows,
    "clear": clears,
    "matrix": matrices,
    "gemm": products,
    "kernel": identity,
    "wide": widenings,
    "narrow": narrowings,
    "divided": quotients,
}
NUMBERS = {"BLOCK"}  # any is right: the plain one is small, so that small sums have several blocks
FUNCTIONS = [name for name in KERNEL_NAMES if name not in NUMBERS]


def outcome(run: Callable, dtype: type) -> np.ndarray:
    out = np.zeros(200, dtype)
    with np.errstate(all="ignore"):
        run(out, np.array(VALUES, dtype), np.arange(-3, 5).astype(dtype) + dtype(0.25))
    return out


def disagreement(name: str, fast: Callable, meaning: Callable) -> str:
    """In which dtype the two differ, or nothing."""
    compiled, interpreted = njit(CASES[name](fast)), CASES[name](meaning)
    for dtype in (np.float32, np.float64):
        tolerance = 200 * np.finfo(dtype).eps
        expected, found = outcome(interpreted, dtype), outcome(compiled, dtype)
        if not np.allclose(found, expected, rtol=tolerance, atol=0, equal_nan=True):
            return f"{name} on {dtype.__name__}: {found} is not {expected}"
    return ""


def test_every_name_has_a_plain_meaning_and_a_case() -> None:
    assert set(plain.__all__) == set(KERNEL_NAMES) == set(CASES) | NUMBERS
    assert set(KERNEL_NAMES) <= set(runtime.__all__)
    assert all(hasattr(plain, name) and hasattr(runtime, name) for name in KERNEL_NAMES)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_compiled_and_plain_agree(name: str) -> None:
    assert not disagreement(name, getattr(runtime, name), getattr(plain, name))


def gemm_without_flags(c, a, b, transpose_a, transpose_b, accumulate):
    plain.gemm(c, a, b, transpose_a, transpose_b, False)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("gemm", gemm_without_flags),
        ("relu", lambda x: max(0.0, x)),
        ("maximum", lambda x, y: x if x > y else y),
        ("beats", lambda x, best: x >= best),
        ("step", lambda x: float(x >= 0)),
        ("step_right", lambda x: float(x > 0)),
        ("sigmoid", lambda x: 1 / (1.001 + np.exp(-x))),
        ("matrix", lambda a, k: plain.matrix(a, k).copy()),
        ("number", lambda like, p, q=1: like.dtype.type(p // q)),
    ],
)
def test_a_wrong_meaning_is_noticed(name: str, wrong: Callable) -> None:
    assert disagreement(name, getattr(runtime, name), wrong)


class Rationals:
    """The field of Fractions."""

    def number(self, p: int, q: int) -> Fraction:
        return Fraction(p, q)

    def lowest(self) -> Fraction:
        return Fraction(-(10**9))


def thirds(*shape: int) -> ExactArray:
    count = int(np.prod(shape))
    values = np.array([Fraction(i - 2, 3) for i in range(count)], dtype=object)
    return exact_array(values.reshape(shape), Rationals())


def test_exact_arrays_keep_their_field_through_views_and_products_are_exact() -> None:
    a, b, c = thirds(3, 4), thirds(4, 3), thirds(2, 3, 3)
    plain.gemm(plain.matrix(c[1:], 2), a, b, False, False, True)
    expected = [[sum(a[i, k] * b[k, j] for k in range(4)) for j in range(3)] for i in range(3)]
    assert (c[1] - thirds(2, 3, 3)[1]).tolist() == expected
    plain.clear(c[0])
    assert c[0, 0, 0] == 0 and isinstance(c[0, 0, 0], Fraction)
    assert plain.number(a[0], 1, 3) == Fraction(1, 3)
    assert plain.lowest(a.T) == -(10**9)


def test_ordered_functions_are_exact_on_fractions() -> None:
    third = Fraction(1, 3)
    assert plain.relu(third) == third and plain.relu(-third) == 0
    assert (plain.step(third), plain.step(-third), plain.step(Fraction(0))) == (1, 0, 0)
    assert (plain.step_right(third), plain.step_right(-third), plain.step_right(Fraction(0))) == (1, 0, 1)
    assert (plain.sign(third), plain.sign(-third), plain.sign(Fraction(0))) == (1, -1, 0)
    assert plain.maximum(third, 2 * third) == 2 * third == plain.absolute(-2 * third)
    assert plain.minimum(third, 2 * third) == third
    assert plain.power(third, -2) == 9
    assert plain.beats(third, -third) and not plain.beats(third, third)
    assert all(isinstance(f(third), Fraction) for f in (plain.relu, plain.step, plain.step_right, plain.sign))


class Term:
    """An uninterpreted number."""

    def __init__(self, text: str) -> None:
        self.text = text

    def apply(self, name: str, *others: "Term") -> "Term":
        return Term(f"{name}({', '.join([self.text, *(other.text for other in others)])})")


@pytest.mark.parametrize("name", UNARY)
def test_a_number_may_say_what_a_function_makes_of_it(name: str) -> None:
    assert getattr(plain, name)(Term("x")).text == f"{name}(x)"


def test_a_number_may_say_so_of_two() -> None:
    assert plain.maximum(Term("x"), Term("y")).text == "maximum(x, y)"


def test_a_transcendental_function_of_a_fraction_is_refused() -> None:
    with pytest.raises(TypeError, match="exp: Fraction"):
        plain.exp(Fraction(1, 3))


def test_plain_refuses_what_compiled_code_refuses() -> None:
    with pytest.raises(ValueError, match="shapes do not match"):
        plain.gemm(np.zeros((2, 2)), np.zeros((2, 3)), np.zeros((2, 2)), False, False, False)
    with pytest.raises(ValueError, match="not C-contiguous"):
        plain.matrix(np.zeros((4, 4, 4))[:, 1:], 2)
