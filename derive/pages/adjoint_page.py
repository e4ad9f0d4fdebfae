"""The second half of a page: the adjoint, one tensor at a time, and what follows it."""

from __future__ import annotations

from derive.algebra.system import Equation
from derive.pages.combined_page import combined_sections
from derive.pages.contributions import Contribution, Shift, contributions
from derive.pages.sheet import Section, Sheet, listed
from derive.pages.stable_page import stable_sections


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
    return (*sections, *combined_sections(sheet), *stable_sections(sheet))


def _given(sheet: Sheet) -> str:
    """What a bar means, and what the backward pass starts from."""
    backward, forward = sheet.derivation.backward, sheet.derivation.forward
    known = {*forward.inputs, *(e.tensor for e in forward.equations)}
    given = tuple(name for name in backward.inputs if name not in known)
    verb = "is" if len(given) == 1 else "are"
    start = f"Given {verb} {sheet.symbols(given)}." if given else "No output depends on an input: all are 0."
    return sheet.form.paragraph(
        f"{sheet.form.cotangent} is the derivative by it of the sum of all outputs, each weighted with its "
        f"cotangent. {start}"
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
    return text + "." + "".join(_shift(sheet, share, shift) for shift in share.shifts)


def _shift(sheet: Sheet, share: Contribution, shift: Shift) -> str:
    """What a read some steps away means for the order of the backward pass."""
    writer, math = sheet.writer, sheet.form.math
    own, other = sheet.symbol(share.made.tensor), sheet.symbol(share.made.terms[0].reads()[0].tensor)
    index = math(writer.name(shift.index))
    read, now = math(writer.affine(shift.was)), math(writer.affine(shift.now))
    way = "backwards" if shift.later else "forwards"
    return (
        f" The read at {read} became one at {now}: the dependence runs {way} in {index}, "
        f"as {own} at {index} needs {other} at {now}."
    )
