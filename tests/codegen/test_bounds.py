"""Loop limits and what is known of indices, against enumerating every point of small boxes."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen.bounds import Bounds
from codegen.nodes import Ceil, least
from derive.algebra.affine import Quotient
from derive.algebra.expr import Call, Number, Product, Read, Sum
from derive.algebra.index import Affine, Delta, In, Index, IntegerRead, Letter, holds
from derive.algebra.system import IntegerParameter, Size, System, Tensor
from tests.indices import indices

N, M, step = map(Affine.of, ("N", "M", "step"))
S, A, F = map(Affine.of, ("S", "A", "F"))
i, j = indices("ij")
SYSTEM = System(
    "box",
    (
        Size("N", ("i",), least=1),
        Size("M", ("j",)),
        Size("S", ("s",), formula=Quotient(N + M, Affine.of(1), Affine())),
        Size("A", ("a",), formula=Quotient(N * M, Affine.of(1), Affine.of(2))),
        Size("F", ("f",), formula=Quotient(N, Affine.of(2), Affine())),
    ),
    (Tensor("x", (N,), "data"), Tensor("w", (N,), "data"), Tensor("label", (M,), "data", integer=True)),
    (),
    (),
    (),
    (IntegerParameter("step", 1, 1), IntegerParameter("pad", 0, 0)),
)
BOUNDS = Bounds(SYSTEM, (Index("i", Affine(), N), Index("j", Affine(), M)))
SYMBOLS = [
    dict(zip(("N", "M", "step", "pad"), values, strict=True))
    | {"S": values[0] + values[1], "A": values[0] * values[1] + 2, "F": values[0] // 2}
    for values in itertools.product((1, 2, 5), (0, 1, 4), (1, 2, 3), (0, 2))
]
SETTINGS = settings(max_examples=150, deadline=None, derandomize=True)


def combination(*atoms: Affine):
    """Sums of the atoms with small coefficients, and a constant."""
    small = st.integers(-3, 3)
    return st.tuples(small, *(small for _ in atoms)).map(
        lambda c: sum((k * a for k, a in zip(c[1:], atoms, strict=True)), Affine.of(c[0]))
    )


POSITIONS = combination(i, j, step * i, step * j, Affine.of("pad"), i * M)
ENDS = combination(N, M, Affine.of("pad"), S, A)


def points(symbols):
    for a, b in itertools.product(range(symbols["N"]), range(symbols["M"])):
        yield {**symbols, Letter("i"): a, Letter("j"): b}


def every_point():
    return (point for symbols in SYMBOLS for point in points(symbols))


def value(e: Affine, point) -> int:
    return e.evaluate(point, lambda *_: pytest.fail("it reads nothing"))


def ceiling(c: Ceil, point) -> int:
    top, bottom = value(c.numerator, point), value(c.denominator, point)
    return next(n for n in range(-1000, 1000) if n * bottom >= top)


def allowed(point, name, limits) -> bool:
    lo, hi = limits
    return all(point[name] >= ceiling(c, point) for c in lo) and all(
        point[name] < ceiling(c, point) for c in hi
    )


# limits -------------------------------------------------------------------------------------------
@SETTINGS
@given(POSITIONS, ENDS, ENDS, st.sampled_from("ij"))
def test_limits_admit_exactly_the_points_where_the_guard_holds(e, lo, hi, name):
    guard = In(e, lo, hi)
    limits = BOUNDS.limits(name, guard)
    if limits is None:
        assert BOUNDS.sign(e.coefficient(name)) == 0
        return
    for point in every_point():
        assert allowed(point, name, limits) == holds(guard, point, None), (point, limits)


STRIDED = [
    In(step * i + j - Affine.of("pad"), Affine(), N),
    In(-step * i + j + Affine.of("pad"), Affine(), N),
    In(i - 1, Affine(), N),
    In(-i + N - 2, Affine.of(1), N),
    In(3 * i - 2 * j + 1, Affine.of(-1), M),
    In(-2 * i + 5, Affine(), M),
]


@pytest.mark.parametrize("guard", STRIDED, ids=str)
def test_guards_with_symbolic_and_negative_coefficients_become_limits(guard):
    limits = BOUNDS.limits(Letter("i"), guard)
    assert limits is not None
    assert all(allowed(p, Letter("i"), limits) == holds(guard, p, None) for p in every_point())


@pytest.mark.parametrize("side", (0, 1))
@pytest.mark.parametrize("guard", STRIDED[:3], ids=str)
def test_limits_that_are_off_by_one_are_seen(guard, side):
    """Planted fault: a limit moved by one, which the enumeration must notice."""
    limits = list(BOUNDS.limits(Letter("i"), guard))
    if limits[side]:
        moved = 1 if side == 0 else -1
        limits[side] = tuple(Ceil(c.numerator + moved * c.denominator, c.denominator) for c in limits[side])
        assert any(allowed(p, Letter("i"), limits) != holds(guard, p, None) for p in every_point())


def test_what_is_no_limit_stays_a_guard():
    label = Affine.of(IntegerRead("label", (i,)))
    assert BOUNDS.limits(Letter("i"), Delta(i, j)) is None
    assert BOUNDS.limits(Letter("i"), In(j, Affine(), N)) is None  # it names another index
    assert BOUNDS.limits(Letter("i"), In(j, Affine(), i)) == (
        (least(j + 1),),
        (),
    )  # j < i is one, whoever moves
    assert BOUNDS.limits(Letter("i"), In(label + i, Affine(), N)) is None
    assert BOUNDS.limits(Letter("i"), In(Affine.of("pad") * i, Affine(), N)) is None
    assert BOUNDS.limits(Letter("i"), In(j, Affine(), N)) is None


# what is known ------------------------------------------------------------------------------------
@SETTINGS
@given(POSITIONS, ENDS)
def test_at_least_claims_nothing_that_a_point_refutes(a, b):
    for left, right in ((a, b), (b, a)):
        if BOUNDS.at_least(left, right):
            assert all(value(left, p) >= value(right, p) for p in every_point())


@SETTINGS
@given(POSITIONS, ENDS, ENDS)
def test_a_side_that_is_not_open_never_fails(e, lo, hi):
    sides = BOUNDS.open_sides(In(e, lo, hi))
    for point in every_point():
        assert "lo" in sides or value(lo, point) <= value(e, point)
        assert "hi" in sides or value(e, point) < value(hi, point)


@pytest.mark.parametrize(
    ("a", "b", "known"),
    [
        (N, Affine.of(1), True),
        (M, Affine.of(1), False),
        (i, Affine(), True),
        (N - 1, i, True),
        (N - 2, i, False),
        (N + step * M, i, True),
        (step, Affine.of(2), False),
        (Affine.of(IntegerRead("label", (j,))), Affine(), False),
        (S - 1, i + j, True),  # two indices at once, and a size by its formula
        (S - 1, i + M, True),
        (A - 3, i * M + j, True),
        (A - 4, i * M + j, False),
        (N, F, False),  # true, but a floor is no polynomial
    ],
    ids=str,
)
def test_the_ends_of_an_index_and_the_least_sizes_are_known(a, b, known):
    assert BOUNDS.at_least(a, b) is known


GUARDS = st.one_of(st.builds(In, POSITIONS, ENDS, ENDS), st.builds(Delta, st.sampled_from((i, j)), ENDS))


@SETTINGS
@given(GUARDS, GUARDS)
def test_guards_that_exclude_each_other_hold_nowhere_together(a, b):
    if BOUNDS.exclude((a,), (b,)):
        assert not any(holds(a, p, None) and holds(b, p, None) for p in every_point())


@pytest.mark.parametrize(
    ("a", "b", "known"),
    [
        (Delta(i, Affine()), In(i - 1, Affine(), N), True),  # the first step, and all others
        (In(i, Affine(), M), In(i - M, Affine(), N), True),  # the parts of a concatenation
        (In(i, Affine(), M + 1), In(i - M, Affine(), N), False),
        (Delta(i, Affine.of(1)), In(i - 1, Affine(), N), False),
        (Delta(i, Affine()), Delta(i, Affine.of(1)), False),  # true, but nobody asks
    ],
    ids=str,
)
def test_which_guards_are_seen_to_exclude_each_other(a, b, known):
    assert BOUNDS.exclude((a,), (b,)) is known


@SETTINGS
@given(GUARDS, GUARDS)
def test_of_opposite_guards_exactly_one_holds(a, b):
    if BOUNDS.are_opposite((a,), (b,)):
        assert all(holds(a, p, None) != holds(b, p, None) for p in every_point())


@pytest.mark.parametrize(
    ("a", "b", "opposite"),
    [
        (Delta(i, Affine()), In(i - 1, Affine(), N), True),
        (In(i - 1, Affine(), N), Delta(Affine(), i), True),
        (Delta(i, Affine.of(1)), In(i - 2, Affine(), N), False),  # neither holds at 0
        (Delta(i, Affine()), In(i, Affine(), N), False),
        (Delta(i, Affine()), In(i - 1, Affine(), M), False),  # the range may end early
    ],
    ids=str,
)
def test_the_first_step_is_the_opposite_of_all_others(a, b, opposite):
    assert BOUNDS.are_opposite((a,), (b,)) is opposite


def test_a_read_inside_its_domain_needs_no_guard_and_one_beyond_it_does():
    assert BOUNDS.domain_guards(Read("x", (i,))) == ()
    assert BOUNDS.domain_guards(Read("x", (i - 1,))) == (In(i - 1, Affine(), N),)
    assert BOUNDS.domain_guards(IntegerRead("label", (j + 1,))) == (In(j + 1, Affine(), M),)


def test_only_reads_that_do_not_end_their_product_are_loose():
    factor, loose = Read("x", (i - 1,)), Read("w", (i + 1,))
    body = Product((factor, Call("exp", (Sum((loose, Number(Affine.of(1)))),))))
    assert BOUNDS.factor_guards(body) == BOUNDS.domain_guards(factor)
    assert BOUNDS.loose_reads(body, BOUNDS.factor_guards(body)) == (loose,)
    assert BOUNDS.loose_reads(body, BOUNDS.domain_guards(loose)) == ()
