"""Index arithmetic: a polynomial is the function that it evaluates to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.algebra.expr import Number, Product, Read, Sum
from derive.algebra.index import Affine, Delta, In, Index, IntegerRead, Letter, Quotient, holds, solve
from derive.algebra.instances import instance
from derive.authoring.functions import exp
from derive.errors import SpecError

i, j, n = NAMES = tuple(map(Letter, "ijn"))
I, J, N = map(Affine.of, NAMES)
POINT = dict(zip(NAMES, (3, -2, 7), strict=True))


def value(e: Affine, point: dict[str, int] | None = None) -> int:
    return e.evaluate(point or POINT, lambda tensor, at: 10 * sum(at) + len(tensor))


@st.composite
def polynomials(draw: st.DrawFn) -> Affine:
    """Sums of integers, names, products and reads of labels."""
    atoms = st.one_of(st.sampled_from((I, J, N)), st.integers(-3, 3).map(Affine.of))
    total = draw(atoms)
    for other in draw(st.lists(atoms, max_size=4)):
        total = draw(st.sampled_from((total + other, total - other, total * other)))
    label = Affine.of(IntegerRead("y", (draw(atoms),)))
    return draw(st.sampled_from((total, total + label, total - 2 * label)))


@given(polynomials(), polynomials())
def test_arithmetic_is_that_of_the_values(a: Affine, b: Affine) -> None:
    assert value(a + b) == value(a) + value(b)
    assert value(a - b) == value(a) - value(b)
    assert value(a * b) == value(a) * value(b)
    assert value(-a) == -value(a)


@given(polynomials(), polynomials(), polynomials())
def test_equality_ignores_the_order_of_terms_and_hashes_alike(a: Affine, b: Affine, c: Affine) -> None:
    assert a + b + c == c + b + a and hash(a + b + c) == hash(c + b + a)
    assert a * b == b * a and hash(a * b) == hash(b * a)
    assert a - a == Affine()


@given(polynomials(), polynomials())
def test_substitution_is_evaluation_at_the_value(a: Affine, b: Affine) -> None:
    assert value(a.substitute({i: b})) == value(a, {**POINT, i: value(b)})


def test_substitution_is_simultaneous() -> None:
    assert (I + 2 * J).substitute({i: J, j: I}) == J + 2 * I


def test_a_polynomial_prints_in_the_order_in_which_it_was_written() -> None:
    stride, pad = Affine.of("stride"), Affine.of("pad")
    assert [str(e) for e in (stride * I + J - pad, J + stride * I, 2 * I - 1, -I, Affine(), I - I)] == [
        "stride*i + j - pad",
        "j + stride*i",
        "2*i - 1",
        "-i",
        "0",
        "0",
    ]


def test_what_is_no_integer_is_refused() -> None:
    for wrong in (0.5, True, None):
        with pytest.raises((TypeError, SpecError)):
            Affine.of(wrong)


@given(st.integers(-20, 20), st.integers(1, 5), st.integers(-3, 3))
def test_a_quotient_rounds_down(top: int, bottom: int, offset: int) -> None:
    size = Quotient(Affine.of("a"), Affine.of("b"), Affine()) + offset
    assert size.evaluate({"a": top, "b": bottom}) == top // bottom + offset


def test_guards_hold_where_they_say() -> None:
    def read(tensor: str, at: tuple[int, ...]) -> int:
        return at[0] + 1

    assert holds(In(I, J, N), POINT, read) and not holds(In(N, J, N), POINT, read)
    assert holds(Delta(I + 1, Affine.of(IntegerRead("y", (I,)))), POINT, read)


@given(polynomials(), st.sampled_from((1, -1)))
def test_a_solved_delta_holds(rest: Affine, sign: int) -> None:
    free = rest.substitute({i: J})
    found = solve(Delta(sign * I + free, N), i)
    assert found is not None
    assert value(sign * I + free, {**POINT, i: value(found)}) == POINT[n]


@pytest.mark.parametrize("e", [2 * I, N * I, I * I - I, Affine.of(IntegerRead("y", (I,))), J])
def test_only_a_unit_coefficient_is_solved(e: Affine) -> None:
    assert solve(Delta(e, N), i) is None


def test_a_renamed_index_keeps_its_domain() -> None:
    assert Index("i", Affine(), N).renamed("k") == Index("k", Affine(), N)


# instances ---------------------------------------------------------------------------------------
def x(*at: Affine) -> Read:
    return Read("x", at)


def test_an_instance_gives_the_values_of_the_variables() -> None:
    assert instance(x(I, J + 1), x(N, I), [i, j]) == {i: N, j: I - 1}
    assert instance(exp(x(I + J, I)), exp(x(N, J)), [i, j]) == {i: J, j: N - J}
    assert instance(x(I), x(I), []) == {}


def test_what_is_no_instance_has_none() -> None:
    assert instance(x(I, I), x(J, N), [i]) is None
    assert instance(x(2 * I), x(J), [i]) is None
    assert instance(x(I), x(J), []) is None
    assert instance(x(I), Read("z", (J,)), [i]) is None
    assert instance(Sum((x(I), x(J))), Product((x(I), x(J))), [i, j]) is None
    assert instance(Number(I), Number(I, 2), [i]) is None


H, STRIDE = Affine.of("H"), Affine.of("stride")


@pytest.mark.parametrize(
    ("quotient", "polynomial"),
    [
        ((H + 2 - 3) // 1 + 1, H),
        ((2 * H + 3) // 2 + 1, H + 2),
        ((4 * H - 1) // 4, H - 1),
        ((H * STRIDE * 3 + 7) // 3, H * STRIDE + 2),
        (Affine.of(-5) // 2, Affine.of(-3)),
        ((H + 1) // 2, None),
        ((3 * H + 2 * STRIDE) // 2, None),
        ((H * STRIDE) // STRIDE, None),
        (H // 0, None),
    ],
    ids=str,
)
def test_a_floor_that_says_nothing_is_dropped(quotient, polynomial):
    assert quotient.polynomial() == polynomial
    for h, stride in ((1, 1), (5, 2), (6, 3)):
        values = {"H": h, "stride": stride}
        if polynomial is not None:
            assert quotient.evaluate(values) == polynomial.evaluate(values, lambda *_: 0)
