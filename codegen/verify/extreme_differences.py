"""How an answer at the edges of floating point may differ from the oracle's, and yet be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from codegen.verify.execution import Array
from codegen.verify.extreme_answers import Reference
from codegen.verify.extremes import Extreme
from codegen.verify.problems import Problem

COARSE = {np.dtype(np.float64): (1e-9, 2.0**-44), np.dtype(np.float32): (1e-3, 2.0**-18)}
PRODUCT = 4  # roundings of a product of two of the numbers given
DIGITS = (60, 5000)  # the second resolves 1 - sigmoid(1e4)
REACH = 2.0**-12  # of the largest terms: further apart than that is no rounding, in any precision


@dataclass(frozen=True, slots=True)
class Asked:
    """An extreme problem and its oracles."""

    extreme: Extreme
    reference: Reference


def _is_of_padding(found: Array, name: str, asked: Asked, wrong: Array) -> Array:
    """Where NaN stands that reading padding as the number 0 makes."""
    if not np.isnan(found[wrong]).any():
        return np.zeros_like(wrong)
    return np.asarray(np.isnan(found) & np.isnan(asked.reference.padded[name]))


def _is_of_a_zero(found: Array, name: str, asked: Asked, wrong: Array) -> Array:
    """Where neither is finite and a number was divided by 0: by 0.0 or by -0.0, nothing says."""
    neither = ~np.isfinite(found) & ~np.isfinite(asked.reference.wanted[name])
    if not (wrong & neither).any():
        return np.zeros_like(wrong)
    return np.asarray(neither & np.isnan(asked.reference.unsigned[name]))


CONVENTIONS: Mapping[str, Callable[[Array, str, Asked, Array], Array]] = {
    "0 * inf is NaN also where a matrix product multiplies padding": _is_of_padding,
    "the sign of what is divided by 0 was not compared": _is_of_a_zero,
}


def is_finite(problem: Problem) -> bool:
    return all(np.isfinite(a).all() for a in (*problem.inputs.values(), *problem.cotangents.values()))


def better(found: Array, name: str, asked: Asked) -> Array:
    """Where a number stands that mpmath confirms, and the oracle's own arithmetic overflowed on its way."""
    overflowed = np.isfinite(found) & ~np.isfinite(asked.reference.wanted[name])
    better = np.zeros_like(overflowed)
    for digits in DIGITS:
        if (overflowed & ~better).any():
            exact = asked.reference.exact(digits)[name]
            same = ~unlike(found, exact, asked.extreme, asked.reference.dtype)
            better |= overflowed & np.isfinite(exact) & same
    return better


def rounded(found: Array, name: str, asked: Asked, wrong: Array) -> Array:
    """Where the roundings of both explain what differs: large terms may cancel, squares of 1e4 among them.

    mpmath is asked only where that can be: of numbers no further apart than such terms' own digits reach.
    """
    wanted, given = asked.reference.wanted[name], asked.extreme.problem.inputs.values()
    with np.errstate(invalid="ignore"):
        apart = np.abs(found - wanted)
        reach = REACH * max(1.0, _top(wanted), max(map(_top, given), default=0.0) ** 2)
        if not (wrong & (apart <= reach)).any():
            return np.zeros_like(wrong)
        return np.asarray(apart <= asked.reference.roundings(name))


def unlike(found: Array, wanted: Array, extreme: Extreme, dtype: np.dtype[Any]) -> Array:
    """Where an array is not what was wanted."""
    relative, rounding = COARSE[dtype]
    given = (*extreme.problem.inputs.values(), *extreme.problem.cotangents.values())
    largest = max(map(_top, given), default=0.0)
    # in float64 a rounding of the product of two inputs is small still: at 1e4 a saturated gate's 1 - z
    # is 0, where the exact gradient is 1e8 times something below one rounding
    product = PRODUCT * 2.0**-53 * largest**2 if dtype == np.float64 else 0.0
    bar = max(relative * _top(wanted), rounding * largest, product)
    found = found.astype(np.float64)
    with np.errstate(invalid="ignore"):
        near = np.abs(found - wanted) <= bar
    same = (found == wanted) | (np.isnan(found) & np.isnan(wanted))
    return np.asarray(~(same | (near & np.isfinite(found) & np.isfinite(wanted))))


def _top(array: Array) -> float:
    finite = array[np.isfinite(array)] if array.dtype != np.int64 else np.zeros(0)
    return float(np.abs(finite).max(initial=0.0))


def entry(name: str, found: Array, wanted: Array, wrong: Array) -> tuple[str, float, float]:
    """The first entry that is wrong, what was found there and what was wanted."""
    at = tuple(int(k) for k in np.argwhere(wrong)[0])
    return f"{name}{list(at) if at else ''}", float(found[at]), float(wanted[at])
