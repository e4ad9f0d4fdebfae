"""The kinds of numbers over which a system can be evaluated.

A kind makes numbers (`number`, `lowest`, `of`); `apply` gives the scalar functions of any of them.
Elements of a prime field are in residues.py, dual numbers in duals.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Protocol

import mpmath
import numpy as np

Function = Callable[..., Any]


class NumberType(Protocol):
    """What makes numbers of one kind."""

    def number(self, p: int, q: int = 1) -> Any:
        """The number p/q."""

    def lowest(self) -> Any:
        """Below every number: the maximum of nothing."""

    def of(self, value: Any) -> Any:
        """A value that a caller passes in, as a number of this kind."""


def order(x: Any) -> Any:
    """What comparisons look at: the real part of a complex number, any other number itself."""
    return x.real if isinstance(x, complex) else x


def _relu(x: Any) -> Any:
    return type(x)(0) if order(x) <= 0 else x


def _step(x: Any) -> Any:
    return type(x)(1) if order(x) > 0 else type(x)(0) if order(x) <= 0 else x


def _step_right(x: Any) -> Any:
    return type(x)(1) if order(x) >= 0 else type(x)(0) if order(x) < 0 else x


def _sign(x: Any) -> Any:
    return type(x)(-1) if order(x) < 0 else _step(x)


def _absolute(x: Any) -> Any:
    return -x if order(x) < 0 else x if order(x) > 0 else x * x


def _maximum(x: Any, y: Any) -> Any:
    return x if order(x) > order(y) or x != x else y


def _minimum(x: Any, y: Any) -> Any:
    return x if order(x) < order(y) or x != x else y


ORDERED: dict[str, Function] = {
    "relu": _relu,
    "relu_right": _relu,
    "step": _step,
    "step_right": _step_right,
    "sign": _sign,
    "absolute": _absolute,
    "maximum": _maximum,
    "minimum": _minimum,
}


def _float_sigmoid(x: Any) -> Any:
    small = np.exp(-abs(x))
    return 1 / (1 + small) if x >= 0 else small / (1 + small)


_FLOATS: dict[str, Function] = {
    **{name: getattr(np, name) for name in ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh")},
    "sigmoid": _float_sigmoid,
    "softplus": lambda x: np.logaddexp(x, 0.0),
    "normal_cdf": lambda x: np.float64(math.erfc(-x / math.sqrt(2)) / 2),
    "normal_pdf": lambda x: np.exp(-x * x / 2) / math.sqrt(2 * math.pi),
}


def _in_single(function: Function) -> Function:
    """The function with its result rounded to single precision."""
    return lambda x: np.float32(function(x))


_SINGLES: dict[str, Function] = {name: _in_single(function) for name, function in _FLOATS.items()}

BEYOND = 1_100  # bits: of so large a number neither it nor its logarithm is a float64


def _exp(x: Any) -> Any:
    """The exponential; 0 or infinite beyond, as of exp(1e4): all its digits would take seconds a number."""
    if mpmath.isfinite(x) and mpmath.mag(x) > BEYOND:
        return mpmath.mpf("inf") if x > 0 else mpmath.mpf(0)
    return mpmath.exp(x)


_PRECISE: dict[str, Function] = {
    **{name: getattr(mpmath, name) for name in _FLOATS if hasattr(mpmath, name)},
    "exp": _exp,
    "expm1": lambda x: mpmath.expm1(x) if mpmath.mag(x) < 0 else _exp(x) - 1,
    "sigmoid": lambda x: 1 / (1 + _exp(-x)),
    "softplus": lambda x: mpmath.log1p(_exp(x)),
    "normal_cdf": mpmath.ncdf,
    "normal_pdf": mpmath.npdf,
}

_COMPLEX: dict[str, Function] = {
    **{name: _FLOATS[name] for name in ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh")},
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "normal_cdf": lambda x: np.complex128(complex(mpmath.erfc(-mpmath.mpc(x) / mpmath.sqrt(2)) / 2)),
    "normal_pdf": _FLOATS["normal_pdf"],
}

_TABLES: tuple[tuple[type, dict[str, Function]], ...] = (
    (float, _FLOATS),
    (np.float32, _SINGLES),
    (mpmath.mpf, _PRECISE),
    (complex, _COMPLEX),
)


def apply(name: str, x: Any, *others: Any) -> Any:
    """The scalar function `name` of any number."""
    if hasattr(x, "apply"):
        return x.apply(name, *others)
    if name in ORDERED:
        return ORDERED[name](x, *others)
    for kind, table in _TABLES:
        if isinstance(x, kind):
            return table[name](x, *others)
    raise TypeError(f"{name} of a {type(x).__name__} has no exact value: evaluate over a prime field")


def _quotient(p: int, q: int) -> Any:
    """p/q, rounded once, however long the two are; by 0 what the standard says."""
    return np.float64(int(p) / int(q)) if q else np.float64(p) / np.float64(q)


class Floats:
    """IEEE double precision: inf and NaN where the standard says so, never an exception."""

    def number(self, p: int, q: int = 1) -> Any:
        return _quotient(p, q)

    def lowest(self) -> Any:
        return np.float64(-math.inf)

    def of(self, value: Any) -> Any:
        return np.float64(value)


class Singles:
    """IEEE single precision, which overflows where float32 kernels do."""

    def number(self, p: int, q: int = 1) -> Any:
        return np.float32(_quotient(p, q))

    def lowest(self) -> Any:
        return np.float32(-math.inf)

    def of(self, value: Any) -> Any:
        return np.float32(value)


class Fractions:
    """Exact rational numbers."""

    def number(self, p: int, q: int = 1) -> Any:
        return Fraction(p, q)

    def lowest(self) -> Any:
        return -math.inf

    def of(self, value: Any) -> Any:
        return value if value == -math.inf else Fraction(value)


class Precise:
    """mpmath's floating numbers, at the precision that is set while they are used."""

    def number(self, p: int, q: int = 1) -> Any:
        return mpmath.mpf(p) / q

    def lowest(self) -> Any:
        return mpmath.mpf("-inf")

    def of(self, value: Any) -> Any:
        return mpmath.mpf(value)


class Complex:
    """Double precision with an imaginary part, for the complex-step derivative."""

    def number(self, p: int, q: int = 1) -> Any:
        return np.complex128(p / q)

    def lowest(self) -> Any:
        return np.complex128(-math.inf)

    def of(self, value: Any) -> Any:
        return np.complex128(value)
