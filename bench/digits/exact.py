"""The functions by mpmath, in forms that do not cancel, their inputs and their bars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

import mpmath
import numpy as np
from mpmath import exp, log1p, mpf, ncdf, npdf

BITS = 300  # far beyond float64: the forms below lose a few dozen of them at worst
SCALED_BAR = 4.0
EVERY_LABEL = (0.0, 0.25, 0.5, 0.75, 1.0)
Exact = Callable[[Any, Any], list[tuple[Any, Any]]]
"""A number, or a row of them, and its label to values, each with the largest term of the textbook formula."""


@dataclass(frozen=True, slots=True)
class Row:
    """One function: its inputs up to a largest one in float64 and float32, its values, its plain bar in ULP.

    The scaled bar is SCALED_BAR for all. A plain bar of inf: the page says why. The inputs have `labels` in
    turn, and the name may end in which ones, behind a comma.
    """

    name: str
    inputs: Callable[[float], Any]
    tops: tuple[float, float]
    exact: Exact
    bar: float
    labels: tuple[float, ...] = EVERY_LABEL

    @property
    def function(self) -> str:
        """The name that the contenders know."""
        return self.name.split(",")[0]

    def labelled(self, x: Any) -> Any:
        """A label for every input."""
        return np.resize(self.labels, len(x)).astype(x.dtype)


# inputs -----------------------------------------------------------------------------------------------
def line(top: float) -> Any:
    """Numbers of both signs from 1e-12 to `top`."""
    magnitudes = np.concatenate([np.geomspace(1e-12, top, 150), np.linspace(0.01, min(top, 40), 150)])
    return np.concatenate([-magnitudes, magnitudes])


def rows(top: float) -> Any:
    """Rows of five logits: usual; large; close together, far from 0; one far ahead of the others; it at 0."""
    rng = np.random.default_rng(7)
    usual = rng.normal(size=(24, 5))
    close = top / 2 + 1e-3 * rng.normal(size=(32, 5))
    ahead = rng.normal(size=(40, 5)) + np.eye(5)[np.arange(40) % 5] * 30
    at_zero = ahead - ahead.max(1, keepdims=True)
    return np.concatenate([usual, usual[:8] * 10, close, ahead, at_zero[:24]])


# values -----------------------------------------------------------------------------------------------
def one(function: Callable[[Any], Any], term: Callable[[Any], Any] | None = None) -> Exact:
    """A function of one number, with its largest term; without one the value is held to itself."""
    return lambda x, label: [(function(x), (term or function)(x))]


def sigma(x: Any) -> Any:
    return 1 / (1 + exp(-x))


def softplus(x: Any) -> Any:
    return log1p(exp(x)) if x < 0 else x + log1p(exp(-x))


def gelu_factor(x: Any) -> Any:
    """Of x/2 + x*erf(x/sqrt(2))/2."""
    return abs(x) / 2


def gelu_slope(x: Any) -> Any:
    return ncdf(x) + x * npdf(x)


def gelu_terms(x: Any) -> Any:
    return max(ncdf(x), abs(x) * npdf(x))


def logits(x: Any, label: Any) -> list[tuple[Any, Any]]:
    value = label * softplus(-x) + (1 - label) * softplus(x)
    return [(value, value)]


def logits_slope(x: Any, label: Any) -> list[tuple[Any, Any]]:
    value = (1 - label) * sigma(x) - label * sigma(-x)
    return [(value, max(sigma(x), label))]


def huber(x: Any) -> Any:
    return x * x / 2 if abs(x) <= 1 else abs(x) - mpf(1) / 2


def logsumexp(row: list[Any], label: Any) -> list[tuple[Any, Any]]:
    k = max(range(len(row)), key=row.__getitem__)
    rest = log1p(sum(exp(v - row[k]) for v in others(row, k)))
    return [(row[k] + rest, max(abs(row[k]), rest))]


def softmax(row: list[Any], label: Any) -> list[tuple[Any, Any]]:
    """With the row's largest value, of which all are parts."""
    found = [1 / sum(exp(u - v) for u in row) for v in row]
    return [(value, max(found)) for value in found]


def log_softmax(row: list[Any], label: Any) -> list[tuple[Any, Any]]:
    found = [-logsumexp([u - v for u in row], None)[0][0] for v in row]
    return [(value, max(map(abs, (value, *row)))) for value in found]


def cross_entropy_slope(row: list[Any], label: Any) -> list[tuple[Any, Any]]:
    p = [value for value, _ in softmax(row, None)]
    return [(-sum(p[1:]), mpf(1)), *((value, max(p)) for value in p[1:])]


def others(row: list[Any], k: int) -> list[Any]:
    return [v for n, v in enumerate(row) if n != k]


WIDE, NARROW, FLAT = (700.0, 80.0), (35.0, 12.0), (300.0, 40.0)
ROWS = (
    Row("sigmoid", line, WIDE, one(sigma), 4),
    Row("sigmoid'", line, WIDE, one(lambda x: sigma(x) * sigma(-x)), 4),
    Row("tanh", line, FLAT, one(mpmath.tanh), 4),
    Row("tanh'", line, FLAT, one(lambda x: 4 * sigma(2 * x) * sigma(-2 * x)), 4),
    Row("softplus", line, WIDE, one(softplus), 4),
    Row("softplus'", line, WIDE, one(sigma), 4),
    Row("GELU", line, NARROW, one(lambda x: x * ncdf(x), gelu_factor), 2000),
    Row("GELU'", line, NARROW, one(gelu_slope, gelu_terms), 2000),
    Row("BCE on logits", line, WIDE, logits, 4),
    Row("BCE on logits', labels 0 and 1", line, WIDE, logits_slope, 4, (0.0, 1.0, 1.0, 0.0)),
    Row("BCE on logits', labels between", line, WIDE, logits_slope, inf, (0.25, 0.5, 0.75)),
    Row("Huber", line, (1e6, 1e6), one(huber), 4),
    Row("Huber'", line, (1e6, 1e6), one(lambda x: max(-1, min(1, x))), 4),
    Row("logsumexp", rows, WIDE, logsumexp, 4),
    Row("softmax", rows, WIDE, softmax, 32),
    Row("log-softmax", rows, WIDE, log_softmax, 32),
    Row("cross-entropy gradient", rows, WIDE, cross_entropy_slope, 32),
)


def values(row: Row, x: Any) -> list[tuple[Any, Any]]:
    """Every value at the inputs with its largest term."""
    found = []
    with mpmath.workprec(BITS):
        for numbers, label in zip(x.tolist(), row.labelled(x).tolist(), strict=True):
            given = list(map(mpf, numbers)) if isinstance(numbers, list) else mpf(numbers)
            found += row.exact(given, mpf(label))
    return found
