"""What was verified here before: a note beside the published files that version control does not see.

A note holds one digest of everything a verification depends on: gradsmith's own source, the versions of
what it runs on, and the published files themselves. Only where it is the same, byte for byte, may
`generate` leave an op as it is. `verify` never reads it.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import codegen
import derive
from codegen.module import Source
from codegen.publish import certificate_name, op_files, runtime_files

RUNS_ON = ("hypothesis", "jax", "jaxlib", "llvmlite", "mpmath", "numba", "numpy", "scipy", "sympy")


def is_verified(source: Source, folder: Path) -> bool:
    """Whether what `folder` holds of an op is what was verified, and what would be written now."""
    note = _note(source, folder)
    if not note.is_file() or any(
        not (folder / name).is_file() or (folder / name).read_text("utf-8") != text
        for name, text in {**runtime_files(), **op_files(source)}.items()
    ):
        return False
    return note.read_text("utf-8") == _digest(source, folder)


def remember(source: Source, folder: Path) -> None:
    """Note that what `folder` holds of an op is verified."""
    note = _note(source, folder)
    note.parent.mkdir(exist_ok=True)
    note.write_text(_digest(source, folder), "utf-8")


def _note(source: Source, folder: Path) -> Path:
    return folder / "__pycache__" / f"{source.name}.verified"


def _digest(source: Source, folder: Path) -> str:
    certificate = folder / certificate_name(source)
    held = certificate.read_text("utf-8") if certificate.is_file() else ""
    return depends_on(source.text, held)


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
