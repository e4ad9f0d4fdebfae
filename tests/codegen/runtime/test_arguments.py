"""Arguments: what is taken, what is refused, and what the one-line messages say."""

import numpy as np
import pytest
from numba import typeof

from codegen.runtime import (
    ArgumentError,
    DtypeError,
    LabelError,
    ShapeError,
    Tensor,
    check_cotangents,
    check_inputs,
    check_size,
    check_wrt,
)

X = Tensor("X", ("B", "C", "H", "W"))
K = Tensor("K", ("O", "C", 3, "Q"))
LABEL = Tensor("label", ("B",), integer=True)
SCALAR = Tensor("delta", ())


def zeros(*shape: int, dtype: type = np.float64) -> np.ndarray:
    return np.zeros(shape, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_good_inputs_pass_unchanged_with_their_dtype_and_sizes(dtype: type) -> None:
    x, k = zeros(2, 3, 5, 4, dtype=dtype), zeros(7, 3, 3, 2, dtype=dtype)
    found, (x_out, k_out, label), sizes = check_inputs(
        "conv2d", (X, K, LABEL), (x, k, np.array([1, 0], np.int16))
    )
    assert found == dtype
    assert x_out is x and k_out is k
    assert label.dtype == np.int64 and label.tolist() == [1, 0]
    assert sizes == {"B": 2, "C": 3, "H": 5, "W": 4, "O": 7, "Q": 2}


def test_a_wrong_size_is_told_in_the_specs_names() -> None:
    with pytest.raises(ShapeError) as caught:
        check_inputs("conv2d", (X, K), (zeros(2, 3, 5, 5), zeros(8, 4, 3, 3)))
    expected = "conv2d: K has shape (8, 4, 3, 3), expected (O, C, 3, Q) with O = 8 (from K), "
    assert str(caught.value) == expected + "C = 3 (from X)"


@pytest.mark.parametrize("shape", [(8, 3, 4, 3), (8, 3, 3), (8, 3, 3, 3, 1), ()])
def test_a_wrong_literal_size_or_rank_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"^conv2d: K has shape .* expected \(O, C, 3, Q\)"):
        check_inputs("conv2d", (X, K), (zeros(2, 3, 5, 5), zeros(*shape)))


def test_one_name_twice_in_a_shape_is_one_size() -> None:
    with pytest.raises(ShapeError, match=r"expected \(N, N\) with N = 2 \(from A\)"):
        check_inputs("op", (Tensor("A", ("N", "N")),), (zeros(2, 3),))


@pytest.mark.parametrize(
    "value",
    [
        np.zeros(2, np.float16),
        np.zeros(2, np.longdouble),
        np.zeros(2, complex),
        np.zeros(2, object),
        np.zeros(2, np.int64),
        [1, 2],
        ["a", "b"],
        None,
    ],
)
def test_only_float32_and_float64_are_floating(value: object) -> None:
    with pytest.raises(DtypeError, match="expected float32 or float64"):
        check_inputs("op", (Tensor("x", ("N",)),), (value,))


def test_mixed_dtypes_name_both_arguments() -> None:
    with pytest.raises(DtypeError, match="op: y has dtype float64, expected float32 as x has"):
        check_inputs(
            "op",
            (Tensor("x", ("N",)), Tensor("y", ("N",))),
            (zeros(2, dtype=np.float32), [1.0, 2.0]),
        )


@pytest.mark.parametrize("value", [np.zeros(2), np.zeros(2, complex), ["a", "b"]])
def test_integer_inputs_take_no_floats(value: object) -> None:
    with pytest.raises(DtypeError, match=r"op: label has dtype .* expected integers"):
        check_inputs("op", (LABEL,), (value,))


def test_integer_inputs_become_int64_or_are_refused() -> None:
    for good in ([True, False], np.array([1, 0], np.uint64), np.array([1, 0], ">i4")):
        (label,) = check_inputs("op", (LABEL,), (good,))[1]
        assert label.dtype == np.int64 and label.tolist() == [1, 0]
    with pytest.raises(LabelError, match=r"^op: label\[1\] is 9223372036854775808, above 92"):
        check_inputs("op", (LABEL,), (np.array([3, 2**63], np.uint64),))


def test_a_ragged_list_is_refused_by_name() -> None:
    with pytest.raises(ShapeError, match="op: x is not a rectangular array"):
        check_inputs("op", (Tensor("x", ("N", "M")),), ([[1.0], [1.0, 2.0]],))


