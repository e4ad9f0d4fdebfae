"""The command `gradsmith errata`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from codegen.errata.claim import VERDICTS, Finding
from codegen.errata.findings import CLAIMS, UNCHECKED, chosen, judged
from codegen.errata.kernels import ErrataError, published_in
from codegen.errata.page import page
from codegen.screen import FOLDER, as_json, console, fail, guarded, print_json

COLOURS = {"wrong": "red", "right": "green"}


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID | DOCUMENT]...")
@click.option(
    "--kernels", type=FOLDER, default="generated", show_default=True, help="The folder of published ops."
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the page there (all claims)."
)
@as_json
def errata(ids: tuple[str, ...], kernels: Path, out: Path | None, machine: bool) -> None:
    """The documents' examples, formulas and statements, judged by computation.

    Example:  gradsmith errata 003 --json
    """
    if out and ids:
        fail("--out writes the page of all claims: leave out the ids")
    findings = guarded(lambda: judged(chosen(ids), published_in(kernels)), (ErrataError,))
    if out:
        out.write_text(page(findings, UNCHECKED), "utf-8")
    if machine:
        print_json([_row(f) for f in findings])
    elif out:
        click.echo(f"{out}: {len(CLAIMS)} claims")
    else:
        console().print(_table(findings))


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
        claim = finding.claim
        table.add_row(claim.id, claim.quote, Text(finding.verdict, colour), finding.correct)
    return table
