"""torch's own functions, and its automatic differentiation of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

F = torch.nn.functional
Contender = Callable[[Any, Any], Any]


def _value(function: Callable[[Any, Any], Any]) -> Contender:
    return lambda x, labels: function(torch.tensor(x), torch.tensor(labels)).numpy()


def _slope(function: Callable[[Any, Any], Any]) -> Contender:
    def run(x: Any, labels: Any) -> Any:
        given = torch.tensor(x, requires_grad=True)
        return torch.autograd.grad(function(given, torch.tensor(labels)).sum(), given)[0].numpy()

    return run


def _logits(x: Any, labels: Any) -> Any:
    return F.binary_cross_entropy_with_logits(x, labels, reduction="none")


def _huber(x: Any, labels: Any) -> Any:
    return F.huber_loss(x, torch.zeros_like(x), reduction="none")


def _cross_entropy(x: Any, labels: Any) -> Any:
    return F.cross_entropy(x, torch.zeros(len(x), dtype=torch.long), reduction="none")


BY_TORCH: Mapping[str, Contender] = {
    "sigmoid": _value(lambda x, labels: torch.sigmoid(x)),
    "sigmoid'": _slope(lambda x, labels: torch.sigmoid(x)),
    "tanh": _value(lambda x, labels: torch.tanh(x)),
    "tanh'": _slope(lambda x, labels: torch.tanh(x)),
    "softplus": _value(lambda x, labels: F.softplus(x)),
    "softplus'": _slope(lambda x, labels: F.softplus(x)),
    "GELU": _value(lambda x, labels: F.gelu(x)),
    "GELU'": _slope(lambda x, labels: F.gelu(x)),
    "BCE on logits": _value(_logits),
    "BCE on logits'": _slope(_logits),
    "Huber": _value(_huber),
    "Huber'": _slope(_huber),
    "logsumexp": _value(lambda x, labels: torch.logsumexp(x, 1)),
    "softmax": _value(lambda x, labels: torch.softmax(x, 1)),
    "log-softmax": _value(lambda x, labels: torch.log_softmax(x, 1)),
    "cross-entropy gradient": _slope(_cross_entropy),
}
