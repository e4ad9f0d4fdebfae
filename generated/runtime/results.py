"""What an emitted module holds besides its kernels: room for gradients, and its certificate."""

import json
from pathlib import Path
from typing import Any

import numpy as np


def gradient(wanted: bool, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Room for a gradient of this shape; an empty array where it is not wanted.

    A kernel takes an empty array as "not wanted". One without axes cannot be empty: it is computed
    in any case, at the cost of one number.
    """
    return np.empty(shape if wanted else (0,) * len(shape), dtype)


def certificate(module: str | None) -> dict[str, Any] | None:
    """The certificate beside a module's file; None where it is not there (a module made of text)."""
    path = Path(module).with_suffix(".certificate.json") if module else None
    return json.loads(path.read_text("utf-8")) if path and path.is_file() else None
