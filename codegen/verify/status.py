"""The four states of an op, the same everywhere: from the rungs' verdicts to the words in its module.

The text that the rungs see says nothing of its status. Unless it is verified, one paragraph is added at the
end of the module's docstring when it is published, a function of the verdicts alone: whoever holds the
certificate can take it out again, and has the text that the rungs saw. The certificate's digest of the module
is that of the whole file.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from textwrap import fill

from codegen.verify.ladder import RUNGS, Rung

Verdicts = Mapping[int, str]  # by rung; none for an op that no rung has seen

WIDTH = 88
END = '\n"""\n'  # of the module's docstring, in whose lines it cannot stand
PROOFS = tuple(r for r in RUNGS if r.proof)


class Status(StrEnum):
    """What may be said of an op; each but the first is published, and says which it is."""

    REFUSED = "refused"  # a rung shows a wrong result
    VERIFIED = "verified"  # every proof has passed, and no other rung has failed
    CHECKED = "checked"  # no rung shows a wrong result, and a proof is missing, which is named
    DRAFT = "draft"  # asked for as such: no rung was run


def status_of(verdicts: Verdicts) -> Status:
    """Verdicts -> the status they give. What was not run or not shown matters for proofs alone."""
    if not verdicts:
        return Status.DRAFT
    if "failed" in verdicts.values():
        return Status.REFUSED
    return Status.CHECKED if missing(verdicts) else Status.VERIFIED


def missing(verdicts: Verdicts) -> tuple[Rung, ...]:
    """The proofs that have not passed."""
    return tuple(r for r in PROOFS if verdicts.get(r.number) != "passed")


def paragraph(verdicts: Verdicts) -> str:
    """What a module's docstring says of its status; nothing where it is verified."""
    status = status_of(verdicts)
    if status is Status.DRAFT:
        return "Status: draft. No rung was run on this text: nothing is shown of it."
    if status is Status.VERIFIED:
        return ""
    named = (f"rung {r.number}, {r.name} ({verdicts.get(r.number, 'not run')})" for r in missing(verdicts))
    return fill(f"Status: {status}, not verified. Not proved: {'; '.join(named)}.", WIDTH)


def with_status(text: str, verdicts: Verdicts) -> str:
    """A module's text -> the text that is published."""
    said = paragraph(verdicts)
    return text.replace(END, f"\n\n{said}{END}", 1) if said else text


def without_status(published: str, verdicts: Verdicts) -> str | None:
    """The text that the rungs see; None where the module does not say what these verdicts give."""
    said = paragraph(verdicts)
    text = published.replace(f"\n\n{said}{END}", END, 1) if said else published
    return text if with_status(text, verdicts) == published else None
