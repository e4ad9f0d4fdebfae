"""Numbers with their rounding errors go through every function, those made of comparisons too."""

from __future__ import annotations

import mpmath
import pytest

from derive.oracle.numbers import ORDERED, apply
from derive.oracle.rounding import Rounded


@pytest.mark.parametrize("name", [n for n in ORDERED if n not in ("maximum", "minimum")])
def test_what_a_comparison_gives_is_a_number_that_an_exponential_takes(name: str) -> None:
    found = apply("exp", apply(name, Rounded(mpmath.mpf(-3))))
    assert found.value == mpmath.exp(apply(name, mpmath.mpf(-3)))


def test_the_logarithm_of_an_exact_0_vanishes_in_an_exponential() -> None:
    share = apply("exp", apply("log", Rounded(mpmath.mpf(0))) - Rounded(mpmath.mpf(2), mass=2.0))
    assert (share.value, share.error, share.inherent) == (0, 0, 0)


def test_the_logarithm_of_a_0_that_was_rounded_has_no_error_bound() -> None:
    with pytest.raises(ZeroDivisionError):
        apply("log", Rounded(mpmath.mpf(0), error=1.0))
