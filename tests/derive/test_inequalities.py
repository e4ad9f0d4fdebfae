"""What is said not to be negative is not, at all sizes and places that are tried."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.algebra import inequalities
from derive.algebra.index import Affine, Delta, In, Index, Letter, holds
from derive.algebra.inequalities import Ranges, steps_away
from derive.algebra.system import IntegerParameter, Size, System
from tests.indices import indices

t, u, p = indices("tup")
k, T, P = map(Affine.of, "kTP")
SYSTEM = System(
    "toy", (Size("T", ("t", "u"), least=1), Size("P", ("p",))), (), (), (), (), (IntegerParameter("k", 2, 1),)
)
INDICES = (Index("t", Affine(), T), Index("u", Affine(), T), Index("p", Affine(), P))
BEFORE, AFTER = In(u, Affine(), t), In(t, Affine(), u)


@pytest.mark.parametrize(
    ("shift", "guards", "found"),
    [
        (Affine.of(-3), (), -3),
        (Affine.of(0), (), 0),
        (-p - 1, (), -1),
        (p + 1, (), 1),
        (-k, (), -1),
        (k * p + 1, (), 1),
        (-p, (), None),
        (u - t, (), None),
        (u - t, (BEFORE,), -1),
        (u - t, (AFTER,), 1),
        (t - u, (BEFORE,), 1),
        (u - t, (In(u, Affine(), t + 1),), None),
        (u - t, (Delta(u, t),), 0),
        (u - t, (Delta(t, p), Delta(u, p)), 0),
        (u - t, (In(u, t, t + 1),), 0),
        (u - t, (In(u, Affine(), t + 1), In(t, Affine(), u + 1)), 0),
        (u - t + 1, (Delta(u, t),), 1),
        (u - t, (In(u, t, t + 2),), None),
        (u - t, (Delta(u, p),), None),
        (u - t, (Delta(u, p), In(p, Affine(), t)), -1),
        (t - T, (), -1),
        (T - p, (), None),
    ],
    ids=str,
)
def test_the_side_of_a_shift(shift, guards, found):
    assert steps_away(SYSTEM, shift, INDICES, guards) == found


def places():
    """Sizes, the parameter, and everything in between."""
    for extent, lags, least in product((1, 2, 4), (0, 1, 3), (1, 2)):
        for a, b, c in product(range(extent), range(extent), range(lags)):
            indices = dict(zip(map(Letter, "tup"), (a, b, c), strict=True))
            yield {"T": extent, "P": lags, "k": least, **indices}


def no_reads(tensor, at):
    pytest.fail("it reads nothing")


def value(e, place):
    return e.evaluate(place, no_reads)


def wrong_place(shift, guards, found):
    """A place where the guards hold and the shift is not on the side that was found."""
    if found is None:
        return None
    for place in places():
        here = value(shift, place)
        if all(holds(g, place, no_reads) for g in guards) and (here * found <= 0 if found else here):
            return place
    return None


SHIFTS = st.tuples(*(st.integers(-2, 2) for _ in range(7))).map(
    lambda c: c[0] * t + c[1] * u + c[2] * p + c[3] * k + c[4] * T + c[5] * k * p + c[6]
)
RANGES = st.builds(lambda e, hi: In(e, Affine(), hi), SHIFTS, SHIFTS)
GUARDS = st.lists(st.one_of(RANGES, st.builds(Delta, SHIFTS, SHIFTS)), max_size=2).map(tuple)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(SHIFTS, GUARDS)
def test_a_side_that_is_known_is_the_side_everywhere(shift, guards):
    if not shift.is_integer():
        assert wrong_place(shift, guards, steps_away(SYSTEM, shift, INDICES, guards)) is None


def test_a_fact_that_is_off_by_one_is_noticed(monkeypatch):
    """Planted fault: u < t taken for u <= t - 2."""
    monkeypatch.setattr(inequalities, "facts", lambda guards: tuple(g.hi - 2 - g.e for g in guards))
    found = steps_away(SYSTEM, u - t + 1, INDICES, (BEFORE,))
    assert found == -1 and wrong_place(u - t + 1, (BEFORE,), found)


def test_a_place_that_is_taken_for_another_is_noticed(monkeypatch):
    """Planted fault: u <= t + 1 and t <= u taken for u = t."""
    monkeypatch.setattr(inequalities, "facts", lambda guards: (u - t, t - u))
    close = (In(u, t, t + 2),)
    found = steps_away(SYSTEM, u - t, INDICES, close)
    assert found == 0 and wrong_place(u - t, close, found)


def test_a_product_with_what_may_have_either_sign_is_not_known():
    assert not Ranges(SYSTEM, INDICES).at_least(p * (t - u), Affine())
