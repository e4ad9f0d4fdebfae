"""Dimension analysis: how every tensor of a system scales with exp(m), m a named maximum.

A weight says by which powers of exp(m[at]) a quantity was divided. Sums need terms of one weight,
products add weights, `log` turns a weight into multiples of m, and every other function needs weight 0.
A system whose every equation checks computes the same inputs-to-outputs function after the division:
the factors cancel, whatever m is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import TypeAlias

from derive.algebra.expr import (
    ZERO,
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
    plus,
    rebuild,
    times,
)
from derive.algebra.index import Affine, Delta, Index, Letter, names_of
from derive.algebra.instances import instance
from derive.algebra.system import Term

At: TypeAlias = tuple[Affine, ...]
Weight: TypeAlias = frozenset[tuple[At, int]]

FLAT: Weight = frozenset()
# f(c*x) = c**degree * f(x) for c > 0
DEGREE = {"relu": 1, "relu_right": 1, "absolute": 1, "step": 0, "step_right": 0, "sign": 0}


class Inhomogeneous(ValueError):
    """A sum whose terms scale differently, or a function of something that scales."""


@dataclass(frozen=True, slots=True)
class Scale:
    """exp(m), and which exponentials it divides: those of instances of `exponent`."""

    maximum: str
    indices: tuple[Index, ...]
    binders: tuple[Index, ...]
    exponent: Expr

    def at(self, argument: Expr, beside: Iterable[At] = ()) -> At | None:
        """Where m stands beside exp(argument), None if the argument is no instance of the exponent.

        Of a sum whose limits alone name an index, as of exp(x[j]) over j >= i, the exponent does not say
        which: then it is that of a quantity `beside` it.
        """
        names = [i.name for i in (*self.indices, *self.binders)]
        values = instance(self.exponent, argument, names)
        if values is None:
            return None
        own = [values.get(i.name) for i in self.indices]
        if all(e is not None for e in own):
            return tuple(e for e in own if e is not None)
        fitting = (at for at in beside if all(e in (None, there) for e, there in zip(own, at, strict=True)))
        return next(fitting, None)


@dataclass(frozen=True, slots=True)
class Weighted:
    """A tensor's weight, over the indices of its equation."""

    indices: tuple[Index, ...]
    weight: Weight

    def at(self, at: At) -> Weight:
        """The weight of a read at other indices."""
        if self.weight == FLAT:
            return FLAT
        put = {i.name: e for i, e in zip(self.indices, at, strict=True)}
        return frozenset((tuple(e.substitute(put) for e in key), n) for key, n in self.weight)


Weights: TypeAlias = dict[str, Weighted]


def power(weight: Weight, n: int) -> Weight:
    return frozenset((at, n * count) for at, count in weight if n)


def product(a: Weight, b: Weight) -> Weight:
    """The weight of a product."""
    total = dict(a)
    for at, count in b:
        total[at] = total.get(at, 0) + count
    return frozenset((at, count) for at, count in total.items() if count)


