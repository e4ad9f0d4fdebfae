"""Extreme inputs: every op does what the conventions say that are printed with it, to the last bit."""

from dataclasses import dataclass, field, replace
from types import ModuleType

import numpy as np
import pytest

from generated import (
    activation,
    activation_relu,
    activation_relu_right,
    activation_tanh,
    average_pool2d,
    average_pool2d_uncounted,
    binary_cross_entropy_logits_none,
    binary_cross_entropy_none,
    categorical_cross_entropy_none,
    dense_relu,
    dense_relu_right,
    dropout,
    huber_none,
    mae_none,
    max_pool2d,
    mse_none,
    sequence_cross_entropy,
    smooth_l1_none,
    softmax,
    softmax_cross_entropy,
    softmax_cross_entropy_distribution_none,
    vgg_block,
)

INF, NAN = np.inf, np.nan


@dataclass(frozen=True)
class Case:
    """Inputs of an op, its first output, and gradients for cotangents of 1; what its page says of them."""

    op: ModuleType
    inputs: dict[str, object]
    output: object
    gradients: dict[str, object]
    convention: str = ""
    numbers: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.op.__name__.removeprefix("generated.")


def image(*rows):
    return [[list(rows)]]


SATURATED = [[1e4, -1e4, 0.0]]
FIRST = "of equal maxima the first takes the gradient"
CASES = (
    # activations
    Case(activation, {"z": SATURATED}, [[1, 0, 0.5]], {"z": [[0, 0, 0.25]]}),
    Case(activation, {"z": [[INF, -INF, NAN]]}, [[1, 0, NAN]], {"z": [[0, 0, NAN]]}),
    Case(activation_tanh, {"z": SATURATED}, [[1, -1, 0]], {"z": [[0, 0, 1]]}),
    Case(activation_relu, {"z": SATURATED}, [[1e4, 0, 0]], {"z": [[1, 0, 0]]}, "ReLU'(0) = 0"),
    Case(
        activation_relu_right,
        {"z": SATURATED},
        [[1e4, 0, 0]],
        {"z": [[1, 0, 1]]},
        "of relu_right it is 1, as document 002 has it",
    ),
    Case(
        dense_relu,
        {"x": [[2.0, 1.0]], "W": [[1.0, -2.0]], "b": [0.0]},
        [[0]],
        {"x": [[0, 0]], "W": [[0, 0]], "b": [0]},
        "ReLU'(0) = 0",
    ),
    Case(
        dense_relu_right,
        {"x": [[2.0, 1.0]], "W": [[1.0, -2.0]], "b": [0.0]},
        [[0]],
        {"x": [[1, -2]], "W": [[2, 1]], "b": [1]},
        "of relu_right it is 1, as document 002 has it",
    ),
    # softmax: for equal cotangents its gradient is 0
    Case(softmax, {"x": SATURATED}, [[1, 0, 0]], {"x": [[0, 0, 0]]}),
    Case(softmax, {"x": [[-INF, 3.0, 3.0]]}, [[0, 0.5, 0.5]], {"x": [[0, 0, 0]]}),
    *(
        Case(softmax, {"x": [row]}, [[NAN] * 2], {"x": [[NAN] * 2]}, "a row that is all -inf, or holds +inf")
        for row in ([-INF, -INF], [INF, 0.0], [NAN, 0.0])
    ),
    # cross-entropy on logits
    Case(softmax_cross_entropy, {"x": SATURATED, "y": [0]}, 0, {"x": [[0, 0, 0]]}),
    Case(softmax_cross_entropy, {"x": SATURATED, "y": [1]}, 2e4, {"x": [[1, -1, 0]]}),
    Case(softmax_cross_entropy, {"x": [[-INF, 3.0, 3.0]], "y": [0]}, INF, {"x": [[-1, 0.5, 0.5]]}),
    Case(
        sequence_cross_entropy,
        {"x": [[[0.0, -INF]]], "y": [[7]], "m": [[1.0]]},
        [0],
        {"x": [[[1, 0]]]},
        "a class number outside 0..K-1 counts as a logit of 0",
    ),
    Case(
        softmax_cross_entropy,
        {"x": [[-INF, -INF]], "y": [0]},
        NAN,
        {"x": [[NAN, NAN]]},
        "the probabilities and the gradients of a row that is all -inf, or holds +inf, are NaN",
    ),
    Case(
        softmax_cross_entropy_distribution_none,
        {"y": [[0.0, 1.0, 0.0]], "x": SATURATED},
        [2e4],
        {"y": [[0, 2e4, 1e4]], "x": [[1, -1, 0]]},
    ),
    Case(
        binary_cross_entropy_logits_none,
        {"y": [[0.0, 1.0, 0.5, 1.0]], "x": [[1e4, 1e4, -1e4, -1e4]]},
        [[1e4, 0, 5e3, 1e4]],
        {"y": [[-1e4, -1e4, 1e4, 1e4]], "x": [[1, 0, -0.5, -1]]},
    ),
    Case(
        softmax_cross_entropy_distribution_none,
        {"y": [[0.0, 1.0], [0.5, 0.5]], "x": [[-INF, 0.0], [-INF, 0.0]]},
        [NAN, INF],
        {"x": [[0, 0], [-0.5, 0.5]]},
        "0 * log(0) is NaN",
    ),
    Case(
        binary_cross_entropy_logits_none,
        {"y": [[0.0, 1.0, 0.0, 1.0]], "x": [[-INF, INF, INF, -INF]]},
        [[NAN, NAN, INF, INF]],
        {"x": [[0, 0, 1, -1]]},
        "at an infinite one 0 * log(0) is NaN",
    ),
    # cross-entropy on probabilities
    Case(
        binary_cross_entropy_none,
        {"y": [[1.0, 0.0]], "y_hat": [[0.0, 1.0]]},
        [[INF, INF]],
        {"y": [[INF, -INF]], "y_hat": [[-INF, INF]]},
    ),
    Case(
        binary_cross_entropy_none,
        {"y": [[0.0, 1.0]], "y_hat": [[0.0, 1.0]]},
        [[NAN, NAN]],
        {"y": [[INF, -INF]], "y_hat": [[NAN, NAN]]},
        "0 * log(0) is NaN",
    ),
    Case(
        categorical_cross_entropy_none,
        {"y": [[1.0, 0.5]], "y_hat": [[0.0, 1.0]]},
        [INF],
        {"y": [[INF, 0]], "y_hat": [[-INF, -0.5]]},
    ),
    Case(
        categorical_cross_entropy_none,
        {"y": [[0.0, 1.0]], "y_hat": [[0.0, 1.0]]},
        [NAN],
        {"y": [[INF, 0]], "y_hat": [[NAN, -1]]},
        "0 * log(0) is NaN",
    ),
    # regression: errors of 0, at a kink, and as large as they come
    Case(
        mae_none,
        {"y": [[2.0, 1e308, INF]], "y_hat": [[2.0, 0.0, 0.0]]},
        [[0, 1e308, INF]],
        {"y": [[0, 1, 1]], "y_hat": [[0, -1, -1]]},
        "|x|' = 0 at x = 0",
    ),
    Case(
        mse_none,
        {"y": [[2.0, 1e200]], "y_hat": [[2.0, 0.0]]},
        [[0, INF]],
        {"y": [[0, 2e200]], "y_hat": [[0, -2e200]]},
    ),
    Case(
        huber_none,
        {"y": [[0.0, 0.5, -0.5, 1e300]], "y_hat": [[0.0] * 4]},
        [[0, 0.125, 0.125, 5e299]],
        {"y": [[0, 0.5, -0.5, 0.5]], "y_hat": [[0, -0.5, 0.5, -0.5]]},
        "an error of exactly delta is small",
        {"delta": 0.5},
    ),
    Case(
        smooth_l1_none,
        {"y": [[0.0, 0.5, -0.5, 1e300]], "y_hat": [[0.0] * 4]},
        [[0, 0.25, 0.25, 1e300]],
        {"y": [[0, 1, -1, 1]], "y_hat": [[0, -1, 1, -1]]},
        "an error of exactly beta is small",
        {"beta": 0.5},
    ),
    # pooling
    Case(max_pool2d, {"X": image([3.0, 3.0], [3.0, 3.0])}, image([3]), {"X": image([1, 0], [0, 0])}, FIRST),
    Case(
        max_pool2d, {"X": image([-INF] * 2, [-INF] * 2)}, image([-INF]), {"X": image([1, 0], [0, 0])}, FIRST
    ),
    Case(
        max_pool2d,
        {"X": image([5.0, NAN], [NAN, INF])},
        image([NAN]),
        {"X": image([0, 1], [0, 0])},
        "NaN wins",
    ),
    Case(
        max_pool2d,
        {"X": image([-7.0])},
        image([-INF, -INF, -INF], [-INF, -7, -INF], [-INF, -INF, -INF]),
        {"X": image([1])},
        "padding never wins: a window of nothing else is -inf",
        {"window": 1, "stride": 1, "pad": 1},
    ),
    *(
        Case(
            op,
            {"X": image([8.0])},
            image([0, 0, 0], [0, 8, 0], [0, 0, 0]),
            {"X": image([1])},
            "a window of nothing else is 0",
            {"window": 1, "stride": 1, "pad": 1},
        )
        for op in (average_pool2d, average_pool2d_uncounted)
    ),
    # blocks
    Case(
        vgg_block,
        {
            "X": image([0.0, 0.0], [0.0, 0.0]),
            "conv1_K": np.ones((1, 1, 3, 3)),
            "conv1_b": [0.0],
            "conv2_K": np.ones((1, 1, 3, 3)),
            "conv2_b": [0.0],
        },
        image([0]),
        {"X": image([0, 0], [0, 0]), "conv1_b": [0], "conv2_b": [0]},
        "ReLU'(0) = 0",
    ),
    Case(
        dropout,
        {"x": [[INF, NAN, 2.0]], "m": [[0, 0, 1]]},
        [[0, 0, 4]],
        {"x": [[0, 0, 2]]},
        "0 for one that is not",
    ),
)


