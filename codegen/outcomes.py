"""What the commands that work on many ops share: which ops, and the table at the end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from codegen import catalogue
from codegen.jobs import Job, Outcome, cost
from codegen.patience import patience
from codegen.screen import fail, guarded
from derive.language import OpSpec
from derive.words import one_line


def located(ops: tuple[str, ...]) -> list[tuple[OpSpec, str]]:
    """Each op with the name or the file by which another process finds it."""
    pairs = (
        [(op, given) for given in ops for op in found((given,))]
        if ops
        else [(op, op.name) for op in found(())]
    )
    found(ops)
    return pairs


def jobs_of(ops: Sequence[tuple[OpSpec, str]]) -> list[Job]:
    """A job for each op."""
    jobs = []
    for op, where in ops:
        with patience(op.name, "reading its spec"):
            jobs.append(Job(op.name, where, cost(op)))
    return jobs


def folder_of(ops: tuple[str, ...], out: Path | None) -> Path:
    """The package's folder; an op of a user's file has none unless it is named: exit code 2."""
    own = next((given for given in ops if not catalogue.is_of_the_catalogue(given)), None)
    if out is None and own is not None:
        found(ops)
        fail(f"{own} is not of the catalogue: say by --out which package's folder its ops belong in")
    return out or Path("generated")


def found(ops: tuple[str, ...]) -> tuple[OpSpec, ...]:
    """The ops of these names and files; an error is one line and exit code 2."""
    doing = ", ".join(ops) or "the catalogue"
    made: tuple[OpSpec, ...] = guarded(lambda: catalogue.find(ops), doing=doing, stage="running the file")
    return made


def table(outcomes: Sequence[Outcome], title: str) -> Table:
    """A row for each outcome."""
    made = Table(title=one_line(title))
    for heading in ("op", "rungs passed", "not shown", "mutants killed", "status"):
        made.add_column(heading)
    for outcome in outcomes:
        row = outcome.result or {"passed": "", "not_shown": "", "mutants": ""}
        cells = (str(row["passed"]), str(row["not_shown"]), str(row["mutants"]))
        made.add_row(outcome.job.op, *cells, _status(outcome))
    return made


def _status(outcome: Outcome) -> Text:
    """A cell of the table: the status, each proof that is missing, whether it was so before."""
    if outcome.fault:
        return Text(outcome.status, "red")
    row = outcome.result or {}
    status = row.get("status", "passed")  # what is no op has none: random systems
    proofs = f" (not proved: rung {', '.join(map(str, row['not_proved']))})" if row.get("not_proved") else ""
    before = ", unchanged" if row.get("unchanged") else ""
    return Text(f"{status}{proofs}{before}", "green" if status in ("verified", "passed") else "yellow")


def say_what_is_not_shown(outcomes: Sequence[Outcome]) -> None:
    """A line on standard error for each rung that an op has not passed, with the reason."""
    for outcome in outcomes:
        for note in (outcome.result or {}).get("notes", ()):
            click.echo(f"{outcome.job.op}: {note}", err=True)