@dataclass(frozen=True, slots=True)
class Rescaling:
    """Rewrites expressions; `matched` says whether exponentials that can be divided are divided."""

    scale: Scale
    weights: Weights
    matched: bool
    beside: tuple[At, ...] = ()

    def term(self, term: Term) -> tuple[Weight, Term]:
        """The term's weight and its rewritten form."""
        weight, body = self.expr(term.body)
        bound = {b.name for b in term.binders}
        moved = [frozenset({(tuple(_outside(e, bound, term) for e in at), n)}) for at, n in weight]
        weight = reduce(product, moved, FLAT)
        if any(names_of(at) & bound for at, _ in weight):
            raise Inhomogeneous("its scale differs from summand to summand")
        return weight, replace(term, body=body)

    def expr(self, node: Expr) -> tuple[Weight, Expr]:
        """The weight of an expression and its rewritten form."""
        match node:
            case Number() | Parameter():
                return FLAT, node
            case Read(tensor, at):
                return self.weights[tensor].at(at), node
            case Sum(args):
                return self._sum(args)
            case Product():
                return self._product(node)
            case Ratio(top, bottom):
                (a, x), (b, y) = self.expr(top), self.expr(bottom)
                return product(a, power(b, -1)), Ratio(x, y)
            case Power(base, n):
                weight, x = self.expr(base)
                return power(weight, n), Power(x, n)
            case Negative(arg):
                weight, x = self.expr(arg)
                return weight, Negative(x)
            case Call(function, (arg,)):
                return self._call(function, arg)
            case Choice(left, relation, right, then, otherwise):
                _, (x, y) = self._alike((left, right))
                weight, (p, q) = self._alike((then, otherwise))
                return weight, Choice(x, relation, y, p, q)
        raise Inhomogeneous(f"{type(node).__name__} has no weight")

    def _alike(self, args: tuple[Expr, ...]) -> tuple[Weight, tuple[Expr, ...]]:
        """The one weight of expressions that are added, compared or chosen from; 0 has any."""
        pairs = [self.expr(arg) for arg in args]
        weights = {weight for weight, x in pairs if x != ZERO}
        if len(weights) > 1:
            raise Inhomogeneous("it adds or compares quantities of different scales")
        return weights.pop() if weights else FLAT, tuple(x for _, x in pairs)

    def _sum(self, args: tuple[Expr, ...]) -> tuple[Weight, Expr]:
        """A sum; of what `log` left in it, m stands beside the rest and log(Z) last: x - m cancels first."""
        weight, parts = self._alike(args)
        first: list[Expr] = []
        last: list[Expr] = []
        for old, new in zip(args, parts, strict=True):
            *near, rest = [new] if old == new else opened(new)
            first += near if near else [rest]
            last += [rest] if near else []
        return weight, Sum((*first, *last))

    def _product(self, node: Product) -> tuple[Weight, Expr]:
        pairs = [self.expr(arg) for arg in node.args]
        weight = FLAT
        for more, _ in pairs:
            weight = product(weight, more)
        return weight, rebuild(node, tuple(x for _, x in pairs))

    def _call(self, function: str, arg: Expr) -> tuple[Weight, Expr]:
        weight, x = self.expr(arg)
        if function == "log":
            return FLAT, plus((*self._logarithm(weight), Call(function, (x,))))
        if weight != FLAT and function not in DEGREE:
            raise Inhomogeneous(f"it takes {function} of a quantity that scales")
        at = self.scale.at(arg, self.beside) if function == "exp" and self.matched else None
        if at is None:
            return power(weight, DEGREE.get(function, 0)), Call(function, (x,))
        shifted = Sum((*opened(x), Negative(Read(self.scale.maximum, at))))
        return frozenset({(at, 1)}), Call(function, (shifted,))

    def _logarithm(self, weight: Weight) -> tuple[Expr, ...]:
        """The logarithm of the scale itself."""
        ordered = sorted(weight, key=lambda pair: str(pair[0]))
        reads = ((Read(self.scale.maximum, at), n) for at, n in ordered)
        return tuple(times(Number(Affine.of(n)), m) if abs(n) != 1 else _signed(m, n) for m, n in reads)


def _outside(e: Affine, bound: set[Letter], term: Term) -> Affine:
    """A position without bound indices where a delta says one: in a sum over dst[e] == n, n is dst[e]."""
    deltas = (g for g in term.guards if isinstance(g, Delta))
    sides = [b if a == e else a for a, b in (d.parts() for d in deltas) if e in (a, b)]
    free = (side for side in sides if not names_of((side,)) & bound)
    return next(free, e) if names_of((e,)) & bound else e


def _signed(node: Expr, n: int) -> Expr:
    return node if n > 0 else Negative(node)


def opened(node: Expr) -> list[Expr]:
    """The summands of a sum or of a negated sum."""
    if isinstance(node, Sum):
        return list(node.args)
    if isinstance(node, Negative) and isinstance(node.arg, Sum):
        return [a.arg if isinstance(a, Negative) else Negative(a) for a in node.arg.args]
    return [node]


Scaled: TypeAlias = tuple[Weight, Term]


def options(
    term: Term, scale: Scale, weights: Weights, order: tuple[bool, ...], own: Weight = FLAT
) -> list[Scaled]:
    """The term's possible weights with its rewritten forms, the preferred one first; `own` is wanted."""
    read = (weights[r.tensor].at(r.at) for r in term.reads() if r.tensor in weights)
    beside = tuple(at for weight in (*read, own) for at, _ in sorted(weight, key=str))
    found: list[Scaled] = []
    faults: list[Inhomogeneous] = []
    for matched in order:
        try:
            found.append(Rescaling(scale, weights, matched, beside).term(term))
        except Inhomogeneous as fault:
            faults.append(fault)
    if not found:
        raise faults[0]
    return found


def alike(choices: list[list[Scaled]]) -> Weight:
    """The first weight that all terms can have."""
    for weight, _ in choices[0]:
        if all(any(weight == other for other, _ in choice) for choice in choices):
            return weight
    raise Inhomogeneous("its terms scale differently")
