"""Where ops come from: the catalogue's files, and a user's own."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType

import derive.ops
from derive.authoring.faults import authored
from derive.errors import SpecError
from derive.language import OpSpec
from derive.names import place
from derive.words import MOST, cut, shown


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
        elif name.endswith(".py") or _is(Path.exists, Path(name)):
            found += from_file(Path(name))
        elif ".py:" in name:
            found.append(_one_of(*name.rsplit(":", 1)))
        else:
            near = " or ".join(get_close_matches(name, known)) or "an op that `gradsmith list` names"
            raise SpecError(f"there is no op {shown(name)}: give {near}, or the path of a spec's file")
    twice = [op.name for n, op in enumerate(found) if op.name in {o.name for o in found[:n]}]
    if any(op.name == "runtime" for op in found):
        raise SpecError("an op cannot be called 'runtime': that is what every module imports")
    if any(op.name == "__init__" for op in found):
        raise SpecError("an op cannot be called '__init__': that is the package itself")
    if twice:
        raise SpecError(f"two ops are called {twice[0]!r}: give one of them another name")
    return tuple(found)


def _one_of(file: str, name: str) -> OpSpec:
    """One op of a user's file. Raises SpecError if it has none of this name."""
    ops = {op.name: op for op in from_file(Path(file))}
    if name not in ops:
        near = get_close_matches(name, ops)
        meant = f"did you mean {' or '.join(near)}? " if near else ""
        raise SpecError(f"{file} has no op {name!r}: {meant}It has {', '.join(ops)}")
    return ops[name]


def is_of_the_catalogue(given: str) -> bool:
    """Whether a name on the command line is one of the catalogue's, not a user's file."""
    return given in {op.name for op in catalogue()}


def from_file(path: Path) -> tuple[OpSpec, ...]:
    """The ops of a user's file, which is run as a module of its own.

    Raises SpecError if there is no such file, if it is not Python, if it fails, or if it defines no op.
    """
    if not _is(Path.is_file, path):
        fault = (
            f"{path} is a folder" if _is(Path.is_dir, path) else f"there is no file {cut(str(path), MOST)}"
        )
        raise SpecError(f"{fault}: give the path of a Python file with an @op in it")
    spec = importlib.util.spec_from_file_location(f"gradsmith_user_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise SpecError(f"{path} is no Python file: a spec's file ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    with authored("", place(str(path), 1), "the file cannot be run: "):
        try:
            spec.loader.exec_module(module)
        except SyntaxError as fault:
            if fault.filename not in (None, str(path)):  # of a file that it imports
                raise
            raise SpecError(f"this is not Python: {fault.msg}", place(str(path), fault.lineno or 1)) from None
        ops = ops_in(module)
    if not ops:
        raise SpecError(
            f"{path} defines no op: put @op(title=..., source=...) before a function that fills a spec"
        )
    return ops


def _is(kind: Callable[[Path], bool], path: Path) -> bool:
    """What stands at a path; nothing, where it can be no path (too long, a NUL in it)."""
    try:
        return kind(path)
    except (OSError, ValueError):
        return False
