"""A published op as a module, from the folder that it stands in."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from codegen.flow.recurrence import FlowError
from codegen.verify.load import load_fast


def load(op: str, folder: Path) -> ModuleType:
    """The module of the published text `folder/op.py`. Raises FlowError where there is none.

    It is compiled here and not imported: Numba's cache beside a module remembers the name under which
    it was imported, and another one would spoil the cache for the folder's owner.
    """
    path = folder / f"{op}.py"
    if not path.is_file():
        raise FlowError(
            f"{op} is not published in {folder}: run `gradsmith generate` with its name or its file, "
            "and --out with its folder"
        )
    return load_fast(op, path.read_text("utf-8"))
