"""One expression without overflow: every part of it at risk as exp(exponent) * mantissa.

    sum c_i exp(e_i) = exp(m) sum c_i exp(e_i - m),      m = max e_i

for any number of terms and any coefficients. A quotient of such sums keeps the difference of their
exponents, a logarithm the exponent itself. A logarithm and a divisor must not lose their largest term to a
coefficient that may be 0: there a coefficient c that is no constant stands in the exponent, as
sign(c) exp(log|c| + e).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import reduce
from itertools import product
from math import prod
from typing import TypeAlias

from derive.algebra.expr import (
    ONE,
    ZERO,
    Call,
    Choice,
    Expr,
    Negative,
    Number,
    Power,
    Product,
    Ratio,
    Read,
    Sum,
    children,
    minus,
    plus,
    reads,
    rebuild,
)
from derive.algebra.index import Affine
from derive.algebra.layers import is_constant
from derive.stable.homogeneity import opened
from derive.stable.rewrites import SATURATING
from derive.stable.rewriting import apply, rewrite
from derive.stable.risk import Risks
from derive.stable.scaled import Condition, Exponent, Scaled, added, linear, written

LOWEST = Negative(Power(Number(Affine.of(10)), 30))
"""Below every exponent: where all terms are exp(-inf) it is the largest, and their sum is 0."""

MOST = 16  # terms that a product may be multiplied out to

Known: TypeAlias = Callable[[Read], Scaled | None]
Namer: TypeAlias = Callable[[Expr], Expr]


@dataclass(frozen=True, slots=True)
class Region:
    """How expressions at one place of a system are rewritten.

    `known` says what a read of a tensor that was divided stands for; `named` gives a maximum its name;
    `moderate` holds sums of positive terms of which the largest is a positive number.
    """

    risks: Risks
    known: Known
    named: Namer
    moderate: set[Expr]

    def value(self, node: Expr) -> Expr:
        """The expression without risks."""
        divided = any(self.known(read) is not None for read in reads(node))
        found = rewrite(node)[0]
        if not divided and not self.risks.at_risk(found):
            return found
        match node:
            case Call("log", (arg,)) if self.risks.is_risk(node) or self._is_divided(arg):
                return logarithm(self.form(arg, leads=True))
            case Call("log1p", (arg,)) if self.risks.is_risk(node) or self._is_divided(arg):
                return logarithm(self.form(Sum((ONE, arg)), leads=True))
            case Product() | Ratio() | Read():
                return self._values(node)
            case Power() | Call("sqrt", _) if self.risks.bears(node):
                return self._values(node)
            case Negative(arg):
                return minus(self.value(arg))
            case Sum(args):
                return _sum(args, tuple(map(self.value, args)))
        return rebuild(node, tuple(map(self.value, children(node))))

    def _values(self, node: Expr) -> Expr:
        return plus(tuple(form.value() for form in self.forms(node)))

    def _is_divided(self, node: Expr) -> bool:
        return any(self.known(read) is not None for read in self.risks.taking_part(node))

    def form(self, node: Expr, leads: bool = False) -> Scaled:
        """The expression as one scaled number; `leads` where its largest term must not be lost."""
        found = self.forms(node, leads)
        return found[0] if len(found) == 1 else self.total(found, leads=True)

    def forms(self, node: Expr, leads: bool = False) -> tuple[Scaled, ...]:
        """The expression as a sum of scaled numbers: products are multiplied out where a term may be 0."""
        match node:
            case Negative(arg):
                return tuple(-form for form in self.forms(arg, leads))
            case Product(args):
                return self._multiplied([self.forms(arg, leads) for arg in args])
            case Ratio(top, bottom):
                return self._multiplied([self.forms(top, leads), (self.form(bottom, True).inverse(),)])
            case Power(base, n) if self.risks.bears(base):
                return (_power(self.form(base, leads or n < 0), n),)
            case Read():
                return (self.known(node) or Scaled(above=(node,)),)
            case Sum(args) if self.risks.bears(node):
                found = rewrite(node)[0]
                if found != node:
                    return self.forms(found, leads)
                terms = tuple(form for arg in args for form in self.forms(arg, leads))
                safe = all(is_constant(form.mantissa) for form in terms)
                return (self.total(terms, leads),) if safe or leads else terms
            case Choice():
                return (self._choice(node, leads),)
            case Call(function, (arg,)):
                return (self._call(function, arg),)
        return (self._leaf(node),)

    def _multiplied(self, factors: list[tuple[Scaled, ...]]) -> tuple[Scaled, ...]:
        if prod(map(len, factors)) > MOST:
            factors = [(self.total(terms, leads=True),) if len(terms) > 1 else terms for terms in factors]
        return tuple(reduce(Scaled.__mul__, terms) for terms in product(*factors))

    def _leaf(self, node: Expr) -> Scaled:
        for row in SATURATING:
            found = None if row.label or not isinstance(node, Sum) else apply(row, node)
            if found is not None:
                return self.form(found)
        return Scaled(above=(self.value(node),))

    def _call(self, function: str, arg: Expr) -> Scaled:
        inner = self.value(arg)
        match function:
            case "exp":
                return Scaled(linear(inner))
            case "expm1":  # exp(x) - 1 is exp(x) (1 - exp(-x)), which loses nothing for x > 0
                far = minus(Call("expm1", (minus(inner),)))
                near = Choice(inner, ">", ZERO, far, Call("expm1", (inner,)))
                return Scaled(linear(Call("relu", (inner,))), (near,))
            case "sigmoid":
                size = Call("sigmoid", (Call("absolute", (inner,)),))
                return Scaled(linear(minus(Call("relu", (minus(inner),)))), (size,))
            case "sqrt" if self.risks.bears(arg):
                form = self.form(arg)
                half = linear(Ratio(written(form.exponent), Number(Affine.of(2)))) if form.exponent else ()
                return Scaled(half, (Call("sqrt", (form.mantissa,)),))
        return Scaled(above=(self.value(Call(function, (arg,))),))

    def _choice(self, node: Choice, leads: bool) -> Scaled:
        left, right = self.value(node.left), self.value(node.right)
        if ZERO in (node.then, node.otherwise) and node.then != node.otherwise:
            holds = node.otherwise == ZERO
            chosen = self.form(node.then if holds else node.otherwise, leads)
            condition = Condition(left, node.relation, right, holds)
            return replace(chosen, conditions=(condition, *chosen.conditions))
        a, b = self.form(node.then, leads), self.form(node.otherwise, leads)
        mantissa = Choice(left, node.relation, right, a.mantissa, b.mantissa)
        if a.exponent == b.exponent:
            return Scaled(a.exponent, (mantissa,))
        exponent = Choice(left, node.relation, right, written(a.exponent), written(b.exponent))
        return Scaled(((exponent, 1),), (mantissa,))

    # sums -------------------------------------------------------------------------------------
    def total(self, forms: Iterable[Scaled], leads: bool) -> Scaled:
        """A sum: divided by exp of what all exponents have, and then by its largest exponential."""
        groups = _grouped(forms)
        common = _common([form.exponent for form in groups])
        groups = [self.leading(form.divided(common)) if leads else form.divided(common) for form in groups]
        if len(groups) == 1:
            return replace(groups[0], exponent=added(common, groups[0].exponent))
        largest = linear(self.named(maximum([written(_candidate(form)) for form in groups])))
        mantissa = plus(tuple(form.divided(largest).value() for form in groups))
        if all(self.is_moderate(form.mantissa) for form in groups):
            self.moderate.add(mantissa)
        return Scaled(added(common, largest), (mantissa,))

    def leading(self, form: Scaled) -> Scaled:
        """The number with a coefficient that may be 0 in the exponent."""
        mantissa = form.mantissa
        if is_constant(mantissa) or self.is_moderate(mantissa):
            return form
        size = Call("log", (Call("absolute", (mantissa,)),))
        return Scaled(added(form.exponent, linear(size)), (Call("sign", (mantissa,)),))

    def is_moderate(self, node: Expr) -> bool:
        """Whether it is a positive number, or the largest term of a sum is one."""
        match node:
            case Number(value, _):
                return value.is_integer() and value.integer() > 0
            case Product(args):
                return all(map(self.is_moderate, args))
            case Ratio(top, bottom):
                return self.is_moderate(top) and self.is_moderate(bottom)
        return node in self.moderate


def _sum(old: tuple[Expr, ...], new: tuple[Expr, ...]) -> Expr:
    """A sum; the exponent that stood in a logarithm comes beside the rest and the logarithm last."""
    first: list[Expr] = []
    last: list[Expr] = []
    for before, after in zip(old, new, strict=True):
        *near, rest = [after] if before == after else opened(after)
        first += near if near else [rest]
        last += [rest] if near else []
    return plus((*first, *last))


def logarithm(form: Scaled) -> Expr:
    """log of a scaled number: the exponent stands in front."""
    mantissa = form.mantissa
    rest = ZERO if mantissa == ONE else rewrite(Call("log", (mantissa,)))[0]
    return plus((*(written((part,)) for part in form.exponent), rest))


def maximum(candidates: Iterable[Expr]) -> Expr:
    """The largest; not below LOWEST, where none of them is a number."""
    found = sorted(dict.fromkeys(candidates), key=str)  # so that equal maxima have one name
    if not any(map(is_constant, found)):
        found.append(LOWEST)
    *first, last = found
    for node in reversed(first):
        last = Call("maximum", (node, last))
    return last


def _candidate(form: Scaled) -> Exponent:
    """Its exponent, where it is evaluated."""
    if not form.conditions:
        return form.exponent
    exponent = written(form.exponent)
    for c in reversed(form.conditions):
        exponent = replace(c, otherwise=LOWEST).around(exponent)
    return ((exponent, 1),)


def _power(form: Scaled, n: int) -> Scaled:
    if n < 0:
        return _power(form.inverse(), -n)
    mantissa = form.mantissa
    above = () if mantissa == ONE else (Power(mantissa, n) if n > 1 else mantissa,)
    return Scaled(added((), form.exponent, n), above)


def _grouped(forms: Iterable[Scaled]) -> list[Scaled]:
    """Terms of one exponent as one."""
    groups: dict[Exponent, list[Scaled]] = {}
    for form in forms:
        groups.setdefault(tuple(sorted(form.exponent, key=str)), []).append(form)
    found: list[Scaled] = []
    for group in groups.values():
        added_up = plus(tuple(form.mantissa for form in group))
        found.append(group[0] if len(group) == 1 else Scaled(group[0].exponent, (added_up,)))
    return found


def _common(exponents: list[Exponent]) -> Exponent:
    """What stands in all of them, as often."""
    first, *others = exponents
    return tuple(part for part in first if all(part in other for other in others))
