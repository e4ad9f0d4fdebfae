"""The command `gradsmith`; commands with a subject of their own are in its folder and join here."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click
from rich.table import Table

from codegen import tasks
from codegen.certificate_command import certificate
from codegen.describe import describe
from codegen.errata.command import errata
from codegen.flow.command import flow
from codegen.jobs import Outcome, run_all
from codegen.module import Source
from codegen.outcomes import folder_of, found, jobs_of, located, say_what_is_not_shown, table
from codegen.ownership import PublishError, standing
from codegen.patience import patience
from codegen.pdf import typeset
from codegen.publish import drift, prepare
from codegen.screen import FOLDER, Commands, as_json, console, guarded, mendable, ops_and_folder, print_json
from codegen.sizes import numbers, parameter_count, tensor_sizes
from codegen.verify_command import verify
from derive.derivation import derive as derive_op
from derive.language import OpSpec
from derive.pages.page import render

SUFFIXES = {"text": "txt", "latex": "tex", "md": "md", "html": "html", "pdf": "pdf"}
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=Commands, context_settings=SETTINGS)
def main() -> None:
    """Gradients that you can read, trust and run.

    Example:  gradsmith generate my_op.py --out mypackage/ops
    """


main.add_command(certificate)
main.add_command(errata)
main.add_command(flow)
main.add_command(verify)


@main.command("list")
@click.option("--out", "folder", type=FOLDER, default="generated", help="The folder whose status is shown.")
@as_json
def list_ops(folder: Path, machine: bool) -> None:
    """The catalogue: each op with its source, shapes and parameters, and its status where it is published.

    Example:  gradsmith list
    """
    rows = [{**describe(op), "status": standing(folder, op.name)} for op in found(())]
    if machine:
        print_json(rows)
        return
    table = Table(title="the catalogue")
    for heading in ("op", "title", "inputs", "outputs", "source", "status"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "op")
    for row in rows:
        shapes = [
            " ".join(f"{t['name']}({', '.join(map(str, t['shape']))})" for t in row[k])
            for k in ("inputs", "outputs")
        ]
        table.add_row(row["name"], row["title"], *shapes, row["source"], row["status"])
    console().print(table)


@main.command()
@click.argument("op", metavar="OP | FILE.py[:NAME]")
@click.argument("given", nargs=-1, metavar="[NAME=NUMBER]...")
@as_json
def sizes(op: str, given: tuple[str, ...], machine: bool) -> None:
    """The shape of every tensor and the number of parameters, for given sizes and integers.

    Example:  gradsmith sizes conv2d B=1 C=3 H=224 W=224 O=64 P=3 Q=3 pad=1
    """
    known = guarded(partial(numbers, given))
    for one in found((op,)):
        rows = guarded(partial(tensor_sizes, one, known), doing=one.name)
        if machine:
            tensors = {r.name: {"role": r.role, "shape": r.shape, "elements": r.elements} for r in rows}
            print_json({"name": one.name, "tensors": tensors, "parameters": parameter_count(rows)})
            continue
        table = Table(title=f"{one.name}: {parameter_count(rows):,} parameters")
        for heading in ("tensor", "role", "shape", "elements"):
            table.add_column(heading)
        for r in rows:
            table.add_row(r.name, r.role, " x ".join(map(str, r.shape)) or "scalar", f"{r.elements:,}")
        console().print(table)


@main.command()
@click.argument("ops", nargs=-1, required=True, metavar="[OP | FILE.py[:NAME]]...")
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
    pages = {op.name: _page(op, "latex" if form == "pdf" else form, notation) for op in found(ops)}
    if machine:
        print_json([{"name": n, "format": form, "notation": notation, "text": t} for n, t in pages.items()])
    elif out is None and form != "pdf":
        for text in pages.values():
            click.echo(text)
    else:
        _write_pages(pages, out or Path(), form)


@main.command()
@ops_and_folder
@click.option("--draft", is_flag=True, help="Publish without running any rung; who imports it is warned.")
@as_json
def generate(ops: tuple[str, ...], out: Path | None, draft: bool, machine: bool) -> None:
    """Derive, print, verify and publish ops: kernels, certificate and derivation.

    What was verified in this folder before, and would be the same now, is left as it is. What gradsmith did
    not write, or what was changed since, is never replaced.

    Example:  gradsmith generate my_op.py --out mypackage/ops
    """
    folder, pairs = folder_of(ops, out), located(ops)
    with mendable((PublishError,)):
        prepare([op for op, _ in pairs], folder)
    outcomes = run_all(tasks.Generate(str(folder), draft), jobs_of(pairs), tasks.FAULTS)
    _report(outcomes, f"generated in {folder}", machine)


@main.command()
@ops_and_folder
@as_json
def check(ops: tuple[str, ...], out: Path | None, machine: bool) -> None:
    """Is the folder exactly what the specs generate? Prints a diff where it is not.

    Example:  gradsmith check
    """
    folder = folder_of(ops, out)
    sources = [_source(op) for op in found(ops)]
    problems = drift(sources, folder, whole=not ops)
    if machine:
        print_json({"folder": str(folder), "problems": problems})
    else:
        for problem in problems:
            click.echo(problem)
        click.echo(
            f"{folder}: "
            + (f"{len(problems)} differences; run `gradsmith generate`" if problems else "as generated")
        )
    sys.exit(1 if problems else 0)


def _page(op: OpSpec, form: str, notation: str) -> str:
    def written() -> str:
        derivation = derive_op(op)
        for warning in derivation.unread:
            click.echo(f"gradsmith: warning: {warning}", err=True)
        return render(derivation, form, notation)

    page: str = guarded(written, doing=op.name, stage="deriving")
    return page


def _source(op: OpSpec) -> Source:
    with patience(op.name, "reading its spec") as tell, mendable():
        source = tasks.write(op, tell)
    return source


def _write_pages(pages: dict[str, str], folder: Path, form: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        page = folder / f"{name}.{SUFFIXES[form]}"
        page.write_bytes(guarded(partial(typeset, text)) if form == "pdf" else text.encode())
        click.echo(str(page), err=True)


def _report(outcomes: Sequence[Outcome], title: str, machine: bool) -> None:
    """The table at the end, or JSON; exit code 1 where an op failed."""
    failed = [o for o in outcomes if o.fault]
    if machine:
        print_json(
            [{"op": o.job.op, "fault": o.fault, "status": o.status, **(o.result or {})} for o in outcomes]
        )
    else:
        console().print(table(outcomes, title))
        say_what_is_not_shown(outcomes)
        for outcome in failed:
            click.echo(f"gradsmith: {outcome.fault}", err=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
