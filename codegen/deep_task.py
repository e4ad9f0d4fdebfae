"""What a process does for `gradsmith verify --deep`: an op in pieces, or random systems; each piece once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from codegen.jobs import Job
from codegen.journal import Journal
from codegen.stamp import depends_on
from codegen.tasks import Recheck, find_op, write
from codegen.verify.deep import PIECES
from codegen.verify.provenance import runtime_digest
from codegen.verify.result import VerificationError

SYSTEMS, EACH = 2000, 50  # random systems in all, and of one job
FUZZ = "random systems "  # no op is called like this
FIRST = 10**9  # above the cost of any op: what they find is a fault of the engine, so of many ops


def fuzz_jobs(count: int = SYSTEMS) -> list[Job]:
    """The jobs that compare so many random systems."""
    return [Job(f"{FUZZ}{n}", str(n), FIRST) for n in range(1, -(-count // EACH) + 1)]


@dataclass(frozen=True, slots=True)
class Deep:
    """The certificate, then what is more; finished pieces are in the journal."""

    folder: str
    journal: Journal

    def __call__(self, job: Job, progress: Callable[[str], None]) -> dict[str, Any]:
        return self._systems(job, progress) if job.op.startswith(FUZZ) else self._op(job, progress)

    def _op(self, job: Job, progress: Callable[[str], None]) -> dict[str, Any]:
        module, made = Path(self.folder) / f"{job.op}.py", write(find_op(job))
        digest = depends_on(*_texts(module), runtime_digest(module.parent / "runtime"), made.text)
        certified = partial(Recheck(self.folder), job, progress)
        row: dict[str, Any] = self.journal.once(f"{job.op} certificate", digest, certified)
        source = replace(made, text=module.read_text("utf-8"))
        for name, piece in PIECES.items():
            work = partial(piece, source, job.where, progress)
            row = {**row, name: self.journal.once(f"{job.op} {name}", digest, work)}
        return {**row, "mutants": row["every mutant"]}

    def _systems(self, job: Job, progress: Callable[[str], None]) -> dict[str, Any]:
        from codegen.verify.fuzz.run import search  # here: without --deep nobody waits for Hypothesis

        def compare() -> dict[str, Any]:
            found = search(int(job.where), EACH, progress=progress)
            if found.fault:
                path = Path(self.journal.folder) / f"found_{job.where}.py"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(str(found), "utf-8")
                raise VerificationError(f"{job.op}: {found.fault}; the smallest that fails is in {path}")
            if found.compared < EACH:
                raise VerificationError(f"{job.op}: only {found.compared} of {EACH} could be compared")
            return {"passed": f"{found.compared} systems", "not_shown": "", "mutants": ""}

        row: dict[str, Any] = self.journal.once(job.op, depends_on(job.op, str(EACH)), compare)
        return row


def _texts(module: Path) -> tuple[str, ...]:
    paths = (module, module.with_suffix(".certificate.json"), module.with_suffix(".derivation.md"))
    return tuple(p.read_text("utf-8") if p.is_file() else "" for p in paths)
