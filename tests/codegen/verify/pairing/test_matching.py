"""Changes of variables: proved with their domains, refused without them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from codegen.verify.pairing.matching import check, remainder, same
from codegen.verify.pairing.sums import Setting, Summand, summands, unit_solution
from derive.algebra.expr import Expr, Read, times
from derive.algebra.index import Affine, Delta, Guard, In, Index, IntegerRead, Letter
from derive.algebra.system import IntegerParameter, Size, System, Tensor, Term
from derive.language import exp
from tests.indices import index, indices

N, M, K, S = (Affine.of(name) for name in ("N", "M", "k", "s"))
I, P, U = indices("ipu")
ZERO = Affine()

SYSTEM = System(
    "pair",
    (Size("N", ("u",)), Size("M", ("i",))),
    (
        Tensor("x", (N,), "data"),
        Tensor("y", (M,), "computed"),
        Tensor("w", (K,), "parameter"),
        Tensor("label", (M,), "data", integer=True),
    ),
    ("x", "w", "label"),
    ("y",),
    (),
    integers=(IntegerParameter("k", 2, 1), IntegerParameter("s", 3, 1)),
)
SETTING = Setting.of(SYSTEM)

i, p, u = Index("i", ZERO, M), Index("p", ZERO, K), Index("u", ZERO, N)


def read(tensor: str, at: Affine) -> Expr:
    return Read(tensor, (at,))


def total(binders: tuple[Index, ...], guards: tuple[Guard, ...], *factors: Expr) -> Term:
    return Term(binders, guards, times(*factors))


def one(term: Term) -> Summand:
    (made,) = summands(term, SETTING)
    return made


WINDOW = total((i, p), (), read("x", S * I + P), read("y", I))
OPENED = total((u, i), (In(U - S * I, ZERO, K),), read("x", U), read("y", I))


def why(left: Term, right: Term) -> str:
    found = same(one(left), one(right), SETTING)
    return found.reason if found else ""


# with a step s > k, the windows leave gaps: the guard says which u lie in a window at all
def test_a_window_is_opened_with_its_guard() -> None:
    assert why(WINDOW, OPENED) == ""


@pytest.mark.parametrize(
    ("guards", "complaint"),
    [
        ((), "nothing implies -s*i + u >= 0"),
        ((In(U - S * I, ZERO, K + 1),), "nothing implies k - 1 + s*i - u >= 0"),
        ((In(U - S * I, ZERO, K - 1),), ">= 0"),
        ((In(U - S * I, Affine.of(1), K),), ">= 0"),
        ((In(U - S * I, Affine.of(-1), K),), ">= 0"),
    ],
)
def test_a_window_is_not_opened_with_another_domain(guards: tuple[Guard, ...], complaint: str) -> None:
    found = why(WINDOW, replace(OPENED, guards=guards))
    assert "nothing implies" in found and complaint in found


def test_a_factor_read_at_the_index_is_its_guard() -> None:
    by_kernel = total((i, p), (), read("x", S * I + P), read("w", P), read("y", I))
    opened = total((u, i), (), read("x", U), read("w", U - S * I), read("y", I))
    assert why(by_kernel, opened) == ""
    # exp(w[...]) is 1 outside: no guard
    hidden = total((i, p), (), read("x", S * I + P), exp(read("w", P)), read("y", I))
    unguarded = total((u, i), (), read("x", U), exp(read("w", U - S * I)), read("y", I))
    assert "nothing implies" in why(hidden, unguarded)
    assert why(hidden, replace(unguarded, guards=OPENED.guards)) == ""


@pytest.mark.parametrize(
    "wrong",
    [
        total((u, i), (In(U + S * I, ZERO, K),), read("x", U), read("y", I)),  # p = u + s*i
        total((u, i), (In(S * I - U, ZERO, K),), read("x", U), read("y", I)),  # p = s*i - u
        total((u, i), (In(U - S * I - 1, ZERO, K),), read("x", U), read("y", I)),
        total((u, Index("i", ZERO, N)), OPENED.guards, read("x", U)),  # a factor less
        total((u, i, p), OPENED.guards, read("x", U), read("y", I)),  # k times too much
        total((Index("u", ZERO, N - 1), i), OPENED.guards, read("x", U), read("y", I)),
    ],
)
def test_a_wrong_solution_of_the_delta_is_refused(wrong: Term) -> None:
    assert why(WINDOW, wrong) or one(WINDOW).monomial.kinds() != one(wrong).monomial.kinds()


def test_a_swapped_range_is_refused() -> None:
    j = Index("j", ZERO, K)
    swapped = total((u, j), (In(U - S * index("j"), ZERO, M),), read("x", U), exp(read("y", index("j"))))
    straight = total((i, p), (), read("x", S * I + P), exp(read("y", I)))
    assert why(straight, swapped)


def test_an_index_that_only_counts_has_its_range() -> None:
    counted = total((i, p), (), read("y", I))
    assert why(counted, total((i, Index("q", ZERO, K)), (), read("y", I))) == ""
    assert why(counted, total((i, Index("q", ZERO, K + 1)), (), read("y", I)))
    assert why(counted, total((i,), (), read("y", I)))
    assert why(counted, total((i, Index("q", Affine.of(1), K + 1)), (), read("y", I))), (
        "shifted: not looked for"
    )


def test_a_label_is_an_integer_of_which_nothing_is_known() -> None:
    label = Affine.of(IntegerRead("label", (I,)))
    named = total((i, u), (Delta(U, label),), read("x", U), read("y", I))
    assert why(named, total((i,), (), read("x", label), read("y", I))) == ""
    other = Affine.of(IntegerRead("label", (I + 1,)))
    assert why(named, total((i,), (), read("x", other), read("y", I)))


def label(*at: Affine) -> Affine:
    return Affine.of(IntegerRead("label", at))


@pytest.mark.parametrize(
    "place",
    [
        lambda v: label(v),
        lambda v: label(label(v)),
        lambda v: K * label(v - 1) + label(v),
        lambda v: label(v) - label(v + 1),
    ],
    ids=["a label", "a label of a label", "two labels as one number", "a difference of labels"],
)
def test_an_index_that_stands_only_inside_labels_is_found(place: Callable[[Affine], Affine]) -> None:
    """w[label[i]] = w[label[q]] does not say i = q, but i = q makes them equal."""
    straight = total((i,), (), read("w", place(I)))
    q, earlier = index("q"), index("q") + 1
    assert why(straight, total((Index("q", ZERO, M),), (), read("w", place(q)))) == ""
    shifted = total((Index("q", Affine.of(-1), M - 1),), (), read("w", place(earlier)))
    assert why(straight, shifted) == ""
    assert "nothing implies" in why(straight, replace(shifted, binders=(Index("q", ZERO, M),)))
    assert why(straight, replace(shifted, body=read("w", place(earlier) + 1)))


def test_labels_that_are_read_elsewhere_are_others() -> None:
    there = total((i,), (), read("w", label(I)), read("x", label(I + 1)))
    assert why(there, total((i,), (), read("w", label(I)), read("x", label(I + 2))))
    assert why(there, there) == ""


def test_a_map_that_is_no_bijection_is_refused() -> None:
    """u = 2*i reaches every second u only: the factors match, the inverse does not exist."""
    plain, even = one(total((i,), (), exp(read("y", ZERO)))), one(total((u,), (), exp(read("y", ZERO))))
    found = check(plain, even, {Letter("u"): I * 2}, SETTING)
    assert found is not None and "no inverse in integers" in found.reason
    found = check(plain, even, {Letter("u"): U}, SETTING)
    assert found is not None and "no inverse in integers" in found.reason
    found = check(plain, even, {Letter("u"): I}, SETTING)
    assert found is not None and "nothing implies" in found.reason  # u < N, i < M


# collecting ---------------------------------------------------------------------------------------------
def left_over(*signed: tuple[int, Term]) -> list[str]:
    terms = [s for sign, term in signed for s in summands(term, SETTING, sign)]
    return [str(rest.coefficient) for rest in remainder(terms, SETTING)]


def test_sums_are_counted() -> None:
    twice = replace(OPENED, body=2 * OPENED.body)
    assert left_over((1, WINDOW), (1, WINDOW), (-1, twice)) == []
    assert left_over((1, WINDOW), (-1, twice)) == ["-1"]
    gain = replace(OPENED, body=OPENED.body * 2001 / 2000)
    assert left_over((1, WINDOW), (-1, gain)) == ["-1/2000"]


def test_a_sum_over_nothing_is_0() -> None:
    nowhere = replace(WINDOW, guards=(In(I, M, M + 3),))
    assert left_over((1, nowhere)) == [] and left_over((1, WINDOW)) == ["1"]
    assert summands(replace(WINDOW, guards=(Delta(P, ZERO), Delta(P, Affine.of(1)))), SETTING) == []


def test_an_index_is_solved_for_only_where_it_stands_alone() -> None:
    assert unit_solution(U - S * I - P, Letter("p")) == U - S * I
    assert unit_solution(3 * P - 3 * I, Letter("p")) == I
    assert unit_solution(2 * P - 3 * I, Letter("p")) is None
    assert unit_solution(P + P * I, Letter("p")) is None
    assert unit_solution(P - Affine.of(IntegerRead("label", (P,))), Letter("p")) is None
