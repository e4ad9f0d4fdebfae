"""Ours: each function as a textbook has it, overflow and all, made a kernel by the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from codegen.pipeline import write
from codegen.verify.load import load_fast
from derive.language import OpSpec, Spec, exp, log, normal_cdf, op, total
from derive.ops.activation import activation
from derive.ops.huber import huber
from derive.ops.softmax_cross_entropy import softmax_cross_entropy

SOURCE = "a user's file"


@op(title="softplus", source=SOURCE)
def softplus_formula(s: Spec) -> None:
    N = s.batch("N", "i")
    i, x, y = s.index("i", N), s.data("x", N), s.let("y", N)
    y[i] = log(1 + exp(x[i]))
    s.returns(y)


@op(title="logarithm of a sum of exponentials", source=SOURCE)
def logsumexp_formula(s: Spec) -> None:
    N, K = s.batch("N", "i"), s.size("K", "k")
    i, k = s.index("i", N), s.index("k", K)
    x, y = s.data("x", N, K), s.let("y", N)
    y[i] = log(total(k, exp(x[i, k])))
    s.returns(y)


@op(title="softmax", source=SOURCE)
def softmax_formula(s: Spec) -> None:
    N, K = s.batch("N", "i"), s.size("K", "kl")
    i, k, l = s.index("i", N), s.index("k", K), s.index("l", K)
    x, y = s.data("x", N, K), s.let("y", N, K)
    y[i, k] = exp(x[i, k]) / total(l, exp(x[i, l]))
    s.returns(y)


@op(title="logarithm of a softmax", source=SOURCE)
def log_softmax_formula(s: Spec) -> None:
    N, K = s.batch("N", "i"), s.size("K", "kl")
    i, k, l = s.index("i", N), s.index("k", K), s.index("l", K)
    x, y = s.data("x", N, K), s.let("y", N, K)
    y[i, k] = log(exp(x[i, k]) / total(l, exp(x[i, l])))
    s.returns(y)


@op(title="binary cross-entropy on logits", source=SOURCE)
def logits_formula(s: Spec) -> None:
    N = s.batch("N", "i")
    i, x, y, L = s.index("i", N), s.data("x", N), s.data("y", N), s.let("L", N)
    p = 1 / (1 + exp(-x[i]))
    L[i] = -(y[i] * log(p) + (1 - y[i]) * log(1 - p))
    s.returns(L)


@op(title="GELU", source=SOURCE)
def gelu_formula(s: Spec) -> None:
    N = s.batch("N", "i")
    i, x, y = s.index("i", N), s.data("x", N), s.let("y", N)
    y[i] = x[i] * normal_cdf(x[i])
    s.returns(y)


Contender = Callable[[Any, Any], Any]
"""Numbers and labels to values, or to gradients by the numbers: one array each, all of one dtype."""


def _made(
    spec: OpSpec, output: str, wrt: str = "", given: Contender = lambda x, labels: (x,)
) -> Callable[[], Contender]:
    """A maker of the compiled op: its output, or the gradient of that output's sum."""

    def make() -> Contender:
        source = write(spec)
        module = load_fast(source.name, source.text)

        def run(x: Any, labels: Any) -> Any:
            outputs, pullback = module.vjp(*given(x, labels))
            value = getattr(outputs, output)
            return getattr(pullback(**{output: np.ones_like(value)}), wrt) if wrt else value

        return run

    return make


def _column(x: Any, labels: Any) -> Any:
    return (x[:, None],)


def _first_class(x: Any, labels: Any) -> Any:
    return x, np.zeros(len(x), np.int64)


def _cross_entropy_gradient() -> Contender:
    """That of the sum over the rows, from that of their mean: exact for a power of 2 of them."""
    mean = _made(softmax_cross_entropy[0], "L", "x", _first_class)()
    return lambda x, labels: len(x) * mean(x, labels)


OURS: Mapping[str, Callable[[], Contender]] = {
    "sigmoid": _made(activation[0], "a", given=_column),
    "sigmoid'": _made(activation[0], "a", "z", _column),
    "tanh": _made(activation.tanh, "a", given=_column),
    "tanh'": _made(activation.tanh, "a", "z", _column),
    "softplus": _made(softplus_formula[0], "y"),
    "softplus'": _made(softplus_formula[0], "y", "x"),
    "GELU": _made(gelu_formula[0], "y"),
    "GELU'": _made(gelu_formula[0], "y", "x"),
    "BCE on logits": _made(logits_formula[0], "L", given=lambda x, labels: (x, labels)),
    "BCE on logits'": _made(logits_formula[0], "L", "x", lambda x, labels: (x, labels)),
    "Huber": _made(huber.none, "L", given=lambda x, labels: (x[:, None], 0 * x[:, None])),
    "Huber'": _made(huber.none, "L", "y", lambda x, labels: (x[:, None], 0 * x[:, None])),
    "logsumexp": _made(logsumexp_formula[0], "y"),
    "softmax": _made(softmax_formula[0], "y"),
    "log-softmax": _made(log_softmax_formula[0], "y"),
    "cross-entropy gradient": _cross_entropy_gradient,
}
