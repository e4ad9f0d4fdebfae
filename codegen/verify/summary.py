"""A certificate on one page, for a reader who doubts it: what was shown, and what was not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from textwrap import fill
from typing import Any

from codegen.render import render
from derive.language import OpSpec
from derive.pages.forms import FORMS as PAGES
from derive.words import one_line

FORMS = ("text", "md", "html")
WIDTH = 100

# what a rung shows, once it has passed
SHOWS = {
    1: "For every size at once, the gradient equations are the transpose of the forward equations' "
    "linearisation.",
    2: "The gradient equations are the derivative of the forward equations, in exact arithmetic.",
    3: "The published text, run as it stands in exact arithmetic, computes just these equations.",
    4: "Outputs and gradients are right to the last digits that their formulas can give, in float32 and "
    "float64.",
    5: "A differentiation that is not ours gives the same gradients, in float64 and in float32.",
    6: "The compiled op changes along random directions as its gradients say.",
    7: "Any size that the op allows and any layout in memory gives the same bits; anything else is refused "
    "with one clear error.",
    8: "NaN and infinities come out where the equations put them; large numbers do not overflow; at kinks "
    "and ties the stated convention holds.",
    9: "A call changes nothing that it is given and shares no memory with what it gave before.",
    10: "The same call gives the same bits, whoever else is calling.",
    11: "Small mistakes planted in the published text do not go unnoticed.",
    12: "The spec, read once more, gives this text byte for byte.",
}
LIMITS = (
    "A number of points is a number of points: only rung 1, where it has passed, speaks of all sizes.",
    "Digests notice accidents, not forgery. Against that, run the rungs: `gradsmith verify {op}`.",
    "Whether the equations are the ones you want: read them with `gradsmith derive {op}`.",
    "How fast it is, and the last digits on another machine: bits are compared on one machine and one "
    "number of threads.",
)


@dataclass(frozen=True, slots=True)
class Shown:
    """A rung that has passed, as a reader sees it."""

    rung: int
    name: str
    claim: str
    oracle: str
    points: int
    bar: str
    noticed: str
    note: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What a certificate says, in words; `limits` are true of every op."""

    op: str
    status: str
    title: str
    source: str
    gradsmith: str
    seed: int
    shown: tuple[Shown, ...]
    not_shown: tuple[str, ...]
    unnoticed: str
    survivors: tuple[str, ...]
    equivalent: tuple[tuple[str, str], ...]  # mutants and why each computes the same
    limits: tuple[str, ...]
    conventions: tuple[str, ...]
    digests: tuple[tuple[str, str], ...]


def summarise(op: OpSpec, certificate: Mapping[str, Any]) -> Summary:
    """A certificate's content -> its summary."""
    rungs, mutants = certificate["rungs"], certificate["mutants"]
    return Summary(
        op=certificate["op"],
        status=certificate["status"].capitalize(),
        title=one_line(op.title),
        source=one_line(op.source),
        gradsmith=certificate["gradsmith"],
        seed=certificate["seed"],
        shown=tuple(_shown(r) for r in rungs if r["verdict"] == "passed"),
        not_shown=tuple(_not_shown(rungs)) if rungs else ("Anything: it is a draft, and no rung was run.",),
        unnoticed=_unnoticed(rungs),
        survivors=tuple(mutants["survivors"]),
        equivalent=tuple((e["mutant"], e["reason"]) for e in mutants["equivalent"]),
        limits=tuple(line.format(op=certificate["op"]) for line in LIMITS),
        conventions=tuple(map(one_line, op.conventions)),
        digests=tuple(certificate["digests"].items()),
    )


def _shown(rung: Mapping[str, Any]) -> Shown:
    return Shown(
        rung["rung"],
        rung["name"],
        SHOWS[rung["rung"]],
        rung["oracle"],
        rung["points"],
        rung["bar"],
        rung.get("noticed", "none planted"),
        rung.get("detail", ""),
    )


def _not_shown(rungs: list[Mapping[str, Any]]) -> Iterator[str]:
    for rung in rungs:
        if rung["verdict"] != "passed":
            reason = rung.get("detail", "no reason given")
            yield f"rung {rung['rung']}, {rung['name']}: {rung['verdict']} ({reason})"


def _unnoticed(rungs: list[Mapping[str, Any]]) -> str:
    """The rungs that missed some of what they were shown."""
    missed = []
    for rung in rungs:
        killed, _, planted = rung.get("noticed", "0 of 0").partition(" of ")
        if killed != planted:
            missed.append(f"rung {rung['rung']} ({int(planted) - int(killed)} of {planted})")
    return ", ".join(missed)


def page(summary: Summary, form: str) -> str:
    """The summary as "text", "md" or "html"; the last stands alone, without scripts."""
    suffix = {"text": "txt"}.get(form, form)
    holes = {**asdict(summary), "shown": summary.shown}
    if form == "text":
        holes["wrapped"] = _wrapped
    if form == "md":
        plain = PAGES["md"].escaped
        holes |= {"title": plain(summary.title), "source": plain(summary.source)}
        holes["conventions"] = tuple(map(plain, summary.conventions))
    return render(f"certificate.{suffix}.jinja", holes)


def _wrapped(text: str, indent: int = 0, first: str = "") -> str:
    """A paragraph of plain text; `first` stands where the indentation of its first line would."""
    return fill(text, WIDTH, initial_indent=first or " " * indent, subsequent_indent=" " * indent)
