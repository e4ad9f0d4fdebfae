"""The published modules, as a claim uses them.

Their text is run as plain Python: the numbers are those of the kernels, and no compiler is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

from codegen.verify.load import load_plain

Array: TypeAlias = np.ndarray[Any, Any]
Load: TypeAlias = Callable[[str], ModuleType]


class ErrataError(Exception):
    """A claim cannot be judged, and why, in one line."""


def published_in(folder: Path) -> Load:
    """A way to load modules from a folder of published ops. It raises ErrataError for one that is missing."""

    @cache
    def load(name: str) -> ModuleType:
        path = folder / f"{name}.py"
        if not path.is_file():
            raise ErrataError(f"{path} is missing: run `gradsmith generate {name} --out {folder}`")
        return load_plain(name, path.read_text("utf-8"))

    return load


class Kernels:
    """Runs published ops by name, and remembers which."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self.used: list[str] = []

    def module(self, name: str) -> ModuleType:
        """A published module."""
        self.used.append(name)
        return self._load(name)

    def forward(self, name: str, **inputs: Any) -> Any:
        """The op's outputs, a NamedTuple."""
        return self.module(name).forward(**inputs)

    def gradients(self, name: str, cotangents: Mapping[str, Any], **inputs: Any) -> Any:
        """The gradients for cotangents of the outputs, a NamedTuple by input."""
        return self.module(name).vjp(**inputs)[1](**cotangents)
