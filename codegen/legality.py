"""Rule table: what must hold of a schedule and of a kernel after every pass.

A rule looks at a whole schedule or kernel and returns what breaks it, one line a fault. `enforce` runs
the table; a fault is a bug of ours, not of the user's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from codegen.accesses import arrays_read, arrays_written, flatten
from codegen.dependence import Piece
from codegen.nodes import If, Kernel, Let, Loop, Nest, Section, Statement, inner
from codegen.schedule import Item, Steps, Task
from derive.algebra.index import Affine, Letter
from derive.algebra.inequalities import steps_away
from derive.algebra.system import System, Term


class IllegalPlan(AssertionError):
    """A pass broke a rule of the table."""


# schedules ----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Visit:
    """A piece, the loops around it, and its place in the order."""

    piece: Piece
    loops: tuple[Steps, ...]
    place: int


def visits(
    items: tuple[Item, ...], loops: tuple[Steps, ...] = ()
) -> Iterator[tuple[Task, tuple[Steps, ...]]]:
    """Every task with the loops around it, in order."""
    for item in items:
        if isinstance(item, Steps):
            yield from visits(item.body, (*loops, item))
        else:
            yield item, loops


def computed_before_read(system: System, items: tuple[Item, ...]) -> list[str]:
    """Every element is written before it is read: earlier in the order, or at an earlier step."""
    order = [Visit(t.piece, loops, n) for n, (t, loops) in enumerate(visits(items))]
    writers: dict[str, list[Visit]] = {}
    for visit in order:
        for tensor in visit.piece.writes:
            writers.setdefault(tensor, []).append(visit)
    faults = []
    for reader in order:
        for term, read in ((t, r) for t in reader.piece.terms for r in t.all_reads()):
            for writer in writers.get(read.tensor, ()):
                if not _before(system, writer, reader, term, read.at):
                    faults.append(f"{reader.piece.equation.tensor} reads {read.tensor} before it is computed")
    return faults


def _before(system: System, writer: Visit, reader: Visit, term: Term, at: tuple[Affine, ...]) -> bool:
    indices = (*reader.piece.equation.indices, *term.binders)
    common = [a for a, b in zip(writer.loops, reader.loops, strict=False) if a is b]
    for steps in common:
        axes = [k for k, i in enumerate(writer.piece.equation.indices) if i.name == steps.index.name]
        away = steps_away(system, at[axes[0]] - steps.index.symbol, indices, term.guards) if axes else None
        if away is None:
            return False
        if away:
            return (away > 0) == steps.backwards
    return writer.place < reader.place


def every_term_once(system: System, items: tuple[Item, ...]) -> list[str]:
    """Each term of each equation is computed exactly once."""
    count: dict[str, int] = {}
    for task, _ in visits(items):
        for equation in (task.piece.equation, *task.piece.also):
            terms = len(equation.terms) if equation in task.piece.also else len(task.piece.terms)
            count[equation.tensor] = count.get(equation.tensor, 0) + terms
    wanted = {e.tensor: len(e.terms) for e in system.equations}
    return [
        f"{t} has {wanted[t]} terms but {count.get(t, 0)} are computed"
        for t in wanted
        if count.get(t, 0) != wanted[t]
    ]


SCHEDULE_RULES: tuple[Callable[[System, tuple[Item, ...]], list[str]], ...] = (
    computed_before_read,
    every_term_once,
)


# kernels ------------------------------------------------------------------------------------------
def given_arrays_are_not_written(system: System, kernel: Kernel) -> list[str]:
    """Inputs, residuals and cotangents are only read."""
    given = {*kernel.inputs, *kernel.residuals, *kernel.cotangents}
    return [f"{name} is given and written" for name in sorted(given & arrays_written(kernel.body))]


def results_are_written(system: System, kernel: Kernel) -> list[str]:
    """Outputs and what is saved are written."""
    wanted = {*kernel.outputs, *kernel.saved}
    return [f"{name} is never written" for name in sorted(wanted - arrays_written(kernel.body))]


def arrays_are_arguments(system: System, kernel: Kernel) -> list[str]:
    """Every array that is touched is an argument."""
    touched = arrays_written(kernel.body) | arrays_read(kernel.body)
    return [f"{name} is touched but is no argument" for name in sorted(touched - set(kernel.arrays))]


def loops_do_not_shadow(system: System, kernel: Kernel) -> list[str]:
    """No loop runs over the index of a loop around it."""
    return [f"the loop over {name} stands inside another one" for name in _shadowed(kernel.body, ())]


def _shadowed(body: tuple[Statement, ...], around: tuple[Letter, ...]) -> Iterator[Letter]:
    for statement in body:
        names = around
        if isinstance(statement, Loop):
            if statement.index in around:
                yield statement.index
            names = (*around, statement.index)
        yield from _shadowed(inner(statement), names)


def sections_serve_outputs(system: System, kernel: Kernel) -> list[str]:
    """A section serves outputs of the kernel; what it writes is read in no section that serves more."""
    sections = [s for s in kernel.body if isinstance(s, Section)]
    faults = [
        f"a section serves {n}, no output" for s in sections for n in s.serves if n not in kernel.outputs
    ]
    faults += ["a section serves nothing" for s in sections if not s.serves]
    later: dict[str, set[str]] = {}  # array -> the outputs that later sections with it serve
    for section in reversed(sections):
        written = arrays_written(section.body)
        for name in sorted(written):
            if not later.get(name, set()) <= {*section.serves}:
                faults.append(f"{name} is skipped where it is still needed")
        for name in written | arrays_read(section.body):
            later[name] = later.get(name, set()).union(section.serves)
    return faults


def unwanted_outputs_are_not_written(system: System, kernel: Kernel) -> list[str]:
    """A section that writes a gradient with axes runs only where that one is wanted: else it is empty."""
    faults = []
    for section in (s for s in kernel.body if isinstance(s, Section)):
        for name in sorted(arrays_written(section.body) & set(kernel.outputs)):
            others = [n for n in section.serves if n != name]
            if others and system.tensor(name).dims:
                faults.append(f"{name} is written where {others[0]} alone may be wanted")
    return faults


def no_nest_is_left(system: System, kernel: Kernel) -> list[str]:
    """Nests have become loops, and branches have bodies."""
    left = [s for s in flatten(kernel.body) if isinstance(s, Nest)]
    empty = [s for s in flatten(kernel.body) if isinstance(s, (If, Loop)) and not s.body]
    return ["a nest is left"] * len(left) + ["an empty branch"] * len(empty)


def locals_are_set_first(system: System, kernel: Kernel) -> list[str]:
    """A local is set before anything is added to it."""
    known: set[str] = set()
    faults = []
    for statement in flatten(kernel.body):
        if isinstance(statement, Let):
            if statement.add and statement.name not in known:
                faults.append(f"{statement.name} is added to before it is set")
            known.add(statement.name)
    return faults


KERNEL_RULES: tuple[Callable[[System, Kernel], list[str]], ...] = (
    given_arrays_are_not_written,
    results_are_written,
    arrays_are_arguments,
    loops_do_not_shadow,
    sections_serve_outputs,
    unwanted_outputs_are_not_written,
    no_nest_is_left,
    locals_are_set_first,
)


def enforce_schedule(system: System, items: tuple[Item, ...]) -> tuple[Item, ...]:
    """The schedule, if every rule holds; else IllegalPlan."""
    _raise(system, [f for rule in SCHEDULE_RULES for f in rule(system, items)])
    return items


def enforce_kernel(system: System, kernel: Kernel) -> Kernel:
    """The kernel, if every rule holds; else IllegalPlan."""
    _raise(system, [f for rule in KERNEL_RULES for f in rule(system, kernel)])
    return kernel


def _raise(system: System, faults: list[str]) -> None:
    if faults:
        raise IllegalPlan(f"{system.name}: " + "; ".join(faults))
