"""Verified -> files. It takes nothing else: that is a type, not a habit."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from codegen.module import Source
from codegen.verify.certificate import certificate_text
from codegen.verify.result import Verified
from derive.pages.page import render

RUNTIME = Path(__file__).parent / "runtime"
PACKAGE = '"""Ops made by gradsmith: plain source, verified; do not edit."""\n'


@dataclass(frozen=True, slots=True)
class Published:
    """The files of one op."""

    folder: Path
    files: tuple[str, ...]


def publish(verified: Verified, folder: Path) -> Published:
    """Write an op's module, certificate and derivation, and the runtime they need, into `folder`.

    An `__init__.py` that is there already is left alone.
    """
    files = {**op_files(verified.source), **{certificate_name(verified.source): certificate_text(verified)}}
    for name, text in {**runtime_files(), **files}.items():
        _write(folder / name, text)
    if not (folder / "__init__.py").exists():
        _write(folder / "__init__.py", PACKAGE)
    return Published(folder, tuple(files))


def certificate_name(source: Source) -> str:
    return f"{source.name}.certificate.json"


def op_files(source: Source) -> dict[str, str]:
    """The files that follow from the spec alone: the module and its derivation."""
    page = render(source.plan.derivation, "md", "index")
    return {f"{source.name}.py": source.text, f"{source.name}.derivation.md": page}


def runtime_files() -> dict[str, str]:
    """The runtime that emitted modules import, by path in the package."""
    return {f"runtime/{p.name}": p.read_text("utf-8") for p in sorted(RUNTIME.glob("*.py"))}


def _write(path: Path, text: str) -> None:
    """Replace the file in one step; a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.read_text("utf-8") == text:
        return
    draft = path.with_name(path.name + ".draft")
    draft.write_text(text, "utf-8")
    draft.replace(path)


def drift(sources: Iterable[Source], folder: Path, whole: bool) -> list[str]:
    """What in `folder` is not exactly what the specs generate: missing and left-over files, then diffs.

    `whole` says that the sources are all that the folder should hold.
    """
    wanted = dict(runtime_files())
    names = []
    for source in sources:
        wanted |= op_files(source)
        names.append(source.name)
    certificates = {f"{name}.certificate.json" for name in names}
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if _counts(p)}
    problems = [f"{folder / n} is missing" for n in sorted({*wanted, *certificates} - found)]
    if whole:
        extra = found - set(wanted) - certificates - {"__init__.py"}
        problems += [f"{folder / n} is left over: no spec makes it" for n in sorted(extra)]
    return problems + _differences(wanted, folder, found)


def _counts(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def _differences(wanted: Mapping[str, str], folder: Path, found: set[str]) -> list[str]:
    problems = []
    for name in sorted(wanted.keys() & found):
        text = (folder / name).read_text("utf-8")
        if text != wanted[name]:
            lines = difflib.unified_diff(
                text.splitlines(),
                wanted[name].splitlines(),
                f"{folder / name}",
                "generated now",
                lineterm="",
                n=1,
            )
            problems.append("\n".join(lines))
    return problems