def unaligned(values: np.ndarray) -> np.ndarray:
    memory = np.zeros(values.nbytes + 1, np.uint8)
    view = memory[1:].view(values.dtype).reshape(values.shape)
    view[...] = values
    return view


def read_only(values: np.ndarray) -> np.ndarray:
    copy = values.copy()
    copy.flags.writeable = False
    return copy


VALUES = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize(
    "array",
    [
        VALUES,
        np.asfortranarray(VALUES),
        np.repeat(VALUES, 2, axis=1)[:, ::2],
        VALUES[::-1][::-1],
        VALUES.astype(">f8"),
        unaligned(VALUES),
        read_only(VALUES),
        np.ma.array(VALUES),
        VALUES.tolist(),
    ],
)
def test_kernels_get_one_numba_type_whatever_the_user_gives(array: object) -> None:
    (ready,) = check_inputs("op", (Tensor("x", ("N", "M")),), (array,))[1]
    assert typeof(ready) == typeof(VALUES)
    assert np.array_equal(ready, VALUES)


def test_a_broadcast_array_is_copied() -> None:
    wide = np.broadcast_to(np.float64(2.0), (2, 3))
    (ready,) = check_inputs("op", (Tensor("x", ("N", "M")),), (wide,))[1]
    assert typeof(ready) == typeof(VALUES) and ready.tolist() == [[2.0] * 3] * 2


@pytest.mark.parametrize("shape", [(2, 3), (0, 3), ()])
def test_a_read_only_array_is_not_copied_and_stays_alive(shape: tuple[int, ...]) -> None:
    source = read_only(np.full(shape, 7.0))
    tensor = Tensor("x", ("N", "M")[: len(shape)])
    (ready,) = check_inputs("op", (tensor,), (source,))[1]
    assert ready.flags.writeable and not source.flags.writeable
    assert ready.size == 0 or np.shares_memory(ready, source)
    del source
    assert (np.full(shape, 3.0) < 4).all() and (ready == 7).all()


def test_numbers_are_inputs_of_no_dimensions_and_nan_passes() -> None:
    dtype, (delta,), _ = check_inputs("op", (SCALAR,), (float("nan"),))
    assert dtype == np.float64 and delta.shape == () and np.isnan(delta)


def test_a_size_below_the_least_tells_formula_and_reason() -> None:
    assert check_size("op", "U", 0, "H - P") == 0
    with pytest.raises(ShapeError) as caught:
        check_size("conv2d", "U", -1, "H - P + 1", 1, "the window is larger than the input")
    message = "conv2d: U = H - P + 1 is -1; expected at least 1: the window is larger than the input"
    assert str(caught.value) == message


Y = Tensor("Y", ("B", "U"))
LOSS = Tensor("loss", ())
SIZES = {"B": 2, "U": 3}


def test_cotangents_default_to_zero_and_numbers_fit_a_loss() -> None:
    single = np.dtype(np.float32)
    d_y, d_loss = check_cotangents("op", (Y, LOSS), {"loss": 2.0}, SIZES, single)
    assert d_y.shape == (2, 3) and d_y.dtype == single and not d_y.any()
    assert d_loss.shape == () and d_loss.dtype == single and d_loss == 2


def test_wrong_cotangents_are_refused() -> None:
    double = np.dtype(np.float64)
    with pytest.raises(ShapeError, match=r"cotangent of Y .* expected \(B, U\) = \(2, 3\)"):
        check_cotangents("op", (Y,), {"Y": zeros(3, 2)}, SIZES, double)
    with pytest.raises(DtypeError, match="cotangent of Y has dtype float32, expected float64"):
        check_cotangents("op", (Y,), {"Y": zeros(2, 3, dtype=np.float32)}, SIZES, double)
    with pytest.raises(ShapeError, match="cotangent of Y has shape"):
        check_cotangents("op", (Y,), {"Y": 1.0}, SIZES, double)


def test_wrt_keeps_the_inputs_order_and_refuses_what_it_does_not_know() -> None:
    names = ("x", "W", "b")
    assert check_wrt("op", names, None) == names
    assert check_wrt("op", names, ["b", "x", "b"]) == ("x", "b")
    assert check_wrt("op", names, ()) == ()
    with pytest.raises(ArgumentError, match="wrt names 'U', expected some of: x, W, b"):
        check_wrt("op", names, ("x", "U"))
    with pytest.raises(ArgumentError, match="wrt is the string 'W'"):
        check_wrt("op", names, "W")
