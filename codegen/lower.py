"""Derivation -> Plan: the kernels of an op, as statements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from codegen.accesses import arrays_read, arrays_written, flatten
from codegen.apart import keep_apart
from codegen.bounds import Bounds
from codegen.contraction import lower_contraction
from codegen.fuse import EVERYTHING, Pruning, fuse, under_one_condition
from codegen.legality import enforce_kernel, enforce_schedule
from codegen.localise import localise
from codegen.names import WORDS, Names
from codegen.nodes import Kernel, Loop, Nest, Section, Statement, least, with_inner
from codegen.pointwise import lower_pointwise
from codegen.reduction import lower_maximum, lower_sum, wrap
from codegen.schedule import Item, Steps, Task, schedule
from codegen.unfold import declare_patches, lower_unfolded
from codegen.widen import widened
from derive.algebra.graphs import components
from derive.algebra.system import System, constants
from derive.derivation import Derivation


@dataclass(frozen=True, slots=True)
class Plan:
    """The forward and the backward kernel of one derivation, and the systems with their buffers.

    Systems and kernels are as the text calls everything; `called` has the text's name for each name of the
    author's that is another one there.
    """

    derivation: Derivation
    forward_system: System
    backward_system: System
    forward: Kernel
    backward: Kernel
    called: Mapping[str, str] = field(default_factory=dict)

    @property
    def authors(self) -> dict[str, str]:
        """The author's name for each name of the text's that is another one there."""
        return {text: name for name, text in self.called.items()}


def lower(derivation: Derivation) -> Plan:
    """Derivation -> Plan. Raises DerivationError where the equations cannot be put in an order."""
    systems = (declare_patches(s) for s in (derivation.stable_forward, derivation.stable_backward))
    forward, backward, called = keep_apart(*systems)
    computed = tuple(e.tensor for e in forward.equations)
    optional = frozenset(n for n in backward.outputs if backward.tensor(n).dims)
    gradients = _lower_system(backward, backward.outputs, Pruning(optional, _reach(backward)))
    needed = arrays_read(gradients)
    residuals = tuple(n for n in computed if n in needed)
    saved = tuple(n for n in residuals if n not in forward.outputs)
    values = _lower_system(forward, (*forward.outputs, *saved), EVERYTHING)
    cotangents = tuple(n for n in backward.inputs if n not in computed and n not in forward.inputs)
    return Plan(
        derivation,
        forward,
        backward,
        _kernel("forward", forward, values, forward.inputs, (), (), forward.outputs, saved),
        _kernel(
            "backward",
            backward,
            _sections(backward, gradients),
            tuple(n for n in forward.inputs if n in needed),
            residuals,
            cotangents,
            backward.outputs,
            (),
        ),
        called,
    )


def _kernel(
    name: str,
    system: System,
    body: tuple[Statement, ...],
    inputs: tuple[str, ...],
    residuals: tuple[str, ...],
    cotangents: tuple[str, ...],
    outputs: tuple[str, ...],
    saved: tuple[str, ...],
) -> Kernel:
    made = arrays_written(body) - {*outputs, *saved}
    workspace = tuple(t.name for t in system.tensors if t.name in made)
    integers, reals = tuple(p.name for p in system.integers), tuple(p.name for p in system.reals)
    kernel = Kernel(name, inputs, residuals, cotangents, integers, reals, outputs, saved, workspace, body)
    return enforce_kernel(system, kernel)


def _lower_system(system: System, kept: tuple[str, ...], pruning: Pruning) -> tuple[Statement, ...]:
    """Statements for the system's equations; `kept` outlive them."""
    indices = {
        i.name for e in system.equations for i in (*e.indices, *(b for t in e.terms for b in t.binders))
    }
    names = Names({*(t.name for t in system.tensors), *constants(system), *WORDS, *indices})
    system = _without_unread(system, kept)
    tree = _lower_items(system, enforce_schedule(system, schedule(system)), names, pruning)
    return _finish(system, tuple(tree), {*kept}, names)


def _without_unread(system: System, kept: tuple[str, ...]) -> System:
    """The system without equations that nothing kept depends on; a maximum keeps its argmax."""
    terms = {e.tensor: e.terms for e in system.equations}
    needed, waiting = set[str](), [*kept]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += [read.tensor for term in terms.get(name, ()) for read in term.all_reads()]
    searched = {(t.binders, t.guards, t.body) for n in needed for t in terms.get(n, ()) if t.monoid == "max"}
    equations = tuple(
        e
        for e in system.equations
        if e.tensor in needed or any((t.binders, t.guards, t.body) in searched for t in e.terms)
    )
    return replace(system, equations=equations)


