"""A number as exp(exponent) * mantissa: products add exponents, and what is equal above and below cancels.

exp(a)*exp(b) is exp(a + b), exp(a)/exp(b) is exp(a - b); a mantissa has no exponentials that could be
infinite or 0, so that neither it nor, where the whole is moderate, the exponent's exponential is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TypeAlias

from derive.algebra.expr import (
    ONE,
    ZERO,
    Call,
    Choice,
    Expr,
    Number,
    Product,
    Sum,
    minus,
    over,
    plus,
    times,
)
from derive.algebra.index import Affine
from derive.algebra.layers import is_constant
from derive.stable.rewriting import signed

Exponent: TypeAlias = tuple[tuple[Expr, int], ...]
"""Different expressions, each with how often it is added; none that is not."""


def added(a: Exponent, b: Exponent, n: int = 1) -> Exponent:
    """a + n*b."""
    total = dict(a)
    for node, count in b:
        total[node] = total.get(node, 0) + n * count
    return tuple((node, count) for node, count in total.items() if count)


def linear(node: Expr, n: int = 1) -> Exponent:
    """n times an expression, multiplied out as far as numbers and signs go."""
    match node:
        case Sum(args):
            return reduce(added, (linear(arg, n) for arg in args))
        case Number(value, 1) if value.is_integer():
            return ((ONE, n * value.integer()),) if node != ZERO else ()
        case Product((Number(value, 1), *rest)) if value.is_integer() and value.integer():
            return linear(times(*rest), n * value.integer())
    sign, bare = signed(node)
    return ((node, n),) if sign > 0 and bare == node else linear(bare, sign * n)


def written(exponent: Exponent) -> Expr:
    """The sum that it is, what is subtracted last."""
    ordered = sorted(exponent, key=lambda part: part[1] < 0)
    return plus(tuple(_multiple(node, count) for node, count in ordered))


def _multiple(node: Expr, count: int) -> Expr:
    size = times(Number(Affine.of(abs(count))), node)
    return size if count > 0 else minus(size)


@dataclass(frozen=True, slots=True)
class Condition:
    """`left relation right`, or its contrary; where it fails nothing is evaluated."""

    left: Expr
    relation: str
    right: Expr
    holds: bool = True
    otherwise: Expr = ZERO

    def around(self, node: Expr) -> Expr:
        branches = (node, self.otherwise) if self.holds else (self.otherwise, node)
        return Choice(self.left, self.relation, self.right, *branches)


@dataclass(frozen=True, slots=True)
class Scaled:
    """exp(exponent) * above/below where the conditions hold."""

    exponent: Exponent = ()
    above: tuple[Expr, ...] = ()
    below: tuple[Expr, ...] = ()
    conditions: tuple[Condition, ...] = ()

    @property
    def mantissa(self) -> Expr:
        """What stands beside the exponential; 0 where a condition fails."""
        return _around(self.conditions, over(_signed(times(*self.above)), times(*self.below)))

    def __mul__(self, other: Scaled) -> Scaled:
        above, below = list(self.above + other.above), list(self.below + other.below)
        for factor in [a for a in above if is_constant(a)]:
            if factor in below:
                above.remove(factor)
                below.remove(factor)
        conditions = self.conditions + other.conditions
        return Scaled(added(self.exponent, other.exponent), tuple(above), tuple(below), conditions)

    def __neg__(self) -> Scaled:
        return replace(self, above=(Number(Affine.of(-1)), *self.above))

    def inverse(self) -> Scaled:
        """Its reciprocal: a condition under a line stays where it is."""
        below = self.above if not self.conditions else (self.mantissa,)
        above = self.below if not self.conditions else ()
        return Scaled(added((), self.exponent, -1), above, below)

    def divided(self, by: Exponent) -> Scaled:
        """Divided by exp of an exponent."""
        return replace(self, exponent=added(self.exponent, by, -1))

    def value(self) -> Expr:
        """The number itself; what a step makes 0 is not evaluated there."""
        gates = [a for a in self.above if isinstance(a, Call) and a.function in GATES]
        if not self.exponent and not self.conditions:
            gates = []
        above = [a for a in self.above if a not in gates]
        scale = (Call("exp", (written(self.exponent),)),) if self.exponent else ()
        first, last = ([a for a in above if is_constant(a) == constant] for constant in (True, False))
        body = over(_signed(times(*first, *scale, *last)), times(*self.below))
        passed = tuple(Condition(g.args[0], GATES[g.function], ZERO, otherwise=g) for g in gates)
        return _around((*self.conditions, *passed), body)


GATES = {"step": ">", "step_right": ">="}


def _around(conditions: tuple[Condition, ...], node: Expr) -> Expr:
    for condition in reversed(dict.fromkeys(conditions)):
        node = condition.around(node)
    return node


def _signed(node: Expr) -> Expr:
    """The sign of a product in front of it, numbers -1 drawn into it."""
    sign, rest = signed(node)
    return minus(rest) if sign < 0 else rest
