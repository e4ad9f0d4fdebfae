"""All claims of the five documents, and their judgement."""

from __future__ import annotations

from codegen.errata import document_000, document_001, document_002, document_003, document_004
from codegen.errata.claim import Claim, Finding, Unchecked, judge
from codegen.errata.kernels import ErrataError, Load

DOCUMENTS = (document_000, document_001, document_002, document_003, document_004)
CLAIMS: tuple[Claim, ...] = tuple(claim for document in DOCUMENTS for claim in document.CLAIMS)
UNCHECKED: tuple[Unchecked, ...] = tuple(row for document in DOCUMENTS for row in document.UNCHECKED)


def chosen(ids: tuple[str, ...]) -> tuple[Claim, ...]:
    """The claims with these ids, or of these documents; all for none.

    Raises ErrataError for an id or a document that there is not.
    """
    for wanted in ids:
        if not any(wanted in (claim.id, claim.document) for claim in CLAIMS):
            raise ErrataError(
                f"there is no claim {wanted!r}: give a document, 000 to 004, or an id such as {CLAIMS[0].id}"
            )
    return tuple(c for c in CLAIMS if not ids or c.id in ids or c.document in ids)


def judged(claims: tuple[Claim, ...], load: Load) -> list[Finding]:
    """Claims -> findings, in the same order."""
    return [judge(claim, load) for claim in claims]
