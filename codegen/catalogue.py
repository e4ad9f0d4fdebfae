"""Where ops come from: the catalogue's files, and a user's own."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

import derive.ops
from derive.authoring.spec import AUTHORS_FAULTS
from derive.errors import SpecError
from derive.language import OpSpec
from derive.names import line_of


def catalogue() -> tuple[OpSpec, ...]:
    """Every op of the project, in the order of the files' names."""
    names = sorted(m.name for m in pkgutil.iter_modules(derive.ops.__path__))
    return tuple(op for name in names for op in ops_in(importlib.import_module(f"derive.ops.{name}")))


def ops_in(module: ModuleType) -> tuple[OpSpec, ...]:
    """The ops that a module defines, in its order."""
    found = []
    for value in vars(module).values():
        parts = value if isinstance(value, tuple) else (value,)
        found += [part for part in parts if isinstance(part, OpSpec)]
    # a file that is built from other ops imports them: they are not its own
    return tuple(op for op in dict.fromkeys(found) if Path(op.path) == Path(module.__file__ or ""))


def find(names: tuple[str, ...]) -> tuple[OpSpec, ...]:
    """Ops by name or by file; all of the catalogue for no name.

    Raises SpecError for a name that is neither an op nor a file, and for a file without an op.
    """
    if not names:
        return catalogue()
    known = {op.name: op for op in catalogue()}
    found: list[OpSpec] = []
    for name in names:
        if name in known:
            found.append(known[name])
        elif name.endswith(".py") or Path(name).exists():
            found += from_file(Path(name))
        else:
            near = " or ".join(get_close_matches(name, known)) or "an op that `gradsmith list` names"
            raise SpecError(f"there is no op {name!r}: give {near}, or the path of a spec's file")
    twice = [op.name for n, op in enumerate(found) if op.name in {o.name for o in found[:n]}]
    if any(op.name == "runtime" for op in found):
        raise SpecError("an op cannot be called 'runtime': that is what every module imports")
    if twice:
        raise SpecError(f"two ops are called {twice[0]!r}: give one of them another name")
    return tuple(found)


def from_file(path: Path) -> tuple[OpSpec, ...]:
    """The ops of a user's file, which is run as a module of its own.

    Raises SpecError if there is no such file, if it is not Python, or if it defines no op.
    """
    if not path.is_file():
        raise SpecError(f"there is no file {path}: give the path of a Python file with an @op in it")
    spec = importlib.util.spec_from_file_location(f"gradsmith_user_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise SpecError(f"{path} is no Python file: a spec's file ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as fault:
        raise SpecError(f"this is not Python: {fault.msg}", f"{path.name}:{fault.lineno}") from None
    except SpecError:
        raise
    except (ImportError, OSError, ArithmeticError, *AUTHORS_FAULTS) as fault:
        raise SpecError(f"the file cannot be run: {fault}", line_of(fault)) from fault
    ops = ops_in(module)
    if not ops:
        raise SpecError(
            f"{path} defines no op: put @op(title=..., source=...) before a function that fills a spec"
        )
    return ops
