"""The command `gradsmith`: list, derive, generate, verify, check, certificate."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from codegen import catalogue, tasks
from codegen.certificate_command import certificate
from codegen.describe import describe
from codegen.jobs import Job, Outcome, run_all
from codegen.pdf import TypesettingError, typeset
from codegen.publish import drift
from derive.derivation import derive as derive_op
from derive.errors import DerivationError, SpecError
from derive.language import OpSpec
from derive.pages.page import render

Command = TypeVar("Command", bound=Callable[..., Any])
FAULTS = (SpecError, DerivationError, TypesettingError)
SUFFIXES = {"text": "txt", "latex": "tex", "md": "md", "html": "html", "pdf": "pdf"}
FOLDER = click.Path(file_okay=False, path_type=Path)
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=SETTINGS)
def main() -> None:
    """Gradients that you can read, trust and run.

    Example:  gradsmith generate my_op.py --out mypackage/ops
    """


def as_json(command: Command) -> Command:
    """The option that every command has."""
    return click.option("--json", "machine", is_flag=True, help="Print JSON for machines.")(command)


def ops_and_folder(command: Command) -> Command:
    """The arguments of the commands that work on a folder of generated ops."""
    out = click.option(
        "--out", type=FOLDER, default="generated", show_default=True, help="The package's folder."
    )
    return out(click.argument("ops", nargs=-1, metavar="[OP | FILE.py]...")(command))


@main.command("list")
@as_json
def list_ops(machine: bool) -> None:
    """The catalogue: each op with its source, shapes and parameters.

    Example:  gradsmith list
    """
    rows = [describe(op) for op in _find(())]
    if machine:
        _print_json(rows)
        return
    table = Table(title="the catalogue")
    for heading in ("op", "title", "inputs", "outputs", "source"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "op")
    for row in rows:
        shapes = [
            " ".join(f"{t['name']}({', '.join(map(str, t['shape']))})" for t in row[k])
            for k in ("inputs", "outputs")
        ]
        table.add_row(row["name"], row["title"], *shapes, row["source"])
    _console().print(table)


@main.command()
@click.argument("ops", nargs=-1, required=True, metavar="[OP | FILE.py]...")
@click.option("--format", "form", type=click.Choice(list(SUFFIXES)), default="text", show_default=True)
@click.option(
    "--matrix/--index", "matrix", default=False, help="Matrix notation as in the documents, or indices."
)
@click.option("--out", type=FOLDER, help="Write a file for each op into this folder (pdf: here by default).")
@as_json
def derive(ops: tuple[str, ...], form: str, matrix: bool, out: Path | None, machine: bool) -> None:
    """Print the derivation of an op's gradients.

    Example:  gradsmith derive lstm --format latex > lstm.tex
    """
    notation = "matrix" if matrix else "index"
    pages = {op.name: _page(op, "latex" if form == "pdf" else form, notation) for op in _find(ops)}
    if machine:
        _print_json([{"name": n, "format": form, "notation": notation, "text": t} for n, t in pages.items()])
    elif out is None and form != "pdf":
        for text in pages.values():
            click.echo(text)
    else:
        _write_pages(pages, out or Path(), form)


@main.command()
@ops_and_folder
@as_json
def generate(ops: tuple[str, ...], out: Path, machine: bool) -> None:
    """Derive, print, verify and publish ops: kernels, certificate and derivation.

    What was verified in this folder before, and would be the same now, is left as it is.

    Example:  gradsmith generate my_op.py --out mypackage/ops
    """
    jobs = [Job(op.name, where) for op, where in _located(ops)]
    outcomes = run_all(tasks.Generate(str(out)), jobs, tasks.FAULTS)
    _report(outcomes, f"generated in {out}", machine)


@main.command()
@ops_and_folder
@as_json
def verify(ops: tuple[str, ...], out: Path, machine: bool) -> None:
    """Check again, from the published files, what their certificates say.

    Example:  gradsmith verify lstm
    """
    jobs = [Job(op.name, where) for op, where in _located(ops) if ops or (out / f"{op.name}.py").exists()]
    if not jobs:
        _fail(
            f"no op of the catalogue is published in {out}: run `gradsmith generate`, or name a spec's file"
        )
    outcomes = run_all(tasks.Recheck(str(out)), jobs, tasks.FAULTS)
    _report(outcomes, f"verified in {out}", machine)


@main.command()
@ops_and_folder
@as_json
def check(ops: tuple[str, ...], out: Path, machine: bool) -> None:
    """Is the folder exactly what the specs generate? Prints a diff where it is not.

    Example:  gradsmith check
    """
    sources = _guarded(lambda: [tasks.write(op) for op in catalogue.find(ops)])
    problems = drift(sources, out, whole=not ops)
    if machine:
        _print_json({"folder": str(out), "problems": problems})
    else:
        for problem in problems:
            click.echo(problem)
        click.echo(
            f"{out}: "
            + (f"{len(problems)} differences; run `gradsmith generate`" if problems else "as generated")
        )
    sys.exit(1 if problems else 0)


main.add_command(certificate)


def _page(op: OpSpec, form: str, notation: str) -> str:
    page: str = _guarded(lambda: render(derive_op(op), form, notation))
    return page


def _write_pages(pages: dict[str, str], folder: Path, form: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        page = folder / f"{name}.{SUFFIXES[form]}"
        page.write_bytes(_guarded(partial(typeset, text)) if form == "pdf" else text.encode())
        click.echo(str(page), err=True)


# helpers ------------------------------------------------------------------------------------------
def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 160)


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2))


def _fail(message: str) -> None:
    """One line on stderr, exit code 2."""
    click.echo(f"gradsmith: {message}", err=True)
    sys.exit(2)


def _guarded(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except FAULTS as fault:
        _fail(str(fault))


def _find(ops: tuple[str, ...]) -> tuple[OpSpec, ...]:
    found: tuple[OpSpec, ...] = _guarded(lambda: catalogue.find(ops))
    return found


def _located(ops: tuple[str, ...]) -> list[tuple[OpSpec, str]]:
    """Each op with the name or the file by which another process finds it."""
    pairs = (
        [(op, given) for given in ops for op in _find((given,))]
        if ops
        else [(op, op.name) for op in _find(())]
    )
    _find(ops)
    return pairs


def _report(outcomes: Sequence[Outcome], title: str, machine: bool) -> None:
    """The table at the end, or JSON; exit code 1 where an op failed."""
    failed = [o for o in outcomes if o.fault]
    if machine:
        _print_json([{"op": o.job.op, "fault": o.fault, **(o.result or {})} for o in outcomes])
    else:
        _console().print(_table(outcomes, title))
        for outcome in failed:
            click.echo(f"gradsmith: {outcome.fault}", err=True)
    sys.exit(1 if failed else 0)


def _table(outcomes: Sequence[Outcome], title: str) -> Table:
    table = Table(title=title)
    for heading in ("op", "rungs passed", "not run", "mutants killed", "status"):
        table.add_column(heading)
    for outcome in outcomes:
        found = outcome.result or {"passed": "", "not_run": "", "mutants": ""}
        good = "unchanged" if found.get("unchanged") else "verified"
        status = "[red]failed[/red]" if outcome.fault else f"[green]{good}[/green]"
        table.add_row(
            outcome.job.op, str(found["passed"]), str(found["not_run"]), str(found["mutants"]), status
        )
    return table


if __name__ == "__main__":
    main()
