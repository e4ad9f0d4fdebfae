# Copied by gradsmith from its runtime; do not edit. What follows has the digest 9a4c4ff0cf63a8f693256a75318ae7282e16d6999d7176d32eb08acac841677e
"""`gemm`: matrix products by the BLAS that scipy brings, called from compiled kernels.

The routines are called by symbol, not by address: an address in machine code would forbid keeping
it on disk. Numbers of threads are the user's choice (OPENBLAS_NUM_THREADS and the like).
"""

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import get_cython_function_address, intrinsic, overload

from . import plain
from .compilation import helper

_ROUTINES = {types.float32: "sgemm", types.float64: "dgemm"}
_LARGEST = 2**31 - 1
# Products of float32 with an inner axis longer than _TERMS are added up in float64, _PANEL elements at once.
_TERMS = 4096
_PANEL = 2**18
_NO_TRANSPOSE, _TRANSPOSE = ord("N"), ord("T")

for _routine in _ROUTINES.values():
    _address = get_cython_function_address("scipy.linalg.cython_blas", _routine)
    binding.add_symbol(f"gradsmith_{_routine}", _address)


def gemm(
    c: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    transpose_a: bool,
    transpose_b: bool,
    accumulate: bool,
) -> None:
    """A matrix product into `c`, or added to it.

    Equation: c = op(a) op(b), or c += op(a) op(b) if `accumulate`; op transposes if told
    Shapes:   op(a) (M, K); op(b) (K, N); c (M, N); any may be 0
    Dtypes:   float32 | float64, all the same, but that c may be float64 where the others are
              float32; rows contiguous, any distance between rows
    Sums:     of float32, of more terms than a block has, are rounded to it once
    Raises:   ValueError where the shapes do not match, or a size is beyond 2**31 - 1
    """
    plain.gemm(c, a, b, transpose_a, transpose_b, accumulate)


@overload(gemm, jit_options={"error_model": "numpy"})
def _gemm(c, a, b, transpose_a, transpose_b, accumulate):
    if not all(isinstance(m, types.Array) and m.ndim == 2 for m in (c, a, b)):
        return None
    if a.dtype not in _ROUTINES or a.dtype != b.dtype or c.dtype not in (a.dtype, types.float64):
        return None
    return _double if a.dtype == types.float64 else _mixed if c.dtype == types.float64 else _single


# `a[:, :]` is `a` in the one layout for which the functions below are compiled: once, not for each kernel.
def _double(c, a, b, transpose_a, transpose_b, accumulate):
    _product(c[:, :], a[:, :], b[:, :], transpose_a, transpose_b, accumulate)


def _mixed(c, a, b, transpose_a, transpose_b, accumulate):
    _wide_product(c[:, :], a[:, :], b[:, :], transpose_a, transpose_b, accumulate)


def _single(c, a, b, transpose_a, transpose_b, accumulate):
    inner = b.shape[1] if transpose_b else b.shape[0]
    if inner <= _TERMS:
        _product(c[:, :], a[:, :], b[:, :], transpose_a, transpose_b, accumulate)
    else:
        _wide_product(c[:, :], a[:, :], b[:, :], transpose_a, transpose_b, accumulate)


