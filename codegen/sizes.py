"""The extents of every tensor of an op, for given sizes: output sizes and parameter counts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codegen.describe import system_of
from derive.algebra.system import System
from derive.errors import SpecError
from derive.language import OpSpec
from derive.oracle.meaning import symbols_of


@dataclass(frozen=True, slots=True)
class TensorSize:
    """A tensor's name, role (data, parameter or computed) and extents."""

    name: str
    role: str
    shape: tuple[int, ...]

    @property
    def elements(self) -> int:
        return math.prod(self.shape)


def tensor_sizes(op: OpSpec, given: Mapping[str, int]) -> tuple[TensorSize, ...]:
    """Every tensor of the op's equations, in their order; `given` are sizes and integer parameters.

    Integer parameters that are not given have their defaults.
    Raises SpecError for a size that is missing, unknown, derived from others or too small.
    """
    system = system_of(op)
    integers = {p.name: given.get(p.name, p.default) for p in system.integers}
    _check_names(system, given)
    _check_least(system, {**given, **integers})
    known = symbols_of(system.sizes, {n: v for n, v in given.items() if n not in integers}, integers)
    _check_least(system, known)
    return tuple(
        TensorSize(t.name, t.role, tuple(d.evaluate(known, lambda *_: 0) for d in t.dims))
        for t in system.tensors
    )


def numbers(pairs: Sequence[str]) -> dict[str, int]:
    """`H=32` and its like as numbers by name. Raises SpecError for anything else."""
    parts = [pair.partition("=") for pair in pairs]
    for (name, _, number), pair in zip(parts, pairs, strict=True):
        if not name or not number.isdecimal():
            raise SpecError(f"{pair!r} is no size: write NAME=NUMBER, as in H=32")
    return {name: int(number) for name, _, number in parts}


def parameter_count(sizes: tuple[TensorSize, ...]) -> int:
    """How many numbers the op's parameters hold."""
    return sum(t.elements for t in sizes if t.role == "parameter")


def _check_least(system: System, known: Mapping[str, int]) -> None:
    least = {s.name: s.least for s in system.sizes} | {p.name: p.least for p in system.integers}
    for name, bound in least.items():
        if known.get(name, bound) < bound:
            raise SpecError(f"{system.name}: {name} is {known[name]}, expected at least {bound}")


def _check_names(system: System, given: Mapping[str, int]) -> None:
    free = [s.name for s in system.sizes if s.formula is None]
    derived = {s.name: str(s.formula) for s in system.sizes if s.formula is not None}
    integers = [p.name for p in system.integers]
    for name in given:
        if name in derived:
            raise SpecError(f"{system.name}: {name} is derived, {derived[name]}: do not give it")
        if name not in (*free, *integers):
            raise SpecError(f"{system.name} has no size {name}: it has {', '.join((*free, *integers))}")
    missing = [name for name in free if name not in given]
    if missing:
        raise SpecError(
            f"{system.name}: no value for {missing[0]}: give all of {', '.join(free)}, as in {missing[0]}=3"
        )
