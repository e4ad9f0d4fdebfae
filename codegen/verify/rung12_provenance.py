"""Rung 12: the spec is read and everything is written once more; every digest must come out the same.

The digests of the certificate (spec, equations, module, page, runtime) are those of what was verified. Here
the spec is built afresh, derived, lowered, printed and its page rendered, in this process. What comes out
must be, byte for byte, what was verified: so the text that passed the other rungs is the text that this
spec gives with this gradsmith, and nothing was kept from the first time.

Digests show accidents: an edited module, an older runtime, a spec that moved on. They do not show forgery:
who can write a file can write its digest. The other rungs are what stands against that, run again by
`gradsmith verify`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

from codegen.lower import lower
from codegen.module import Source, derivation_digest, write_module
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.provenance import Materials, Provenance, materials, provenance
from codegen.verify.result import Killed, RungResult
from codegen.verify.sabotage import wrong_systems
from derive.derivation import derive

ORACLE = "the spec, read and written again by this gradsmith"
BAR = "equal digests of spec, equations, module, page and runtime; they show accidents, not forgery"
SYSTEMS = 6  # wrong equations that are shown


def check(candidate: Candidate, cases: Cases) -> RungResult:
    """Candidate -> whether its spec gives it again, byte for byte."""
    recorded = provenance(materials(candidate.source))
    rung = RungResult(12, "provenance", ORACLE, BAR, len(fields(Provenance)), "failed")
    again = write_module(lower(derive(candidate.plan.derivation.op)))
    replayed = materials(again)
    changed = recorded.unlike(provenance(replayed))
    if changed:
        return replace(rung, detail=f"the {changed[0]} is not what its spec gives when it is written again")
    return _with_faults_shown(rung, again, replayed)


def _with_faults_shown(rung: RungResult, again: Source, replayed: Materials) -> RungResult:
    recorded, faults = provenance(replayed), list(provenance_faults(again, replayed))
    missed = [about for about, wrong in faults if not recorded.unlike(provenance(wrong))]
    count = Killed(len(faults) - len(missed), len(faults))
    if missed:
        return replace(rung, verdict="not shown", detail=f"blind to {missed[0]}", mutants=count)
    return replace(rung, verdict="passed", mutants=count)


def provenance_faults(source: Source, made: Materials) -> Iterator[tuple[str, Materials]]:
    """One character of each text changed, and other equations."""
    for field in fields(Materials):
        if field.name != "derivation":
            text = getattr(made, field.name)
            middle = len(text) // 2
            other = "~" if text[middle] != "~" else "-"
            wrong = f"{text[:middle]}{other}{text[middle + 1 :]}"
            yield f"another character in the {field.name}", replace(made, **{field.name: wrong})
    plan = source.plan
    # 0.05% of a gradient without terms is no other system
    others = [w for w in wrong_systems(plan.backward_system, SYSTEMS) if w.system != plan.backward_system]
    for fault in others[:SYSTEMS]:
        wrong_plan = replace(plan, backward_system=fault.system)
        yield fault.about, replace(made, derivation=derivation_digest(wrong_plan))
