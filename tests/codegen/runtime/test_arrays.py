"""Views, clearing and scalars of an array's dtype, in compiled code."""

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from codegen.runtime import clear, lowest, matrix, narrow, number, wide


@njit
def numbers(like, p, q):
    return number(like, 1, 3), number(like, -2), number(like, p, q), lowest(like)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_have_the_arrays_dtype(dtype: type) -> None:
    values = numbers(np.zeros((2, 2), dtype), 7, 9)
    assert values == (dtype(1 / 3), -2, dtype(7 / 9), -np.inf)
    returned = {str(s.args[0].dtype): str(s.return_type.dtype) for s in numbers.nopython_signatures}
    assert returned[np.dtype(dtype).name] == np.dtype(dtype).name


@njit
def cleared(a):
    clear(a)


@pytest.mark.parametrize("shape", [(), (3,), (0, 2), (2, 3, 4)])
def test_clear_takes_any_number_of_dimensions(shape: tuple[int, ...]) -> None:
    a = np.full(shape, np.nan)
    cleared(a)
    assert (a == 0).all()


@njit
def seen_as_matrix(a, k):
    return matrix(a, k)


@pytest.mark.parametrize("shape", [(), (5,), (2, 3), (2, 3, 4), (2, 0, 4)])
def test_matrix_is_a_view_for_every_split(shape: tuple[int, ...]) -> None:
    a = np.arange(float(np.prod(shape))).reshape(shape)
    for k in range(len(shape) + 1):
        view = seen_as_matrix(a, k)
        assert view.shape == (np.prod(shape[:k]), np.prod(shape[k:]))
        assert np.array_equal(view.ravel(), a.ravel())
        assert a.size == 0 or np.shares_memory(view, a)


@njit
def write_through_slices(x):
    matrix(x[1:], 2)[0, 0] = 1
    matrix(x[0], 1)[1, 2] = 2
    matrix(x[-1][1:3], 0)[0, 1] = 3


def test_matrix_of_leading_slices_writes_to_the_array() -> None:
    x = np.zeros((3, 4, 5))
    write_through_slices(x)
    assert (x[1, 0, 0], x[0, 1, 2], x[2, 1, 1]) == (1, 2, 3)
    assert x.sum() == 6


def test_matrix_refuses_what_is_not_contiguous() -> None:
    with pytest.raises(TypingError):
        seen_as_matrix(np.zeros((4, 4))[:, 1:], 1)
    with pytest.raises(ValueError, match="not C-contiguous"):
        matrix(np.zeros((4, 4, 4))[:, 1:], 2)


def test_wide_sums_are_rounded_once():
    @njit
    def sums(a):
        held = wide(a)
        for _ in range(3):
            held[0, 0] += np.float32(2.0**-24)
        narrow(a, held)

    for kind in (np.float32, np.float64):
        a = np.ones((2, 2), kind)
        sums(a)
        assert a[0, 0] == kind(1 + 3 * 2.0**-24) > 1 and a[1, 1] == 1
