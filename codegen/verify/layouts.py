"""The ways in which the same numbers may lie in memory when a user hands them to an op."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from codegen.verify.execution import Array


def _within(array: Array, along: slice) -> Any:
    """The same slice along every axis; a view even of an array without axes."""
    return (*(along,) * array.ndim, ...)


def _fortran(array: Array) -> Array:
    return np.array(array, order="F")


def _reversed(array: Array) -> Array:
    """Negative strides along every axis."""
    back = _within(array, slice(None, None, -1))
    return array[back].copy()[back]


def _every_other(array: Array) -> Array:
    """Every second element of a larger array, along every axis."""
    large = np.full([2 * n + 1 for n in array.shape], 77, array.dtype)
    found: Array = large[_within(array, slice(1, None, 2))]
    found[...] = array
    return found


def _inner(array: Array) -> Array:
    """The inside of a larger array: rows are contiguous and apart."""
    large = np.full([n + 3 for n in array.shape], 77, array.dtype)
    at: Any = (*(slice(1, n + 1) for n in array.shape), ...)
    found: Array = large[at]
    found[...] = array
    return found


def _read_only(array: Array) -> Array:
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def _unaligned(array: Array) -> Array:
    """One byte off every boundary."""
    memory = bytearray(array.nbytes + 1)
    found = np.frombuffer(memory, np.uint8)[1:].view(array.dtype)[: array.size].reshape(array.shape)
    found[...] = array
    return found


def _swapped(array: Array) -> Array:
    """The other byte order."""
    return array.astype(array.dtype.newbyteorder())


def _nested_lists(array: Array) -> Any:
    """Lists, where they say the same: they are float64, and an empty one has no further axes."""
    return array.tolist() if array.dtype != np.float32 and array.size else array


LAYOUTS: dict[str, Callable[[Array], Any]] = {
    "contiguous": lambda array: array,
    "Fortran-ordered": _fortran,
    "reversed": _reversed,
    "every other element": _every_other,
    "inside a larger array": _inner,
    "read-only": _read_only,
    "unaligned": _unaligned,
    "of the other byte order": _swapped,
    "lists": _nested_lists,
}
