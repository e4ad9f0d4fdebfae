"""A published op as a module, from the folder that it stands in."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from codegen.flow.recurrence import FlowError, Recurrence
from codegen.verify.load import load_fast


def load(op: Recurrence, folder: Path) -> ModuleType:
    """The module of the published text `folder/op.py`. Raises FlowError where there is none of this spec.

    It is compiled here and not imported: Numba's cache beside a module remembers the name under which
    it was imported, and another one would spoil the cache for the folder's owner.
    """
    name = op.op.name
    path = folder / f"{name}.py"
    if not path.is_file():
        raise FlowError(
            f"{name} is not published in {folder}: run `gradsmith generate` with its name or its file, "
            "and --out with its folder"
        )
    module = load_fast(name, path.read_text("utf-8"))
    if tuple(tensor["name"] for tensor in module.SPEC["inputs"]) != op.system.inputs:
        raise FlowError(f"{name} in {folder} was generated from another spec: run `gradsmith generate` again")
    return module
