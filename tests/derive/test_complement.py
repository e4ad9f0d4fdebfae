"""A probability less 1 as minus the sum of the others: exactly the same gradient, with all its digits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest

from derive.adjoint import join
from derive.algebra.expr import When
from derive.algebra.system import System
from derive.derivation import derive
from derive.language import OpSpec, Spec, exp, log, op, total
from derive.ops.sequence_cross_entropy import sequence_cross_entropy
from derive.ops.softmax_cross_entropy import softmax_cross_entropy
from derive.ops.softmax_cross_entropy_distribution import softmax_cross_entropy_distribution
from derive.oracle.numbers import Floats
from derive.oracle.reference import evaluate
from derive.oracle.residues import PrimeField, Residue
from derive.pages.text import expr_text
from derive.stable import complement as stage
from derive.stable.rescale import Joint
from derive.steps import Recorder

K = 4
SIZES = {"N": 7, "K": K, "T": 7, "B": 2}
LABELS = np.array([-3, -1, 0, 1, K - 1, K, K + 2])  # three inside the axis, one beside it, others far off


@op(title="a user's cross-entropy, weighted, of unnamed probabilities", source="test")
def weighted(s: Spec) -> None:
    N, classes = s.batch("N", "n"), s.size("K", "kl")
    n, l = s.index("n", N), s.index("l", classes)
    x, w = s.data("x", N, classes), s.data("w", N)
    y, L = s.data("y", N, integer=True), s.let("L", N)
    L[n] = w[n] * (log(total(l, exp(x[n, l]))) - x[n, y[n]])
    s.returns(L)


@op(title="a user's cross-entropy, of named exponentials", source="test")
def named(s: Spec) -> None:
    N, classes = s.batch("N", "n"), s.size("K", "kl")
    n, k, l = s.index("n", N), s.index("k", classes), s.index("l", classes)
    x, y = s.data("x", N, classes), s.data("y", N, integer=True)
    e, q, L = s.let("e", N, classes), s.let("q", N, classes), s.let("L", N)
    e[n, k] = exp(x[n, k])
    q[n, k] = e[n, k] / total(l, e[n, l])
    L[n] = -log(q[n, y[n]])
    s.returns(L)


@op(title="a slope c*q - [k == y]*c whose q are no probabilities", source="test")
def no_shares(s: Spec) -> None:
    N, classes = s.batch("N", "n"), s.size("K", "kl")
    n, k = s.index("n", N), s.index("k", classes)
    x, q = s.data("x", N, classes), s.data("q", N, classes)
    y, L = s.data("y", N, integer=True), s.let("L", N)
    L[n] = total(k, q[n, k] * x[n, k]) - x[n, y[n]]
    s.returns(L)


@op(title="weights on the two summands differ: c*p - [k == y]*d", source="test")
def uneven(s: Spec) -> None:
    N, classes = s.batch("N", "n"), s.size("K", "kl")
    n, l = s.index("n", N), s.index("l", classes)
    x, w = s.data("x", N, classes), s.data("w", N)
    y, L = s.data("y", N, integer=True), s.let("L", N)
    L[n] = w[n] * log(total(l, exp(x[n, l]))) - x[n, y[n]]
    s.returns(L)


def plain(spec: OpSpec) -> Joint:
    d = derive(spec)
    return Joint(d.forward, d.combined)


def applied(joint: Joint) -> Joint:
    return stage.complement(joint, Recorder([]))


def exactly(joint: Joint) -> Any:
    """The gradient by x, and where it is another one than before, over the prime field."""
    system = join(joint.forward, joint.backward)
    random = np.random.default_rng(5)
    given: dict[str, Any] = {}
    for name in system.inputs:
        tensor = system.tensor(name)
        shape = tuple(d.evaluate(SIZES, lambda *_: 0) for d in tensor.dims)
        if tensor.integer:
            given[name] = np.resize(np.repeat(LABELS, shape[1] if len(shape) > 1 else 1), shape)
        else:
            drawn = [Residue(int(v)) for v in random.integers(0, 2**60, int(np.prod(shape)))]
            given[name] = np.array(drawn, dtype=object).reshape(shape)
    return evaluate(system, given, SIZES, {}, {}, PrimeField())["dx"]


SPECS = (softmax_cross_entropy[0], sequence_cross_entropy[0], weighted[0], named[0])


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.name)
def test_the_gradient_is_the_same_for_labels_inside_and_outside(spec: OpSpec) -> None:
    before = plain(spec)
    after = applied(before)
    assert any(e.tensor.startswith("others_") for e in after.backward.equations)
    assert np.all(exactly(before) == exactly(after))


def without_its_second_sum(real: Any) -> Any:
    def others(*args: Any) -> Any:
        made = real(*args)
        return replace(made, terms=made.terms[:1])

    return others


def test_a_sum_that_lacks_a_side_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    before = plain(softmax_cross_entropy[0])
    monkeypatch.setattr(stage, "_others", without_its_second_sum(stage._others))
    differ = np.any(exactly(before) != exactly(applied(before)), axis=1)
    assert differ.tolist() == [0 <= y < K - 1 for y in LABELS]


def test_other_numbers_than_shares_of_the_sum_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    before = plain(no_shares[0])
    assert applied(before) == before
    monkeypatch.setattr(stage.Shares, "_is_share", lambda self, read, k: read.tensor == "q")
    after = applied(before)
    assert after != before
    assert np.any(exactly(before) != exactly(after))


@pytest.mark.parametrize("spec", [uneven[0], *softmax_cross_entropy_distribution], ids=lambda s: s.name)
def test_other_factors_and_labels_that_are_numbers_are_left_alone(spec: OpSpec) -> None:
    before = plain(spec)
    assert applied(before) == before


# digits -----------------------------------------------------------------------------------------------
SURE = [0.5, 40.0, -1.0, 2.0]


def slope(system: System, x: list[float], y: int) -> list[float]:
    """The gradient of one example's loss."""
    given = {"x": np.array([x]), "y": np.array([y]), "w": np.ones(1), "dp": np.zeros((1, K))}
    given["dL"] = np.ones((1,) * len(system.tensor("dL").dims))
    wanted = {n: v for n, v in given.items() if n in system.inputs}
    with np.errstate(all="ignore"):
        values = evaluate(system, wanted, {"N": 1, "K": K}, {}, {}, Floats())
    return [float(v) for v in values["dx"][0]]


