"""The same sums by NumPy, JAX and torch, in float32, as their users write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Contender = Callable[..., Any]


def _numpy_rows(y: Any, x: Any) -> Any:
    top = x.max(1, keepdims=True)
    return x - top - np.log(np.sum(np.exp(x - top), 1, keepdims=True))


def by_numpy() -> Mapping[str, Contender]:
    """With np.mean and np.sum, which add up in pairs."""

    def logits(y: Any, x: Any) -> Any:
        return np.mean(np.logaddexp(np.float32(0), x) - y * x)

    def huber(y: Any, x: Any) -> Any:
        d = np.abs(y - x)
        return np.mean(np.where(d <= 1, d * d / 2, d - np.float32(0.5)))

    def distribution(y: Any, x: Any) -> Any:
        return np.mean(-np.sum(y * _numpy_rows(y, x), 1))

    def rows(dh: Any) -> Any:
        return np.sum(dh, 0)

    return {
        "mse": lambda y, x: np.mean((y - x) ** 2),
        "mae": lambda y, x: np.mean(np.abs(y - x)),
        "huber": huber,
        "smooth_l1": huber,
        "binary_cross_entropy_logits": logits,
        "sigmoid_binary_cross_entropy": logits,
        "binary_cross_entropy": lambda y, p: np.mean(-(y * np.log(p) + (1 - y) * np.log1p(-p))),
        "softmax_cross_entropy": lambda y, x: np.mean(-_numpy_rows(y, x)[np.arange(len(y)), y]),
        "softmax_cross_entropy_distribution": distribution,
        "softmax_categorical_cross_entropy": distribution,
        "categorical_cross_entropy": lambda y, p: np.mean(-np.sum(y * np.log(p), 1)),
        "gan_objective": lambda y, g: np.mean(np.log(y)) + np.mean(np.log1p(-g)),
        "dense: db": rows,
        "conv2d: db": lambda dh: np.sum(np.ascontiguousarray(dh.T), 1),
        "dense: dW": lambda dh: dh.T @ np.full(len(dh), 0.1, np.float32),
        "embedding: one row of dE": rows,
    }


def by_jax() -> Mapping[str, Contender]:
    import jax
    import jax.numpy as jnp

    def logits(y: Any, x: Any) -> Any:
        return jnp.mean(jax.nn.softplus(x) - y * x)

    def huber(y: Any, x: Any) -> Any:
        d = jnp.abs(y - x)
        return jnp.mean(jnp.where(d <= 1, d * d / 2, d - 0.5))

    def distribution(y: Any, x: Any) -> Any:
        return jnp.mean(-jnp.sum(y * jax.nn.log_softmax(x), 1))

    def rows(dh: Any) -> Any:
        return jnp.sum(dh, 0)

    made: dict[str, Contender] = {
        "mse": lambda y, x: jnp.mean((y - x) ** 2),
        "mae": lambda y, x: jnp.mean(jnp.abs(y - x)),
        "huber": huber,
        "smooth_l1": huber,
        "binary_cross_entropy_logits": logits,
        "sigmoid_binary_cross_entropy": logits,
        "binary_cross_entropy": lambda y, p: jnp.mean(-(y * jnp.log(p) + (1 - y) * jnp.log1p(-p))),
        "softmax_cross_entropy": lambda y, x: jnp.mean(-jax.nn.log_softmax(x)[jnp.arange(len(y)), y]),
        "softmax_cross_entropy_distribution": distribution,
        "softmax_categorical_cross_entropy": distribution,
        "categorical_cross_entropy": lambda y, p: jnp.mean(-jnp.sum(y * jnp.log(p), 1)),
        "gan_objective": lambda y, g: jnp.mean(jnp.log(y)) + jnp.mean(jnp.log1p(-g)),
        "dense: db": rows,
        "conv2d: db": rows,
        "dense: dW": lambda dh: dh.T @ jnp.full(len(dh), 0.1, jnp.float32),
        "embedding: one row of dE": lambda dh: (
            jnp.zeros((3, 4), jnp.float32).at[jnp.ones(len(dh), int)].add(dh)[1]
        ),
    }
    return {name: jax.jit(run) for name, run in made.items()}


def by_torch() -> Mapping[str, Contender]:
    import torch

    F = torch.nn.functional

    def of(function: Callable[..., Any]) -> Contender:
        return lambda *given: function(*map(torch.from_numpy, given)).numpy()

    def distribution(y: Any, x: Any) -> Any:
        return F.cross_entropy(x, y)

    def embedding(dh: Any) -> Any:
        made = torch.zeros(3, 4)
        return made.index_add_(0, torch.ones(len(dh), dtype=torch.long), dh)[1]

    made: dict[str, Callable[..., Any]] = {
        "mse": lambda y, x: F.mse_loss(x, y),
        "mae": lambda y, x: F.l1_loss(x, y),
        "huber": lambda y, x: F.huber_loss(x, y),
        "smooth_l1": lambda y, x: F.smooth_l1_loss(x, y),
        "binary_cross_entropy_logits": lambda y, x: F.binary_cross_entropy_with_logits(x, y),
        "sigmoid_binary_cross_entropy": lambda y, x: F.binary_cross_entropy_with_logits(x, y),
        "binary_cross_entropy": lambda y, p: F.binary_cross_entropy(p, y),
        "softmax_cross_entropy": lambda y, x: F.cross_entropy(x, y),
        "softmax_cross_entropy_distribution": distribution,
        "softmax_categorical_cross_entropy": distribution,
        "categorical_cross_entropy": lambda y, p: -(y * p.log()).sum(1).mean(),
        "gan_objective": lambda y, g: y.log().mean() + (-g).log1p().mean(),
        "dense: db": lambda dh: dh.sum(0),
        "conv2d: db": lambda dh: dh.sum(0),
        "dense: dW": lambda dh: dh.T @ torch.full((len(dh),), 0.1),
        "embedding: one row of dE": embedding,
    }
    return {name: of(run) for name, run in made.items()}
