"""What a process does for one op: generate it, or check what is published of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codegen.catalogue import find
from codegen.jobs import Job
from codegen.pipeline import generate, write
from codegen.verify.recheck import recheck
from codegen.verify.result import RungResult, VerificationError
from derive.errors import DerivationError, SpecError
from derive.language import OpSpec

__all__ = ["FAULTS", "Generate", "Recheck", "write"]

MUTANTS = 11  # the rung that plants them
FAULTS = (SpecError, DerivationError, VerificationError)


def _op(job: Job) -> OpSpec:
    return next(op for op in find((job.where,)) if op.name == job.op)


@dataclass(frozen=True, slots=True)
class Generate:
    """Derive, verify and publish into a folder."""

    folder: str

    def __call__(self, job: Job, progress: Callable[[str], None]) -> dict[str, Any]:
        verified, published = generate(_op(job), Path(self.folder), progress)
        return {**summary(verified.results), "files": list(published.files)}


@dataclass(frozen=True, slots=True)
class Recheck:
    """Verify what stands in a folder."""

    folder: str

    def __call__(self, job: Job, progress: Callable[[str], None]) -> dict[str, Any]:
        found = recheck(Path(self.folder) / f"{job.op}.py", _op(job), progress)
        if found.problems:
            raise VerificationError("\n".join(found.problems))
        return summary(found.results)


def summary(results: Sequence[RungResult]) -> dict[str, Any]:
    """A row of the table at the end."""
    passed = [r.rung for r in results if r.verdict == "passed"]
    not_run = [r.rung for r in results if r.verdict != "passed"]
    return {
        "passed": " ".join(map(str, passed)),
        "not_run": " ".join(map(str, not_run)),
        "mutants": next((str(r.mutants) for r in results if r.rung == MUTANTS and r.mutants), "none"),
    }
