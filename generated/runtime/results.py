# Copied by gradsmith from its runtime; do not edit. What follows has the digest b65ac6f5874bd08738fbbfcf9fac8d10cf41a9c2fe22ca3dd0b3d438a0a5cc1f
"""What an emitted module holds besides its kernels: room for gradients, and its certificate."""

import hashlib
import json
import warnings
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
    """The certificate beside a module's file; None where there is none that is of this very text.

    Warns where it is of another text, and of a draft.
    """
    path = Path(module).with_suffix(".certificate.json") if module else None
    if path is None or not path.is_file():
        return None
    content = _read(path)
    text = Path(module)
    if text.suffix == ".py" and _digest(text) != content.get("digests", {}).get("module"):
        warnings.warn(f"{text.stem}: {path.name} is not of this text: one of them has changed", stacklevel=2)
        return None
    if content.get("status") == "draft":
        warnings.warn(f"{text.stem} is a draft: nothing was shown of it", stacklevel=2)
    return content


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_text("utf-8").encode()).hexdigest()
