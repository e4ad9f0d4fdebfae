"""What a process does for one op: generate it, or check what is published of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegen.catalogue import find
from codegen.jobs import Job
from codegen.module import Source
from codegen.ownership import PublishError
from codegen.pipeline import generate, write
from codegen.publish import certificate_name, op_files, publish
from codegen.stamp import is_as_published
from codegen.verify.levels import CERTIFIED, Level
from codegen.verify.publishable import draft
from codegen.verify.recheck import recheck
from codegen.verify.result import RefusedError, RungResult, VerificationError
from codegen.verify.status import Status, missing, status_of
from derive.errors import DerivationError, SpecError
from derive.language import OpSpec

__all__ = ["FAULTS", "Generate", "Recheck", "write"]

MUTANTS = 11  # the rung that plants them
FAULTS = (SpecError, DerivationError, VerificationError, PublishError)


def find_op(job: Job) -> OpSpec:
    """The op of a job, in whichever process this is."""
    return next(op for op in find((job.where,)) if op.name == job.op)


@dataclass(frozen=True, slots=True)
class Generate:
    """Derive, verify and publish into a folder; what was verified there before is left as it is.

    A draft is not verified, and no rung is run.
    """

    folder: str
    draft: bool = False

    def __call__(self, job: Job, progress: Callable[[str], None]) -> dict[str, Any]:
        source, folder = write(find_op(job), progress), Path(self.folder)
        if is_as_published(source, folder):
            return _warned(source, {**published_summary(source, folder), "unchanged": True})
        if self.draft:
            files = publish(draft(source), folder).files
            return _warned(source, {**summary(()), "files": list(files), "unchanged": False})
        made, published = generate(source, folder, progress)
        row = {**summary(made.results), "files": list(published.files), "unchanged": False}
        return _warned(source, row)


@dataclass(frozen=True, slots=True)
class Recheck:
    """Verify what stands in a folder, as far as the level goes."""

    folder: str
    level: Level = CERTIFIED

    def __call__(self, job: Job, progress: Callable[[str], None]) -> dict[str, Any]:
        found = recheck(Path(self.folder) / f"{job.op}.py", find_op(job), progress, self.level)
        if found.problems:
            refused = any(r.verdict == "failed" for r in found.results)
            raise (RefusedError if refused else VerificationError)("\n".join(found.problems))
        row = summary(found.results)
        left_out = " ".join(map(str, self.level.without))
        return {**row, "not_shown": f"{row['not_shown']} {left_out}".strip()}


def _warned(source: Source, row: dict[str, Any]) -> dict[str, Any]:
    """The row with what the op's author should know of its inputs."""
    return {**row, "notes": [*(f"warning: {w}" for w in source.plan.derivation.unread), *row["notes"]]}


def summary(results: Sequence[RungResult]) -> dict[str, Any]:
    """A row of the table at the end."""
    said = ((r.rung, r.name, r.verdict, r.detail) for r in results)
    return _row(said, next((str(r.mutants) for r in results if r.rung == MUTANTS and r.mutants), "none"))


def published_summary(source: Source, folder: Path) -> dict[str, Any]:
    """The same row from the certificate that is published."""
    names = (*op_files(source), certificate_name(source))
    certificate = json.loads((folder / certificate_name(source)).read_text("utf-8"))
    rungs = {r["rung"]: r for r in certificate["rungs"]}
    said = ((r["rung"], r["name"], r["verdict"], r.get("detail", "")) for r in rungs.values())
    return {**_row(said, rungs[MUTANTS].get("noticed", "none")), "files": list(names)}


def _row(said: Iterable[tuple[int, str, str, str]], mutants: str) -> dict[str, Any]:
    """Of each rung its number, name, verdict and detail."""
    said = tuple(said)
    verdicts = {n: verdict for n, _, verdict, _ in said}
    status = status_of(verdicts)
    others = [s for s in said if s[2] != "passed"]
    return {
        "status": str(status),
        "not_proved": [] if status is Status.DRAFT else [r.number for r in missing(verdicts)],
        "passed": " ".join(str(n) for n, _, verdict, _ in said if verdict == "passed"),
        "not_shown": " ".join(str(n) for n, *_ in others),
        "mutants": mutants,
        "notes": [f"rung {n}, {name}: {verdict}: {detail}" for n, name, verdict, detail in others],
    }
