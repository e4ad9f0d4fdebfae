"""Comparing a published op with a function written by hand in JAX: an implementation that is not ours."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

SHALLOW = {np.float64: 1e-11, np.float32: 2e-5}
DEEP = {np.float64: 1e-9, np.float32: 1e-3}


def draw(shape: tuple[int, ...], seed: int, dtype: type = np.float64) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def error(found: Any, wanted: Any) -> float:
    """The largest difference, relative to the largest entry."""
    found, wanted = np.asarray(found, dtype=np.float64), np.asarray(wanted, dtype=np.float64)
    assert found.shape == wanted.shape
    scale = np.max(np.abs(wanted), initial=0.0)
    return float(np.max(np.abs(found - wanted), initial=0.0) / (scale or 1.0))


def errors(
    module: ModuleType,
    by_hand: Callable[..., Any],
    inputs: dict[str, np.ndarray],
    **numbers: int,
) -> dict[str, float]:
    """By output and input: how far values and gradients are from JAX's, in double precision.

    Integer inputs are closed over: JAX differentiates by the others.
    """
    dtype = next(a.dtype for a in inputs.values() if a.dtype.kind == "f")
    floats = {n: a.astype(np.float64) for n, a in inputs.items() if a.dtype.kind == "f"}
    labels = {n: a for n, a in inputs.items() if a.dtype.kind != "f"}
    wanted, wanted_pullback = jax.vjp(
        lambda *a: by_hand(**dict(zip(floats, a, strict=True)), **labels), *floats.values()
    )
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    cotangents = [draw(np.shape(a), 100 + n) for n, a in enumerate(wanted)]
    gradients = wanted_pullback(tuple(cotangents) if len(wanted) > 1 else cotangents[0])

    outputs, pullback = module.vjp(**inputs, **numbers)
    given = dict(zip(outputs._fields, (np.asarray(c, dtype) for c in cotangents), strict=True))
    found = pullback(**given)
    assert all(a.dtype == dtype for a in (*outputs, *found))
    pairs = [*zip(outputs._fields, outputs, wanted, strict=True)]
    pairs += [*zip(("d" + n for n in found._fields), found, gradients, strict=True)]
    return {name: error(a, b) for name, a, b in pairs}


def worst(found: dict[str, float]) -> float:
    return max(found.values())
