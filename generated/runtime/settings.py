# Copied by gradsmith from its runtime; do not edit. What follows has the digest aa2e1dca0548552a5e5f166b12b63300ed4b5e3da5475e67e6db0d6c3cdbd9eb
"""Checks of the numbers that a user gives to an emitted op by keyword."""

import operator

import numpy as np

from .errors import ArgumentError


def check_integer(op: str, name: str, value: object, least: int) -> int:
    """`value` as an int; an int or a NumPy integer is taken, a bool or a float is not.

    Raises:   ArgumentError if it is no integer, or below `least`
    """
    if isinstance(value, (bool, np.bool_)):
        raise ArgumentError(f"{op}: {name} is {value!r}, expected an integer")
    try:
        integer = operator.index(value)  # type: ignore[arg-type]
    except TypeError as error:
        raise ArgumentError(f"{op}: {name} is {value!r}, expected an integer") from error
    if integer < least:
        raise ArgumentError(f"{op}: {name} is {integer}, expected at least {least}")
    return integer


def check_real(op: str, name: str, value: object, dtype: np.dtype) -> np.floating:
    """`value` as a scalar of `dtype`; an int, a float or a NumPy number is taken.

    Raises:   ArgumentError if it is not a real number (NaN and the infinities are)
    """
    number = isinstance(value, (int, float, np.integer, np.floating))
    if not number or isinstance(value, bool):
        raise ArgumentError(f"{op}: {name} is {value!r}, expected a real number")
    return dtype.type(value)
