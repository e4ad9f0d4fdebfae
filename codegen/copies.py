"""The runtime as a package gets it: each file's first line says whose it is, with a digest of the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import codegen.runtime

RUNTIME = Path(codegen.runtime.__file__).parent
HEADER = "# Copied by gradsmith from its runtime; do not edit. What follows has the digest "


def runtime_files() -> dict[str, str]:
    """The runtime that emitted modules import, by path in the package."""
    return {f"runtime/{p.name}": signed(p.read_text("utf-8")) for p in sorted(RUNTIME.glob("*.py"))}


def signed(text: str) -> str:
    """A file of the runtime, its header first."""
    return f"{HEADER}{digest(text)}\n{text}"


def is_signed(text: str) -> bool:
    """Whether a file is a copy that nobody has changed, of this runtime or of another version's."""
    header, _, rest = text.partition("\n")
    return header == HEADER + digest(rest)


def listing(files: Mapping[str, str]) -> str:
    """Names of a runtime's files, each with the digest of its text."""
    return "".join(f"{Path(name).name}\n{digest(text)}\n" for name, text in sorted(files.items()))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
