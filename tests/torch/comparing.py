"""Comparing a published op with torch: values and all gradients, in double precision."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import torch

from tests.by_hand import draw, error


def errors(
    module: ModuleType, by_torch: Callable[..., Any], inputs: dict[str, np.ndarray], **numbers: float
) -> dict[str, float]:
    """By output and input: how far values and gradients are from torch's, for random cotangents.

    `by_torch` takes the op's inputs by name, integers included, and gives its outputs.
    """
    tensors = {n: torch.tensor(a, requires_grad=a.dtype.kind == "f") for n, a in inputs.items()}
    wanted = by_torch(**tensors)
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    cotangents = [draw(tuple(a.shape), 100 + n) for n, a in enumerate(wanted)]
    floating = {n: t for n, t in tensors.items() if t.requires_grad}
    gradients = torch.autograd.grad(wanted, tuple(floating.values()), tuple(map(torch.tensor, cotangents)))

    outputs, pullback = module.vjp(**inputs, **numbers)
    found = pullback(**dict(zip(outputs._fields, cotangents, strict=True)))
    pairs = [*zip(outputs._fields, outputs, (a.detach().numpy() for a in wanted), strict=True)]
    pairs += [
        (f"d{name}", getattr(found, name), g.numpy()) for name, g in zip(floating, gradients, strict=True)
    ]
    return {name: error(ours, theirs) for name, ours, theirs in pairs}
