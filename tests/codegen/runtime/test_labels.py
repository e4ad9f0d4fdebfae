"""Checks of labels and of room for arithmetic with them: what is taken, refused, and moved out of the way."""

import warnings

import numpy as np
import pytest

from codegen.runtime import (
    FAR,
    ArgumentError,
    LabelError,
    check_labels,
    check_reach,
    clip_labels,
    ignore_labels,
)

LEAST, MOST = -(2**63), 2**63 - 1
EXTREMES = (LEAST, LEAST + 1, -(2**62), -1, 0, 1, 4, 5, 6, 2**31, 2**62, MOST)


@pytest.mark.parametrize("lo", (0, 2, -3))
def test_one_pass_finds_exactly_the_labels_outside(lo: int) -> None:
    hi = lo + 5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for label in (*EXTREMES, lo - 1, lo, hi - 1, hi):
            for labels in (np.array([lo, label, lo]), np.array(label), np.array([[label]])):
                if lo <= label < hi:
                    check_labels("op", "y", labels, lo, hi, "lo <= y < hi")
                else:
                    with pytest.raises(LabelError, match=rf"is {label}, expected lo <= y < hi"):
                        check_labels("op", "y", labels, lo, hi, "lo <= y < hi")


def test_the_first_position_its_label_and_the_range_are_named() -> None:
    labels = np.array([[0, 1, 2], [2, 3, -1]])
    with pytest.raises(LabelError) as caught:
        check_labels("loss", "y", labels, 0, 3, "0 <= y < K")
    assert str(caught.value) == (
        "loss: y[1, 1] is 3, expected 0 <= y < K, which is 0 to 2 here: mend it, or let the spec say what it "
        "means (outside=, ignore_label=)"
    )
    with pytest.raises(LabelError, match=r"y is 3, expected 0 <= y < K, or -100, which is none here"):
        check_labels("loss", "y", np.array(3), 0, 0, "0 <= y < K", -100)


def test_no_labels_are_right_and_an_ignored_one_is_taken() -> None:
    check_labels("op", "y", np.zeros((0, 3), np.int64), 0, 0, "0 <= y < K")
    check_labels("op", "y", np.array([0, -100, 2]), 0, 3, "0 <= y < K", -100)
    with pytest.raises(LabelError, match=r"y\[2\] is 3"):
        check_labels("op", "y", np.array([0, -100, 3]), 0, 3, "0 <= y < K", -100)


def test_labels_are_moved_in_a_copy_and_only_where_they_must() -> None:
    labels = np.array([0, -100, 2])
    moved = ignore_labels(labels, -100)
    assert moved.tolist() == [0, FAR, 2] and labels.tolist() == [0, -100, 2]
    assert ignore_labels(labels, -1) is labels
    assert clip_labels(labels) is labels
    assert clip_labels(np.array(EXTREMES), 2**40).tolist() == [min(max(v, -(2**40)), 2**40) for v in EXTREMES]
    assert clip_labels(np.zeros(0, np.int64)).size == 0


@pytest.mark.parametrize("c", (1, 3, 4, 2**20, 2**31))
@pytest.mark.parametrize("fixed", (0, 7, 2**20))
def test_labels_may_be_as_far_as_leaves_64_bits(c: int, fixed: int) -> None:
    far = check_reach("op", fixed, c)
    assert fixed + c * far < 2**62 and far > 2 * fixed
    assert far == FAR or fixed + c * 2 * far >= 2**62


def test_products_of_labels_leave_less_room() -> None:
    far = check_reach("op", 0, 0, 1)
    assert far * far < 2**62 <= 4 * far * far


@pytest.mark.parametrize("value", (2**62, 2**63, 10**30))
def test_integer_parameters_that_leave_no_room_are_named(value: int) -> None:
    with pytest.raises(
        ArgumentError, match=rf"^conv2d: stride = {value}, pad = 0: index arithmetic may leave"
    ):
        check_reach("conv2d", value + 5, stride=value, pad=0)
    with pytest.raises(ArgumentError, match="index arithmetic may leave"):
        check_reach("conv2d", 2, value, stride=1)
    assert check_reach("op", 3, op=1, fixed=2) == FAR  # parameters may have any name
