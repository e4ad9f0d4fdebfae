"""The sums that are measured: inputs of so many terms, ours, and the exact value in float64.

Every input is float32; "exact" is the formula in float64 on the same float32 numbers, block by block so that
a hundred million terms fit in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

Arrays = tuple[np.ndarray, ...]
BLOCK = 2**22


@dataclass(frozen=True, slots=True)
class Sum:
    """One sum: its inputs, the generated op that makes it, its terms in float64."""

    name: str
    largest: int
    draw: Callable[[int], Arrays]
    ours: Callable[..., Any]
    terms: Callable[..., np.ndarray]
    mean: bool = True

    def exact(self, given: Arrays) -> tuple[Any, Any]:
        """The sum or mean in float64, and that of the terms' sizes."""
        total = size = np.float64(0)
        count = len(given[0])
        for start in range(0, count, BLOCK):
            part = self.terms(*(a[start : start + BLOCK].astype(_wide(a)) for a in given))
            total, size = total + part.sum(0), size + np.abs(part).sum(0)
        return (total / count, size / count) if self.mean else (total, size)


def _wide(a: np.ndarray) -> Any:
    return np.float64 if a.dtype == np.float32 else a.dtype


@cache
def generated(name: str) -> Any:
    """An op of the catalogue as it is generated now."""
    from codegen.catalogue import find
    from codegen.pipeline import write
    from codegen.verify.load import load_fast

    return load_fast(name, write(*find((name,))).text)


def loss(name: str) -> Callable[..., Any]:
    """Forward of a loss, of one column."""
    return lambda y, x: generated(name).forward(y.reshape(-1, 1), x.reshape(-1, 1))[0]


def rows_loss(name: str) -> Callable[..., Any]:
    return lambda y, x: generated(name).forward(y, x)[0]


def class_loss(y: np.ndarray, x: np.ndarray) -> Any:
    return generated("softmax_cross_entropy").forward(x, y)[0]


# inputs -------------------------------------------------------------------------------------------------
def _rng(n: int) -> np.random.Generator:
    return np.random.default_rng(n)


def normals(n: int) -> Arrays:
    rng = _rng(n)
    return rng.standard_normal(n, np.float32), rng.standard_normal(n, np.float32)


def labels(n: int) -> Arrays:
    rng = _rng(n)
    return rng.random(n, np.float32).round(), rng.standard_normal(n, np.float32)


def probabilities(n: int) -> Arrays:
    y, x = labels(n)
    return y, (1 / (1 + np.exp(-x))).astype(np.float32)


def two_probabilities(n: int) -> Arrays:
    _, p = probabilities(n)
    return p, p[::-1].copy()


def distributions(n: int) -> Arrays:
    """Rows of ten: labels that add up to 1, logits."""
    rng = _rng(n)
    y = rng.random((n // 10, 10), np.float32)
    return y / y.sum(1, keepdims=True), rng.standard_normal((n // 10, 10), np.float32)


def two_distributions(n: int) -> Arrays:
    y, x = distributions(n)
    return y, (np.exp(x) / np.exp(x).sum(1, keepdims=True)).astype(np.float32)


def classes(n: int) -> Arrays:
    rng = _rng(n)
    return rng.integers(0, 10, n // 10), rng.standard_normal((n // 10, 10), np.float32)


def cotangents(n: int) -> Arrays:
    """Of four units, all positive."""
    return (np.abs(_rng(n).standard_normal((n, 4), np.float32)),)


# exact terms --------------------------------------------------------------------------------------------
def _huber(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    d = np.abs(y - x)
    return np.where(d <= 1, d * d / 2, d - 0.5)


def _logits(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, x) - y * x


def _entropy(y: np.ndarray, p: np.ndarray) -> np.ndarray:
    return np.asarray(-(y * np.log(p) + (1 - y) * np.log1p(-p)))


def _objective(real: np.ndarray, made: np.ndarray) -> np.ndarray:
    return np.log(real) + np.log1p(-made)


def _log_softmax(x: np.ndarray) -> np.ndarray:
    top = x.max(1, keepdims=True)
    return np.asarray(x - top - np.log(np.exp(x - top).sum(1, keepdims=True)))


# gradients ----------------------------------------------------------------------------------------------
def dense_bias(dh: np.ndarray) -> Any:
    x, W, b = np.ones((len(dh), 1), np.float32), np.ones((4, 1), np.float32), np.ones(4, np.float32)
    return generated("dense").vjp(x, W, b, wrt=("b",))[1](h=dh).b


def conv_bias(dh: np.ndarray) -> Any:
    dY = np.ascontiguousarray(dh.T).reshape(1, 4, 1, -1)
    X, K = np.ones((1, 1, 1, len(dh)), np.float32), np.ones((4, 1, 1, 1), np.float32)
    return generated("conv2d").vjp(X, K, np.ones(4, np.float32), wrt=("b",))[1](Y=dY).b


def dense_weight(dh: np.ndarray) -> Any:
    x, W, b = np.full((len(dh), 1), 0.1, np.float32), np.ones((4, 1), np.float32), np.ones(4, np.float32)
    return generated("dense").vjp(x, W, b, wrt=("W",))[1](h=dh).W[:, 0]


def embedding_row(dh: np.ndarray) -> Any:
    E = np.ones((3, 4), np.float32)
    return generated("embedding").vjp(np.ones(len(dh), np.int64), E)[1](e=dh).E[1]


TENTH = float(np.float32(0.1))
SUMS = (
    Sum("mse", 10**8, normals, loss("mse"), lambda y, x: (y - x) ** 2),
    Sum("mae", 10**8, normals, loss("mae"), lambda y, x: np.abs(y - x)),
    Sum("huber", 10**8, normals, loss("huber"), _huber),
    Sum("smooth_l1", 10**7, normals, loss("smooth_l1"), _huber),
    Sum("binary_cross_entropy_logits", 10**8, labels, loss("binary_cross_entropy_logits"), _logits),
    Sum("sigmoid_binary_cross_entropy", 10**7, labels, loss("sigmoid_binary_cross_entropy"), _logits),
    Sum("binary_cross_entropy", 10**7, probabilities, loss("binary_cross_entropy"), _entropy),
    Sum(
        "softmax_cross_entropy",
        10**7,
        classes,
        class_loss,
        lambda y, x: -_log_softmax(x)[np.arange(len(y)), y],
    ),
    Sum(
        "softmax_cross_entropy_distribution",
        10**7,
        distributions,
        rows_loss("softmax_cross_entropy_distribution"),
        lambda y, x: -(y * _log_softmax(x)).sum(1),
    ),
    Sum(
        "softmax_categorical_cross_entropy",
        10**7,
        distributions,
        rows_loss("softmax_categorical_cross_entropy"),
        lambda y, x: -(y * _log_softmax(x)).sum(1),
    ),
    Sum(
        "categorical_cross_entropy",
        10**7,
        two_distributions,
        rows_loss("categorical_cross_entropy"),
        lambda y, p: -(y * np.log(p)).sum(1),
    ),
    Sum("gan_objective", 10**7, two_probabilities, rows_loss("gan_objective"), _objective),
    Sum("dense: db", 10**7, cotangents, dense_bias, lambda dh: dh, mean=False),
    Sum("conv2d: db", 10**7, cotangents, conv_bias, lambda dh: dh, mean=False),
    Sum("dense: dW", 10**7, cotangents, dense_weight, lambda dh: dh * TENTH, mean=False),
    Sum("embedding: one row of dE", 10**7, cotangents, embedding_row, lambda dh: dh, mean=False),
)
BY_NAME: Mapping[str, Sum] = {each.name: each for each in SUMS}
