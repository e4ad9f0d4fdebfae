"""Index ranges and guards, over the index arithmetic of affine.py: the integer half of the calculus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from derive.algebra.affine import (
    Affine,
    AffineLike,
    Atom,
    IntegerRead,
    Monomial,
    Quotient,
    Substitution,
    Values,
    names_of,
)
from derive.algebra.letters import Letter, Name

__all__ = [
    "Affine",
    "AffineLike",
    "Atom",
    "Delta",
    "Guard",
    "In",
    "Index",
    "IntegerRead",
    "Letter",
    "Monomial",
    "Name",
    "Quotient",
    "Substitution",
    "Values",
    "holds",
    "names_of",
    "solve",
]


@dataclass(frozen=True, slots=True, init=False)
class Index:
    """An index and its declared domain: lo <= name < hi. A text given for its name is made a letter."""

    name: Letter
    lo: Affine
    hi: Affine

    def __init__(self, name: Name, lo: Affine, hi: Affine) -> None:
        object.__setattr__(self, "name", Letter(name))
        object.__setattr__(self, "lo", lo)
        object.__setattr__(self, "hi", hi)

    @property
    def symbol(self) -> Affine:
        return Affine.of(self.name)

    def renamed(self, name: Name) -> Index:
        return Index(name, self.lo, self.hi)

    def substitute(self, values: Substitution) -> Index:
        return Index(self.name, self.lo.substitute(values), self.hi.substitute(values))

    def __str__(self) -> str:
        return f"{self.name} in {self.lo}..{self.hi}-1"


@dataclass(frozen=True, slots=True)
class In:
    """The guard lo <= e < hi."""

    e: Affine
    lo: Affine
    hi: Affine

    def substitute(self, values: Substitution) -> In:
        return In(self.e.substitute(values), self.lo.substitute(values), self.hi.substitute(values))

    def parts(self) -> tuple[Affine, ...]:
        return (self.e, self.lo, self.hi)

    def __str__(self) -> str:
        return f"{self.lo} <= {self.e} < {self.hi}"


@dataclass(frozen=True, slots=True)
class Delta:
    """The guard a == b."""

    a: Affine
    b: Affine

    def substitute(self, values: Substitution) -> Delta:
        return Delta(self.a.substitute(values), self.b.substitute(values))

    def parts(self) -> tuple[Affine, ...]:
        return (self.a, self.b)

    def __str__(self) -> str:
        return f"{self.a} == {self.b}"


Guard: TypeAlias = In | Delta


def holds(guard: Guard, values: Values, read: Callable[[str, tuple[int, ...]], int]) -> bool:
    """Whether the guard is true at a point."""
    parts = [e.evaluate(values, read) for e in guard.parts()]
    return parts[1] <= parts[0] < parts[2] if isinstance(guard, In) else parts[0] == parts[1]


def solve(delta: Delta, name: Name) -> Affine | None:
    """`name` from a == b where it stands with coefficient 1 or -1 and in no integer read, else None."""
    difference = delta.a - delta.b
    if any(name in names_of(read.at) for read in difference.reads()):
        return None
    coefficient = difference.coefficient(name)
    if not coefficient.is_integer() or abs(coefficient.integer()) != 1:
        return None
    rest = difference.without(name)
    return -rest if coefficient.integer() == 1 else rest
