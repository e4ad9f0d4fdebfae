"""A choice by index is two branches under guards; any other choice stays one."""

import numpy as np
import pytest

from derive.algebra.expr import Choice, walk
from derive.algebra.index import In
from derive.authoring import elaborate, places
from derive.errors import SpecError
from derive.language import between, inside, op, sqrt, tanh, total, where
from derive.oracle.numbers import Floats
from derive.oracle.reference import evaluate
from tests.derive.test_reference import system_of
from tests.indices import index

RELATIONS = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal}


def chosen(relation, mirrored=False):
    def spec(s):
        N, M = s.size("N", "i"), s.size("M", "j")
        i, j, x, y = s.index("i", N), s.index("j", M), s.data("x", N, M), s.let("y", N, M)
        sides = (i + 1, relation, j) if mirrored else (i, relation, j - 1)
        y[i, j] = 3 + where(*sides, x[i, j], 10 * x[i, j])
        s.returns(y)

    return system_of(spec)


def choices(system):
    bodies = (t.body for e in system.equations for t in e.terms)
    return [node for body in bodies for node in walk(body) if isinstance(node, Choice)]


def value(system, x):
    sizes = dict(zip("NM", x.shape, strict=True))
    return evaluate(system, {"x": x.astype(object)}, sizes, {}, {}, Floats())["y"].astype(float)


def expected(relation, x):
    i, j = np.indices(x.shape)
    return 3 + np.where(RELATIONS[relation](i + 1, j), x, 10 * x)


X = np.arange(1.0, 21.0).reshape(4, 5)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("relation", RELATIONS)
def test_the_branches_are_terms_under_guards_and_mean_the_same(relation, mirrored):
    system = chosen(relation, mirrored)
    assert not choices(system)
    assert sorted(len(t.guards) for t in system.equations[0].terms) == [0, 1, 1]
    assert np.array_equal(value(system, X), expected(relation, X))


@pytest.mark.parametrize("relation", RELATIONS)
def test_an_edge_that_is_off_by_one_is_noticed(relation, monkeypatch):
    """Planted fault: every guard's upper end is one further."""
    monkeypatch.setattr(places, "In", lambda e, lo, hi: In(e, lo, hi + 1))
    assert not np.array_equal(value(chosen(relation), X), expected(relation, X))


def one(body):
    def spec(s):
        N = s.size("N", "ij")
        i, j, x, y = s.index("i", N), s.index("j", N), s.data("x", N, N), s.let("y", N, N)
        y[i, j] = body(i, j, x)
        s.returns(y)

    return system_of(spec)


@pytest.mark.parametrize(
    "body",
    [
        lambda i, j, x: where(x[i, j], ">", 0, x[i, j], 0),
        lambda i, j, x: where(2 * i, ">", 3 * j, x[i, j], 0),
        lambda i, j, x: tanh(where(i, ">", j, x[i, j], 0)),
        lambda i, j, x: x[j, i] * where(i, ">", j, x[i, j], 0),
    ],
    ids=["by a tensor", "no index alone", "inside a function", "a factor"],
)
def test_what_is_no_branch_of_a_term_stays_a_choice(body):
    assert len(choices(one(body))) == 1


def test_a_branch_of_nothing_is_no_term():
    (term,) = one(lambda i, j, x: where(i, ">", 0, x[i, j], 0)).equations[0].terms
    assert [str(g) for g in term.guards] == ["1 <= i < N"]


@op(title="Cholesky as a textbook has it", source="test")
def textbook(s):
    N = s.size("N", "ijk")
    i, j, k = s.index("i", N), s.index("j", N), s.index("k", N)
    A, L = s.data("A", N, N), s.let("L", N, N)
    below = (A[i, j] - total(k, L[i, k] * L[j, k], where=(between(k, 0, j),))) / L[j, j]
    diagonal = sqrt(A[j, j] - total(k, L[j, k] ** 2, where=(between(k, 0, j),)))
    L[i, j] = inside(j, 0, i + 1) * where(j, "<", i, below, diagonal)
    s.returns(L)


def test_a_recurrence_may_choose_by_index():
    """L[j, j] is read in the branch of j < i only: a choice would not say that it is an earlier row."""
    system = textbook[0].spec()
    assert not choices(elaborate.elaborate(system, elaborate.Recorder([])))


def test_a_recurrence_that_chooses_is_refused_where_the_choice_stays(monkeypatch):
    monkeypatch.setattr(elaborate, "by_place", lambda node, scope: (node,))
    with pytest.raises(SpecError, match="nothing says that all steps it reads are earlier"):
        elaborate.elaborate(textbook[0].spec(), elaborate.Recorder([]))


def test_an_index_is_known_by_its_own_range():
    node = where(index("t"), "<", 2, 1, 0)
    assert places.by_place(node, {}) == (node,)
