"""The command `gradsmith errata`."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from codegen.errata.claim import VERDICTS, Finding
from codegen.errata.findings import CLAIMS, UNCHECKED, chosen, judged
from codegen.errata.kernels import ErrataError, published_in
from codegen.errata.page import page

COLOURS = {"wrong": "red", "right": "green"}


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID | DOCUMENT]...")
@click.option("--kernels", type=click.Path(file_okay=False, path_type=Path), default="generated",
              show_default=True, help="The folder of published ops.")  # fmt: skip
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the page there (all claims)."
)
@click.option("--json", "machine", is_flag=True, help="Print JSON for machines.")
def errata(ids: tuple[str, ...], kernels: Path, out: Path | None, machine: bool) -> None:
    """The documents' examples, formulas and statements, judged by computation.

    Example:  gradsmith errata 003 --json
    """
    try:
        if out and ids:
            raise ErrataError("--out writes the page of all claims: leave out the ids")
        findings = judged(chosen(ids), published_in(kernels))
    except ErrataError as fault:
        click.echo(f"gradsmith: {fault}", err=True)
        sys.exit(2)
    if out:
        out.write_text(page(findings, UNCHECKED), "utf-8")
    if machine:
        click.echo(json.dumps([_row(f) for f in findings], indent=2, ensure_ascii=False))
    elif out:
        click.echo(f"{out}: {len(CLAIMS)} claims")
    else:
        Console(width=None if sys.stdout.isatty() else 160).print(_table(findings))


def _row(finding: Finding) -> dict[str, object]:
    claim = finding.claim
    return {
        "id": claim.id,
        "place": claim.place,
        "line": claim.line,
        "quote": claim.quote,
        "says": claim.says,
        "verdict": finding.verdict,
        "correct": finding.correct,
        "evidence": finding.evidence.account,
        "ops": list(finding.ops),
        "derived": finding.derivation,
    }


def _table(findings: Sequence[Finding]) -> Table:
    counts = Counter(f.verdict for f in findings)
    summary = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
    table = Table(title="errata", caption=f"{len(findings)} claims: {summary}")
    for heading in ("claim", "the document", "verdict", "correct, or how to read it"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "claim")
    for finding in findings:
        colour = COLOURS.get(finding.verdict, "yellow")
        verdict = f"[{colour}]{finding.verdict}[/{colour}]"
        claim = finding.claim
        table.add_row(claim.id, escape(claim.quote), verdict, escape(finding.correct))
    return table
