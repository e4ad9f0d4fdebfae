"""Faults planted in a system of equations, in a module's text and in its public face.

A checker that was never seen to fail is no check: every rung is shown faults of the kind that it is
there for, and must notice those that are certainly faults.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from codegen.lower import Plan
from codegen.verify.execution import kernel_definitions
from codegen.verify.mutation.mutate import Mutant
from derive.algebra.expr import Expr, Number, Read, minus, times, transform
from derive.algebra.index import Affine
from derive.algebra.system import Equation, System, Term, canonical_indices, symbols

GAIN = (2001, 2000)  # a gradient that is wrong by 0.05%


@dataclass(frozen=True, slots=True)
class WrongSystem:
    """A system with one fault; `scaled` is the gradient that is wrong by a factor, if that is it."""

    about: str
    system: System
    scaled: str = ""


def wrong_systems(system: System, most: int) -> list[WrongSystem]:
    """Every gradient wrong by 0.05%; then terms and guards dropped, signs and shifts changed."""
    changed = list(_changed(system))
    step = max(1, -(-len(changed) // most))
    return [*_scaled(system), *changed[::step]]


def _scaled(system: System) -> Iterator[WrongSystem]:
    gain = Number(Affine.of(GAIN[0]), GAIN[1])
    for name in system.outputs:
        old = system.equation(name)
        terms = tuple(replace(t, body=times(gain, t.body)) for t in old.terms)
        yield WrongSystem(f"{name} wrong by 0.05%", _with(system, replace(old, terms=terms)), scaled=name)


def without_terms(system: System, name: str) -> System:
    """The system with nothing in one equation: what is left of a gradient that is 0 everywhere."""
    return _with(system, replace(system.equation(name), terms=()))


def with_spurious_term(system: System, name: str, cotangent: str) -> WrongSystem:
    """A gradient with the sum of all of a cotangent as one more term: wrong even where it should be 0."""
    old = system.equation(name)
    axes = canonical_indices(system, cotangent, {i.name for i in old.indices} | symbols(system))
    spurious = Term(axes, (), Read(cotangent, tuple(i.symbol for i in axes)))
    made = _with(system, replace(old, terms=(*old.terms, spurious)))
    return WrongSystem(f"{name} with a spurious term", made)


def _changed(system: System) -> Iterator[WrongSystem]:
    for equation in system.equations:
        for k, term in enumerate(equation.terms):
            for about, terms in _wrong_terms(term):
                changed = (*equation.terms[:k], *terms, *equation.terms[k + 1 :])
                made = replace(equation, terms=changed)
                yield WrongSystem(f"{equation.tensor}: {about} {k + 1}", _with(system, made))


def _wrong_terms(term: Term) -> Iterator[tuple[str, tuple[Term, ...]]]:
    """What may take a term's place: nothing, its negative, itself with less guard or another shift."""
    yield "without term", ()
    yield "other sign of term", (replace(term, body=minus(term.body)),)
    for k, guard in enumerate(term.guards):
        kept = (*term.guards[:k], *term.guards[k + 1 :])
        yield f"without guard {guard} of term", (replace(term, guards=kept),)
    for read in dict.fromkeys(term.reads()):
        if read.at:
            yield f"shifted {read.tensor} in term", (replace(term, body=_shifted(term.body, read)),)


def _shifted(body: Expr, read: Read) -> Expr:
    moved = Read(read.tensor, (*read.at[:-1], read.at[-1] + 1))
    return transform(body, lambda node: moved if node == read else node)


def _with(system: System, changed: Equation) -> System:
    kept = tuple(changed if e.tensor == changed.tensor else e for e in system.equations)
    return system.with_equations(kept, system.tensors)


