"""Implications over the integers: what is proved holds at every point, and the obvious is proved."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.verify.pairing.regions import Region
from derive.algebra.index import Affine, IntegerRead, Letter, Name
from tests.indices import indices

I, J, P = indices("ijp")
N, S = map(Affine.of, ("n", "s"))
LABEL = Affine.of(IntegerRead("y", (I,)))


@pytest.mark.parametrize(
    ("facts", "goal"),
    [
        ((I, N - 1 - I), N - 1),  # an element is there, so the axis is not empty
        ((I - J, J - 2), I - 2),
        ((2 * I - 1,), I - 1),  # i >= 1/2, and i is an integer
        ((3 * I - 1, 5 - 3 * I), I - 1),
        ((S * I + P, P - 1 - S * I), 2 * P - 1),
        ((LABEL - I, I), LABEL),
        ((I, -1 - I), J),  # nothing lies there, so anything holds
    ],
)
def test_what_follows_is_proved(facts: tuple[Affine, ...], goal: Affine) -> None:
    assert Region(facts).implies(goal)


@pytest.mark.parametrize(
    ("facts", "goal"),
    [
        ((I,), N - 1 - I),
        ((I - J, J - 2), I - 3),
        ((S - 1, I), I - S),
        ((S * I,), I),  # s could be negative
        ((LABEL,), Affine.of(IntegerRead("y", (J,)))),  # another label
    ],
)
def test_what_does_not_follow_is_not(facts: tuple[Affine, ...], goal: Affine) -> None:
    assert not Region(facts).implies(goal)


def test_equalities_are_two_implications() -> None:
    region = Region((2 * I - 2 * J, J - I))
    assert region.vanishes(I - J) and not region.vanishes(I + J)


def test_a_point_more_or_less_is_noticed() -> None:
    window = Region((I, N - 1 - I))
    assert window.implies(N - 1 - I) and not window.implies(N - 2 - I) and not window.implies(I - 1)


small = st.integers(-3, 3)
lines = st.tuples(small, small, small, small).map(lambda c: c[0] * I + c[1] * J + c[2] * N + c[3])


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.lists(lines, max_size=5), lines)
def test_no_implication_is_proved_that_a_point_contradicts(facts: list[Affine], goal: Affine) -> None:
    names = (Letter("i"), Letter("j"), "n")
    points = [dict(zip(names, at, strict=True)) for at in itertools.product(range(-4, 5), repeat=3)]

    def at_least_0(e: Affine, point: dict[Name, int]) -> bool:
        return e.evaluate(point, lambda *_: 0) >= 0

    inside = [p for p in points if all(at_least_0(f, p) for f in facts)]
    if Region(tuple(facts)).implies(goal):
        assert all(at_least_0(goal, p) for p in inside)
    if Region(tuple(facts)).empty():
        assert not inside
