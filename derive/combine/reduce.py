"""One product made shorter: equal factors cancelled, definitions folded back into their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from derive.algebra.expr import Expr, Read, free_names, substitute
from derive.algebra.instances import instance
from derive.algebra.system import Equation
from derive.combine.monomials import UNIT, Factors, Monomial, monomial, opposite
from derive.combine.ranges import Place, never_zero


@dataclass(frozen=True, slots=True)
class Reduced:
    """A product after it was reduced, the factors that cancelled, and the names that came in."""

    monomial: Monomial
    cancelled: Factors = ()
    folded: Factors = ()


@dataclass(frozen=True, slots=True)
class Definition:
    """A computed tensor that is one expression at every index it has."""

    equation: Equation
    body: Expr

    def of(self, read: Read) -> Expr:
        """What is read, written out."""
        put = {i.name: e for i, e in zip(self.equation.indices, read.at, strict=True)}
        return substitute(self.body, put)

    def value(self, read: Read) -> Monomial:
        """What is read, as factors."""
        return monomial(self.of(read))

    def reads(self, part: Monomial) -> Iterator[Read]:
        """Reads of the tensor whose value is a part of the product."""
        names = [i.name for i in self.equation.indices]
        value = monomial(self.body)
        for wanted, given in ((value.above, part.above), (value.below, part.below)):
            for pivot in (f for f in wanted if set(names) <= free_names(f)):
                for factor in dict.fromkeys(given):
                    values = instance(pivot, factor, names)
                    if values is not None and len(values) == len(names):
                        yield Read(self.equation.tensor, tuple(values[name] for name in names))


def definitions(forward: Mapping[str, Equation]) -> dict[str, Definition]:
    """The computed tensors that are one expression each, without guards."""
    found = {}
    for name, equation in forward.items():
        term = equation.terms[0] if len(equation.terms) == 1 else None
        if term is not None and term.monoid == "sum" and not term.binders and not term.guards:
            found[name] = Definition(equation, term.body)
    return found


class Quotients:
    """Those that divide by a tensor, such as p[k] = e[k]/S, by name and by what they divide by."""

    def __init__(self, known: Mapping[str, Definition]) -> None:
        self.known: dict[str, Definition] = {}
        self.by_divisor: dict[str, list[tuple[int, Definition]]] = {}
        for place, (name, definition) in enumerate(known.items()):
            divisors = [f.tensor for f in monomial(definition.body).below if isinstance(f, Read)]
            if divisors:
                self.known[name] = definition
                self.by_divisor.setdefault(divisors[0], []).append((place, definition))

    def dividing(self, part: Monomial) -> list[Definition]:
        """Those that may stand in a product, as their divisor does, in order."""
        tensors = dict.fromkeys(f.tensor for f in part.below if isinstance(f, Read))
        found = [entry for name in tensors for entry in self.by_divisor.get(name, ())]
        return [definition for _, definition in sorted(found, key=lambda entry: entry[0])]


def copies(known: Mapping[str, Definition]) -> dict[str, Definition]:
    """Those that are another tensor under a second name."""
    return {n: d for n, d in known.items() if isinstance(d.body, Read)}


def reduce(part: Monomial, place: Place, quotients: Quotients) -> Reduced:
    """The product with what cancels cancelled; quotients are written out where that makes it shorter."""
    direct = _cancelled(part, place)
    opened = _cancelled(_written_out(direct.monomial, place, quotients.known), place)
    folded, names = _folded(opened.monomial, place, quotients)
    if _length(folded) >= _length(direct.monomial):
        return direct
    new = tuple(name for name in names if name not in direct.monomial.above + direct.monomial.below)
    return Reduced(folded, direct.cancelled + opened.cancelled, new)


def _length(part: Monomial) -> int:
    return len(part.above) + len(part.below)


def _cancelled(part: Monomial, place: Place) -> Reduced:
    """Without the factors that stand above and below and cannot be 0."""
    gone: list[Expr] = []
    sign, above, below = 1, list(part.above), list(part.below)
    for factor in part.above:
        twin = factor if factor in below else opposite(factor)
        if twin in below and never_zero(factor, place):
            above.remove(factor)
            below.remove(twin)
            gone.append(factor)
            sign = sign if twin == factor else -sign
    return Reduced(Monomial(sign * part.coefficient, tuple(above), tuple(below)), tuple(dict.fromkeys(gone)))


def _written_out(part: Monomial, place: Place, known: Mapping[str, Definition]) -> Monomial:
    above = prod((_definition(f, place, known) for f in part.above), start=UNIT)
    below = prod((_definition(f, place, known) for f in part.below), start=UNIT)
    return Monomial(part.coefficient) * above * below.inverse()


def _definition(factor: Expr, place: Place, known: Mapping[str, Definition]) -> Monomial:
    if isinstance(factor, Read) and factor.tensor in known and place.inside(factor):
        return known[factor.tensor].value(factor)
    return monomial(factor)


def _folded(part: Monomial, place: Place, quotients: Quotients) -> tuple[Monomial, Factors]:
    """With every quotient that stands in the product replaced by its name."""
    names: list[Expr] = []
    for quotient in quotients.dividing(part):
        for read in quotient.reads(part):
            value = quotient.value(read)
            while place.inside(read) and part.holds(value):
                part = Monomial(Fraction(1), (read,)) * part.without(value)
                names.append(read)
    return part, tuple(dict.fromkeys(names))
