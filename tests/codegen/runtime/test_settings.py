"""Numbers given by keyword."""

import numpy as np
import pytest

from codegen.runtime import ArgumentError, check_integer, check_real


@pytest.mark.parametrize("value", [2, np.int32(2), np.uint8(2)])
def test_integers_are_taken(value: object) -> None:
    result = check_integer("op", "stride", value, least=1)
    assert result == 2 and type(result) is int


@pytest.mark.parametrize("value", [True, np.True_, 2.0, np.float64(2), "2", None])
def test_what_is_no_integer_is_refused(value: object) -> None:
    with pytest.raises(ArgumentError, match=r"op: stride is .* expected an integer"):
        check_integer("op", "stride", value, least=1)


def test_an_integer_below_the_least_is_refused() -> None:
    with pytest.raises(ArgumentError, match="op: stride is 0, expected at least 1"):
        check_integer("op", "stride", 0, least=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [2, 0.1, np.float32(0.1), np.int64(3), float("nan")])
def test_reals_become_the_dtypes(value: float, dtype: type) -> None:
    result = check_real("op", "delta", value, np.dtype(dtype))
    assert type(result) is dtype
    assert np.array_equal(result, dtype(value), equal_nan=True)


@pytest.mark.parametrize("value", [True, "2", None, 1j, np.zeros(())])
def test_what_is_no_real_is_refused(value: object) -> None:
    with pytest.raises(ArgumentError, match=r"op: delta is .* expected a real number"):
        check_real("op", "delta", value, np.dtype(np.float64))
