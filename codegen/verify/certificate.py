"""The certificate beside a published module: verdicts, bars, counts, seed and digests.

It is a function of the source alone: no measured number, no time, no machine. Measured values belong
in a report of their own. Digests notice accidents, not forgery.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from codegen.copies import digest
from codegen.module import Source
from codegen.verify.cases import SEED
from codegen.verify.provenance import VERSION, materials, provenance
from codegen.verify.publishable import Publishable
from codegen.verify.result import MutantReport, RungResult
from codegen.verify.status import Verdicts, missing, status_of, with_status

FORMAT = 4


def certificate(made: Publishable) -> dict[str, Any]:
    """Publishable -> the certificate's content."""
    return describe(made.source, made.results, made.mutants)


def certificate_text(made: Publishable) -> str:
    """Publishable -> the certificate's file."""
    return as_text(certificate(made))


def as_text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def describe(source: Source, results: tuple[RungResult, ...], mutants: MutantReport) -> dict[str, Any]:
    """The certificate of a source with these results."""
    verdicts = {r.rung: r.verdict for r in results}
    published = replace(source, text=with_status(source.text, verdicts))
    content = {
        "format": FORMAT,
        "op": source.name,
        "status": str(status_of(verdicts)),
        "not_proved": _not_proved(results),
        "gradsmith": VERSION,
        "seed": SEED,
        "digests": asdict(provenance(materials(published))),
        "rungs": [_entry(r) for r in results],
        "mutants": _mutants(mutants),
    }
    return {**content, "digest": own_digest(content)}


def verdicts_in(content: Mapping[str, Any]) -> Verdicts:
    """A certificate's content -> the verdicts that it lists."""
    return {r["rung"]: r["verdict"] for r in content.get("rungs", ())}


def _not_proved(results: tuple[RungResult, ...]) -> list[str]:
    """Each proof that is missing, with the reason."""
    said = {r.rung: r for r in results}
    lacking = missing({r.rung: r.verdict for r in results}) if results else ()
    return [f"rung {r.number}, {r.name}: {said[r.number].verdict}: {said[r.number].detail}" for r in lacking]


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
