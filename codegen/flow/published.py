"""A published op as a module, from the folder that it stands in."""

from __future__ import annotations

import importlib
import sys
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from codegen.flow.recurrence import FlowError, Recurrence


def load(op: Recurrence, folder: Path) -> ModuleType:
    """The published module `folder/op.py`, imported. Raises FlowError where there is none of this spec."""
    name = op.op.name
    path = folder / f"{name}.py"
    if not path.is_file():
        raise FlowError(
            f"{name} is not published in {folder}: run `gradsmith generate` with its name or its file, "
            "and --out with its folder"
        )
    module = _imported(folder.resolve(), name)
    if tuple(tensor["name"] for tensor in module.SPEC["inputs"]) != op.system.inputs:
        raise FlowError(f"{name} in {folder} was generated from another spec: run `gradsmith generate` again")
    return module


def _imported(folder: Path, name: str) -> ModuleType:
    """A module of a folder, as one of a package whose name follows from the folder: so does its cache's."""
    package = ModuleType(f"published_in_{sha256(str(folder).encode()).hexdigest()[:16]}")
    package.__path__ = [str(folder)]
    sys.modules.setdefault(package.__name__, package)
    try:
        return importlib.import_module(f"{package.__name__}.{name}")
    except (ImportError, SyntaxError) as fault:
        raise FlowError(
            f"{name} in {folder} cannot be imported, run `gradsmith generate` again: {fault}"
        ) from None
