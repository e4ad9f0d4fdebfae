# Copied by gradsmith from its runtime; do not edit. What follows has the digest 5de719eff10fddd56e958ffd715580bf726e8dfbf6504fc209ac9319439e250d
"""Checks of what a user hands to an emitted op, and the arrays that its kernels then get."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .errors import ArgumentError, DtypeError, LabelError, ShapeError

_FLOATING = (np.dtype(np.float32), np.dtype(np.float64))
_INTEGER = np.dtype(np.int64)


@dataclass(frozen=True, slots=True)
class Tensor:
    """An argument's or a result's declaration: name, dimensions (names or sizes), integer or not.

    Example: ``Tensor("K", ("O", "C", 3, 3))``; ``Tensor("label", ("B",), integer=True)``.
    """

    name: str
    shape: tuple[str | int, ...]
    integer: bool = False


def check_inputs(
    op: str, tensors: Sequence[Tensor], values: Sequence[object]
) -> tuple[np.dtype, tuple[np.ndarray, ...], dict[str, int]]:
    """The inputs' common floating dtype, the arrays for the kernels, and the sizes by name.

    Shapes:   those that `tensors` declare; a name stands for one size throughout
    Dtypes:   floating inputs float32 | float64, all the same; integer inputs become int64
    Returns:  C-contiguous, aligned arrays of native byte order; copies only where the
              given array is not that already. Kernels never write to them.
    Raises:   DtypeError, ShapeError
    """
    arrays = []
    sizes: dict[str, int] = {}
    owners: dict[str, str] = {}
    first: tuple[str, np.dtype] | None = None
    for tensor, value in zip(tensors, values, strict=True):
        array = _as_array(op, tensor, value)
        if not tensor.integer:
            first = first or (tensor.name, array.dtype)
            _check_same_dtype(op, first, tensor.name, array.dtype)
        _bind(op, tensor, array.shape, sizes, owners)
        arrays.append(array)
    dtype = first[1] if first else np.dtype(np.float64)
    return dtype, tuple(arrays), sizes


def check_size(op: str, name: str, value: int, formula: str, least: int = 0, why: str = "") -> int:
    """`value`, the size that `formula` gives to the dimension `name`.

    Raises:   ShapeError if it is below `least`; `why` says what that means, after a colon
    """
    if value < least:
        reason = f": {why}" if why else ""
        raise ShapeError(f"{op}: {name} = {formula} is {value}; expected at least {least}{reason}")
    return value


def check_given(op: str, tensor: str, name: str, given: int, value: int, formula: str) -> None:
    """An axis of an input that must have the size `value` that `formula` gives to the dimension `name`.

    Raises:   ShapeError if it has another one
    """
    if given != value:
        raise ShapeError(f"{op}: {tensor} has {name} = {given}, expected {formula} = {value}")


def check_cotangents(
    op: str,
    tensors: Sequence[Tensor],
    values: dict[str, object],
    sizes: dict[str, int],
    dtype: np.dtype,
) -> tuple[np.ndarray, ...]:
    """The cotangents of the outputs `tensors`, in order; a missing one (None) is zero.

    Shapes:   those of the outputs, with the sizes bound by the inputs
    Dtypes:   `dtype`, the inputs'; a Python number is taken for an output of shape ()
    Raises:   DtypeError, ShapeError
    """
    return tuple(_cotangent(op, tensor, values.get(tensor.name), sizes, dtype) for tensor in tensors)


def check_wrt(op: str, names: Sequence[str], wrt: Sequence[str] | None) -> tuple[str, ...]:
    """Those of the inputs `names`, in their order, that `wrt` asks for; None asks for all.

    Raises:   ArgumentError if `wrt` is a string or holds an unknown name
    """
    if wrt is None:
        return tuple(names)
    valid = ", ".join(names)
    if isinstance(wrt, str):
        raise ArgumentError(f'{op}: wrt is the string {wrt!r}, expected a tuple of names: ("{wrt}",)')
    unknown = [name for name in wrt if name not in names]
    if unknown:
        raise ArgumentError(f"{op}: wrt names {unknown[0]!r}, expected some of: {valid}")
    return tuple(name for name in names if name in wrt)


def _as_array(op: str, tensor: Tensor, value: object) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ShapeError(f"{op}: {tensor.name} is not a rectangular array: {error}") from error
    dtype = _integer_dtype(op, tensor, array) if tensor.integer else _float_dtype(op, tensor, array)
    return _kernel_ready(array, dtype)


def _float_dtype(op: str, tensor: Tensor, array: np.ndarray) -> np.dtype:
    dtype = array.dtype.newbyteorder("=")
    if dtype not in _FLOATING:
        raise DtypeError(
            f"{op}: {tensor.name} has dtype {dtype}, expected float32 or float64: convert it with .astype"
        )
    return dtype


def _integer_dtype(op: str, tensor: Tensor, array: np.ndarray) -> np.dtype:
    if array.dtype.kind not in "iub":
        raise DtypeError(
            f"{op}: {tensor.name} has dtype {array.dtype}, expected integers: "
            f"convert it with .astype(np.int64)"
        )
    largest = np.iinfo(_INTEGER).max
    if array.dtype.kind == "u" and array.dtype.itemsize == 8 and (array > largest).any():
        at = np.unravel_index(int((array > largest).argmax()), array.shape)
        place = f"{tensor.name}{[int(i) for i in at]}" if at else tensor.name
        raise LabelError(f"{op}: {place} is {int(array[at])}, above {largest}, expected int64")
    return _INTEGER


def _kernel_ready(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    flags = array.flags
    if not (flags.c_contiguous and flags.aligned and array.dtype == dtype):
        return np.array(array, dtype, order="C")
    return array if flags.writeable else _typed_as_writable(array)


class _WritableMemory:
    """Shows a read-only array's memory as writable, and keeps its owner alive.

    Numba types a read-only array differently and would compile every kernel once more.
    """

    __slots__ = ("__array_interface__", "owner")

    def __init__(self, owner: np.ndarray) -> None:
        address, _ = owner.__array_interface__["data"]
        self.owner = owner
        self.__array_interface__ = {**owner.__array_interface__, "data": (address, False)}


def _typed_as_writable(array: np.ndarray) -> np.ndarray:
    return np.asarray(_WritableMemory(array))


def _check_same_dtype(op: str, first: tuple[str, np.dtype], name: str, dtype: np.dtype) -> None:
    if dtype != first[1]:
        raise DtypeError(
            f"{op}: {name} has dtype {dtype}, expected {first[1]} as {first[0]} has: "
            f"convert one of them with .astype"
        )


def _bind(
    op: str,
    tensor: Tensor,
    shape: tuple[int, ...],
    sizes: dict[str, int],
    owners: dict[str, str],
) -> None:
    """Check `shape` against the declaration, and add the sizes that it binds."""
    if len(shape) != len(tensor.shape):
        raise ShapeError(_shape_message(op, tensor, shape, sizes, owners))
    for dimension, size in zip(tensor.shape, shape, strict=True):
        if isinstance(dimension, int):
            expected = dimension
        else:
            expected = sizes.setdefault(dimension, size)
            owners.setdefault(dimension, tensor.name)
        if size != expected:
            raise ShapeError(_shape_message(op, tensor, shape, sizes, owners))


def _shape_message(
    op: str,
    tensor: Tensor,
    shape: tuple[int, ...],
    sizes: dict[str, int],
    owners: dict[str, str],
) -> str:
    known = [
        f"{dimension} = {sizes[dimension]} (from {owners[dimension]})"
        for dimension in dict.fromkeys(tensor.shape)
        if isinstance(dimension, str) and dimension in sizes
    ]
    bound = f" with {', '.join(known)}" if known else ""
    letters = _tuple_text(tensor.shape)
    return f"{op}: {tensor.name} has shape {shape}, expected {letters}{bound}"


def _tuple_text(shape: tuple[str | int, ...]) -> str:
    comma = "," if len(shape) == 1 else ""
    return f"({', '.join(str(dimension) for dimension in shape)}{comma})"


def _cotangent(op: str, tensor: Tensor, value: object, sizes: dict[str, int], dtype: np.dtype) -> np.ndarray:
    shape = tuple(d if isinstance(d, int) else sizes[d] for d in tensor.shape)
    if value is None:
        return np.zeros(shape, dtype)
    if shape == () and type(value) in (int, float):
        return np.array(value, dtype)
    array = _as_array(op, Tensor(f"the cotangent of {tensor.name}", tensor.shape), value)
    if array.dtype != dtype:
        raise DtypeError(
            f"{op}: the cotangent of {tensor.name} has dtype {array.dtype}, "
            f"expected {dtype} as the inputs have: convert it with .astype"
        )
    if array.shape != shape:
        raise ShapeError(
            f"{op}: the cotangent of {tensor.name} has shape {array.shape}, "
            f"expected {_tuple_text(tensor.shape)} = {shape}"
        )
    return array
