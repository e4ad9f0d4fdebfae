"""Limits and conditions that are left out because others imply them change nothing."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.bounds import Bounds, side_of
from codegen.nodes import Ceil, least
from derive.algebra.index import Affine, In, Index, Letter
from derive.algebra.system import IntegerParameter, Size, System
from tests.indices import indices

i, j = indices("ij")
I, J = map(Letter, "ij")
N, M, k = map(Affine.of, "NMk")
SYSTEM = System("toy", (Size("N", ("i",)), Size("M", ("j",))), (), (), (), (), (IntegerParameter("k", 2, 1),))
BOUNDS = Bounds(SYSTEM, (Index("i", Affine(), N), Index("j", Affine(), M)))
PLACES = [
    {"N": n, "M": m, "k": s, I: a, J: b}
    for n, m, s in product((0, 1, 3), (0, 1, 2, 4), (1, 2))
    for a, b in product(range(n), range(m))
]
POLYNOMIALS = st.tuples(*(st.integers(-2, 2) for _ in range(5))).map(
    lambda c: c[0] * i + c[1] * j + c[2] * N + c[3] * k + c[4]
)
LIMITS = st.lists(
    st.builds(Ceil, POLYNOMIALS, st.sampled_from([Affine.of(1), Affine.of(2), k])), min_size=1, max_size=4
)
CHECKED = settings(max_examples=300, deadline=None, derandomize=True)


def value(e, place):
    return e.evaluate(place, lambda *_: pytest.fail("it reads nothing"))


def limit(c, place):
    return -(-value(c.numerator, place) // value(c.denominator, place))


@CHECKED
@given(LIMITS)
def test_limits_that_are_left_out_decide_nothing(limits):
    for way, extreme in ((1, max), (-1, min)):
        kept = BOUNDS.needed(tuple(limits), way)
        assert kept and set(kept) <= set(limits)
        for place in PLACES:
            assert extreme(limit(c, place) for c in kept) == extreme(limit(c, place) for c in limits)


@CHECKED
@given(st.lists(st.builds(In, POLYNOMIALS, POLYNOMIALS, POLYNOMIALS), min_size=1, max_size=3))
def test_sides_that_are_left_out_hold_where_the_others_do(guards):
    kept = [side_of(g, side) for g, sides in BOUNDS.sides(guards) for side in sides]
    for place in PLACES:
        holds = all(value(g.lo, place) <= value(g.e, place) < value(g.hi, place) for g in guards)
        assert all(value(e, place) >= 0 for e in kept) == holds


@CHECKED
@given(st.builds(In, POLYNOMIALS, POLYNOMIALS, POLYNOMIALS))
def test_limits_from_a_guard_are_where_it_holds(guard):
    """For a loop over j, inside one over i."""
    outer = Bounds(SYSTEM, BOUNDS.ranges)
    found = outer.limits(J, guard)
    if found is None:
        return
    for place in PLACES:
        inside = all(place[J] >= limit(c, place) for c in found[0]) and all(
            place[J] < limit(c, place) for c in found[1]
        )
        holds = value(guard.lo, place) <= value(guard.e, place) < value(guard.hi, place)
        assert inside == holds


def test_what_is_left_out_and_what_is_not():
    assert BOUNDS.needed((least(N), least(i)), -1) == (least(i),)
    assert BOUNDS.needed((least(Affine()), least(i - 1)), 1) == (least(Affine()), least(i - 1))
    assert BOUNDS.needed((least(N), least(N)), -1) == (least(N),)
    twice = (In(i, Affine(), N - 1), In(j, Affine(), N - i - 1))
    assert BOUNDS.sides(twice) == [(twice[1], ("hi",))]  # for j is at least 0
    assert BOUNDS.sides((In(i, j, N), In(i, j + 1, N))) == [(In(i, j + 1, N), ("lo",))]


def test_a_triangle_is_a_limit_whichever_index_is_the_loops():
    """j > i with i outside; the condition was asked at every point."""
    assert BOUNDS.limits(J, In(i, Affine(), j)) == ((least(i + 1),), ())
    assert BOUNDS.limits(J, In(j, i + 1, M)) == ((least(i + 1),), ())
    assert BOUNDS.limits(J, In(i, j, N)) == ((), (least(i + 1),))
    assert BOUNDS.limits(J, In(i * j, Affine(), N)) is None
    assert BOUNDS.limits(J, In(i, Affine(), N)) is None


def test_a_limit_that_is_wrongly_implied_is_noticed(monkeypatch):
    """Planted fault: whatever is above another one by less than 1 is taken to be above it."""
    wrong = staticmethod(lambda a, b: a != b)
    monkeypatch.setattr(Bounds, "above", wrong)
    kept = BOUNDS.needed((least(i), least(j)), -1)
    assert any(min(place[I], place[J]) != min(limit(c, place) for c in kept) for place in PLACES)
