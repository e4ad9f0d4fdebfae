"""Which polynomials in sizes and indices are known not to be negative."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from derive.algebra.index import Affine, Atom, Delta, Guard, In, Index, Letter, Name
from derive.algebra.system import System

ZERO = Affine()


@dataclass(frozen=True, slots=True)
class Ranges:
    """The system's sizes and the ranges of the indices in scope."""

    system: System
    ranges: tuple[Index, ...]

    def index(self, name: Name | None) -> Index | None:
        return next((i for i in self.ranges if i.name == name), None)

    def at_least(self, a: Affine, b: Affine) -> bool:
        """Whether a >= b is known, from the ranges of the indices and the least sizes."""
        return self._is_known(a - b, frozenset(i.name for i in self.ranges))

    def _is_known(self, difference: Affine, free: frozenset[Letter]) -> bool:
        """Whether it is not negative, each of the free indices taken at the end that makes it least."""
        difference = self.explicit(difference)
        if self._not_negative(difference):
            return True
        for name in sorted(n for n in difference.names() if n in free):
            index = self.index(name)
            if index is None or any(name in e.names() for read in difference.reads() for e in read.at):
                continue
            least = {1: index.lo, -1: index.hi - 1}.get(self._direction(difference.coefficient(name)))
            if least is not None and self._is_known(difference.substitute({name: least}), free - {name}):
                return True
        return False

    def explicit(self, e: Affine) -> Affine:
        """Derived sizes by their formulas, where those divide by nothing."""
        while whole := {
            n: f for n in e.names() if isinstance(n, str) and (f := self.system.polynomial(n)) is not None
        }:
            e = e.substitute(whole)
        return e

    def _direction(self, coefficient: Affine) -> int:
        """1 where a coefficient is known not to be negative, -1 where not to be positive, else 0."""
        if len(coefficient.terms) != 1:
            return 0
        monomial, value = coefficient.terms[0]
        known = all(self.least(atom) is not None for atom in monomial)
        return (1 if value > 0 else -1) if known else 0

    def _not_negative(self, e: Affine) -> bool:
        """Whether every term is known not to be negative, sizes counting at least their least value."""
        if e.reads():
            return False
        constant, rest = 0, ZERO
        for monomial, value in e.terms:
            if not monomial:
                constant += value
            elif value > 0 and all(self.least(atom) is not None for atom in monomial):
                product = value
                for atom in monomial:
                    product *= self.least(atom) or 0
                constant += product
            else:
                rest = rest + Affine(((monomial, value),))
        return rest == ZERO and constant >= 0

    def least(self, atom: Atom) -> int | None:
        """The least value of a size, of an integer parameter or of an index that starts at a number."""
        index = self.index(atom) if isinstance(atom, Letter) else None
        if index is not None:
            return index.lo.integer() if index.lo.is_integer() and index.lo.integer() >= 0 else None
        return self.system.least(atom) if isinstance(atom, str) else None


def facts(guards: Iterable[Guard]) -> tuple[Affine, ...]:
    """What is not negative where guards hold."""
    guards = tuple(guards)
    ranges = [fact for g in guards if isinstance(g, In) for fact in (g.e - g.lo, g.hi - 1 - g.e)]
    equal = [fact for g in guards if isinstance(g, Delta) for fact in (g.a - g.b, g.b - g.a)]
    return (*ranges, *equal)


def steps_away(
    system: System, shift: Affine, indices: Iterable[Index], guards: Iterable[Guard]
) -> int | None:
    """A shift that is a number, or 0 where guards say so; else -1 where it is always negative, 1 where
    always positive, or None."""
    if shift.is_integer():
        return shift.integer()
    known, held = Ranges(system, tuple(indices)), facts(guards)
    helpful = (ZERO, *held, *(a + b for a, b in combinations(held, 2)))

    def at_least(value: Affine) -> bool:
        return any(known.at_least(value, fact) for fact in helpful)

    for way in (-1, 1):
        if at_least(shift * way - 1):
            return way
    return 0 if at_least(shift) and at_least(-shift) else None
