"""Derives the coefficients of the runtime's scalar functions, and prints their committed file.

    python bench/coefficients.py > codegen/runtime/coefficients.py

Each polynomial is the Chebyshev interpolant of a function with mpmath at 60 digits, which is near
the best possible, with its coefficients then rounded to the dtype. The largest relative error that
this leaves in the function computed, in units of 2**-53 (2**-24), is printed beside it.
"""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
from mpmath import mpf

mpmath.mp.dps = 60

Function = Callable[[mpf], mpf]


def interpolate(function: Function, low: mpf, high: mpf, degree: int) -> list[mpf]:
    """The coefficients of the polynomial through `function` at Chebyshev's points."""
    count = degree + 1
    points = [
        (low + high) / 2 + (high - low) / 2 * mpmath.cos(mpmath.pi * (2 * i + 1) / (2 * count))
        for i in range(count)
    ]
    powers = mpmath.matrix([[point**j for j in range(count)] for point in points])
    return list(mpmath.lu_solve(powers, mpmath.matrix([function(point) for point in points])))


def value(coefficients: list[mpf], x: mpf) -> mpf:
    """The polynomial's value at x."""
    return sum((c * x**i for i, c in enumerate(coefficients)), mpf(0))


def rounded(number: mpf, dtype: type[np.floating[Any]]) -> float:
    """`number` as the nearest float64, or float32 (printed as the float64 equal to it)."""
    return float(dtype(float(number)))


def exp_tail(r: mpf) -> mpf:
    """(exp(r) - 1 - r) / r**2, by its series."""
    return sum((r**i / mpmath.factorial(i + 2) for i in range(40)), mpf(0))


def log_tail(z: mpf) -> mpf:
    """(2 atanh(s)/s - 2) / s**2 for z = s**2, by its series."""
    return sum((2 * z**i / (2 * i + 3) for i in range(40)), mpf(0))


def head(number: mpf, bits: int) -> mpf:
    """`number` cut to `bits` binary digits, so that its products with small integers are exact."""
    shift = mpf(2) ** (bits - 1 - mpmath.floor(mpmath.log(number, 2)))
    return mpmath.floor(number * shift) / shift


HALF_LN2 = mpmath.ln2 / 2
LOG_EDGE = ((mpmath.sqrt(2) - 1) / (mpmath.sqrt(2) + 1)) ** 2

# name, function, interval, the result's error made by an error e at x, degrees (float64, float32)
POLYNOMIALS = (
    (
        "EXP_TAIL",
        exp_tail,
        (-HALF_LN2 * mpf("1.001"), HALF_LN2 * mpf("1.001")),
        lambda r, e: e * r**2 / mpmath.exp(r),
        (10, 5),
    ),
    (
        "LOG_TAIL",
        log_tail,
        (mpf(0), LOG_EDGE * mpf("1.001")),
        lambda z, e: e * z / (2 + z * log_tail(z)),
        (6, 2),
    ),
)

FLOATS: tuple[tuple[type[np.floating[Any]], int], ...] = ((np.float64, 53), (np.float32, 24))


def error_left(coefficients: list[float], row: tuple[Any, ...], bits: int) -> float:
    """The largest relative error on a dense grid, in units of 2**-bits."""
    _, function, (low, high), effect, _ = row
    exact = [mpf(c) for c in coefficients]
    grid = [low + (high - low) * i / 500 for i in range(501)]
    worst = max(abs(effect(x, value(exact, x) - function(x))) for x in grid)
    return float(worst * mpf(2) ** bits)


def polynomial_text(row: tuple[Any, ...]) -> str:
    """The two assignments of one polynomial."""
    name, function, (low, high), _, degrees = row
    lines = []
    for (dtype, bits), degree in zip(FLOATS, degrees, strict=True):
        found = interpolate(function, low, high, degree)
        coefficients = [rounded(c, dtype) for c in found]
        suffix = "" if dtype is np.float64 else "_SINGLE"
        lines.append(f"# error {error_left(coefficients, row, bits):.2f} * 2**-{bits}")
        lines.append(f"{name}{suffix} = (")
        lines += [f"    {coefficient!r}," for coefficient in coefficients]
        lines.append(")")
    return "\n".join(lines)


def constants_text() -> str:
    """ln 2 in two parts and 1/ln 2, in both dtypes; the first part times any exponent is exact."""
    lines = []
    for (dtype, bits), suffix in zip(FLOATS, ("", "_SINGLE"), strict=True):
        high = head(mpmath.ln2, bits - 11 if dtype is np.float64 else bits - 8)
        lines.append(f"LN2_HIGH{suffix} = {rounded(high, dtype)!r}")
        lines.append(f"LN2_LOW{suffix} = {rounded(mpmath.ln2 - high, dtype)!r}")
        lines.append(f"LOG2_E{suffix} = {rounded(1 / mpmath.ln2, dtype)!r}")
    return "\n".join(lines)


def text() -> str:
    """The whole of codegen/runtime/coefficients.py."""
    parts = ['"""Coefficients derived by bench/coefficients.py, which prints this file."""', ""]
    parts.append(constants_text())
    parts += [polynomial_text(row) for row in POLYNOMIALS]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    print(text(), end="")
