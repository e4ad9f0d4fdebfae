"""The last part of a page: what was rewritten so that no kernel overflows or loses digits, step by step."""

from __future__ import annotations

from collections.abc import Callable

from derive.algebra.expr import Call, Expr, When
from derive.algebra.system import Equation
from derive.pages.sheet import Section, Sheet, listed
from derive.steps import Identity, Step

INTRO = (
    "Kernels compute the equations with a prime, and the new ones, in place of those above: they give the "
    "same without overflow or lost digits."
)


def stable_sections(sheet: Sheet) -> tuple[Section, ...]:
    """The steps that made the stable equations, and what no step could mend; nothing where none did."""
    steps = [s for s in sheet.derivation.steps if s.rule in WORDS]
    warnings = [sheet.form.prose(w) for w in sheet.derivation.unstable]
    blocks = [sheet.form.paragraph(INTRO)] if steps else []
    for step in steps:
        blocks.append(sheet.form.paragraph(WORDS[step.rule](sheet, step)))
        blocks += [_equation(sheet, equation) for equation in step.made]
    blocks += [sheet.form.reasons(warnings)] if warnings else []
    return (Section("Without overflow or lost digits", tuple(blocks)),) if blocks else ()


def _equation(sheet: Sheet, equation: Equation) -> str:
    """An equation that the kernels compute, with its number, or one on the way there."""
    d = sheet.derivation
    if equation not in (*d.stable_forward.equations, *d.stable_backward.equations):
        return sheet.form.display(sheet.writer.rows(equation), "")
    before = {e.tensor for e in (*d.forward.equations, *d.combined.equations)}
    return sheet.equation(equation, "'" if equation.tensor in before else "")


def _rescale(sheet: Sheet, step: Step) -> str:
    """The first equation that was made is the largest exponent; the source is the sum of exponentials."""
    maximum, *rest = step.made
    largest = _math(sheet, maximum, Call("exp", (maximum.lhs,)))
    before = {t.name: t.about for t in sheet.derivation.backward.tensors}
    after = {t.name: t.about for t in sheet.derivation.stable_backward.tensors}
    renamed = [e.tensor for e in rest if before.get(e.tensor, after[e.tensor]) != after[e.tensor]]
    meanings = [f"{sheet.symbol(n)} stands for {_meaning(sheet, before.get(n, ''))}" for n in renamed]
    text = (
        f"The exponentials of {sheet.reference(step.source)} are divided by the largest of them, {largest}, "
    )
    text += "and so is all that scales as they do; in the end the scale cancels."
    if meanings:
        text += f" From here on {listed(meanings)}, so divided."
    return text


def _scale(sheet: Sheet, step: Step) -> str:
    """The source is the tensor whose equation was rewritten; the identities are those it was by."""
    first = sheet.reference(step.source)
    made = step.made[-1]
    text = f"In {first}, exponentials are multiplied by adding exponents, and summed by their largest"
    return f"{text}, with {listed([_identity(sheet, made, i) for i in step.identities])}:"


def _meaning(sheet: Sheet, about: str) -> str:
    return f"the {sheet.form.prose(about)}" if about else "what it was"


def _rewrite(sheet: Sheet, step: Step) -> str:
    (made,) = step.made
    text = f"In {sheet.reference(step.source)}"
    if step.parts:
        verb = "is" if len(step.parts) == 1 else "are"
        parts = listed([_math(sheet, made, part) for part in step.parts])
        text += f", {parts} {verb} written out"
    return f"{text}, with {listed([_identity(sheet, made, i) for i in step.identities])}:"


def _identity(sheet: Sheet, made: Equation, identity: Identity) -> str:
    writer = sheet.writer.within(made)
    return sheet.form.math(writer.relation(writer.expr(identity.old), writer.expr(identity.new)))


def _others(sheet: Sheet, step: Step) -> str:
    """The part is the probability at the class that a label names."""
    (own,) = step.parts
    assert isinstance(own, When)
    changed = step.made[-1]
    where = sheet.form.math(sheet.writer.within(changed).condition(own.guards[0]))
    share = _math(sheet, changed, own.body)
    return (
        f"Where {where}, what {share} lacks to 1 is the sum of the others, for together they are 1; "
        "the sum keeps the digits that the difference has lost:"
    )


def _leading(sheet: Sheet, step: Step) -> str:
    """The part is the maximum, the identity that of log1p; the source is the sum."""
    total = next(e for e in step.made if e.tensor == step.source)
    (maximum,) = (_math(sheet, total, part) for part in step.parts)
    identity = listed([_identity(sheet, total, i) for i in step.identities])
    whole = sheet.symbol(step.source)
    return (
        f"The largest term of {whole} is 1. It is taken out of the sum, so that the logarithm keeps the "
        f"digits of the others, {identity}. Where {maximum} stands several times, it is counted as often. "
        f"The last summand of {whole} is 0, or NaN where {maximum} is infinite, as the sum was:"
    )


def _math(sheet: Sheet, made: Equation, node: Expr) -> str:
    return sheet.form.math(sheet.writer.within(made).expr(node))


WORDS: dict[str, Callable[[Sheet, Step], str]] = {
    "rescale": _rescale,
    "scale": _scale,
    "rewrite": _rewrite,
    "others": _others,
    "leading": _leading,
}
