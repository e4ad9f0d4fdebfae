"""What cannot be 0: the values that an expression can take, from the rule table and the equations.

An interval here is open, but for a number alone. Only what is computed inside its domain counts: a read
outside it is 0, and so is a sum over nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf

from derive.algebra.domains import inside
from derive.algebra.expr import Call, Expr, Negative, Number, Power, Product, Ratio, Read, Sum
from derive.algebra.index import Affine, Guard, Index
from derive.algebra.scalars import SCALARS
from derive.algebra.system import Equation, System, Term


@dataclass(frozen=True, slots=True)
class Interval:
    """low < value < high; a number alone is both its ends."""

    low: float
    high: float

    @property
    def positive(self) -> bool:
        return self.low > 0 or (self.low == 0 and self.high > 0)

    @property
    def negative(self) -> bool:
        return (-self).positive

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high)


ANY, POSITIVE = Interval(-inf, inf), Interval(0, inf)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands: a system's definitions, and the indices and guards around it."""

    system: System
    definitions: Mapping[str, Equation]
    indices: tuple[Index, ...]
    guards: tuple[Guard, ...] = ()

    def within(self, term: Term) -> Place:
        """Inside a term of the equation whose left indices these are."""
        return Place(
            self.system, self.definitions, (*self.indices, *term.binders), (*self.guards, *term.guards)
        )

    def inside(self, read: Read) -> bool:
        """Whether the read is inside its tensor's domain wherever it is evaluated."""
        return inside(self.system, read, self.indices, self.guards)

    def some(self, size: Affine) -> bool:
        """Whether the size is 1 or more wherever this is evaluated: an index runs over it."""
        if size.is_integer():
            return size.integer() > 0
        named = self.system.size_of(size)
        runs = any(i.lo == Affine() and i.hi == size for i in self.indices)
        return size.plain() is not None and ((named is not None and named.least > 0) or runs)

    def not_empty(self, binders: Iterable[Index]) -> bool:
        """Whether a sum over the binders has a summand."""
        return all(b.lo == Affine() and self.some(b.hi) for b in binders)


def never_zero(node: Expr, place: Place) -> bool:
    """Whether no value of the expression, at this place, is 0."""
    found = interval(node, place)
    return found.positive or found.negative


def interval(node: Expr, place: Place, above: tuple[str, ...] = ()) -> Interval:
    """The values that an expression can take; `above` are the tensors that it is asked for."""
    match node:
        case Number(value, denominator) if value.is_integer():
            return Interval(value.integer() / denominator, value.integer() / denominator)
        case Number(value, _):
            return POSITIVE if place.some(value) else ANY
        case Call(function, _):
            return Interval(*SCALARS[function].values)
        case Read():
            return _read(node, place, above)
        case Negative(arg):
            return -interval(arg, place, above)
        case Sum(args):
            return sum((interval(a, place, above) for a in args), start=Interval(0, 0))
        case Product(args):
            return _product([interval(arg, place, above) for arg in args])
        case Ratio(top, bottom):
            return _product([interval(top, place, above), interval(bottom, place, above)])
        case Power(base, _):
            return POSITIVE if interval(base, place, above).positive else ANY
    return ANY


def _product(parts: list[Interval]) -> Interval:
    """Only signs are kept: what is multiplied or divided may become as large or as small as it likes."""
    if not all(part.positive or part.negative for part in parts):
        return ANY
    return -POSITIVE if sum(part.negative for part in parts) % 2 else POSITIVE


def _read(read: Read, place: Place, above: tuple[str, ...]) -> Interval:
    made = place.definitions.get(read.tensor)
    if made is None or not made.terms or read.tensor in above or not place.inside(read):
        return ANY
    # a definition's own letters mean nothing here: its indices run over what the reader's run over
    there = Place(place.system, place.definitions, made.indices)
    return sum((_term(term, place, there, (*above, read.tensor)) for term in made.terms), Interval(0, 0))


def _term(term: Term, reader: Place, there: Place, above: tuple[str, ...]) -> Interval:
    if term.guards or term.monoid != "sum" or not reader.not_empty(term.binders):
        return ANY
    found = interval(term.body, there.within(term), above)
    if not term.binders:
        return found
    return POSITIVE if found.positive else -POSITIVE if found.negative else ANY
