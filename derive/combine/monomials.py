"""Products as a coefficient and factors above and below the line; sums of them, multiplied out and collected.

A factor is any expression that is no product, quotient, power or sign: a read, a function's value, a
sum. Factors are compared as trees, sums in one canonical order, so `1 - y` is one factor however it was
written. Nothing is cancelled here: that needs to know what can be 0 (ranges.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import prod

from derive.algebra.decimals import digits
from derive.algebra.expr import (
    ONE,
    Expr,
    Negative,
    Number,
    Power,
    Product,
    Ratio,
    Sum,
    as_expr,
    free_names,
    minus,
    over,
    plus,
    reads,
    times,
)
from derive.algebra.index import Affine
from derive.algebra.layers import is_constant

Factors = tuple[Expr, ...]
OPENED = 8  # factors of a power that is written out as a product; a higher one is a factor itself


@dataclass(frozen=True, slots=True)
class Monomial:
    """coefficient * product(above) / product(below); repeated factors stand there as often.

    The coefficient is printed as a decimal where one of the numbers in it was written as one.
    """

    coefficient: Fraction
    above: Factors = ()
    below: Factors = ()
    decimal: bool = field(default=False, compare=False)

    def __mul__(self, other: Monomial) -> Monomial:
        coefficient = self.coefficient * other.coefficient
        above, below = self.above + other.above, self.below + other.below
        return Monomial(coefficient, above, below, self.decimal or other.decimal)

    def inverse(self) -> Monomial:
        return Monomial(1 / self.coefficient, self.below, self.above, self.decimal)

    def factors(self) -> int:
        return len(self.above) + len(self.below)

    def scaled(self, by: Fraction) -> Monomial:
        return replace(self, coefficient=self.coefficient * by)

    def same_factors(self, other: Monomial) -> bool:
        """Whether both differ by nothing but a number."""
        return Counter(self.above) == Counter(other.above) and Counter(self.below) == Counter(other.below)

    def holds(self, part: Monomial) -> bool:
        """Whether every factor of the part stands here, on the same side."""
        return not Counter(part.above) - Counter(self.above) and not Counter(part.below) - Counter(self.below)

    def without(self, part: Monomial) -> Monomial:
        """The monomial divided by a part that it holds."""
        return Monomial(
            self.coefficient / part.coefficient,
            without(self.above, part.above),
            without(self.below, part.below),
            self.decimal,
        )


UNIT = Monomial(Fraction(1))


def without(factors: Factors, gone: Factors) -> Factors:
    """The factors less those that are gone, in order."""
    left = Counter(gone)
    kept = []
    for factor in factors:
        if left[factor]:
            left[factor] -= 1
        else:
            kept.append(factor)
    return tuple(kept)


# from trees -------------------------------------------------------------------------------------
def monomial(node: Expr) -> Monomial:
    """A tree as one monomial; a sum is a factor, unless one summand is left of it."""
    match node:
        case Number():
            return _number(node)
        case Negative(arg):
            return monomial(arg).scaled(Fraction(-1))
        case Product(args):
            return prod(map(monomial, args), start=UNIT)
        case Ratio(top, bottom) if (below := monomial(bottom)).coefficient:
            return monomial(top) * below.inverse()
        case Power(base, n) if (inner := monomial(base)).coefficient:
            if abs(n) * inner.factors() <= OPENED:
                return prod([inner if n > 0 else inner.inverse()] * abs(n), start=UNIT)
            whole = Monomial(Fraction(1), (Power(base, abs(n)),))
            return whole if n > 0 else whole.inverse()
        case Sum(args):
            return _sum(args)
    return Monomial(Fraction(1), (node,))


def _number(node: Number) -> Monomial:
    value, denominator = node.value, node.denominator
    if len(value.terms) > 1:
        return Monomial(Fraction(1, denominator), (Number(value),))
    names, count = value.terms[0] if value.terms else ((), 0)
    above = tuple(Number(Affine.of(name)) for name in names)
    return Monomial(Fraction(count, denominator), above, (), node.decimal)


def _sum(args: Factors) -> Monomial:
    """A sum as a factor, positive summands first, without a number in front of the first."""
    parts = sorted(collected(map(monomial, args)), key=_rank)
    if len(parts) < 2:
        return parts[0] if parts else Monomial(Fraction(0))
    first = parts[0].coefficient
    total = plus(tuple(expression(p.scaled(1 / first)) for p in parts))
    return Monomial(first, (total,), (), parts[0].decimal)


def _rank(part: Monomial) -> tuple[bool, int, str]:
    return part.coefficient < 0, len(part.above) + len(part.below), repr((part.above, part.below))


def opposite(factor: Expr) -> Expr | None:
    """The factor that a sum is minus one times, as `y - 1` is of `1 - y`; None where there is none."""
    if not isinstance(factor, Sum):
        return None
    found = _sum(tuple(minus(arg) for arg in factor.args))
    return found.above[0] if found.coefficient == 1 and len(found.above) == 1 else None


def multiplied_out(part: Monomial, keep: Iterable[Expr] = ()) -> tuple[Monomial, ...]:
    """The monomial with its sums above the line multiplied out, but those to keep."""
    kept = set(keep)
    factor = next((f for f in part.above if isinstance(f, Sum) and f not in kept), None)
    if not isinstance(factor, Sum):
        return (part,)
    rest = replace(part, above=without(part.above, (factor,)))
    made = (multiplied_out(rest * monomial(arg), kept) for arg in factor.args)
    return tuple(one for several in made for one in several)


def collected(parts: Iterable[Monomial]) -> tuple[Monomial, ...]:
    """Equal factors once, with the sum of their numbers; those that add up to 0 are gone."""
    found: list[Monomial] = []
    for part in parts:
        at = next((n for n, other in enumerate(found) if other.same_factors(part)), None)
        if at is None:
            found.append(part)
        else:
            number = found[at].coefficient + part.coefficient
            found[at] = replace(found[at], coefficient=number, decimal=found[at].decimal or part.decimal)
    return tuple(part for part in found if part.coefficient)


def common(parts: tuple[Monomial, ...]) -> Monomial:
    """The factors that all parts share, and their number if it is the same in all but for its sign."""
    sizes = {abs(part.coefficient) for part in parts}
    number = sizes.pop() if len(sizes) == 1 else Fraction(1)
    number = -number if all(part.coefficient < 0 for part in parts) else number
    above, below = Counter(parts[0].above), Counter(parts[0].below)
    for part in parts[1:]:
        above, below = above & Counter(part.above), below & Counter(part.below)
    return Monomial(number, _ordered(parts[0].above, above), _ordered(parts[0].below, below))


def _ordered(factors: Factors, chosen: Counter[Expr]) -> Factors:
    return without(factors, tuple((Counter(factors) - chosen).elements()))


# to trees ---------------------------------------------------------------------------------------
def expression(part: Monomial) -> Expr:
    """The monomial as a tree: what is the same everywhere first, then the rest over what is below.

    A number below stands as 1/n behind the first factor, as the calculus writes it.
    """
    fixed, varying = _divided(part.above, _is_scalar)
    divisor, below = _divided(part.below, is_constant)
    number, denominator = _written(abs(part.coefficient), part.decimal)
    under = times(denominator, *divisor)
    if under != ONE and not fixed and varying and not isinstance(varying[0], Sum):
        fixed, varying = varying[:1], varying[1:]
    found = times(number, *fixed, over(ONE, under), over(times(*varying), times(*below)))
    return minus(found) if part.coefficient < 0 else found


def _written(size: Fraction, decimal: bool) -> tuple[Number, Number]:
    """A number as what stands above the line and what below it."""
    top, bottom = size.as_integer_ratio()
    if decimal and bottom != 1 and digits(top, bottom) is not None:
        return Number(Affine.of(top), bottom, True), ONE
    return Number(Affine.of(top)), Number(Affine.of(bottom))


def _divided(factors: Factors, chosen: Callable[[Expr], bool]) -> tuple[Factors, Factors]:
    return tuple(f for f in factors if chosen(f)), tuple(f for f in factors if not chosen(f))


def _is_scalar(node: Expr) -> bool:
    """Whether it has one value for all indices."""
    return not isinstance(node, Sum) and all(not r.at for r in reads(node)) and not free_names(node)


def summed(parts: tuple[Monomial, ...]) -> Expr:
    """The sum of monomials as a tree: what they share in front of the others, a positive one first."""
    if len(parts) < 2:
        return expression(parts[0]) if parts else as_expr(0)
    shared = common(parts)
    rest = sorted((part.without(shared) for part in parts), key=lambda part: part.coefficient < 0)
    total = plus(tuple(map(expression, rest)))
    return total if shared == UNIT else times(expression(shared), total)
