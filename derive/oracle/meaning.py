"""What the oracle's expressions, products and reductions mean, at one point of index space."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from derive.algebra.domains import zero_outside
from derive.algebra.expr import (
    Call,
    Choice,
    Expr,
    Negative,
    Number,
    Parameter,
    Power,
    Product,
    Ratio,
    Read,
    Sum,
)
from derive.algebra.index import Affine, Index, holds
from derive.algebra.system import Size, Term
from derive.oracle.numbers import NumberType, apply, order

Position = tuple[int, ...]
Point = Mapping[Any, int]  # by Name: sizes and integer parameters, and indices
Arrays = Mapping[str, Any]

RELATIONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class Meaning:
    """What scalar expressions mean; a subclass says what a read finds."""

    def __init__(self, numbers: NumberType, symbols: Point, reals: Arrays) -> None:
        self.numbers, self.symbols = numbers, dict(symbols)
        self.reals = {name: numbers.of(value) for name, value in reals.items()}
        self.zero = numbers.number(0)

    def read(self, tensor: str, at: Position) -> Any:
        """The element of a floating tensor, 0 outside its domain."""
        raise NotImplementedError

    def integer(self, tensor: str, at: Position) -> int:
        """The element of an integer tensor, -1 outside its domain."""
        raise NotImplementedError

    def shape(self, tensor: str) -> Position:
        """The extents of a tensor."""
        raise NotImplementedError

    def position(self, at: Sequence[Affine], point: Point) -> Position:
        """Where a read points."""
        return tuple(e.evaluate(point, self.integer) for e in at)

    def within(self, tensor: str, at: Position) -> bool:
        """Whether a position is in a tensor's domain."""
        return all(0 <= i < n for i, n in zip(at, self.shape(tensor), strict=True))

    def vanishes(self, node: Expr, point: Point) -> bool:
        """Whether some factor is read outside its domain, so that nothing else is evaluated."""
        return any(not self.within(r.tensor, self.position(r.at, point)) for r in zero_outside(node))

    def value(self, node: Expr, point: Point) -> Any:
        """The expression at a point of index space."""
        match node:
            case Number(value, denominator):
                return self.numbers.number(value.evaluate(point, self.integer), denominator)
            case Parameter(name):
                return self.reals[name]
            case Read(tensor, at):
                return self.read(tensor, self.position(at, point))
            case Sum(args):
                return fold(operator.add, [self.value(arg, point) for arg in args])
            case Negative(arg):
                return -self.value(arg, point)
            case Power(base, exponent):
                return self.value(base, point) ** exponent
            case Call(function, args):
                return apply(function, *(self.value(arg, point) for arg in args))
            case Choice(left, relation, right, then, otherwise):
                a, b = order(self.value(left, point)), order(self.value(right, point))
                return self.value(then if RELATIONS[relation](a, b) else otherwise, point)
        return self._product(node, point)

    def _product(self, node: Expr, point: Point) -> Any:
        if self.vanishes(node, point):
            return self.zero
        match node:
            case Product(args):
                return fold(operator.mul, [self.value(arg, point) for arg in args])
            case Ratio(top, bottom):
                return self.value(top, point) / self.value(bottom, point)
        raise TypeError(f"{type(node).__name__} has no value of its own")

    def points(self, binders: Sequence[Index], point: Point) -> Iterator[dict[Any, int]]:
        """The points over the binders' domains, the last one running fastest."""
        if not binders:
            yield dict(point)
            return
        first, *rest = binders
        lo, hi = self.position((first.lo, first.hi), point)
        for value in range(lo, hi):
            yield from self.points(rest, {**point, first.name: value})

    def reduce(self, term: Term, point: Point) -> Any:
        """The reduction of a term's body over its binders, where its guards hold."""
        places = (
            place
            for place in self.points(term.binders, point)
            if all(holds(g, place, self.integer) for g in term.guards)
        )
        if term.monoid == "sum":
            return sum((self.value(term.body, place) for place in places), start=self.zero)
        best, winner = self.numbers.lowest(), -1
        for place in places:
            found = self.value(term.body, place)
            if winner < 0 or (best == best and not order(found) <= order(best)):
                best, winner = found, place.get(term.witness, 0)
        return best if term.monoid == "max" else winner


def fold(combine: Any, values: list[Any]) -> Any:
    """The values combined, from the first to the last."""
    total = values[0]
    for value in values[1:]:
        total = combine(total, value)
    return total


def number_array(value: Any, numbers: NumberType, integer: bool) -> np.ndarray[Any, Any]:
    """A value that a caller passes in, as an array of numbers, or of integers."""
    if integer:
        return np.asarray(value, dtype=np.int64)
    given = np.asarray(value, dtype=object)
    made = np.empty(given.shape, dtype=object)
    for at in np.ndindex(given.shape):
        made[at] = numbers.of(given[at])
    return made


def symbols_of(declared: Sequence[Size], sizes: Point, integers: Point) -> dict[str, int]:
    """Sizes, derived ones included, and integer parameters."""
    known = {**sizes, **integers}
    for size in declared:
        if size.name not in known and size.formula is not None:
            known[size.name] = size.formula.evaluate(known)
    return known
