"""Affine index arithmetic and sizes.

An `Affine` is a polynomial with integer coefficients over atoms. An atom is an index (a `Letter`), the
name of a constant (a dimension or an integer parameter such as a stride) or a read of an integer tensor
(a class label, an argmax). It is affine in the indices: `stride*i + p - pad`. Equality ignores the order of
the terms; printing keeps the order in which they were written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, Union

from derive.algebra.letters import Letter, Name
from derive.words import shown

Atom: TypeAlias = Union[Name, "IntegerRead"]
Monomial: TypeAlias = tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class IntegerRead:
    """One element of an integer tensor, used as an index."""

    tensor: str
    at: tuple[Affine, ...]

    def __str__(self) -> str:
        return f"{self.tensor}[{', '.join(map(str, self.at))}]"


def _key(monomial: Monomial) -> Monomial:
    """The factors of a monomial in one order, whatever order they were written in."""
    if len(monomial) < 2:
        return monomial
    return tuple(sorted(monomial, key=rank))


def rank(atom: Atom) -> tuple[bool, str, bool]:
    """An order of atoms that does not depend on where they stand in memory."""
    return isinstance(atom, IntegerRead), str(atom), isinstance(atom, Letter)


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """A polynomial with integer coefficients: pairs of a monomial and its coefficient."""

    terms: tuple[tuple[Monomial, int], ...] = ()

    @staticmethod
    def of(value: AffineLike) -> Affine:
        """An integer, a name or a polynomial, as a polynomial."""
        if isinstance(value, Affine):
            return value
        if isinstance(value, str | Letter | IntegerRead):
            return Affine((((value,), 1),))
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError(f"an index expression is built from integers and indices, not {shown(value)}")
        return Affine((((), value),)) if value else Affine()

    @staticmethod
    def collect(terms: Iterator[tuple[Monomial, int]]) -> Affine:
        total: dict[Monomial, int] = {}
        written: dict[Monomial, Monomial] = {}
        for monomial, coefficient in terms:
            key = _key(monomial)
            total[key] = total.get(key, 0) + coefficient
            written.setdefault(key, monomial)
        return Affine(tuple((written[key], value) for key, value in total.items() if value))

    def _canonical(self) -> frozenset[tuple[Monomial, int]]:
        return frozenset((_key(monomial), value) for monomial, value in self.terms)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Affine) and self._canonical() == other._canonical()

    def __hash__(self) -> int:
        return hash(self._canonical())

    def __add__(self, other: AffineLike) -> Affine:
        if not isinstance(other, (Affine, int)):
            return NotImplemented
        return Affine.collect(iter(self.terms + Affine.of(other).terms))

    def __neg__(self) -> Affine:
        return Affine(tuple((monomial, -value) for monomial, value in self.terms))

    def __sub__(self, other: AffineLike) -> Affine:
        return self + -Affine.of(other) if isinstance(other, (Affine, int)) else NotImplemented

    def __radd__(self, other: int) -> Affine:
        return Affine.of(other) + self if isinstance(other, int) else NotImplemented

    def __rsub__(self, other: int) -> Affine:
        return Affine.of(other) - self if isinstance(other, int) else NotImplemented

    def __mul__(self, other: AffineLike) -> Affine:
        if not isinstance(other, (Affine, int)):
            return NotImplemented
        pairs = ((a, x, b, y) for a, x in self.terms for b, y in Affine.of(other).terms)
        return Affine.collect((a + b, x * y) for a, x, b, y in pairs)

    def __rmul__(self, other: int) -> Affine:
        return Affine.of(other) * self if isinstance(other, int) else NotImplemented

    def __floordiv__(self, other: AffineLike) -> Quotient:
        return Quotient(self, Affine.of(other), Affine())

    def names(self) -> set[Name]:
        """Every index and every constant in it, those inside integer reads included."""
        found: set[Name] = set()
        for monomial, _ in self.terms:
            for atom in monomial:
                found |= names_of(atom.at) if isinstance(atom, IntegerRead) else {atom}
        return found

    def reads(self) -> tuple[IntegerRead, ...]:
        """Every integer read in it."""
        atoms = (atom for monomial, _ in self.terms for atom in monomial)
        return tuple(atom for atom in atoms if isinstance(atom, IntegerRead))

    def substitute(self, values: Substitution) -> Affine:
        """Replace names by polynomials, inside integer reads too."""
        if not values.keys() & self.names():
            return self
        total = Affine()
        for monomial, coefficient in self.terms:
            product = Affine.of(coefficient)
            for atom in monomial:
                product = product * _substitute_atom(atom, values)
            total = total + product
        return total

    def coefficient(self, name: Atom) -> Affine:
        """What multiplies `name`; the polynomial must be linear in it."""
        cofactors = ((tuple(a for a in m if a != name), c) for m, c in self.terms if name in m)
        return Affine.collect(cofactors)

    def without(self, name: Atom) -> Affine:
        """The terms in which `name` is no factor."""
        return Affine(tuple((m, c) for m, c in self.terms if name not in m))

    def is_integer(self) -> bool:
        return all(not monomial for monomial, _ in self.terms)

    def integer(self) -> int:
        """Its value, where it is a plain integer."""
        assert self.is_integer(), f"{self} is no plain integer"
        return sum(value for _, value in self.terms)

    def alone(self) -> Atom | None:
        """The atom that it is, if it is one and nothing else."""
        if len(self.terms) == 1 and self.terms[0][1] == 1 and len(self.terms[0][0]) == 1:
            return self.terms[0][0][0]
        return None

    def plain(self) -> str | None:
        """The constant that it is, if it is one and nothing else."""
        atom = self.alone()
        return atom if isinstance(atom, str) else None

    def letter(self) -> Letter | None:
        """The index that it is, if it is one and nothing else."""
        atom = self.alone()
        return atom if isinstance(atom, Letter) else None

    def evaluate(self, values: Values, read: Callable[[str, tuple[int, ...]], int]) -> int:
        """Its integer value; `read` gives the elements of integer tensors."""
        total = 0
        for monomial, coefficient in self.terms:
            product = coefficient
            for atom in monomial:
                if isinstance(atom, IntegerRead):
                    product *= read(atom.tensor, tuple(e.evaluate(values, read) for e in atom.at))
                else:
                    product *= values[atom]
            total += product
        return total

    def __str__(self) -> str:
        text = ""
        for monomial, value in self.terms:
            sign = " - " if value < 0 else " + "
            factors = ([] if abs(value) == 1 and monomial else [str(abs(value))]) + list(map(str, monomial))
            text += ("-" if value < 0 else "") * (not text) + sign * bool(text) + "*".join(factors)
        return text or "0"

    __repr__ = __str__


Substitution: TypeAlias = Mapping[Any, Affine]  # by Name: a mapping is invariant in its keys
Values: TypeAlias = Mapping[Any, int]  # by Name
AffineLike: TypeAlias = Affine | IntegerRead | Name | int


def _substitute_atom(atom: Atom, values: Substitution) -> Affine:
    if isinstance(atom, IntegerRead):
        return Affine.of(IntegerRead(atom.tensor, tuple(e.substitute(values) for e in atom.at)))
    return values.get(atom, Affine.of(atom))


def names_of(expressions: tuple[Affine, ...]) -> set[Name]:
    """Every name in any of the polynomials."""
    return set().union(*(e.names() for e in expressions))


@dataclass(frozen=True, slots=True)
class Quotient:
    """A size with a floor: numerator // denominator + offset."""

    numerator: Affine
    denominator: Affine
    offset: Affine

    def __add__(self, other: AffineLike) -> Quotient:
        return Quotient(self.numerator, self.denominator, self.offset + Affine.of(other))

    def __sub__(self, other: AffineLike) -> Quotient:
        return self + -Affine.of(other)

    def polynomial(self) -> Affine | None:
        """The polynomial that it is where the floor says nothing: (2*H + 3)//2 is H + 1; else None."""
        if not self.denominator.is_integer():
            return None
        divisor = self.denominator.integer()
        known = sum(value for monomial, value in self.numerator.terms if not monomial)
        rest = [(monomial, value) for monomial, value in self.numerator.terms if monomial]
        if divisor < 1 or any(value % divisor for _, value in rest):
            return None
        whole = Affine(tuple((monomial, value // divisor) for monomial, value in rest))
        return whole + known // divisor + self.offset

    def names(self) -> set[Name]:
        return names_of((self.numerator, self.denominator, self.offset))

    def evaluate(self, values: Values) -> int:
        """Its value; sizes read no tensor."""
        top, bottom, plus = (
            e.evaluate(values, _no_reads) for e in (self.numerator, self.denominator, self.offset)
        )
        return top // bottom + plus

    def __str__(self) -> str:
        if self.denominator == Affine.of(1):
            return str(self.numerator + self.offset)
        text = f"({self.numerator})//{_atom_text(self.denominator)}"
        return text if self.offset == Affine() else f"{text} + {self.offset}".replace("+ -", "- ")


def _atom_text(value: Affine) -> str:
    return str(value) if value.plain() or value.is_integer() else f"({value})"


def _no_reads(tensor: str, at: tuple[int, ...]) -> int:
    raise AssertionError(f"a size read {tensor}{at}")
