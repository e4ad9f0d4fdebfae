"""Scalar functions in compiled code: last digits against mpmath, special values, speed's shape."""

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from numba import njit

from codegen import runtime
from codegen.runtime import kernel

DTYPES = [np.float32, np.float64]


def over(function: Callable) -> Callable:
    """The function over a vector, in a loop of the kind that kernels have."""

    @njit(error_model="numpy", fastmath={"reassoc", "contract"})
    def loop(x, y):
        for i in range(x.size):
            y[i] = function(x[i])

    def apply(x: np.ndarray) -> np.ndarray:
        y = np.empty_like(x)
        loop(x, y)
        return y

    apply.loop = loop  # type: ignore[attr-defined]
    return apply


def softplus(x: mpmath.mpf) -> mpmath.mpf:
    return mpmath.log1p(mpmath.exp(x))


def sigmoid(x: mpmath.mpf) -> mpmath.mpf:
    return 1 / (1 + mpmath.exp(-x))


# name, exact function, bound in units in the last place
BOUNDS = {
    "exp": (mpmath.exp, 1.0),
    "expm1": (mpmath.expm1, 2.0),
    "tanh": (mpmath.tanh, 3.0),
    "sigmoid": (sigmoid, 3.0),
    "log": (mpmath.log, 1.0),
    "log1p": (mpmath.log1p, 2.0),
    "softplus": (softplus, 3.0),
    "normal_pdf": (mpmath.npdf, 4.0),
    "erf": (mpmath.erf, 2.0),
    "sqrt": (mpmath.sqrt, 0.5),
    "sin": (mpmath.sin, 1.0),
    "cos": (mpmath.cos, 1.0),
}


def samples(name: str, dtype: type) -> np.ndarray:
    """Numbers of every magnitude, and many where the function bends, in its domain."""
    random = np.random.default_rng(7)
    magnitudes = random.choice([-1, 1], 1500) * np.exp2(random.uniform(-130, 11, 1500))
    near = [random.uniform(-edge, edge, 700) for edge in (1, 20, 110)]
    left = random.uniform(-750, 0, 300)
    x = np.concatenate([magnitudes, *near, left, np.finfo(dtype).tiny * near[0]]).astype(dtype)
    return np.abs(x) if name in ("log", "sqrt") else x[x > -1] if name == "log1p" else x


def worst_error(results: np.ndarray, exact: list[mpmath.mpf]) -> float:
    """The largest error in units in the last place; subnormal numbers have the smallest unit."""
    info = np.finfo(results.dtype)
    overflow = mpmath.mpf(float(info.max)) * (1 + mpmath.mpf(2) ** -(info.nmant + 2))
    worst = 0.0
    for result, value in zip(results, exact, strict=True):
        if abs(value) >= overflow:
            error = 0.0 if np.isinf(result) else math.inf
        else:
            power = mpmath.frexp(value)[1] - 1 - info.nmant
            unit = max(mpmath.mpf(2) ** power, mpmath.mpf(float(info.smallest_subnormal)))
            error = float(abs(mpmath.mpf(float(result)) - value) / unit)
        worst = max(worst, error)
    return worst


@pytest.mark.parametrize("name", BOUNDS)
def test_last_digits_against_mpmath(name: str) -> None:
    exact, bound = BOUNDS[name]
    function = over(getattr(runtime, name))
    for dtype in DTYPES:
        x = samples(name, dtype)
        with mpmath.workprec(160):
            truth = [exact(mpmath.mpf(float(value))) for value in x]
            assert worst_error(function(x), truth) <= bound, dtype


def test_the_measure_notices_a_naive_formula() -> None:
    naive = over(njit(lambda x: math.log(1 + math.exp(x))))
    x = samples("softplus", np.float64)
    with mpmath.workprec(160):
        truth = [softplus(mpmath.mpf(float(value))) for value in x]
    assert worst_error(naive(x), truth) > 1e6


@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "expm1", "log", "log1p"])
def test_float32_over_the_whole_range_of_bits(name: str) -> None:
    function = over(getattr(runtime, name))
    x = np.arange(0, 2**32, 4099, dtype=np.uint32).view(np.float32)
    x = x[~np.isnan(x)]
    with np.errstate(all="ignore"):
        single, double = function(x), function(x.astype(np.float64))
        rounded = double.astype(np.float32)
        unit = np.maximum(np.spacing(np.abs(rounded)), np.float32(2.0**-149)).astype(np.float64)
    same = (single == rounded) | (np.isnan(single) & np.isnan(double))
    finite = np.isfinite(rounded) & ~same
    assert (same | finite).all()
    assert (np.abs(single[finite] - double[finite]) <= 3.5 * unit[finite]).all()


