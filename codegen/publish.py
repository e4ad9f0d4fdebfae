"""Publishable -> files. It takes nothing else: that is a type, not a habit."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from codegen.copies import runtime_files
from codegen.module import Source
from codegen.ownership import CERTIFICATE, PublishError, check_free, left_over, recorded, text_of
from codegen.together import alone_in, finish, put
from codegen.verify.certificate import certificate_text, verdicts_in
from codegen.verify.publishable import Publishable
from codegen.verify.status import with_status
from derive.language import OpSpec
from derive.pages.page import render

PACKAGE = '"""Ops made by gradsmith: plain source; do not edit."""\n'


@dataclass(frozen=True, slots=True)
class Published:
    """The files of one op, with their texts."""

    folder: Path
    files: Mapping[str, str]


def prepare(ops: Iterable[OpSpec], folder: Path) -> None:
    """Look before long work. Raises PublishError where publishing would replace what is not gradsmith's."""
    if folder.exists():
        finish(folder)
        for op in ops:
            check_free(op.name, Path(op.path), folder)


def publish(made: Publishable, folder: Path) -> Published:
    """Write an op's module, certificate and derivation, and the runtime they need, into `folder` at once.

    An `__init__.py` that is there already is left alone. Raises PublishError where something stands that is
    not as gradsmith wrote it, or where nothing can be written.
    """
    files = published_files(made)
    try:
        with alone_in(folder):
            check_free(made.source.name, Path(made.source.plan.derivation.op.path), folder)
            wanted = {**_package(folder), **runtime_files(), **files}
            put(folder, {n: text for n, text in wanted.items() if text_of(folder / n) != text})
            for old in left_over(folder):
                old.unlink()
    except OSError as fault:
        raise PublishError(f"{made.source.name}: {folder} cannot be written: {fault.strerror}") from fault
    return Published(folder, files)


def _package(folder: Path) -> dict[str, str]:
    return {} if (folder / "__init__.py").exists() else {"__init__.py": PACKAGE}


def published_files(made: Publishable) -> dict[str, str]:
    """The files of an op by name: its module says its status, where it is not verified."""
    files = op_files(replace(made.source, text=made.text))
    return {**files, certificate_name(made.source): certificate_text(made)}


def certificate_name(source: Source) -> str:
    return f"{source.name}{CERTIFICATE}"


def op_files(source: Source) -> dict[str, str]:
    """The files that follow from the spec alone: the module and its derivation."""
    page = render(source.plan.derivation, "md", "index")
    return {f"{source.name}.py": source.text, f"{source.name}.derivation.md": page}


def with_status_of(source: Source, folder: Path) -> Source:
    """The source whose text says what the certificate in a folder says of it."""
    content = recorded(folder / certificate_name(source), source.name)
    if content is None or "status" not in content:
        return source
    return replace(source, text=with_status(source.text, verdicts_in(content)))


def drift(sources: Iterable[Source], folder: Path, whole: bool) -> list[str]:
    """What in `folder` is not exactly what the specs generate: missing and left-over files, then diffs.

    `whole` says that the sources are all that the folder should hold.
    """
    wanted = dict(runtime_files())
    names = []
    for source in sources:
        wanted |= op_files(with_status_of(source, folder))
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
