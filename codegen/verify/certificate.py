"""The certificate beside a published module: verdicts, bars, counts, seed and digests.

It is a function of the source alone: no measured number, no time, no machine. Measured values belong
in a report of their own. Digests notice accidents, not forgery.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from codegen.module import Source
from codegen.verify.cases import SEED
from codegen.verify.provenance import VERSION, digest, materials, provenance
from codegen.verify.result import MutantReport, RungResult, Verified

FORMAT = 3


def certificate(verified: Verified) -> dict[str, Any]:
    """Verified -> the certificate's content."""
    return describe(verified.source, verified.results, verified.mutants)


def certificate_text(verified: Verified) -> str:
    """Verified -> the certificate's file."""
    return as_text(certificate(verified))


def as_text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def describe(source: Source, results: tuple[RungResult, ...], mutants: MutantReport) -> dict[str, Any]:
    """The certificate of a source with these results."""
    content = {
        "format": FORMAT,
        "op": source.name,
        "gradsmith": VERSION,
        "seed": SEED,
        "digests": asdict(provenance(materials(source))),
        "rungs": [_entry(r) for r in results],
        "mutants": _mutants(mutants),
    }
    return {**content, "digest": own_digest(content)}


def _mutants(report: MutantReport) -> dict[str, Any]:
    return {
        "made": report.made,
        "killed": report.killed,
        "by_rung": [{"rung": rung, "killed": count} for rung, count in report.by_rung],
        "by_operator": [asdict(count) for count in report.by_operator],
        "equivalent": [{"mutant": str(s), "reason": s.reason} for s in report.equivalent],
        "survivors": [str(s) for s in report.survivors],
    }


def _entry(result: RungResult) -> dict[str, Any]:
    entry: dict[str, Any] = {"rung": result.rung, "name": result.name, "verdict": result.verdict}
    if result.detail:
        entry["detail"] = result.detail
    if result.points:
        entry |= {"oracle": result.oracle, "bar": result.bar, "points": result.points}
    if result.mutants:
        entry["noticed"] = str(result.mutants)
    return entry


def own_digest(content: dict[str, Any]) -> str:
    """The digest of a certificate's content without its own digest."""
    return digest(as_text({k: v for k, v in content.items() if k != "digest"}))
