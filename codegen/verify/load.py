"""Loads a candidate module from its text: the one place of the project that executes text.

The text is ours (codegen.module wrote it, or it stands in a published package); nothing that a user
typed is executed. Loaded with the fast runtime it is the op as published; loaded with the plain
runtime its kernels are ordinary Python, for any number type.
"""

from __future__ import annotations

import ast
from types import ModuleType
from typing import Any

from codegen import runtime
from codegen.runtime import plain


def load_fast(name: str, text: str) -> ModuleType:
    """The module with compiled kernels (nothing is cached: it has no file)."""
    return _load(name, text, {n: getattr(runtime, n) for n in runtime.__all__})


def load_plain(name: str, text: str) -> ModuleType:
    """The module with kernels in plain Python: `kernel` is the identity, functions have plain meanings."""
    names = {n: getattr(runtime, n) for n in runtime.__all__}
    return _load(name, text, {**names, **{n: getattr(plain, n) for n in plain.__all__}})


def _load(name: str, text: str, names: dict[str, Any]) -> ModuleType:
    tree = ast.parse(text, filename=f"<{name}>")
    tree.body = [s for s in tree.body if not _imports_runtime(s)]
    module = ModuleType(f"candidate_{name}")
    module.__dict__.update(names, __file__=None)
    exec(compile(tree, f"<{name}>", "exec"), module.__dict__)
    return module


def _imports_runtime(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.level == 1 and statement.module == "runtime"
