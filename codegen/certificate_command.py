"""The command `gradsmith certificate`: what a published certificate says, on one page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from codegen import catalogue
from codegen.outcomes import folder_of
from codegen.screen import as_json, console, fail, guarded, ops_and_folder, print_json
from codegen.verify.certificate import FORMAT
from codegen.verify.overview import heading, markdown, rows
from codegen.verify.summary import FORMS, page, summarise
from derive.errors import SpecError
from derive.language import OpSpec


@click.command()
@ops_and_folder
@click.option("--format", "form", type=click.Choice(FORMS), default="text", show_default=True)
@as_json
def certificate(ops: tuple[str, ...], out: Path | None, form: str, machine: bool) -> None:
    """What was shown of a published op: by which oracle, at how many points, and what was not.

    It reads the certificate and believes it; `gradsmith verify` checks it. Without an op: a table of all.

    Example:  gradsmith certificate lstm --format html > lstm.html
    """
    folder = folder_of(ops, out)
    read = guarded(lambda: [(op, read_certificate(op, folder)) for op in catalogue.find(ops)])
    if machine:
        print_json([content for _, content in read])
        return
    if not ops:
        _print_table([content for _, content in read], form)
        return
    for op, content in read:
        click.echo(page(summarise(op, content), form), nl=False)


def _print_table(contents: list[dict[str, Any]], form: str) -> None:
    if form == "html":
        fail("the table of all ops is text or md: name an op for a page in html")
    if form == "md":
        click.echo(markdown(contents), nl=False)
        return
    table = Table(title="planted faults noticed, by rung")
    for column in heading(contents):
        table.add_column(column, overflow="fold", no_wrap=column == "op")
    for row in rows(contents):
        table.add_row(row.op, *row.cells)
    console().print(table)


def read_certificate(op: OpSpec, folder: Path) -> dict[str, Any]:
    """A certificate's content. Raises SpecError where there is none that can be read."""
    path = folder / f"{op.name}.certificate.json"
    again = f"run `gradsmith generate {op.name} --out {folder}`"
    if not path.is_file():
        raise SpecError(f"there is no certificate {path}: {again}")
    try:
        content = json.loads(path.read_text("utf-8"))
    except json.JSONDecodeError as fault:
        raise SpecError(f"{path} is no JSON: {fault}: {again}") from None
    if not isinstance(content, dict) or (content.get("format"), content.get("op")) != (FORMAT, op.name):
        raise SpecError(f"{path} is of another op or format: {again}")
    return content
