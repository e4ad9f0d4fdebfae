"""The chain rule over one expression writes what a textbook would: a/b, not a*(1/b)."""

from __future__ import annotations

import pytest

from derive.algebra.expr import Expr, Number, Parameter, Read, chained, over, times
from derive.algebra.index import Affine
from derive.algebra.partials import partials
from tests.indices import index

i = index("i")
a, b, c = (Read(name, (i,)) for name in "abc")
p, one, half = Parameter("p"), Number(Affine.of(1)), Number(Affine.of(1), 2)


@pytest.mark.parametrize(
    ("factors", "made"),
    [
        ((a, over(one, b)), over(a, b)),
        ((a, c, over(one, b)), times(a, over(c, b))),
        ((-a, over(one, b)), -over(a, b)),
        ((a, over(one, b), over(one, c)), over(over(a, b), c)),
        # what divides all elements alike stays a factor: it is computed once
        ((a, over(one, p)), times(a, over(one, p))),
        # and a number in front stays in front
        ((half, over(one, b)), times(half, over(one, b))),
        ((over(one, b), a), times(over(one, b), a)),
    ],
)
def test_a_reciprocal_takes_the_factor_before_it_as_numerator(factors: tuple[Expr, ...], made: Expr) -> None:
    assert chained(*factors) == made


def test_the_slopes_of_a_quotient_have_one_line() -> None:
    body = times(a, over(b, c))
    assert dict(partials(body, body)) == {a: over(b, c), b: over(a, c), c: -times(a, over(over(b, c), c))}