def as_array(value, dtype):
    array = np.asarray(value)
    return array.astype(dtype) if array.dtype.kind == "f" else array


def disagreement(case, dtype=np.float64):
    """What an op gives that is not what the case says, or nothing."""
    given = {n: as_array(a, dtype) for n, a in case.inputs.items()}
    with np.errstate(all="ignore"):
        outputs, pullback = case.op.vjp(**given, **case.numbers)
        found = pullback(**{outputs._fields[0]: np.ones_like(outputs[0])})
    wanted = {outputs._fields[0]: case.output, **{f"d{n}": g for n, g in case.gradients.items()}}
    made = {outputs._fields[0]: outputs[0], **{f"d{n}": getattr(found, n) for n in case.gradients}}
    with np.errstate(over="ignore"):
        wrong = [n for n in wanted if not same(made[n], np.asarray(wanted[n], np.float64).astype(dtype))]
    return "; ".join(f"{n} is {made[n].tolist()}, not {wanted[n]}" for n in wrong)


def same(found, wanted):
    return np.shape(found) == np.shape(wanted) and np.array_equal(found, wanted, equal_nan=True)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_op_does_at_its_extremes_what_its_conventions_say(case):
    assert disagreement(case) == ""
    assert case.convention in " ".join(case.op.SPEC["conventions"])


SINGLE = [c for c in CASES if c.op not in (mae_none, mse_none, huber_none, smooth_l1_none)]


@pytest.mark.parametrize("case", SINGLE, ids=str)
def test_in_single_precision_too(case):
    """But for the errors that single precision cannot hold."""
    assert disagreement(case, np.float32) == ""


@pytest.mark.parametrize("case", CASES[::4], ids=str)
def test_a_case_that_says_something_else_is_refused(case):
    """Planted faults: another value, and another gradient."""
    name, gradient = next(iter(case.gradients.items()))
    moved = replace(case, gradients={name: np.nan_to_num(np.asarray(gradient, float)) + 1.0005})
    assert f"d{name} is" in disagreement(moved)
    moved = replace(case, output=np.nan_to_num(np.asarray(case.output, float), posinf=9) + 1.0005)
    assert disagreement(moved)
