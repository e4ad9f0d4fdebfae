"""Numbers that cancel, and summands of which one is always 0, made one choice: the same value, shorter."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

from codegen.pipeline import write
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.rung2_derivation import check
from derive.adjoint import adjoint
from derive.algebra.expr import (
    ZERO,
    Choice,
    Expr,
    Negative,
    Number,
    Parameter,
    Power,
    Product,
    Ratio,
    Sum,
    plus,
    walk,
)
from derive.algebra.index import Affine
from derive.combine import merge as merging
from derive.combine.merge import merge, one_choice, without_common_numbers
from derive.derivation import derive
from derive.language import Spec, op, total, where
from derive.ops.clipping import clip_by_value
from derive.ops.huber import huber
from derive.ops.mse import mse
from derive.oracle.meaning import Meaning
from derive.oracle.numbers import Precise
from derive.steps import Recorder

A, B, C, D, E = map(Parameter, "ABCDE")


def chosen(then: Expr, otherwise: Expr, by: Expr = E) -> Choice:
    return Choice(by, "<=", ZERO, then, otherwise)


def value(node: Expr, at: tuple[int, ...]) -> Fraction:
    put = dict(zip("ABCDE", map(float, at), strict=True))
    return Fraction(float(Meaning(Precise(), {}, put).value(node, {}))).limit_denominator(10**9)


def same(a: Expr, b: Expr) -> bool:
    """Whether two expressions have one value, in both branches of every choice."""
    points = product((3, -5), (7,), (2, -2), (11, -4), (-1, 0, 1))
    return all(value(a, at) == value(b, at) for at in points)


# numbers ---------------------------------------------------------------------------------------
NUMBERS = {
    "2*e/2": (2 * A / 2, A),
    "-2*e/2": (-(2 * A) / 2, Negative(A)),
    "4*e/6": (4 * A / 6, Number(Affine.of(2), 3) * A),
    "e/2/3": (A / 2 / 3, A / 6),
    "2*3*e": (2 * (3 * A) / B, 6 * A / B),
    "numbers beyond what a float holds": (A / (2**30) / (2**30), A / (2**30) / (2**30)),
    "a half of 2*e": ((1 / (B * 2)) * (2 * A), A / B),
    "below and above": (6 * A / (2 * B), 3 * A / B),
    "inside a choice": (B * chosen(2 * A / 2, ZERO), B * chosen(A, ZERO)),
}


@pytest.mark.parametrize(("old", "new"), NUMBERS.values(), ids=NUMBERS.keys())
def test_numbers_above_and_below_a_line_cancel(old: Expr, new: Expr) -> None:
    found = without_common_numbers(old)
    assert found == new
    assert same(found, old)


@pytest.mark.parametrize("node", [2 * A / 3, A / 2, 2 * A, 2 / A, Power(A, 2) / B, A * 3 / B], ids=str)
def test_what_has_no_common_number_is_left_alone(node: Expr) -> None:
    assert without_common_numbers(node) == node


# choices ---------------------------------------------------------------------------------------
CHOICES = {
    "two halves": (chosen(A, ZERO), chosen(ZERO, B), chosen(A, B)),
    "common factors": (C * chosen(A, ZERO) * D, C * chosen(ZERO, B) * D, C * chosen(A, B) * D),
    "a factor of one alone": (C * chosen(A, ZERO), D * C * chosen(ZERO, B), C * chosen(A, D * B)),
    "a factor twice": (C * chosen(A, ZERO) * C, C * chosen(ZERO, B), chosen(C * A, B) * C),
    "one sign": (-chosen(A, ZERO), chosen(ZERO, B), chosen(Negative(A), B)),
    "both signs": (-(C * chosen(A, ZERO)), C * chosen(ZERO, -B), Negative(C * chosen(A, B))),
    "a choice in a choice": (
        chosen(ZERO, chosen(A, ZERO, by=D)),
        chosen(ZERO, chosen(ZERO, B, by=D)),
        chosen(ZERO, chosen(A, B, by=D)),
    ),
}


@pytest.mark.parametrize(("a", "b", "one"), CHOICES.values(), ids=CHOICES.keys())
def test_two_summands_that_choose_are_one_choice(a: Expr, b: Expr, one: Expr) -> None:
    assert one_choice(a, b) == one
    assert same(one, plus((a, b)))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (chosen(A, ZERO), chosen(B, ZERO)),  # both where E <= 0
        (chosen(A, ZERO), chosen(ZERO, B, by=D)),
        (chosen(A, ZERO), Choice(E, "<", ZERO, ZERO, B)),
        (chosen(A, ZERO), B),
        (A, B),
    ],
    ids=["one branch", "other conditions", "other relations", "no choice", "none at all"],
)
def test_summands_that_may_both_count_stay_two(a: Expr, b: Expr) -> None:
    assert one_choice(a, b) is None


def test_a_wrong_merge_has_another_value() -> None:
    a, b = chosen(A, ZERO), chosen(B, ZERO)
    assert not same(chosen(A, B), plus((a, b)))


# in derivations ----------------------------------------------------------------------------------
def test_hubers_gradient_is_one_choice() -> None:
    d = derive(huber[0])
    (term,) = d.combined.equation("dy").terms
    (choice,) = (n for n in walk(term.body) if isinstance(n, Choice))
    assert isinstance(choice.then, Sum) and isinstance(choice.otherwise, Product)  # y - y_hat, delta*sign
    assert not any(isinstance(n, Ratio) for n in walk(choice))
    assert len(d.backward.equation("dy").terms) == 2, "the adjoint itself stays as the calculus has it"
    assert [s.source for s in d.steps if s.rule == "merge"] == ["dy", "dy_hat"]


@op(title="half a sum of squares, where it is positive", source="test")
def half_square(s: Spec) -> None:
    N = s.size("N", "n")
    n, x, L = s.index("n", N), s.data("x", N), s.let("L")
    L[:] = total(n, where(x[n], ">", 0, x[n] ** 2 / 2, 0))
    s.returns(L)


def test_numbers_alone_are_a_step_of_their_own() -> None:
    assert [s.rule for s in derive(half_square[0]).steps if s.rule in ("merge", "numbers")] == ["numbers"]


@pytest.mark.parametrize("spec", [mse[0], clip_by_value[0]], ids=lambda spec: spec.name)
def test_what_cannot_be_shorter_is_left_alone(spec) -> None:
    d = derive(spec)
    recorder = Recorder([])
    assert merge(adjoint(d.forward, Recorder([])), recorder).equations == d.backward.equations
    assert recorder.steps == []


def test_a_merge_that_drops_a_branch_fails_the_second_rung(monkeypatch: pytest.MonkeyPatch) -> None:
    candidate = Candidate(write(huber[0]))
    assert check(candidate, Cases(derive(huber[0]))).verdict == "passed"
    monkeypatch.setattr(merging, "one_choice", lambda a, b: a)
    assert check(candidate, Cases(derive(huber[0]))).verdict == "failed"