def _lower_items(system: System, items: tuple[Item, ...], names: Names, pruning: Pruning) -> list[Statement]:
    made: list[Statement] = []
    for item in items:
        if isinstance(item, Steps):
            body = tuple(_lower_items(system, item.body, names, pruning))
            loop = Loop(
                item.index.name, (least(item.index.lo),), (least(item.index.hi),), body, item.backwards
            )
            made.append(loop)
        else:
            made += _lower_task(system, item, names)
    return fuse(made, pruning)


def _lower_task(system: System, task: Task, names: Names) -> list[Statement]:
    if any(t.monoid != "sum" for t in task.piece.terms):  # without an index too: -inf where a guard fails
        return list(lower_maximum(system, task, names))
    if task.piece.light:
        return lower_pointwise(system, task, names)
    made = lower_contraction(system, task)
    if made is None:
        made = lower_unfolded(system, task, names) or lower_sum(system, task, names)
    return list(widened(made, task, names))


def _finish(
    system: System, tree: tuple[Statement, ...], kept: set[str], names: Names
) -> tuple[Statement, ...]:
    """Nests as loops, with what only they use in locals."""
    integers = {t.name for t in system.tensors if t.integer}
    readers: dict[str, list[Statement]] = {}
    for part in _parts(tree):
        for array in arrays_read((part,)):
            readers.setdefault(array, []).append(part)
    done: dict[int, tuple[Statement, ...]] = {}
    for nest in (s for s in flatten(tree) if isinstance(s, Nest)):
        outside = {n for n in arrays_written((nest,)) if any(s is not nest for s in readers.get(n, ()))}
        local = localise(nest, outside | kept, integers, names)
        body = under_one_condition(local.body, integers)
        loops = wrap(Bounds(system, local.indices), local.indices, (), body)
        done[id(nest)] = tuple(replace(s, cites=nest.cites) if isinstance(s, Loop) else s for s in loops)
    return _replace_nests(tree, done)


def _parts(tree: tuple[Statement, ...]) -> Iterator[Statement]:
    """The statements of loops over steps, one by one, and the loops without them."""
    for statement in tree:
        if isinstance(statement, Loop):
            yield with_inner(statement, ())
            yield from _parts(statement.body)
        else:
            yield statement


def _replace_nests(
    tree: tuple[Statement, ...], done: dict[int, tuple[Statement, ...]]
) -> tuple[Statement, ...]:
    made: list[Statement] = []
    for item in tree:
        if isinstance(item, Nest):
            made += done[id(item)]
        elif isinstance(item, Loop):
            made.append(with_inner(item, _replace_nests(item.body, done)))
        else:
            made.append(item)
    return tuple(made)


def _sections(system: System, body: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Statements that only some gradients need, under the question whether one is wanted."""
    reach = _reach(system)
    users = {t.name: set[str]() for t in system.tensors if t.role == "buffer"}
    for statement in body:
        for buffer in arrays_read((statement,)) & users.keys():
            users[buffer] |= arrays_written((statement,))
    for buffer, written in users.items():
        reach[buffer] = set().union(*(reach[n] for n in written))
    made: list[Section] = []
    for group, served in _served(body, reach):
        serves = tuple(n for n in system.outputs if n in served)
        if made and made[-1].serves == serves:
            made[-1] = replace(made[-1], body=(*made[-1].body, *group))
        else:
            made.append(Section(serves, group))
    return tuple(made)


def _served(
    body: tuple[Statement, ...], reach: dict[str, set[str]]
) -> list[tuple[tuple[Statement, ...], set[str]]]:
    """Statements, with those that compute locals for them, and the outputs that they serve.

    A loop may write what serves several outputs: what it reads is then needed for all of them.
    """
    groups: list[tuple[Statement, ...]] = []
    waiting: tuple[Statement, ...] = ()
    for statement in body:
        waiting = (*waiting, statement)
        if arrays_written(waiting):  # else it computes locals of the next statement
            groups.append(waiting)
            waiting = ()
    made: list[tuple[tuple[Statement, ...], set[str]]] = []
    wanted: dict[str, set[str]] = {}  # array -> the outputs that later statements with it serve
    for group in reversed(groups):
        written = arrays_written(group)
        served = set[str]().union(*(reach[n] | wanted.get(n, set()) for n in written))
        for array in written | arrays_read(group):
            wanted[array] = wanted.get(array, set()) | served
        made.append((group, served))
    return made[::-1]


def _reach(system: System) -> dict[str, set[str]]:
    """For each tensor, the outputs that depend on it."""
    reach = {t.name: {t.name} & {*system.outputs} for t in system.tensors}
    reads = {e.tensor: sorted(e.tensors()) for e in system.equations}
    for group in components(reads, reads):
        served = set[str]().union(*(reach[name] for name in group))
        for name in {*group}.union(*(reads.get(name, ()) for name in group)):
            reach[name] = reach[name] | served
    return reach
