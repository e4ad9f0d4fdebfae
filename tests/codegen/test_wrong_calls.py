"""Wrong calls of an emitted module: one line each, which names the argument."""

import numpy as np
import pytest

from codegen.runtime import ArgumentError, DtypeError, OpError, ShapeError
from tests.codegen.emitted import OPS, plain

X = np.zeros((2, 2, 5, 4))
K, B = np.zeros((3, 2, 3, 2)), np.zeros(3)
CONV, DENSE, LOSS = (plain(OPS[n]) for n in ("conv2d", "dense", "softmax_cross_entropy"))
ONES = np.ones((2, 3))
WRONG = {
    "rank": (
        lambda: CONV.forward(X[0], K, B),
        ShapeError,
        "conv2d: X has shape (2, 5, 4), expected (B, C, H, W)",
    ),
    "shape": (
        lambda: CONV.forward(X, np.zeros((3, 1, 3, 2)), B),
        ShapeError,
        "conv2d: K has shape (3, 1, 3, 2), expected (O, C, P, Q) with O = 3 (from K), C = 2 (from X)",
    ),
    "dtype": (
        lambda: CONV.forward(X.astype(int), K, B),
        DtypeError,
        "conv2d: X has dtype int64, expected float32 or float64: convert it with .astype",
    ),
    "mixed dtypes": (
        lambda: CONV.forward(X, K.astype(np.float32), B),
        DtypeError,
        "conv2d: K has dtype float32, expected float64 as X has: convert one of them with .astype",
    ),
    "labels that are no integers": (
        lambda: LOSS.forward(ONES, np.zeros(2)),
        DtypeError,
        "softmax_cross_entropy: y has dtype float64, expected integers: convert it with .astype(np.int64)",
    ),
    "a window larger than the image": (
        lambda: CONV.forward(X, np.zeros((3, 2, 6, 2)), B),
        ShapeError,
        "conv2d: U = (H + 2*pad - P)//stride + 1 is 0; expected at least 1",
    ),
    "a number too small": (
        lambda: CONV.forward(X, K, B, stride=0),
        ArgumentError,
        "conv2d: stride is 0, expected at least 1",
    ),
    "a number of the wrong kind": (
        lambda: CONV.forward(X, K, B, pad=1.0),
        ArgumentError,
        "conv2d: pad is 1.0, expected an integer",
    ),
    "an unknown name in wrt": (
        lambda: CONV.vjp(X, K, B, wrt=("Y",)),
        ArgumentError,
        "conv2d: wrt names 'Y', expected some of: X, K, b",
    ),
    "a string for wrt": (
        lambda: CONV.vjp(X, K, B, wrt="X"),
        ArgumentError,
        "conv2d: wrt is the string 'X', expected a tuple of names: (\"X\",)",
    ),
    "a cotangent's shape": (
        lambda: DENSE.vjp(ONES, ONES, np.ones(2))[1](np.ones((2, 3))),
        ShapeError,
        "dense: the cotangent of h has shape (2, 3), expected (B, H) = (2, 2)",
    ),
    "a cotangent's dtype": (
        lambda: DENSE.vjp(ONES, ONES, np.ones(2))[1](np.ones((2, 2), np.float32)),
        DtypeError,
        "dense: the cotangent of h has dtype float32, expected float64 as the inputs have: "
        "convert it with .astype",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_call_gets_one_line_that_names_the_argument(name):
    call, kind, message = WRONG[name]
    with pytest.raises(OpError) as caught:
        call()
    assert (type(caught.value), str(caught.value)) == (kind, message)


def test_an_unknown_number_is_refused_by_python_itself():
    with pytest.raises(TypeError, match="unexpected keyword argument 'strides'"):
        CONV.forward(X, K, B, strides=2)
