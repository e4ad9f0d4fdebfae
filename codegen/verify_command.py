"""The command `gradsmith verify`: what is published, checked again, at three levels."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from codegen import tasks
from codegen.certificate_command import read_certificate
from codegen.deep_task import Deep, fuzz_jobs
from codegen.jobs import Job, Outcome, run_all
from codegen.journal import Journal
from codegen.outcomes import folder_of, jobs_of, located, say_what_is_not_shown, table
from codegen.screen import STOPPED, as_json, console, fail, ops_and_folder, print_json
from codegen.verify.levels import CERTIFIED, DEEP, FAST, Level
from codegen.verify.summary import FORMS, page, summarise
from derive.language import OpSpec

LEVELS = {level.name: level for level in (CERTIFIED, FAST, DEEP)}
NEEDED = {"jax": "gradsmith[jax]", "hypothesis": "hypothesis"}  # by --deep, and what installs it


@click.command()
@ops_and_folder
@click.option(
    "--fast", "level", flag_value="fast", help="Without rung 11, and with fewer problems; says which."
)
@click.option(
    "--deep", "level", flag_value="deep", help="More than the certificate, in pieces; stopped, it goes on."
)
@click.option("--afresh", is_flag=True, help="With --deep: do not go on where an earlier run was stopped.")
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", *FORMS)),
    help="Of what is printed; text for one op, a table for several and for --fast.",
)
@as_json
def verify(
    ops: tuple[str, ...], out: Path | None, level: str | None, afresh: bool, form: str | None, machine: bool
) -> None:
    """Check again, from the published files, what their certificates say.

    --deep adds other numbers, every mutant, processes of their own and random systems; stopped, it goes on
    where it was. A form other than the table is a page for each op: what was shown, by which oracle, and what
    was not.

    Example:  gradsmith verify lstm
    """
    chosen = LEVELS[level or CERTIFIED.name]
    folder = folder_of(ops, out)
    found = [(op, where) for op, where in located(ops) if ops or (folder / f"{op.name}.py").exists()]
    if not found:
        fail(f"no op of the catalogue is published in {folder}: `gradsmith generate`, or name a spec's file")
    jobs = jobs_of(found)
    outcomes = _run(chosen, jobs, folder, afresh, whole=not ops)
    alone = len(ops) == len(found) == 1 and chosen is not FAST
    _report(
        outcomes, chosen, folder, form or ("text" if alone else "table"), [op for op, _ in found], machine
    )


def _run(level: Level, jobs: list[Job], out: Path, afresh: bool, whole: bool) -> list[Outcome]:
    if level is not DEEP:
        return run_all(tasks.Recheck(str(out), level), jobs, tasks.FAULTS)
    for package, extra in NEEDED.items():
        if find_spec(package) is None:
            fail(f"--deep needs {package}: pip install '{extra}'")
    work = Deep(str(out), Journal(str(out / "__pycache__" / "deep"), afresh))
    try:
        return run_all(work, [*jobs, *(fuzz_jobs() if whole else ())], tasks.FAULTS)
    except KeyboardInterrupt:
        fail("stopped: the same command goes on where it was, --afresh begins anew", STOPPED)


def _report(
    outcomes: Sequence[Outcome], level: Level, out: Path, form: str, ops: Sequence[OpSpec], machine: bool
) -> None:
    """The table, pages, or JSON; what the level leaves out; exit code 1 where something failed."""
    failed = [o for o in outcomes if o.fault]
    if machine:
        print_json([_row(o, level) for o in outcomes])
    elif form == "table":
        console().print(table(outcomes, f"verified in {out}, level {level.name}"))
        say_what_is_not_shown(outcomes)
    else:
        good = {o.job.op for o in outcomes if not o.fault}
        for op in ops:
            if op.name in good:
                click.echo(page(summarise(op, read_certificate(op, out)), form), nl=False)
    for outcome in () if machine else failed:
        click.echo(f"gradsmith: {outcome.fault}", err=True)
    click.echo(f"level {level.name}, not run at this level: {level.left_out}", err=True)
    sys.exit(1 if failed else 0)


def _row(outcome: Outcome, level: Level) -> dict[str, Any]:
    about = {"op": outcome.job.op, "fault": outcome.fault, "status": outcome.status}
    about |= {"level": level.name, "left_out": level.left_out}
    return {**about, **(outcome.result or {})}
