# Copied by gradsmith from its runtime; do not edit. What follows has the digest b9ec5db6162d065e02e4cc50850f0b835949c8e427e3b1edeed36c7aec30b059
"""Scalar functions for kernels: float32 in, float32 out; float64 in, float64 out; NaN goes through.

`exp`, `expm1`, `log`, `log1p`, `tanh`, `sigmoid` and `softplus` are straight-line arithmetic, which
LLVM vectorises in a loop; errors are the largest seen in units in the last place (tests measure
them). What they do depends on every rounding, so no fast-math flag is set.
"""

import math

from numba import njit

from . import coefficients as c
from .instructions import (
    choose,
    constant,
    copysign,
    exponent,
    fma,
    larger,
    magnitude,
    polynomial,
    scale,
    significand,
    smaller,
)

# Left unsaid, fastmath would be the calling kernel's, which would let LLVM undo the roundings.
_scalar = njit(nogil=True, error_model="numpy", fastmath=False, forceinline=True)

_ZERO = constant(0.0)
_HALF = constant(0.5)
_ONE = constant(1.0)
_TWO = constant(2.0)
_INFINITY = constant(math.inf)
_NAN = constant(math.nan)
_ROOT_HALF = constant(math.sqrt(0.5))
_NORMAL_TOP = constant(1 / math.sqrt(2 * math.pi))

# Adding it rounds to an integer, which is then in the low bits.
_ROUNDER = constant(1.5 * 2.0**52, single=1.5 * 2.0**23)
_LOG2_E = constant(c.LOG2_E, single=c.LOG2_E_SINGLE)
_LN2_HIGH = constant(c.LN2_HIGH, single=c.LN2_HIGH_SINGLE)
_LN2_LOW = constant(c.LN2_LOW, single=c.LN2_LOW_SINGLE)
_EXP_TAIL = polynomial(c.EXP_TAIL, c.EXP_TAIL_SINGLE)
_LOG_TAIL = polynomial(c.LOG_TAIL, c.LOG_TAIL_SINGLE)

# Outside of these exp is 0 or infinite; expm1 is -1 or infinite; tanh is -1 or 1.
_EXP_LEAST = constant(-746.0, single=-104.0)
_EXP_MOST = constant(710.0, single=89.0)
_EXPM1_LEAST = constant(-40.0, single=-20.0)
_TANH_MOST = constant(20.0, single=10.0)
# Below it expm1(x) is x.
_EXPM1_TINY = constant(2.0**-54, single=2.0**-25)
_SMALLEST_NORMAL = constant(2.0**-1022, single=2.0**-126)
_SUBNORMAL_GAIN = constant(2.0**54, single=2.0**25)
_SUBNORMAL_SHIFT = constant(54.0, single=25.0)


@_scalar
def _rounded(x):
    """x / ln 2 rounded to an integer n, as n + _ROUNDER, and x - n ln 2."""
    shifted = fma(x, _LOG2_E(x), _ROUNDER(x))
    n = shifted - _ROUNDER(x)
    return shifted, fma(n, -_LN2_LOW(x), fma(n, -_LN2_HIGH(x), x))


@_scalar
def _between(x, least, most):
    """x moved into [least, most]; NaN stays."""
    x = choose(x < least, least, x)
    return choose(x > most, most, x)


@_scalar
def exp(x):
    """e**x; error below 1 unit, subnormal results included."""
    shifted, r = _rounded(_between(x, _EXP_LEAST(x), _EXP_MOST(x)))
    return scale(_ONE(x) + fma(r * r, _EXP_TAIL(r), r), shifted)


@_scalar
def _expm1_core(x):
    """(e**x - 1) / 2 for x in the bounds of expm1; halved so that 2**n does not overflow."""
    shifted, r = _rounded(x)
    half_power = scale(_HALF(x), shifted)
    return fma(half_power, fma(r * r, _EXP_TAIL(r), r), half_power - _HALF(x))


@_scalar
def expm1(x):
    """e**x - 1, accurate near 0; error below 2 units."""
    half = _expm1_core(_between(x, _EXPM1_LEAST(x), _EXP_MOST(x)))
    return choose(magnitude(x) < _EXPM1_TINY(x), x, half + half)


@_scalar
def tanh(x):
    """(e**2x - 1) / (e**2x + 1); error below 3 units, at small x too."""
    bounded = _between(magnitude(x), _ZERO(x), _TANH_MOST(x))
    half = _expm1_core(bounded + bounded)
    return copysign(choose(bounded < _EXPM1_TINY(x), bounded, half / (half + _ONE(x))), x)