def exact(x: list[float], y: int) -> list[float]:
    with mpmath.workprec(300):
        e = [mpmath.exp(mpmath.mpf(v)) for v in x]
        return [float(v / sum(e) - (k == y)) for k, v in enumerate(e)]


def off(found: list[float], wanted: list[float]) -> float:
    """The largest relative error."""
    return max(abs(a - b) / abs(b) for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("spec", [softmax_cross_entropy[0], weighted[0], named[0]], ids=lambda s: s.name)
@pytest.mark.parametrize("y", range(K))
def test_a_sure_example_keeps_its_digits(spec: OpSpec, y: int) -> None:
    d = derive(spec)
    assert off(slope(join(d.stable_forward, d.stable_backward), SURE, y), exact(SURE, y)) < 1e-13


def test_the_plain_form_loses_them() -> None:
    d = derive(softmax_cross_entropy[0])
    assert off(slope(join(d.forward, d.combined), SURE, 1), exact(SURE, 1)) == 1.0


INFINITE, NOTHING, UNKNOWN = [np.inf, 0.0, 1.0, 2.0], [-np.inf] * K, [np.nan, 0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("spec", "row"),
    [(softmax_cross_entropy[0], row) for row in (INFINITE, NOTHING, UNKNOWN)]
    + [(weighted[0], row) for row in (NOTHING, UNKNOWN)],
    ids=lambda value: getattr(value, "name", str(value)),
)
@pytest.mark.parametrize("y", [-1, 0, 2])
def test_a_row_without_probabilities_has_no_gradient(spec: OpSpec, row: list[float], y: int) -> None:
    d = derive(spec)
    assert np.all(np.isnan(slope(join(d.stable_forward, d.stable_backward), row, y)))


def test_the_step_is_told() -> None:
    (step,) = (s for s in derive(softmax_cross_entropy[0]).steps if s.rule == "others")
    assert [e.tensor for e in step.made] == ["others_p", "dx"]
    (own,) = step.parts
    assert isinstance(own, When) and expr_text(own) == "[k == y[n]]*p[n,k]"