# texts ------------------------------------------------------------------------------------------------
def with_kernel(text: str, kernel: str, definition: str) -> str:
    """The module's text with another definition of one of its kernels."""
    old = kernel_definitions(text)[kernel]
    lines = text.splitlines()
    first, last = old.decorator_list[0].lineno - 1, old.end_lineno or old.lineno
    return "\n".join([*lines[:first], definition, *lines[last:]]) + "\n"


def with_mutant(text: str, mutant: Mutant) -> str:
    """The module's text with a mutant in place of its kernel."""
    return with_kernel(text, mutant.kernel, mutant.text)


def with_statements(text: str, kernel: str, statements: list[str]) -> str:
    """The module's text with more statements at the end of a kernel."""
    end = kernel_definitions(text)[kernel].end_lineno or 0
    lines = text.splitlines()
    return "\n".join([*lines[:end], *("    " + s for s in statements), *lines[end:]]) + "\n"


def scaled_gradient(text: str, name: str, axes: int) -> str:
    """The module's text with one gradient wrong by 0.05%."""
    places = [f"i{k}_" for k in range(axes)]
    element = f"{name}[{', '.join(places) or '()'}]"
    loops = [f"{'    ' * k}for {p} in range({name}.shape[{k}]):" for k, p in enumerate(places)]
    last = f"{'    ' * axes}{element} = {element} * number({name}, {GAIN[0]}, {GAIN[1]})"
    return with_statements(text, "_backward", [*loops, last])


def isolation_faults(text: str, plan: Plan) -> list[tuple[str, str]]:
    """Texts that write to what they are given, keep their buffers, or count on clean ones."""
    faults = []
    for kernel, name in ((plan.forward, "_forward"), (plan.backward, "_backward")):
        given = (*kernel.inputs, *kernel.residuals, *kernel.cotangents)
        system = plan.forward_system if name == "_forward" else plan.backward_system
        floating = [n for n in given if not system.tensor(n).integer]
        faults += [(f"{name} writes to {n}", _writing(text, name, n, system)) for n in floating]
        first = next(n for n in kernel.outputs if not system.tensor(n).integer)
        faults.append((f"{name} adds garbage to {first}", _leaking(text, name, first, system)))
    held = (*plan.forward.outputs, *plan.forward.saved)
    if any(plan.forward_system.tensor(n).dims for n in held):
        faults.append(("outputs in memory that is kept", keeping(text)))
    return faults


def corner_of(name: str, system: System) -> str:
    """The first element of a tensor, as text."""
    return f"{name}[{', '.join('0' for _ in system.tensor(name).dims) or '()'}]"


def _writing(text: str, kernel: str, name: str, system: System) -> str:
    """Another number in the first element, whatever stands there: adding would not change infinity."""
    corner = corner_of(name, system)
    other = f"number({name}, 1) if {corner} != number({name}, 1) else number({name}, 2)"
    return with_statements(text, kernel, [f"{corner} = {other}"])


def _leaking(text: str, kernel: str, name: str, system: System) -> str:
    """The kernel adds what the first element of an output held before it was called."""
    corner = corner_of(name, system)
    start = kernel_definitions(text)[kernel].body[0].end_lineno or 0
    lines = text.splitlines()
    made = "\n".join([*lines[:start], f"    before_ = {corner} if {name}.size else 0", *lines[start:]]) + "\n"
    return with_statements(made, kernel, [f"if {name}.size:", f"    {corner} = {corner} + before_"])


def keeping(text: str, names: Sequence[str] = ()) -> str:
    """A module that makes arrays (those of these names, or all) once and gives them out again and again.

    Every name has memory of its own: two in the same would spoil each other, NaN in every gradient for good.
    """
    kept = [
        "_kept = {}",
        "def _again(name, shape, dtype):",
        "    return _kept.setdefault((name, shape, dtype), np.empty(shape, dtype))",
    ]
    made = "|".join(names) or r"\w+"
    text = re.sub(rf"(?<=\s)({made}) = np\.empty\(", r'\1 = _again("\1", ', text)
    return "\n".join([text, *kept]) + "\n"
