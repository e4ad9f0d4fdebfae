"""Decimals in formulas: taken exactly, printed as they are written, rounded once in kernels."""

import random
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from numba import njit

from codegen import runtime
from codegen.runtime import plain
from derive.algebra.decimals import decimal_text, exact
from derive.derivation import derive
from derive.errors import SpecError
from derive.language import op, sin, tanh
from derive.pages.page import render
from tests.codegen import emitted

PI = "3.1415926535897932384626433832795028841971693993"


@op(title="gelu with the numbers of its paper", source="a user")
def gelu_of_the_paper(s):
    N = s.size("N", "i")
    i, x, y = s.index("i", N), s.data("x", N), s.let("y", N)
    y[i] = 0.5 * x[i] * (1.0 + tanh(0.7978845608028654 * (x[i] + 0.044715 * x[i] ** 3)))
    s.returns(y)


@op(title="numbers of every kind", source="a user")
def numbers_of_every_kind(s):
    N = s.size("N", "i")
    i, x, y, z = s.index("i", N), s.data("x", N), s.let("y", N), s.let("z", N)
    y[i] = sin(Decimal(PI) * x[i]) * 1e-5 + 2.5e-8 * x[i] ** 2.0 - np.float32(0.1) * x[i] * np.int64(3)
    fraction = Fraction(123456789, 1000000007)
    z[i] = x[i] * (1 / 2) - 2.0 * x[i] + N * 0.25 * x[i] + 0.1 / N * x[i] + 1e20 * x[i] + fraction * x[i]
    s.returns(y, z)


@pytest.mark.parametrize("made", [gelu_of_the_paper[0], numbers_of_every_kind[0]], ids=lambda made: made.name)
def test_outputs_and_gradients_are_right(made):
    assert emitted.differences(made, emitted.plain(made), {"N": 3, "B": 2}) == []


def test_a_kernel_says_the_decimal_as_it_is_written():
    text = emitted.text(gelu_of_the_paper[0])
    assert 'number_0_044715 = number(x, "0.044715")' in text
    text = emitted.text(numbers_of_every_kind[0])
    assert f'number(x, "{PI}")' in text
    assert 'number(x, "123456789/1000000007")' in text
    assert "number(x, 100000000000000000000" not in text  # no integer of 64 bits


def test_a_page_says_the_decimal_as_it_is_written():
    text, latex, html = (render(derive(numbers_of_every_kind[0]), form) for form in ("text", "latex", "html"))
    assert f"y[i] = sin({PI}*x[i])*(1e-5) + 2.5e-8*x[i]**2 - 0.1*x[i]*3" in text
    assert rf"\sin({PI}\,x_{{i}})\,(1 \cdot 10^{{-5}})" in latex
    assert f"<mn>{PI}</mn>" in html
    assert "1.5957691216057308" in render(
        derive(gelu_of_the_paper[0]), "text"
    )  # twice the one that is written


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0.1, Fraction(1, 10)),
        (1e-5, Fraction(1, 100_000)),
        (np.float32(0.3), Fraction(3, 10)),
        (np.float64(2.0), Fraction(2)),
        (np.int64(-3), Fraction(-3)),
        (Decimal("0.50"), Fraction(1, 2)),
        (True, None),
        ("0.1", None),
        (1j, None),
        (None, None),
    ],
)
def test_a_number_is_what_is_written(value, number):
    assert exact(value) == number


@pytest.mark.parametrize("text", ["0.044715", "2.0", "1e-5", "-1.5e-8", "123.456", "0.0001", "1e20", PI])
def test_a_decimal_is_written_as_it_was(text):
    number = Fraction(text)
    assert decimal_text(number.numerator, number.denominator) == text


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (float("inf"), "inf is no number of a formula"),
        (float("nan"), "nan is no number of a formula"),
        (np.float64("-inf"), "-inf is no number of a formula"),
        (Decimal("NaN"), "NaN is no number of a formula"),
        (Decimal("1e999999999"), "too large or too small for float64"),
        (10**400, "too large or too small for float64"),
        ("0.1", "'0.1' is no expression"),
    ],
)
def test_what_is_no_number_is_said_with_its_line(value, message):
    @op(title="wrong", source="test")
    def wrong(s):
        N = s.size("N", "i")
        x, y = s.data("x", N), s.let("y", N)
        y[:] = x * value
        s.returns(y)

    with pytest.raises(SpecError, match=rf"^test_decimals\.py:\d+: wrong: .*{message}"):
        wrong[0].spec()


def test_an_exponent_is_whole():
    @op(title="wrong", source="test")
    def wrong(s):
        N = s.size("N", "i")
        x, y = s.data("x", N), s.let("y", N)
        y[:] = x**0.5
        s.returns(y)

    with pytest.raises(
        SpecError, match=r"^test_decimals\.py:\d+: wrong: an exponent is an integer: write sqrt"
    ):
        wrong[0].spec()


def _halfway(draw):
    """Fractions next to a number halfway between two float32, where rounding twice goes wrong."""
    low = np.float32(draw.uniform(0.5, 2))
    middle = (Fraction(float(low)) + Fraction(float(np.nextafter(low, np.float32(4))))) / 2
    return middle + Fraction(draw.choice([-1, 1]), 10**40)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_text_is_the_nearest_number_of_either_precision(dtype):
    draw = random.Random(3)
    many = [Fraction(draw.randrange(1, 10**40), draw.randrange(1, 10**40)) for _ in range(500)]
    like = np.empty(0, dtype)
    for number in (*many, *(_halfway(draw) for _ in range(200))):
        found = plain.number(like, str(number))
        assert found.dtype == dtype
        gap = abs(Fraction(float(found)) - number)
        around = (np.nextafter(found, dtype(to)) for to in (-np.inf, np.inf))
        assert all(gap <= abs(Fraction(float(other)) - number) for other in around)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_machine_code_has_the_same_number(dtype):
    @njit
    def numbers(like):
        return (
            runtime.number(like, "3.1415926535897932384626433832795028841971693993"),
            runtime.number(like, "0.044715"),
            runtime.number(like, "-1/3"),
        )

    like = np.empty(0, dtype)
    found = numbers(like)
    assert found == tuple(plain.number(like, text) for text in (PI, "0.044715", "-1/3"))
    assert numbers.nopython_signatures[0].return_type.dtype.bitwidth == 8 * like.itemsize
