# Copied by gradsmith from its runtime; do not edit. What follows has the digest 6dfc63f9d76a2bf5138f081e460158237e1f2b4bb51ec2347bda677810b497ae
"""What kernels do with whole arrays but for products: scalars of their dtype, views, clearing.

Called from Python, each has its plain meaning (`plain.py`); in compiled code, the overload below.
(Numba wants overloads without annotations.)
"""

from fractions import Fraction

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload
from numba.np.numpy_support import as_dtype

from . import plain

# How many terms of a sum are added up in the arrays' dtype, which vectorises twice as wide, before what
# they make joins a sum in float64. Some thirty of them are added side by side.
BLOCK = 512

_SMALL = {"error_model": "numpy", "forceinline": True}


def number(like: np.ndarray, p: int | str, q: int = 1) -> float:
    """The scalar p/q in the dtype of the array `like`; a text, "0.1" or "1/3", is the number that it says."""
    return plain.number(like, p, q)


def lowest(like: np.ndarray) -> float:
    """Minus infinity in the dtype of the array `like`: what a max-reduction starts from."""
    return plain.lowest(like)


def wide(a: np.ndarray | float) -> np.ndarray | float:
    """What sums of a number's or an array's dtype are held in: its value in float64.

    Shapes:   any, as that of `a`; C-contiguous
    Returns:  a copy; `a` itself where it is float64 already
    """
    return plain.wide(a)


def narrow(a: np.ndarray, sums: np.ndarray) -> None:
    """Set `a` to what `sums`, made by `wide(a)`, holds: each sum is rounded once.

    Shapes:   both the same, C-contiguous
    """
    plain.narrow(a, sums)


def divided(total: float, count: int) -> float:
    """total/count; of nothing, the total: the mean of nothing is its sum, 0."""
    return plain.divided(total, count)


def clear(a: np.ndarray) -> None:
    """Set every element of `a` (of any number of dimensions) to zero."""
    plain.clear(a)


def matrix(a: np.ndarray, k: int) -> np.ndarray:
    """`a`, C-contiguous, seen as a matrix: its first k dimensions are rows, the others columns.

    Shapes:   a (d1, ..., dn) -> (d1*...*dk, d(k+1)*...*dn); an empty product is 1; no copy
    """
    return plain.matrix(a, k)


@overload(number, jit_options=_SMALL)
def _number(like, p, q=1):
    if not isinstance(like, types.Array) or not isinstance(like.dtype, types.Float):
        return None
    if isinstance(p, types.StringLiteral):
        value = plain.nearest(Fraction(p.literal_value), as_dtype(like.dtype).type)
        return lambda like, p, q=1: value
    if not isinstance(p, types.Integer):
        return None  # Numba asks again, with the text that it is
    return lambda like, p, q=1: _ratio(like, p, q)


@overload(lowest, jit_options=_SMALL)
def _lowest(like):
    if not isinstance(like, types.Array) or not isinstance(like.dtype, types.Float):
        return None
    return lambda like: -_ratio(like, 1, 0)


@overload(clear, jit_options=_SMALL)
def _clear(a):
    if not isinstance(a, types.Array):
        return None

    def fill(a):
        a[...] = 0

    return fill


@overload(wide, jit_options=_SMALL)
def _wide(a):
    kind = a.dtype if isinstance(a, types.Array) else a
    if kind == types.float64:
        return lambda a: a
    if kind != types.float32:
        return None
    if kind is a:
        return lambda a: np.float64(a)
    return lambda a: a.astype(np.float64)


@overload(narrow, jit_options=_SMALL)
def _narrow(a, sums):
    if not (isinstance(a, types.Array) and isinstance(sums, types.Array) and a.layout == "C"):
        return None
    if a.dtype == sums.dtype:
        return lambda a, sums: None

    def round_each(a, sums):
        to, given = a.reshape(a.size), sums.reshape(a.size)
        for i in range(a.size):
            to[i] = given[i]

    return round_each


@overload(divided, jit_options=_SMALL)
def _divided(total, count):
    if not isinstance(total, types.Float) or not isinstance(count, types.Integer):
        return None
    return lambda total, count: total / max(1, count)


@overload(matrix, jit_options=_SMALL)
def _matrix(a, k):
    # the C layout in the type is what makes the view below right
    if not isinstance(a, types.Array) or a.layout != "C":
        return None
    if a.ndim == 0:
        return lambda a, k: a.reshape((1, 1))

    def view(a, k):
        rows = columns = 1
        for axis, size in enumerate(a.shape):
            if axis < k:
                rows *= size
            else:
                columns *= size
        return a.reshape((rows, columns))

    return view


@intrinsic
def _ratio(typing, like, p, q):
    """p/q in like's dtype: divided in float64, so that a float32 is rounded once in effect."""

    def generate(context, builder, signature, arguments):
        double = ir.DoubleType()
        over, under = (builder.sitofp(a, double) for a in arguments[1:])
        ratio = builder.fdiv(over, under)
        wanted = context.get_value_type(like.dtype)
        return ratio if wanted == double else builder.fptrunc(ratio, wanted)

    return like.dtype(like, types.int64, types.int64), generate
