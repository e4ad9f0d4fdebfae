"""What Python would ask of a number or a list: never a hang, always a line that says what to write."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from derive.algebra.unanswered import ANSWERS, Unanswered
from derive.derivation import derive
from derive.errors import SpecError
from derive.language import OpSpec, Spec, exp, op, total

QUESTIONS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "sum": (sum, "sum with total"),
    "list": (list, "sum with total"),
    "for": (lambda x: [y for y in x], "sum with total"),
    "unpacked": (lambda x: (lambda *a: a)(*x), "sum with total"),
    "max": (max, "largest"),
    "reversed": (reversed, "sum with total"),
    "in": (lambda x: 3 in x, "delta"),
    "len": (len, "sizes that s.size"),
    "float": (float, "derive.language"),
    "complex": (complex, "derive.language"),
    "math.exp": (math.exp, "derive.language"),
    "int": (int, "s.index"),
    "range": (range, "s.index"),
    "position in a list": (lambda x: [1, 2][x], "s.index"),
    "abs": (abs, "absolute"),
    "round": (round, "rounding"),
    "floor": (math.floor, "rounding"),
    "remainder": (lambda x: x % 2, "remainder"),
    "remainder by it": (lambda x: 2 % x, "remainder"),
    "divmod": (lambda x: divmod(x, 2), "remainder"),
    "power of it": (lambda x: 2**x, "exp"),
    "hat": (lambda x: x ^ 2, "x\\*\\*2"),
    "and": (lambda x: x & 1, "where"),
    "not": (operator.invert, "where"),
    "np.exp": (np.exp, "numpy"),
    "np.sum": (np.sum, "numpy"),
    "np.array": (np.array, "numpy"),
    "np.dot": (lambda x: np.dot(x, np.ones(3)), "numpy"),
    "an array and it": (lambda x: np.ones(3) * x, "numpy"),
    "less": (lambda x: x < 1, "where|guards"),
    "between": (lambda x: 0 < x < 1, "where|guards"),
}
OF_TENSORS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "floor division": (lambda x: x // 2, "x / y"),
    "by floor division": (lambda x: 2 // x, "x / y"),
    "huge power": (lambda x: x**100000, "at most 64"),
    "huge negative power": (lambda x: x**-100000, "at most 64"),
    "huger power": (lambda x: x**10**5000, "at most 64"),
    "real power": (lambda x: x**0.5, "sqrt"),
    "power by a tensor": (lambda x: x**x, "sqrt"),
    "truth": (bool, "where"),
}
HELD: dict[str, Callable[[Any], Any]] = {
    "tensor": lambda d: d["x"],
    "matrix": lambda d: d["W"],
    "element": lambda d: d["x"][d["i"]],
    "expression": lambda d: exp(d["x"][d["i"]]) + 1,
    "sum": lambda d: total(d["i"], d["x"][d["i"]]),
    "parameter": lambda d: d["a"],
    "size": lambda d: d["N"],
    "index": lambda d: d["i"],
    "sum of indices": lambda d: d["i"] + 1,
    "integer": lambda d: d["stride"],
}
NUMBERS = ("size", "index", "sum of indices", "integer")


def asked(held: str, question: Callable[[Any], Any]) -> OpSpec:
    """An op whose spec asks something of what it holds."""

    @op(title="a question", source="test")
    def asks(s: Spec) -> None:
        N, stride, a = s.size("N", "n"), s.integer("stride", 1), s.real("a", 1.0)
        i = s.index("i", N)
        x, W = s.data("x", N), s.parameter("W", N, N)
        question(HELD[held]({"x": x, "W": W, "i": i, "N": N, "stride": stride, "a": a}))

    return asks[0]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("held", HELD)
def test_a_question_that_has_no_answer_yet_is_refused_with_what_to_write(held, question):
    ask, mend = QUESTIONS[question]
    with pytest.raises(SpecError, match=rf"^test_unanswered\.py:\d+: asks: .*({mend})"):
        derive(asked(held, ask))


@pytest.mark.parametrize("question", OF_TENSORS)
@pytest.mark.parametrize("held", sorted(set(HELD) - set(NUMBERS)))
def test_so_is_one_that_indices_could_answer(held, question):
    ask, mend = OF_TENSORS[question]
    with pytest.raises(SpecError, match=rf"^test_unanswered\.py:\d+: asks: .*({mend})"):
        derive(asked(held, ask))


@pytest.mark.parametrize(
    ("held", "question", "mend"),
    (
        ("matrix", lambda x: x[0, 0][0], "no axes"),
        ("matrix", lambda x: x == 0, "where"),
        ("matrix", lambda x: x != x, "where"),
        ("index", lambda i: i**2, "no powers"),
    ),
)
def test_positions_of_an_expression_equality_of_tensors_and_powers_of_indices(held, question, mend):
    with pytest.raises(SpecError, match=mend):
        derive(asked(held, question))


def test_without_an_answer_a_sum_would_not_end(monkeypatch):
    """The planted fault: Python's old protocol asks for one element after the other."""
    monkeypatch.delattr(Unanswered, "__iter__")
    taken: list[Any] = []

    def some(x: Any) -> None:
        for element in x:
            taken.append(element)
            if len(taken) > 100:
                return

    with pytest.raises(SpecError, match="returns nothing"):
        derive(asked("tensor", some))
    assert len(taken) > 100 and "__iter__" in ANSWERS