INF, NAN = math.inf, math.nan
SPECIAL = {
    "exp": {-INF: 0, INF: INF, 0: 1, 1000: INF, -1000: 0},
    "expm1": {-INF: -1, INF: INF, -0.0: -0.0, 1000: INF, -1000: -1},
    "log": {-0.0: -INF, INF: INF, -1: NAN, 1: 0, -INF: NAN},
    "log1p": {-1: -INF, -0.0: -0.0, INF: INF, -2: NAN, -INF: NAN},
    "tanh": {-INF: -1, INF: 1, -0.0: -0.0, 100: 1, -100: -1},
    "sigmoid": {-INF: 0, INF: 1, 0: 0.5, 1000: 1, -1000: 0},
    "softplus": {-INF: 0, INF: INF, 1000: 1000, -1000: 0},
    "relu": {-INF: 0, INF: INF, -1: 0, 2: 2, 0: 0},
    "relu_right": {-INF: 0, INF: INF, -1: 0, 2: 2, 0: 0},
    "step_right": {-INF: 0, INF: 1, -1: 0, 2: 1, -0.0: 1},
    "step": {-INF: 0, INF: 1, -1: 0, 2: 1, 0: 0},
    "sign": {-INF: -1, INF: 1, -3: -1, 3: 1, 0: 0},
    "absolute": {-INF: INF, -0.0: 0, -2: 2},
    "sqrt": {-1: NAN, INF: INF, 4: 2},
    "erf": {-INF: -1, INF: 1},
    "normal_cdf": {-INF: 0, INF: 1, 0: 0.5},
    "normal_pdf": {-INF: 0, INF: 0},
    "sin": {INF: NAN},
    "cos": {INF: NAN},
}


@pytest.mark.parametrize("name", SPECIAL)
def test_special_values_and_nan(name: str) -> None:
    function = over(getattr(runtime, name))
    table = {**SPECIAL[name], NAN: NAN}
    for dtype in DTYPES:
        results = function(np.array(list(table), dtype))
        expected = np.array(list(table.values()), dtype)
        assert np.array_equal(results, expected, equal_nan=True), dtype
        zeros = expected == 0
        if name not in ("relu", "relu_right", "step", "step_right", "sign", "absolute"):
            assert np.array_equal(np.signbit(results[zeros]), np.signbit(expected[zeros]))


def test_the_normal_left_tail_is_accurate() -> None:
    x = np.linspace(-37, 5, 200)
    with mpmath.workprec(400):
        exact = np.array([float(mpmath.ncdf(mpmath.mpf(float(value)))) for value in x])
    assert np.max(np.abs(over(runtime.normal_cdf)(x) / exact - 1)) < 4e-13


@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "log", "log1p", "softplus"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_loops_are_vectors_and_roundings_are_kept(name: str, dtype: type) -> None:
    function = over(getattr(runtime, name))
    function(np.ones(3, dtype))
    (text,) = function.loop.inspect_llvm().values()  # type: ignore[attr-defined]
    kind = "float" if dtype is np.float32 else "double"
    assert f" x {kind}> @llvm.fma.v" in text
    assert "reassoc" not in text


@kernel
def _pairs(x, y, larger, smaller):
    for i in range(x.size):
        larger[i] = runtime.maximum(x[i], y[i])
        smaller[i] = runtime.minimum(x[i], y[i])


@pytest.mark.parametrize("dtype", DTYPES)
def test_maximum_and_minimum_pass_nan_from_either_side(dtype: type) -> None:
    values = np.array([NAN, -INF, -1, 0, 2, INF], dtype)
    x, y = (side.ravel() for side in np.meshgrid(values, values))
    larger, smaller = np.empty_like(x), np.empty_like(x)
    _pairs(x, y, larger, smaller)
    assert np.array_equal(larger, np.maximum(x, y), equal_nan=True)
    assert np.array_equal(smaller, np.minimum(x, y), equal_nan=True)


@kernel
def _largest(x):
    best = runtime.lowest(x)
    for i in range(x.size):
        best = runtime.maximum(best, x[i])
    return best


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_maximum_over_many_is_the_largest_or_nan(dtype: type) -> None:
    x = np.arange(100, dtype=dtype)
    assert _largest(x) == 99
    x[70] = NAN
    assert np.isnan(_largest(x))


def test_a_maximums_machine_code_is_of_vectors() -> None:
    fresh = njit(fastmath={"reassoc", "contract"})(_largest.py_func)
    fresh(np.ones(3))
    (text,) = fresh.inspect_llvm().values()
    assert "llvm.vector.reduce.fmaximum" in text


@kernel
def _arg_max(x):
    best, place = x[0], 0
    for i in range(x.size):
        if runtime.beats(x[i], best):
            best, place = x[i], i
    return place


@pytest.mark.parametrize(
    ("values", "place"),
    [([1, 3, 3], 1), ([1, NAN, 3, NAN], 1), ([NAN, 1], 0), ([-INF, -INF], 0), ([-INF, 0], 1)],
)
def test_the_first_maximum_wins_and_nan_before_all(values: list[float], place: int) -> None:
    assert _arg_max(np.array(values)) == place


@kernel
def _powers(x, n, y):
    y[0] = runtime.power(x, n)
    y[1] = runtime.power(x, 3)
    y[2] = runtime.power(x, -2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [0, 1, 2, 5, 10, -1, -3])
def test_integer_powers(dtype: type, n: int) -> None:
    y = np.empty(3, dtype)
    _powers(dtype(-1.5), n, y)
    assert np.allclose(y, [(-1.5) ** n, (-1.5) ** 3, (-1.5) ** -2], rtol=1e-6)


@pytest.mark.parametrize(
    "name", [*BOUNDS, "relu", "relu_right", "step", "step_right", "sign", "absolute", "normal_cdf"]
)
def test_functions_keep_the_dtype(name: str) -> None:
    function = getattr(runtime, name)
    for dtype in DTYPES:
        function(dtype(0.5))
    kinds = {str(s.args[0]): str(s.return_type) for s in function.nopython_signatures}
    assert kinds["float32"] == "float32" and kinds["float64"] == "float64"
