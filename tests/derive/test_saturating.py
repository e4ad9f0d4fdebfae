"""Slopes in terms of a saturated value keep their digits where the function is one of the op's inputs."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from derive.algebra.expr import Call, walk
from derive.derivation import Derivation, derive
from derive.language import Spec, op, sigmoid, tanh
from derive.ops.activation import activation
from derive.ops.dense import dense
from derive.ops.gru_cell import gru_cell
from derive.ops.lstm import lstm
from derive.ops.lstm_cell import lstm_cell
from derive.ops.rnn import rnn
from derive.ops.sigmoid_binary_cross_entropy import sigmoid_binary_cross_entropy
from derive.oracle.numbers import Floats
from derive.oracle.reference import evaluate
from derive.stable import written_out
from derive.stable.rewrites import REWRITES

Z = np.array([[-300.0, -40.0, -2.0, -1e-3, 0.0, 1e-9, 1.5, 18.5, 40.0, 300.0]])


@op(title="a gate, its value in a difference", source="test")
def leak(s: Spec) -> None:
    N = s.size("N", "n")
    n, x, y, a = s.index("n", N), s.data("x", N), s.let("y", N), s.let("a", N)
    a[n] = tanh(x[n])
    y[n] = (1 + a[n]) * (1 - a[n])
    s.returns(y)


def slopes(d: Derivation, z: Any, stable: bool = True) -> Any:
    """The gradient of an activation's sum."""
    forward, backward = (d.stable_forward, d.stable_backward) if stable else (d.forward, d.backward)
    sizes = {"B": z.shape[0], "I": z.shape[1]}
    values = evaluate(forward, {"z": z}, sizes, {}, {}, Floats())
    given = {"z": z, **values, "da": np.ones_like(z)}
    return evaluate(backward, given, sizes, {}, {}, Floats())["dz"].astype(float)


def exact(function: str, z: float) -> float:
    with mpmath.workprec(3000):
        slope = mpmath.sech(z) ** 2 if function == "tanh" else (mpmath.sech(mpmath.mpf(z) / 2) / 2) ** 2
        return float(slope)


def worst(d: Derivation, function: str, stable: bool = True) -> float:
    found = slopes(d, Z, stable)[0]
    wanted = np.array([exact(function, z) for z in Z[0]])
    return float(np.max(np.abs(found - wanted) / wanted))


KINDS = [("sigmoid", activation[0]), ("tanh", activation.tanh)]


@pytest.mark.parametrize(("function", "spec"), KINDS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_saturated_slope_is_right_to_the_last_digits(function: str, spec: Any) -> None:
    d = derive(spec)
    assert worst(d, function) < 8e-16
    assert worst(d, function, stable=False) == 1.0, "the calculus' own form loses all of them"


@pytest.mark.parametrize(("function", "spec"), KINDS, ids=lambda v: v if isinstance(v, str) else "")
def test_the_step_is_told(function: str, spec: Any) -> None:
    (step,) = (s for s in derive(spec).steps if s.rule == "rewrite")
    assert (
        [part.tensor for part in step.parts] == ["a"] and step.why.startswith("1 - ") and step.source == "dz"
    )


def test_without_the_table_the_digits_are_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written_out, "ROWS", ())
    d = derive(activation.tanh)
    assert d.stable_backward == d.backward and worst(d, "tanh") == 1.0


@pytest.mark.parametrize(
    "spec", [*lstm, *lstm_cell, *gru_cell, *rnn, dense[0], dense.tanh], ids=lambda spec: spec.name
)
def test_a_layer_that_computes_its_argument_keeps_the_value(spec: Any) -> None:
    d = derive(spec)
    assert d.stable_backward == d.backward


def test_every_sum_of_a_formula_is_seen() -> None:
    body = derive(leak[0]).stable_forward.equation("y").terms[0].body
    assert [n.function for n in walk(body) if isinstance(n, Call)] == ["sigmoid", "sigmoid"]


# a logistic less a label --------------------------------------------------------------------------------
@op(title="a logistic less what is no label", source="test")
def differences(s: Spec) -> None:
    N = s.size("N", "n")
    n, x, w, y, z = s.index("n", N), s.data("x", N), s.data("w", N), s.let("y", N), s.let("z", N)
    y[n] = sigmoid(x[n]) - sigmoid(w[n])
    z[n] = sigmoid(2 * y[n]) - x[n]
    s.returns(y, z)


def loss_gradient(z: Any, labels: Any) -> Any:
    d = derive(sigmoid_binary_cross_entropy.sum)
    forward, backward = d.stable_forward, d.stable_backward
    sizes = {"N": 1, "K": z.size}
    given = {"z": z[None], "y": labels[None]}
    values = evaluate(forward, given, sizes, {}, {}, Floats())
    made = evaluate(backward, {**given, **values, "dL": np.ones(())}, sizes, {}, {}, Floats())
    return made["dz"][0].astype(float)


def test_a_label_of_0_or_1_keeps_the_digits_of_the_gradient() -> None:
    z = np.array([-300.0, -40.0, -1.0, 0.0, 1e-9, 1.0, 40.0, 300.0])
    for label, sign in ((0.0, 1), (1.0, -1)):
        with mpmath.workprec(3000):
            wanted = np.array([sign * float(1 / (1 + mpmath.exp(-sign * v))) for v in z])
        labels = np.full_like(z, label)
        assert np.max(np.abs(loss_gradient(z, labels) / wanted - 1)) < 5e-16


def test_without_the_row_a_label_of_1_has_no_digits_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written_out, "ROWS", REWRITES)
    assert loss_gradient(np.array([40.0]), np.ones(1)) == 0.0


def test_only_a_number_that_is_given_is_a_label() -> None:
    d = derive(differences[0])
    assert d.stable_forward == d.forward
