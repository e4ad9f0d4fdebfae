"""The first half of a page: legend, the equations as written, preparations, the forward system."""

from __future__ import annotations

from derive.algebra.expr import Sum
from derive.algebra.index import Letter
from derive.algebra.nodes import Expr
from derive.algebra.system import Size, System, Tensor, Term
from derive.authoring.elaborate import Elaborator
from derive.authoring.spec import Authored
from derive.pages.sheet import Section, Sheet, listed, sentence
from derive.pages.writer import Row
from derive.steps import RULES, Recorder, Step


def index_names(system: System) -> set[Letter]:
    """The letters that the equations use for their indices."""
    terms = (t for e in system.equations for t in e.terms)
    return {b.name for t in terms for b in t.binders} | {i.name for e in system.equations for i in e.indices}


ROLES = {"data": "input", "parameter": "parameter", "computed": "computed"}


def legend(sheet: Sheet) -> tuple[str, ...]:
    """Tables of sizes, parameters and tensors, and the conventions."""
    d, form = sheet.derivation, sheet.form
    sizes = form.table(("size", "indices", "meaning"), [_size_row(sheet, s) for s in d.forward.sizes])
    tensors = [t for t in d.forward.tensors if t.role != "computed" or t.about]
    table = form.table(("tensor", "shape", "meaning"), [_tensor_row(sheet, t) for t in tensors])
    numbers = [_parameter(sheet, p.name, p.default, p.about) for p in d.spec.integers]
    numbers += [_parameter(sheet, p.name, p.default, p.about) for p in d.spec.reals]
    conventions = [form.prose(c) for c in (*d.conventions, *d.without_gradient)]
    headed = (("Parameters", numbers), ("Conventions", conventions))
    lines = (form.paragraph(f"{head}: {'; '.join(parts)}.") for head, parts in headed if parts)
    return (sizes, table, *lines)


def _size_row(sheet: Sheet, size: Size) -> tuple[str, str, str]:
    math, writer = sheet.form.math, sheet.writer
    about = sheet.form.prose(size.about)
    if size.formula is not None:
        formula = math(writer.relation(writer.name(size.name), writer.quotient(size.formula)))
        about = f"{about}, {formula}" if about else formula
    used = index_names(sheet.derivation.forward) | index_names(sheet.derivation.backward)
    letters = ", ".join(math(writer.name(x)) for x in size.letters if Letter(x) in used)
    return math(writer.name(size.name)), letters, about


def _tensor_row(sheet: Sheet, tensor: Tensor) -> tuple[str, str, str]:
    writer, prose = sheet.writer, sheet.form.prose
    sizes = [writer.affine(dim) for dim in tensor.dims]
    shape = sheet.form.math(sheet.form.shape(sizes)) if sizes else "scalar"
    about = prose(", ".join(dict.fromkeys(part for part in (ROLES[tensor.role], tensor.about) if part)))
    members = [sheet.form.math(writer.name(m)) for m in tensor.members]
    return sheet.symbol(tensor.name), shape, about + (f"; members {listed(members)}" if members else "")


def _parameter(sheet: Sheet, name: str, default: float, about: str) -> str:
    words = sheet.form.prose(f"{about} ({default} unless given)")
    return sheet.form.math(sheet.writer.name(name)) + (", " if about else " ") + words


def forward_sections(sheet: Sheet, sugar: bool) -> tuple[Section, ...]:
    """The equations as written, what was prepared, and the system that came of it."""
    d = sheet.derivation
    numbered = tuple(sheet.equation(e) for e in d.forward.equations)
    written = Section("The equations", _written(sheet, sugar))
    intro = sheet.form.paragraph("The equations that are differentiated:")
    prepared = Section("Preparations", _preparations(sheet))
    return (
        written,
        *((prepared,) if prepared.blocks else ()),
        Section("The forward system", (intro, *numbered)),
    )


def _written(sheet: Sheet, sugar: bool) -> tuple[str, ...]:
    spec, form = sheet.derivation.spec, sheet.form
    indexed = form.display([row for a in spec.equations for row in _indexed(sheet, a)], "")
    first = form.paragraph(
        "As their author wrote them:" if sugar else "As their author wrote them, with indices:"
    )
    if not sugar:
        return (first, indexed)
    matrix = form.matrix(spec)
    rows = [row for a in spec.equations for row in matrix.authored(a)]
    same = indexed == form.display(rows, "")
    return (first, form.display(rows, ""), *(() if same else (form.paragraph("With indices:"), indexed)))


def _indexed(sheet: Sheet, authored: Authored) -> list[Row]:
    """The author's equation with its indices written out."""
    spec = sheet.derivation.spec
    elaborator = Elaborator(spec, Recorder([]), {t.name: t for t in spec.tensors})
    indices, _, value = elaborator.closed(authored)
    left = (*authored.at, *(i.symbol for i in indices[len(authored.at) :]))
    return sheet.early.lines(
        sheet.early.read(authored.tensor, left), [Term((), (), a) for a in _summands(value)]
    )


def _summands(value: Expr) -> tuple[Expr, ...]:
    return value.args if isinstance(value, Sum) else (value,)


def _preparations(sheet: Sheet) -> tuple[str, ...]:
    blocks: list[str] = []
    steps = sheet.derivation.steps
    for rule, print_step in PREPARED.items():
        chosen = [s for s in steps if s.rule == rule]
        if chosen:
            blocks.append(sheet.form.paragraph(sheet.form.prose(f"{sentence(RULES[rule])}:")))
            blocks.append(print_step(sheet, chosen))
    return (*blocks, *_batched(sheet))


def _print_early(sheet: Sheet, steps: list[Step]) -> str:
    rows = [row for step in steps for e in step.made for row in sheet.early.rows(e)]
    return sheet.form.display(rows, "")


def _print_packs(sheet: Sheet, steps: list[Step]) -> str:
    return sheet.form.items([_pack_line(sheet, step) for step in steps])


def _pack_line(sheet: Sheet, step: Step) -> str:
    name, parts = step.made[0].tensor, step.source.split()
    members = listed([sheet.form.math(sheet.early.read(part, ())) for part in parts])
    return f"{members} are the members of {sheet.symbol(name)}, equation {sheet.reference(name)}"


def _print_final(sheet: Sheet, steps: list[Step]) -> str:
    """Equations that are printed in full in the forward system: their names are enough here."""
    names = tuple(e.tensor for step in steps for e in step.made)
    return sheet.form.items([f"{sheet.symbol(name)}, equation {sheet.reference(name)}" for name in names])


PREPARED = {"start": _print_early, "name": _print_early, "pack": _print_packs, "argmax": _print_final}


def _batched(sheet: Sheet) -> tuple[str, ...]:
    """The batch that the spec does not name."""
    d = sheet.derivation
    named = {s.name for s in d.spec.sizes}
    size = next((s for s in d.forward.sizes if s.batch and s.name not in named), None)
    if size is None:
        return ()
    own = tuple(t.name for t in d.forward.tensors if size.name in {x.plain() for x in t.dims})
    letter, count = (sheet.form.math(sheet.writer.name(x)) for x in (size.letters[0], size.name))
    words = sheet.form.prose(f"{sentence(RULES['batch'])}.")
    text = f"{words} The index {letter} of the {count} examples enters {sheet.symbols(own)}."
    return (sheet.form.paragraph(text),)