@_scalar
def sigmoid(x):
    """1 / (1 + e**-x); error below 3 units, in the left tail too."""
    small = exp(-magnitude(x))
    return choose(x < _ZERO(x), small, _ONE(x)) / (_ONE(x) + small)


@_scalar
def log(x):
    """ln x; error below 1 unit; -infinity at 0, NaN below it."""
    small = x < _SMALLEST_NORMAL(x)
    normal = choose(small, x * _SUBNORMAL_GAIN(x), x)
    n = exponent(normal, _ROOT_HALF(x)) - choose(small, _SUBNORMAL_SHIFT(x), _ZERO(x))
    f = significand(normal, _ROOT_HALF(x)) - _ONE(x)
    s = f / (_TWO(x) + f)
    square = s * s
    half_square = _HALF(x) * f * f
    tail = s * fma(square, _LOG_TAIL(square), half_square)
    result = fma(n, _LN2_HIGH(x), f - (half_square - fma(n, _LN2_LOW(x), tail)))
    result = choose(x == _INFINITY(x), x, result)
    result = choose(x == _ZERO(x), -_INFINITY(x), result)
    return choose(x >= _ZERO(x), result, _NAN(x))


@_scalar
def log1p(x):
    """ln(1 + x), accurate near 0; error below 3 units; -infinity at -1, NaN below it."""
    u = _ONE(x) + x
    # what rounding 1 + x lost, to first order
    lost = choose(x < _ONE(x), x - (u - _ONE(x)), _ONE(x) - (u - x))
    correction = lost / u
    usual = (u > _ZERO(x)) & (u < _INFINITY(x))
    result = log(u) + choose(usual, correction, _ZERO(x))
    return choose(x == _ZERO(x), x, result)


@_scalar
def softplus(x):
    """ln(1 + e**x), without overflow and accurate in the left tail."""
    return relu(x) + log1p(exp(-magnitude(x)))


@_scalar
def sqrt(x):
    """The square root, correctly rounded; NaN below 0."""
    return math.sqrt(x)


@_scalar
def sin(x):
    """The sine of x in radians."""
    return math.sin(x)


@_scalar
def cos(x):
    """The cosine of x in radians."""
    return math.cos(x)


@_scalar
def erf(x):
    """The error function 2/sqrt(pi) * (integral of e**-t**2 from 0 to x)."""
    return math.erf(x)


@_scalar
def normal_cdf(x):
    """The probability that a standard normal number is below x, accurate in the left tail."""
    return _HALF(x) * math.erfc(-x * _ROOT_HALF(x))


@_scalar
def normal_pdf(x):
    """The standard normal density e**(-x**2/2) / sqrt(2 pi); error below 4 units."""
    return _NORMAL_TOP(x) * _bell(x)


@_scalar
def _bell(x):
    """e**(-x**2/2); what rounding x**2 lost is put back, as far out it is many units."""
    square = x * x
    lost = choose(square < _INFINITY(x), fma(x, x, -square), _ZERO(x))
    value = exp(-_HALF(x) * square)
    return fma(value, -_HALF(x) * lost, value)


@_scalar
def relu(x):
    """x where it is positive, else 0."""
    return choose(x <= _ZERO(x), _ZERO(x), x)


@_scalar
def step(x):
    """1 where x is positive, else 0."""
    return choose(x > _ZERO(x), _ONE(x), relu(x))


@_scalar
def relu_right(x):
    """x where it is positive, else 0; a name of its own for its derivative, which is 1 at 0."""
    return relu(x)


@_scalar
def step_right(x):
    """1 where x is positive or 0, else 0."""
    return choose(x >= _ZERO(x), _ONE(x), relu(x))


@_scalar
def sign(x):
    """1, 0 or -1."""
    return choose(x < _ZERO(x), -_ONE(x), step(x))


@_scalar
def absolute(x):
    """|x|."""
    return magnitude(x)


@_scalar
def maximum(x, y):
    """The larger of x and y; NaN if either is."""
    return larger(x, y)


@_scalar
def minimum(x, y):
    """The smaller of x and y; NaN if either is."""
    return smaller(x, y)


@_scalar
def power(x, n):
    """x**n for an integer n, by repeated squaring; x**0 is 1."""
    result = _ONE(x)
    square = x
    left = abs(n)
    while left > 0:
        if left & 1:
            result = result * square
        square = square * square
        left >>= 1
    return _ONE(x) / result if n < 0 else result


@_scalar
def beats(x, best):
    """Whether x takes a maximum's lead from `best`: NaN wins, then the larger, then the first."""
    return (best == best) & (not x <= best)
