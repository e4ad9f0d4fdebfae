"""Packed parameters: `W_f, W_i, W_C, W_o` are slices of one array W, and equations follow suit.

Equations that are the same but for the member they read become one equation with one index more,
so that four products with four matrices are one product with one matrix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from derive.algebra.expr import Expr, Read, transform
from derive.algebra.index import Affine, Index, Letter
from derive.algebra.system import Equation, Names, System, Tensor, Term, constants, fresh, names_in
from derive.language import Spec
from derive.steps import Recorder

Placing = Mapping[str, tuple[str, int, int]]  # member -> packed tensor, axis, number


@dataclass(frozen=True, slots=True)
class Family:
    """Equations that are one equation but for the member number."""

    tensors: tuple[str, ...]
    pattern: tuple[Term, ...]


def pack(spec: Spec, system: System, recorder: Recorder) -> System:
    """System with separate members -> system with packed tensors and merged equations."""
    if not spec.packs:
        return system
    system = _pack_inputs(spec, system)
    index_name = Letter(fresh("g", names_in(system) | set(spec.ranges)))
    while (family := _family(system, index_name)) is not None:
        name = _packed_name(system, family)
        system = _merge(system, family, name, index_name)
        recorder.record("pack", (system.equation(name),), source=" ".join(family.tensors))
    return system


def _pack_inputs(spec: Spec, system: System) -> System:
    tensors = {t.name: t for t in system.tensors}
    placing: dict[str, tuple[str, int, int]] = {}
    inputs = list(system.inputs)
    for name, members in spec.packs.items():
        first = tensors[members[0]]
        labels = tuple(m.removeprefix(f"{name}_") for m in members)
        packed = Tensor(
            name,
            (Affine.of(len(members)), *first.dims),
            first.role,
            about=first.about,
            members=labels,
            packed=0,
        )
        inputs[inputs.index(members[0])] = name
        inputs = [n for n in inputs if n not in members]
        for number, member in enumerate(members):
            del tensors[member]
            placing[member] = (name, 0, number)
        tensors[name] = packed
    packed_system = replace(system, inputs=tuple(inputs), tensors=tuple(tensors.values()))
    return packed_system.with_equations(
        tuple(_place(e, placing) for e in system.equations), packed_system.tensors
    )


def _place(equation: Equation, placing: Placing) -> Equation:
    def change(node: Expr) -> Expr:
        if isinstance(node, Read) and node.tensor in placing:
            packed, axis, number = placing[node.tensor]
            return Read(packed, (*node.at[:axis], Affine.of(number), *node.at[axis:]))
        return node

    terms = tuple(replace(t, body=transform(t.body, change)) for t in equation.terms)
    return replace(equation, terms=terms)


def _family(system: System, index_name: Letter) -> Family | None:
    """The first set of equations that cover all members of the packs they read, alike otherwise."""
    patterns: dict[tuple[object, ...], dict[int, str]] = {}
    for equation in system.equations:
        found = _pattern(system, equation, index_name)
        if found is not None and equation.tensor not in system.outputs:
            number, count, terms = found
            alike = patterns.setdefault((count, terms, equation.indices), {})
            alike[number] = equation.tensor
            if len(alike) == count:
                return Family(tuple(alike[n] for n in range(count)), terms)
    return None


def _pattern(
    system: System, equation: Equation, index_name: Letter
) -> tuple[int, int, tuple[Term, ...]] | None:
    members = {t.name: (t.packed, len(t.members)) for t in system.tensors if t.members}
    numbers: set[int] = set()
    counts: set[int] = set()

    def change(node: Expr) -> Expr:
        if not isinstance(node, Read) or node.tensor not in members:
            return node
        axis, count = members[node.tensor]
        if not node.at[axis].is_integer():
            return node
        numbers.add(node.at[axis].integer())
        counts.add(count)
        return Read(node.tensor, (*node.at[:axis], Affine.of(index_name), *node.at[axis + 1 :]))

    terms = tuple(replace(t, body=transform(t.body, change)) for t in equation.terms)
    if len(numbers) != 1 or len(counts) != 1:
        return None
    return numbers.pop(), counts.pop(), terms


def _packed_name(system: System, family: Family) -> str:
    """What its members' names begin with, if nothing else is called so."""
    stem = family.tensors[0]
    taken: Names = {t.name for t in system.tensors} - {*family.tensors} | constants(system)
    return fresh(stem.rsplit("_", 1)[0] if "_" in stem else f"{stem}_all", taken)


def _merge(system: System, family: Family, name: str, index_name: Letter) -> System:
    first = system.equation(family.tensors[0])
    sequences = {s.name for s in system.sizes if s.sequence}
    axis = int(bool(first.indices) and first.indices[0].hi.plain() in sequences)
    count = len(family.tensors)
    old = system.tensor(family.tensors[0])
    dims = (*old.dims[:axis], Affine.of(count), *old.dims[axis:])
    labels = next(t.members for t in system.tensors if len(t.members) == count)
    packed = replace(old, name=name, dims=dims, members=labels, packed=axis)
    index = Index(index_name, Affine(), Affine.of(count))
    merged = Equation(
        name, (*first.indices[:axis], index, *first.indices[axis:]), family.pattern, first.where
    )
    placing = {member: (name, axis, number) for number, member in enumerate(family.tensors)}
    # congruent equations read the same tensors: all can stand where the first one stands
    place = min(n for n, e in enumerate(system.equations) if e.tensor in family.tensors)
    equations: list[Equation] = []
    for n, equation in enumerate(system.equations):
        if equation.tensor not in family.tensors:
            equations.append(_place(equation, placing))
        elif n == place:
            equations.append(merged)
    tensors = tuple(t for t in system.tensors if t.name not in family.tensors)
    return system.with_equations(tuple(equations), (*tensors, packed))
