"""Loads a candidate module from its text: the one place of the project that executes text.

The text is ours (codegen.module wrote it, or it stands in a published package); nothing that a user
typed is executed. Loaded with the fast runtime it is the op as published; loaded with the plain
runtime its kernels are ordinary Python, for any number type.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from codegen import runtime
from codegen.runtime import plain


def load_fast(name: str, text: str) -> ModuleType:
    """The module with compiled kernels (nothing is cached: it has no file)."""
    return _load(name, text, {n: getattr(runtime, n) for n in runtime.__all__})


def load_kept(name: str, text: str, folder: Path) -> ModuleType:
    """The module with compiled kernels, whose machine code is kept in `folder` for the next check.

    It has a file of its own there: users' machine code belongs to the published module's import name.
    """
    path = folder / f"{name}.py"
    kept = f"{text}\n# a copy: `gradsmith verify` keeps the machine code of its checks beside it\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text("utf-8") != kept:
            path.write_text(kept, "utf-8")
    except OSError:  # nothing can be written there: compiled afresh
        return load_fast(name, text)
    return _load(name, text, {n: getattr(runtime, n) for n in runtime.__all__}, str(path))


def load_plain(name: str, text: str) -> ModuleType:
    """The module with kernels in plain Python: `kernel` is the identity, functions have plain meanings.

    The memory that it asks for holds numbers, other ones each time, but the same in every run: that a text
    reads what it never wrote is seen always or never.
    """
    names = {n: getattr(runtime, n) for n in runtime.__all__}
    module = _load(name, text, {**names, **{n: getattr(plain, n) for n in plain.__all__}})
    used = UsedMemory()
    module.__dict__.update(np=used, gradient=used.gradient)
    return module


class UsedMemory(ModuleType):
    """NumPy, but for `empty`."""

    def __init__(self) -> None:
        super().__init__("numpy")
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def empty(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
        """Numbers that no sum excuses; indices far outside of any array."""
        self.asked += 1
        return np.full(shape, 1_000_003 if np.dtype(dtype).kind == "i" else 3.25 + self.asked, dtype)

    def gradient(self, wanted: bool, shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
        """The runtime's function of this name."""
        return self.empty(shape if wanted else (0,) * len(shape), dtype)


def _load(name: str, text: str, names: dict[str, Any], path: str = "") -> ModuleType:
    tree = ast.parse(text, filename=path or f"<{name}>")
    tree.body = [s for s in tree.body if not _imports_runtime(s)]
    module = ModuleType(f"candidate_{name}")
    module.__dict__.update(names, __file__=None)
    if path:
        sys.modules[module.__name__] = module  # where Numba looks for it when it reads machine code
    exec(compile(tree, path or f"<{name}>", "exec"), module.__dict__)
    return module


def _imports_runtime(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.level == 1 and statement.module == "runtime"
