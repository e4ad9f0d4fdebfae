"""Rule table: the reductions. A row is a monoid; argmax is the integer companion of max."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Monoid:
    """A reduction: its name, LaTeX, whether it is additive, and what an empty one gives."""

    name: str
    latex: str
    additive: bool
    empty: str
    witness: str = ""


MONOIDS = {
    row.name: row
    for row in (
        Monoid("sum", r"\sum", additive=True, empty="0"),
        Monoid("max", r"\max", additive=False, empty="-inf", witness="argmax"),
        Monoid("argmax", r"\operatorname{arg\,max}", additive=False, empty="-1"),
    )
}
