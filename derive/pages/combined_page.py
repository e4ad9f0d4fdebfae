"""The part of a page between the adjoint and its stable form: how the gradients got shorter."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from derive.algebra.expr import Read
from derive.algebra.system import Equation
from derive.derivation import Derivation
from derive.pages.sheet import Section, Sheet, listed
from derive.steps import Step

INTRO = (
    "Equations are put into each other where factors then cancel. None of what cancels is 0 anywhere, "
    "and nothing is put where it would be read outside its domain."
)


def combined_sections(sheet: Sheet) -> tuple[Section, ...]:
    """What was put into what and what cancelled; nothing where nothing did."""
    steps = [s for s in sheet.derivation.steps if s.rule in WORDS]
    if not steps:
        return ()
    final = _final(sheet.derivation, steps)
    blocks = [] if _alone(steps) else [sheet.form.paragraph(INTRO)]
    for made, alike in groupby(steps, key=lambda s: s.made):
        told = list(alike)
        blocks.append(sheet.form.reasons([WORDS[s.rule](sheet, s) for s in told]))
        tagged = any(s is final.get(e.tensor) for s in told for e in made)
        blocks += [_equation(sheet, e, tagged and final.get(e.tensor) in told) for e in made]
    return (Section("Made shorter" if _alone(steps) else "What cancels", tuple(blocks)),)


def _alone(steps: list[Step]) -> bool:
    """Whether no equation was put into another."""
    return all(step.rule in ("merge", "numbers") for step in steps)


def _final(derivation: Derivation, steps: list[Step]) -> dict[str, Step]:
    """For every tensor of the combined system, the step that made its equation."""
    wanted = set(derivation.combined.equations)
    return {e.tensor: step for step in steps for e in step.made if e in wanted}


def _equation(sheet: Sheet, equation: Equation, final: bool) -> str:
    """An equation on the way, or the last one of its tensor, with its number."""
    if not final:
        return sheet.form.display(sheet.writer.rows(equation), "")
    plain = {e.tensor for e in sheet.derivation.backward.equations}
    return sheet.equation(equation, "*" if equation.tensor in plain else "")


def _merge(sheet: Sheet, step: Step) -> str:
    where = sheet.reference(step.source)
    return f"In {where}, one summand is 0 wherever the other is not; together they are one choice:"


def _numbers(sheet: Sheet, step: Step) -> str:
    return f"In {sheet.reference(step.source)}, numbers above and below a line cancel:"


def _factor(sheet: Sheet, step: Step) -> str:
    return f"In {sheet.reference(step.source)}, factors without the summed index come before the sum:"


def _substitute(sheet: Sheet, step: Step) -> str:
    reads = [part for part in step.parts if isinstance(part, Read)]
    return f"{_parts(sheet, step)} is replaced by its equation {sheet.reference(reads[0].tensor)}:"


def _cancel(sheet: Sheet, step: Step) -> str:
    verb = "which is never 0, cancels" if len(step.parts) == 1 else "which are never 0, cancel"
    return f"{_parts(sheet, step)}, {verb}:"


def _fold(sheet: Sheet, step: Step) -> str:
    sources = [sheet.reference(part.tensor) for part in step.parts if isinstance(part, Read)]
    return f"By {listed(sources)}, a quotient is {_parts(sheet, step)}:"


def _sort(sheet: Sheet, step: Step) -> str:
    return "Collected, with common factors in front:"


def _parts(sheet: Sheet, step: Step) -> str:
    writer = sheet.writer.within(step.made[0])
    return listed([sheet.form.math(writer.expr(part)) for part in step.parts])


WORDS: dict[str, Callable[[Sheet, Step], str]] = {
    "merge": _merge,
    "numbers": _numbers,
    "factor": _factor,
    "substitute": _substitute,
    "cancel": _cancel,
    "fold": _fold,
    "sort": _sort,
}