@helper
def _wide_product(c, a, b, transpose_a, transpose_b, accumulate):
    """The product of float32 matrices in blocks of their inner axis, and of rows to bound the memory."""
    rows = a.shape[1] if transpose_a else a.shape[0]
    inner = a.shape[0] if transpose_a else a.shape[1]
    other = b.shape[1] if transpose_b else b.shape[0]
    columns = b.shape[0] if transpose_b else b.shape[1]
    if inner != other or c.shape[0] != rows or c.shape[1] != columns:
        raise ValueError("gemm: the shapes do not match")
    height = min(rows, max(1, _PANEL // max(1, columns)))
    part = np.empty((height, columns), a.dtype)
    total = np.empty((height, columns), np.float64)
    for first in range(0, rows, max(1, height)):
        last = min(rows, first + height)
        sums = total[: last - first]
        for row in range(last - first):
            for column in range(columns):
                sums[row, column] = c[first + row, column] if accumulate else 0
        for start in range(0, inner, _TERMS):
            end = min(inner, start + _TERMS)
            left = a[start:end, first:last] if transpose_a else a[first:last, start:end]
            right = b[:, start:end] if transpose_b else b[start:end]
            _product(part[: last - first, :], left[:, :], right[:, :], transpose_a, transpose_b, False)
            for row in range(last - first):
                for column in range(columns):
                    sums[row, column] += part[row, column]
        for row in range(last - first):
            for column in range(columns):
                c[first + row, column] = sums[row, column]


@helper
def _product(c, a, b, transpose_a, transpose_b, accumulate):
    rows, inner = a.shape
    if transpose_a:
        rows, inner = inner, rows
    other, columns = b.shape
    if transpose_b:
        other, columns = columns, other
    if inner != other or c.shape[0] != rows or c.shape[1] != columns:
        raise ValueError("gemm: the shapes do not match")
    if rows == 0 or columns == 0:
        return
    if inner == 0:
        if not accumulate:
            c[...] = 0
        return
    # Row-major matrices are the transposes of column-major ones: c' = op(b)' op(a)'.
    sizes = (columns, rows, inner)
    distances = (_row_distance(b), _row_distance(a), _row_distance(c))
    if max(sizes) > _LARGEST or max(distances) > _LARGEST:
        raise ValueError("gemm: a size is beyond 2**31 - 1")
    left = _TRANSPOSE if transpose_b else _NO_TRANSPOSE
    right = _TRANSPOSE if transpose_a else _NO_TRANSPOSE
    _call(c, a, b, left, right, sizes, distances, accumulate)


def _row_distance(a):
    """How many elements lie between the starts of two rows, at least the length of one."""
    raise NotImplementedError("for compiled code")


@overload(_row_distance)
def _row_distance_compiled(a):
    def distance(a):
        rows, columns = a.shape
        if columns > 1 and a.strides[1] != a.itemsize:
            raise ValueError("gemm: the elements of a row are not contiguous")
        # NumPy leaves the stride of a dimension of size 1 undefined
        return columns if rows == 1 else a.strides[0] // a.itemsize

    return distance


@intrinsic
def _call(typing, c, a, b, left, right, sizes, distances, accumulate):
    """The column-major call; `sizes` are (M, N, K) and `distances` (lda, ldb, ldc) there."""

    def generate(context, builder, signature, arguments):
        kinds = signature.args
        real = context.get_value_type(c.dtype)
        c_data, a_data, b_data = (
            context.make_array(kind)(context, builder, value).data
            for kind, value in zip(kinds[:3], arguments[:3], strict=True)
        )
        flags = [_stored(builder, builder.trunc(f, ir.IntType(8))) for f in arguments[3:5]]
        m, n, k = (_stored_int(builder, v) for v in cgutils.unpack_tuple(builder, arguments[5]))
        lda, ldb, ldc = (_stored_int(builder, v) for v in cgutils.unpack_tuple(builder, arguments[6]))
        one = _stored(builder, real(1))
        beta = _stored(builder, builder.uitofp(arguments[7], real))
        operands = [*flags, m, n, k, one, b_data, lda, a_data, ldb, beta, c_data, ldc]
        kind = ir.FunctionType(ir.VoidType(), [operand.type for operand in operands])
        name = f"gradsmith_{_ROUTINES[c.dtype]}"
        builder.call(cgutils.get_or_insert_function(builder.module, kind, name), operands)
        return context.get_dummy_value()

    triple = types.UniTuple(types.int64, 3)
    signature = types.void(c, a, b, types.int64, types.int64, triple, triple, types.boolean)
    return signature, generate


def _stored(builder, value):
    """The address of a copy of `value`: BLAS takes everything by address."""
    return cgutils.alloca_once_value(builder, value)


def _stored_int(builder, value):
    return _stored(builder, builder.trunc(value, ir.IntType(32)))
