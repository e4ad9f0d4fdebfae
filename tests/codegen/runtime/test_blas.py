"""`gemm` in compiled code: every flag and layout, sizes of zero, and what it refuses."""

import itertools

import numpy as np
import pytest
from numba import njit

from codegen.runtime import gemm


@njit
def product(c, a, b, transpose_a, transpose_b, accumulate):
    gemm(c, a, b, transpose_a, transpose_b, accumulate)


@njit
def slices(c, a, b):
    gemm(c[:, 1:4], a[:, 2:7], b[1:, :], False, False, True)
    gemm(c[:, 1:4], a[:, 2:7], b[1:, :], False, False, False)


def wide(matrix: np.ndarray) -> np.ndarray:
    """The matrix with gaps between its rows."""
    rows, columns = matrix.shape
    memory = np.full((rows, columns + 3), np.nan, matrix.dtype)
    memory[:, 1 : columns + 1] = matrix
    return memory[:, 1 : columns + 1]


FLAGS = list(itertools.product((False, True), repeat=3))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sizes", [(3, 4, 5), (1, 4, 5), (3, 1, 5), (3, 4, 1), (1, 1, 1)])
def test_every_flag_and_row_distance(dtype: type, sizes: tuple[int, int, int]) -> None:
    rows, columns, inner = sizes
    random = np.random.default_rng(0)
    a, b = random.integers(-9, 9, (rows, inner)), random.integers(-9, 9, (inner, columns))
    for transpose_a, transpose_b, accumulate in FLAGS:
        c = np.full((rows, columns), 2.0 if accumulate else np.nan, dtype)
        expected = a @ b + (2 if accumulate else 0)
        left = np.ascontiguousarray(a.T if transpose_a else a, dtype)
        right = np.ascontiguousarray(b.T if transpose_b else b, dtype)
        for shape in (np.array, wide):
            result = shape(c)
            product(result, shape(left), shape(right), transpose_a, transpose_b, accumulate)
            assert np.array_equal(result, expected)


@pytest.mark.parametrize("sizes", list(itertools.product((0, 2), repeat=3)))
def test_sizes_of_zero(sizes: tuple[int, int, int]) -> None:
    rows, columns, inner = sizes
    for accumulate in (False, True):
        c = np.full((rows, columns), 2.0 if accumulate else np.nan)
        product(c, np.ones((rows, inner)), np.ones((inner, columns)), False, False, accumulate)
        assert (c == inner + (2 if accumulate else 0)).all()


def test_slices_inside_a_kernel() -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(size=(3, 8)), random.normal(size=(6, 3))
    c = np.zeros((3, 6))
    slices(c, a, b)
    assert np.allclose(c[:, 1:4], a[:, 2:7] @ b[1:]) and not c[:, [0, 4, 5]].any()


@pytest.mark.parametrize(
    ("c", "a", "b"),
    [((2, 2), (2, 3), (2, 2)), ((3, 2), (2, 3), (3, 2)), ((2, 3), (2, 3), (3, 2))],
)
def test_shapes_that_do_not_match_are_refused(c: tuple, a: tuple, b: tuple) -> None:
    with pytest.raises(ValueError, match="the shapes do not match"):
        product(np.zeros(c), np.zeros(a), np.zeros(b), False, False, False)


def test_rows_with_gaps_inside_are_refused() -> None:
    with pytest.raises(ValueError, match="not contiguous"):
        product(np.zeros((2, 2)), np.zeros((2, 4))[:, ::2], np.zeros((2, 2)), False, False, False)


def test_flags_make_no_specialisations() -> None:
    @njit
    def caller(c, a, b):
        gemm(c, a, b, True, False, True)
        gemm(c, a, b, False, False, False)
        gemm(c, a, b, c[0, 0] > 1, True, False)

    square = np.eye(2)
    caller(square, np.ones((2, 2)), np.ones((2, 2)))
    text = "".join(caller.inspect_llvm().values())
    assert text.count("declare void @gradsmith_dgemm") == 1
    assert text.count("call void @gradsmith_dgemm") <= 3
    assert np.array_equal(square, np.full((2, 2), 2.0))
