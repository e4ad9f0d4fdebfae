"""The second half of a page: the adjoint, one tensor at a time, and what was done against overflow."""

from __future__ import annotations

from derive.algebra.index import Affine
from derive.algebra.system import Equation, System
from derive.pages.combined_page import combined_sections
from derive.pages.contributions import Contribution, contributions
from derive.pages.sheet import Section, Sheet, listed, sentence


def adjoint_sections(sheet: Sheet) -> tuple[Section, ...]:
    """The adjoint of what is computed, the gradients of the inputs, what cancels, the stable equations."""
    backward = sheet.derivation.backward
    inner = [e for e in backward.equations if e.tensor not in backward.outputs]
    gradients = [e for e in backward.equations if e.tensor in backward.outputs]
    blocks = tuple(block for e in inner for block in _tensor(sheet, e))
    results = tuple(block for e in gradients for block in _tensor(sheet, e))
    sections = [
        Section("The adjoint", (_given(sheet), *blocks)),
        Section("The gradients of the inputs", results),
    ]
    stable = _stable(sheet)
    last = (Section("Without overflow or lost digits", stable),) if stable else ()
    return (*sections, *combined_sections(sheet), *last)


def _given(sheet: Sheet) -> str:
    """What a bar means, and what the backward pass starts from."""
    backward, forward = sheet.derivation.backward, sheet.derivation.forward
    known = {*forward.inputs, *(e.tensor for e in forward.equations)}
    given = tuple(name for name in backward.inputs if name not in known)
    verb = "is" if len(given) == 1 else "are"
    return sheet.form.paragraph(
        f"{sheet.form.cotangent} is the derivative by it of the sum of all outputs, each weighted with its "
        f"cotangent. Given {verb} {sheet.symbols(given)}."
    )


def _tensor(sheet: Sheet, equation: Equation) -> tuple[str, ...]:
    """All reads of one tensor, and the equation of its cotangent."""
    shares = contributions(sheet.derivation, equation.tensor)
    lines = [_share(sheet, share, len(shares) > 1) for share in shares]
    lines = lines or [f"{sheet.symbol(equation.tensor)} is 0: the tensor is read nowhere."]
    return (sheet.form.reasons(lines), sheet.equation(equation))


def _share(sheet: Sheet, share: Contribution, several: bool) -> str:
    """One read: the derivative, where the indices went, and the term that it adds."""
    writer, math = sheet.writer.within(share.made), sheet.form.math
    read, value = writer.expr(share.read), writer.expr(share.value)
    slope = math(sheet.form.partial(value, read, writer.expr(share.slope)))
    text = f"{math(read)} is read by {math(value)} in {sheet.reference(share.source)}: {slope}"
    if share.moved:
        moved = [math(writer.relation(writer.name(n), writer.affine(e))) for n, e in share.moved]
        text += f", with {listed(moved)}"
    if share.kept:
        text += f", where {listed([math(writer.condition(guard)) for guard in share.kept])}"
    if several:
        text += f"; it adds {math(writer.term(share.made.terms[0]))}"
    return text + "." + "".join(_shift(sheet, share, *shift) for shift in share.shifts)


def _shift(sheet: Sheet, share: Contribution, name: str, there: Affine, needed: Affine) -> str:
    """What a read some steps away means for the order of the backward pass."""
    writer, math = sheet.writer, sheet.form.math
    own, other = sheet.symbol(share.made.tensor), sheet.symbol(share.made.terms[0].reads()[0].tensor)
    index, read, now = math(writer.name(name)), math(writer.affine(there)), math(writer.affine(needed))
    way = "backwards" if (needed - Affine.of(name)).integer() > 0 else "forwards"
    return (
        f" The read at {read} became one at {now}: the dependence runs {way} in {index}, "
        f"as {own} at {index} needs {other} at {now}."
    )


def _stable(sheet: Sheet) -> tuple[str, ...]:
    """What the kernels compute in place of equations that overflow."""
    d = sheet.derivation
    steps = [s for s in d.steps if s.rule == "stabilise"]
    reasons = list(dict.fromkeys(sheet.form.prose(f"{sentence(s.why)}.") for s in steps))
    pairs = ((d.forward, d.stable_forward), (d.combined, d.stable_backward))
    changed = tuple(e for plain, stable in pairs for e in _changed(plain, stable))
    blocks = tuple(sheet.equation(e, "'" if e.tensor in known else "") for e, known in changed)
    warnings = [sheet.form.prose(w) for w in d.warnings]
    words = "The kernels compute these equations, which give the same without overflow or lost digits:"
    intro = (sheet.form.paragraph(words),) if blocks else ()
    return (*map(sheet.form.reasons, filter(None, (reasons, _renamed(sheet), warnings))), *intro, *blocks)


def _renamed(sheet: Sheet) -> list[str]:
    """The tensors that keep their names and mean something else in the stable equations."""
    before = {t.name: t for t in sheet.derivation.backward.tensors}
    changed = (t for t in sheet.derivation.stable_backward.tensors if before.get(t.name, t).about != t.about)
    return [f"Below, {sheet.symbol(t.name)} stands for the {sheet.form.prose(t.about)}." for t in changed]


def _changed(plain: System, stable: System) -> list[tuple[Equation, set[str]]]:
    """The equations that differ, with the names of those that were there before."""
    before = {e.tensor: e for e in plain.equations}
    return [(e, set(before)) for e in stable.equations if before.get(e.tensor) != e]
