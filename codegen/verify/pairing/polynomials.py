"""Polynomials over the atoms of scalar expressions.

Atoms are reads, real parameters, sizes, values of index expressions, scalar functions of polynomials,
truth values of comparisons, and sums in a denominator. A monomial also keeps its *support*: the reads
that stood in a numerator, whose zero extension makes it 0 even where one of them was cancelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from derive.algebra.expr import (
    Number,
    Parameter,
    Read,
)

MOST = 4096  # products of one expression, multiplied out


class TooLarge(ValueError):
    """An expression that multiplies out to more products than are looked at."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A scalar function of polynomials, of which nothing is known."""

    function: str
    args: tuple[Polynomial, ...]


@dataclass(frozen=True, slots=True)
class Holds:
    """1 where left relation right, else 0."""

    left: Polynomial
    relation: str
    right: Polynomial


@dataclass(frozen=True, slots=True)
class Whole:
    """A polynomial that is divided by."""

    value: Polynomial


Atom: TypeAlias = Read | Parameter | Number | Applied | Holds | Whole


@dataclass(frozen=True, slots=True)
class Monomial:
    """Atoms with their exponents; it is 0 where a read of its support is outside its domain."""

    powers: frozenset[tuple[Atom, int]] = frozenset()
    support: frozenset[Read] = frozenset()

    def __mul__(self, other: Monomial) -> Monomial:
        total = dict(self.powers)
        for atom, n in other.powers:
            total[atom] = 1 if isinstance(atom, Holds) else total.get(atom, 0) + n
        kept = frozenset((atom, n) for atom, n in total.items() if n)
        return Monomial(kept, self.support | other.support)

    def kinds(self) -> tuple[str, ...]:
        """What its factors are, without their indices: alike in monomials that can be equal."""
        return tuple(sorted(_factor(atom, n, indices=False) for atom, n in self.powers))

    def __str__(self) -> str:
        return "*".join(sorted(_factor(atom, n) for atom, n in self.powers)) or "1"

    def reads(self) -> Iterator[Read]:
        """Every read in it, those inside functions too, in one order."""
        found = {r for atom, _ in self.powers for r in _reads(atom)} | self.support
        return iter(sorted(found, key=str))


@dataclass(frozen=True, slots=True)
class Polynomial:
    """Monomials with rational coefficients, none of them 0."""

    terms: frozenset[tuple[Monomial, Fraction]] = field(default_factory=frozenset)

    @staticmethod
    def collect(terms: Iterable[tuple[Monomial, Fraction]]) -> Polynomial:
        total: dict[Monomial, Fraction] = {}
        for monomial, coefficient in terms:
            total[monomial] = total.get(monomial, Fraction(0)) + coefficient
        return Polynomial(frozenset((m, c) for m, c in total.items() if c))

    @staticmethod
    def number(value: int | Fraction) -> Polynomial:
        return Polynomial.collect([(Monomial(), Fraction(value))])

    @staticmethod
    def atom(atom: Atom, exponent: int = 1) -> Polynomial:
        present = frozenset([atom]) if isinstance(atom, Read) and exponent > 0 else frozenset()
        return Polynomial.collect([(Monomial(frozenset([(atom, exponent)]), present), Fraction(1))])

    def __add__(self, other: Polynomial) -> Polynomial:
        return Polynomial.collect((*self.terms, *other.terms))

    def __mul__(self, other: Polynomial) -> Polynomial:
        if len(self.terms) * len(other.terms) > MOST:
            raise TooLarge(f"an expression multiplies out to more than {MOST} products")
        return Polynomial.collect((m * n, a * b) for m, a in self.terms for n, b in other.terms)

    def __pow__(self, exponent: int) -> Polynomial:
        """By repeated squaring; what is too large to be multiplied out stays whole."""
        made, square, left = Polynomial.number(1), self if exponent >= 0 else self.inverse(), abs(exponent)
        try:
            while left:
                made = made * square if left & 1 else made
                left >>= 1
                square = square * square if left else square
        except TooLarge:
            return Polynomial.atom(Whole(self), exponent)
        return made

    def inverse(self) -> Polynomial:
        """1 over it: factor by factor for one monomial without divisions, else as a whole."""
        if len(self.terms) == 1:
            ((monomial, coefficient),) = self.terms
            if all(n > 0 and not isinstance(atom, Holds) for atom, n in monomial.powers):
                turned = frozenset((atom, -n) for atom, n in monomial.powers)
                return Polynomial(frozenset([(Monomial(turned), 1 / coefficient)]))
        return Polynomial.atom(Whole(self), -1)


def add(parts: Iterable[Polynomial]) -> Polynomial:
    return Polynomial.collect(term for part in parts for term in part.terms)


def multiply(parts: Iterable[Polynomial]) -> Polynomial:
    made = Polynomial.number(1)
    for part in parts:
        made = made * part
    return made


def atom_text(atom: Atom, indices: bool = True) -> str:
    """An atom as text, or what kind it is: without its indices."""
    match atom:
        case Read(tensor, at):
            return f"{tensor}[{', '.join(map(str, at))}]" if indices else tensor
        case Applied(function, args):
            return f"{function}({', '.join(_text(arg, indices) for arg in args)})"
        case Holds(left, relation, right):
            return f"[{_text(left, indices)} {relation} {_text(right, indices)}]"
        case Whole(value):
            return f"({_text(value, indices)})"
        case Parameter(name):
            return name
        case Number(value, _):
            return f"({value})" if indices else "number"


def _text(value: Polynomial, indices: bool) -> str:
    return " + ".join(sorted(_term_text(m, c, indices) for m, c in value.terms)) or "0"


def _term_text(monomial: Monomial, coefficient: Fraction, indices: bool) -> str:
    factors = sorted(_factor(atom, n, indices) for atom, n in monomial.powers)
    return "*".join(factors if coefficient == 1 and factors else [str(coefficient), *factors])


def _factor(atom: Atom, exponent: int, indices: bool = True) -> str:
    text = atom_text(atom, indices)
    return text if exponent == 1 else f"{text}^{exponent}"


def _reads(atom: Atom) -> Iterator[Read]:
    match atom:
        case Read():
            yield atom
        case Applied(_, args):
            for arg in args:
                yield from _all_reads(arg)
        case Holds(left, _, right):
            yield from _all_reads(left)
            yield from _all_reads(right)
        case Whole(value):
            yield from _all_reads(value)


def _all_reads(value: Polynomial) -> Iterator[Read]:
    for monomial, _ in value.terms:
        yield from monomial.reads()
