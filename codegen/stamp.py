"""What was verified here before: a note beside the published files that version control does not see.

A note holds one digest of everything a verification depends on: gradsmith's own source, the versions of
what it runs on, and the published files themselves. Only where it is the same, byte for byte, may
`generate` leave an op as it is. `verify` never reads it.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import codegen
import derive
from codegen.copies import runtime_files
from codegen.module import Source
from codegen.ownership import text_of
from codegen.publish import Published, certificate_name, op_files

RUNS_ON = ("hypothesis", "jax", "jaxlib", "llvmlite", "mpmath", "numba", "numpy", "scipy", "sympy")


def is_as_published(source: Source, folder: Path) -> bool:
    """Whether what `folder` holds of an op is what was published after all rungs, and would be now."""
    held = {name: text_of(folder / name) or "" for name in (*op_files(source), certificate_name(source))}
    runtime = {name: text_of(folder / name) for name in runtime_files()}
    return runtime == runtime_files() and text_of(_note(source, folder)) == _digest(source, held)


def remember(source: Source, published: Published) -> None:
    """Note what was published of an op after all rungs."""
    note = _note(source, published.folder)
    note.parent.mkdir(exist_ok=True)
    note.write_text(_digest(source, published.files), "utf-8")


def _note(source: Source, folder: Path) -> Path:
    return folder / "__pycache__" / f"{source.name}.verified"


def _digest(source: Source, held: Mapping[str, str]) -> str:
    """Of what would be written now, and of what is held."""
    return depends_on(*op_files(source).values(), *(held[name] for name in sorted(held)))


def depends_on(*texts: str) -> str:
    """One digest of these texts, of gradsmith's own source and of what it runs on."""
    return hashlib.sha256("\n".join((_tools(), *texts)).encode()).hexdigest()


@cache
def _tools() -> str:
    """One digest of gradsmith's own source and of what it runs on."""
    found = hashlib.sha256(f"{sys.version_info[:3]} {list(_versions())}".encode())
    for package in (derive, codegen):
        root = Path(package.__path__[0])
        for file in sorted(root.rglob("*.py")):
            if "ops" not in file.relative_to(root).parts:  # what a spec says is in the source's text
                found.update(f"{file.relative_to(root).as_posix()}\n".encode() + file.read_bytes())
    return found.hexdigest()


def _versions() -> Iterator[str]:
    for name in RUNS_ON:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"no {name}"
