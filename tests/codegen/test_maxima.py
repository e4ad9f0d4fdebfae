"""Maxima where NaN was met, and where no term is left: what their convention says, values and gradients."""

import math

import numpy as np
import pytest

from codegen.lower import lower
from codegen.module import write_module
from codegen.pipeline import write
from codegen.verify.load import load_fast, load_plain
from codegen.verify.publishable import verify
from derive.conventions import MAXIMUM
from derive.derivation import derive
from derive.language import equal, exp, largest, op, total, where

NAN, INF = math.nan, math.inf


def masked(s, empty=None):
    """The largest element of a row, of those that a mask leaves."""
    K = s.size("K", "k")
    k = s.index("k", K)
    x, m, y = s.data("x", K), s.data("m", K, integer=True, outside="zero"), s.let("y")
    y[()] = largest(k, x[k], where=equal(m[k], 1), empty=empty)
    s.returns(y)


@op(title="a masked maximum, 0 of nothing", source="test")
def masked_or_zero(s):
    masked(s, empty=0)


@op(title="a masked maximum", source="test")
def masked_or_lowest(s):
    masked(s)


@op(title="a masked softmax whose row of nothing is 0", source="test")
def masked_softmax(s):
    K = s.size("K", "kl")
    k, l = s.index("k", K), s.index("l", K)
    x, m = s.data("x", K), s.data("m", K, integer=True, outside="zero")
    Z, p = s.let("Z"), s.let("p", K)
    Z[()] = total(l, exp(x[l]), where=equal(m[l], 1))
    p[k] = where(Z, ">", 0, exp(x[k]) / Z, 0)
    s.returns(p)


def asked(spec, x, m, load):
    module = load(spec[0].name, write_module(lower(derive(spec[0]))).text)
    outputs, pullback = module.vjp(x=np.array(x), m=np.array(m))
    return outputs.y, pullback(y=np.ones(len(x))).x


CASES = {
    "the first NaN takes it": ([1.0, NAN, 9.0, NAN], [1, 1, 1, 1], NAN, [0, 1, 0, 0]),
    "a masked NaN does not": ([1.0, NAN, 9.0, 9.0], [1, 0, 1, 1], 9.0, [0, 0, 1, 0]),
    "NaN beside infinity": ([INF, NAN, 0.0, 0.0], [1, 1, 1, 1], NAN, [0, 1, 0, 0]),
    "all lowest": ([-INF, -INF, -INF, 0.0], [1, 1, 1, 0], -INF, [1, 0, 0, 0]),
}


@pytest.mark.parametrize("load", [load_plain, load_fast])
@pytest.mark.parametrize("case", CASES)
def test_the_first_of_the_largest_takes_the_gradient(case, load):
    x, m, value, slopes = CASES[case]
    for spec in (masked_or_lowest, masked_or_zero):
        y, dx = asked(spec, [x], [m], load)
        np.testing.assert_array_equal(y, [value])
        np.testing.assert_array_equal(dx, [slopes])


@pytest.mark.parametrize("load", [load_plain, load_fast])
def test_a_row_that_masks_everything_is_what_its_author_says(load):
    x, m = [[3.0, -1.0], [-5.0, -7.0], [NAN, NAN]], [[0, 0], [0, 1], [0, 0]]
    y, dx = asked(masked_or_zero, x, m, load)
    np.testing.assert_array_equal(y, [0, -7, 0])
    np.testing.assert_array_equal(dx, [[0, 0], [0, 1], [0, 0]])
    y, dx = asked(masked_or_lowest, x, m, load)
    np.testing.assert_array_equal(y, [-INF, -7, -INF])
    np.testing.assert_array_equal(dx, [[0, 0], [0, 1], [0, 0]])


@pytest.mark.parametrize("load", [load_plain, load_fast])
def test_a_masked_softmax_of_nothing_is_0_and_so_is_its_gradient(load):
    module = load("masked_softmax", write_module(lower(derive(masked_softmax[0]))).text)
    outputs, pullback = module.vjp(x=np.array([[1.0, 1.0], [5.0, 6.0]]), m=np.array([[1, 1], [0, 0]]))
    np.testing.assert_array_equal(outputs.p, [[0.5, 0.5], [0, 0]])
    np.testing.assert_array_equal(pullback(p=np.array([[1.0, 0], [1, 0]])).x, [[0.25, -0.25], [0, 0]])


def test_the_convention_is_said_where_there_is_a_maximum():
    assert derive(masked_or_lowest[0]).conventions == (MAXIMUM,)
    assert f"Convention: {MAXIMUM}." in write_module(lower(derive(masked_or_zero[0]))).text
    assert derive(masked_softmax[0]).conventions == ()


@pytest.mark.parametrize("spec", [masked_or_zero, masked_or_lowest], ids=lambda s: s[0].name)
def test_masked_maxima_are_verified(spec):
    assert {r.verdict for r in verify(write(spec[0])).results} == {"passed"}
