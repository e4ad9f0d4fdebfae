"""The largest term of a sum of exponentials taken out of its logarithm: the same value, all digits."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nan
from typing import Any

import mpmath
import numpy as np
import pytest

from derive.algebra.expr import ONE, Choice, transform
from derive.algebra.system import System, map_terms
from derive.derivation import derive
from derive.language import Spec, exp, log, op, total
from derive.ops.dense_softmax import dense_softmax
from derive.ops.softmax_cross_entropy import softmax_cross_entropy
from derive.oracle.numbers import Floats
from derive.oracle.reference import evaluate
from tests.derive import stable_specs

SPEC = stable_specs.log_softmax[0]
ROWS = [
    [0.0, -40.0, -50.0, -41.0],  # one far ahead: the others are below a rounding of it
    [700.0, 650.0, 1.0, -3.0],
    [2.0, 2.0, 2.0, 2.0],  # the maximum four times
    [5.0, -30.0, 5.0, -800.0],
    [0.25, -1.0, 2.0, 1.5],
]


def log_softmax(system: System, x: list[float]) -> Any:
    values = evaluate(system, {"x": np.array([x])}, {"K": len(x), "B": 1}, {}, {}, Floats())
    return values["p"].astype(float)[0]


def exact(x: list[float]) -> list[float]:
    with mpmath.workprec(3000):
        total = mpmath.log(sum(mpmath.exp(v) for v in map(mpmath.mpf, x)))
        return [float(v - total) for v in x]


def off(found: Any, wanted: list[float]) -> float:
    """The largest relative error."""
    return float(max(abs(a - b) / abs(b) for a, b in zip(found, wanted, strict=True)))


@pytest.mark.parametrize("x", ROWS, ids=str)
def test_every_entry_keeps_its_digits(x: list[float]) -> None:
    assert off(log_softmax(derive(SPEC).stable_forward, x), exact(x)) < 1e-14


def test_the_textbook_form_loses_the_digits_of_a_sure_class() -> None:
    x = np.array(ROWS[0])
    assert off(x - np.log(np.exp(x).sum()), exact(ROWS[0])) == 1.0


def _spoilt(system: System, change: Any) -> System:
    """The system with the equations of `rest_Z` and `ties_Z` changed."""
    equations = []
    for e in system.equations:
        terms = {n: replace(t, body=transform(t.body, change)) for n, t in enumerate(e.terms)}
        equations.append(map_terms(e, terms) if e.tensor in ("rest_Z", "ties_Z") else e)
    return system.with_equations(tuple(equations), system.tensors)


def test_other_comparisons_are_seen() -> None:
    system = derive(SPEC).stable_forward
    wrong = _spoilt(system, lambda n: replace(n, relation="<=") if isinstance(n, Choice) else n)
    assert off(log_softmax(wrong, ROWS[0]), exact(ROWS[0])) == 1.0
    uncounted = _spoilt(
        system, lambda n: replace(n, otherwise=n.then) if isinstance(n, Choice) and n.otherwise == ONE else n
    )
    assert off(log_softmax(uncounted, ROWS[2]), exact(ROWS[2])) > 1e-3


@op(title="logarithm of a sum of exponentials", source="test")
def logsumexp(s: Spec) -> None:
    N, K = s.batch("N", "n"), s.size("K", "k")
    n, k = s.index("n", N), s.index("k", K)
    x, y = s.data("x", N, K), s.let("y", N)
    y[n] = log(total(k, exp(x[n, k])))
    s.returns(y)


@pytest.mark.parametrize(
    ("row", "value"),
    [([], -inf), ([-inf, -inf, -inf], -inf), ([inf, 0.0], inf), ([nan, 0.0], nan), ([3.0], 3.0)],
    ids=str,
)
def test_no_terms_and_terms_that_are_not_finite(row: list[float], value: float) -> None:
    given, sizes = {"x": np.array([row], dtype=float)}, {"N": 1, "K": len(row)}
    with np.errstate(all="ignore"):
        found = evaluate(derive(logsumexp[0]).stable_forward, given, sizes, {}, {}, Floats())["y"]
    assert np.array_equal(found.astype(float), [value], equal_nan=True)


def test_the_step_is_told_and_the_sum_is_one_more_than_the_rest() -> None:
    d = derive(softmax_cross_entropy[0])
    (step,) = (s for s in d.steps if "largest term" in s.why)
    assert [e.tensor for e in step.made] == ["ties_Z", "rest_Z", "Z", "L"]
    assert "log1p" in str(d.stable_forward.equation("L").terms)


def test_a_softmax_without_a_logarithm_is_left_alone() -> None:
    d = derive(dense_softmax[0])
    assert not any(t.name.startswith(("rest_", "ties_")) for t in d.stable_forward.tensors)
