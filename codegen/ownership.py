"""Whose a folder's files are: what gradsmith did not write, or what was changed since, is never replaced.

A file of the runtime says itself whose it is (copies.py); an op's files are those of which the certificate
beside them has the digest, and a certificate has that of its own content.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from codegen.copies import digest, is_signed, runtime_files
from codegen.verify.certificate import as_text, own_digest

CERTIFICATE = ".certificate.json"
RECORDED = {".py": "module", ".derivation.md": "page"}  # an op's other files, and what their digest is called
DO = "move it away, or give another folder by --out"


class PublishError(ValueError):
    """Something stands where an op's files would be written: one line naming it and what to do."""


def check_free(op: str, spec: Path, folder: Path) -> None:
    """Raises PublishError where publishing an op would replace what is not gradsmith's own."""
    names = [*(f"{op}{suffix}" for suffix in (*RECORDED, CERTIFICATE)), *runtime_files()]
    paths = [folder / name for name in names]
    for path in paths:
        if path.exists() and spec.exists() and os.path.samefile(path, spec):
            raise PublishError(f"{op}: {path} is the spec itself: give another folder by --out")
    foreign = [path for path in paths if os.path.lexists(path) and not is_ours(path, op)]
    foreign += in_the_way(folder)
    if foreign:
        more = f" (and {len(foreign) - 1} more)" if len(foreign) > 1 else ""
        raise PublishError(f"{op}: {foreign[0]}{more} is not as gradsmith wrote it, if it did: {DO}")


def in_the_way(folder: Path) -> Iterator[Path]:
    """What is not gradsmith's own and has the place or the name of the runtime."""
    runtime = folder / "runtime"
    if os.path.lexists(runtime) and not runtime.is_dir():
        yield runtime
    if (folder / "runtime.py").exists():
        yield folder / "runtime.py"
    known = {Path(name).name for name in runtime_files()}
    yield from (p for p in sorted(runtime.glob("*.py")) if p.name not in known and not is_copy(p))


def left_over(folder: Path) -> Iterator[Path]:
    """Files of an older runtime."""
    known = {Path(name).name for name in runtime_files()}
    return (p for p in (folder / "runtime").glob("*.py") if p.name not in known and is_copy(p))


def is_ours(path: Path, op: str) -> bool:
    """Whether a file that has the place of one of an op's, or of the runtime's, is as gradsmith wrote it."""
    if path.parent.name == "runtime":
        return is_copy(path)
    content = recorded(path.with_name(f"{op}{CERTIFICATE}"), op)
    if content is None or path.name.endswith(CERTIFICATE):
        return content is not None
    return digest(text_of(path) or "") == content["digests"].get(RECORDED[path.name.removeprefix(op)])


def is_copy(path: Path) -> bool:
    text = text_of(path)
    return text is not None and is_signed(text)


def recorded(certificate: Path, op: str) -> Mapping[str, Any] | None:
    """The content of an op's certificate, of this or of an earlier format, if it is as gradsmith wrote it."""
    text = text_of(certificate)
    try:
        content = json.loads(text or "")
    except ValueError:
        return None
    if not isinstance(content, dict) or not isinstance(content.get("digests"), dict):
        return None
    whole = as_text(content) == text and content.get("digest") == own_digest(content)
    return content if whole and content.get("op") == op else None


def text_of(path: Path) -> str | None:
    """A file's text; None where there is none."""
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def standing(folder: Path, op: str) -> str:
    """The status that a folder's certificate gives an op, or why it gives none."""
    content = recorded(folder / f"{op}{CERTIFICATE}", op)
    if not (folder / f"{op}.py").exists():
        return "not published"
    if content is None or not is_ours(folder / f"{op}.py", op):
        return "changed since"
    return str(content.get("status", "of an older format"))
