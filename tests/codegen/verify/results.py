"""Results of all rungs with verdicts as a test wants them, and what may be published with these."""

from codegen.copies import digest
from codegen.module import Source
from codegen.verify.ladder import RUNGS
from codegen.verify.publishable import Publishable
from codegen.verify.result import Killed, MutantReport, RungResult, Verdict


def results(**verdicts: Verdict) -> tuple[RungResult, ...]:
    """Every rung has passed but those named, as r1="unproved"."""
    said = {int(name[1:]): verdict for name, verdict in verdicts.items()}
    return tuple(
        RungResult(r.number, r.name, "oracle", "bar", 1, "passed", mutants=Killed(1, 1))
        if r.number not in said
        else RungResult(r.number, r.name, "oracle", "bar", 1, said[r.number], "at T=3")
        for r in RUNGS
    )


def publishable(source: Source, **verdicts: Verdict) -> Publishable:
    """A source with such results."""
    return Publishable(source, digest(source.text), results(**verdicts), MutantReport(1, 1, ()))
