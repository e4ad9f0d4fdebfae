"""Where an expression is infinite, 0 or NaN on its way to a moderate value, because of exponentials.

A quantity bears an exponential *above* where it is a sum of products with one, *below* where it is divided by
one. At risk are logarithms of what bears one, and products of two factors that bear one, of which one is
infinite where the other is 0. What was divided by its largest exponential already bears none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from derive.algebra.expr import (
    ZERO,
    Call,
    Choice,
    Expr,
    Negative,
    Power,
    Product,
    Ratio,
    Read,
    Sum,
    children,
    walk,
)
from derive.algebra.system import Equation
from derive.stable.rewrites import SATURATING
from derive.stable.rewriting import Part, apply, factored
from derive.stable.scaled import GATES
from derive.stable.unstable import GROWING, LOGARITHMS, is_largest


@dataclass(frozen=True, slots=True)
class Bears:
    """Whether a quantity has exponentials above and below its line."""

    above: bool = False
    below: bool = False

    def __or__(self, other: Bears) -> Bears:
        return Bears(self.above or other.above, self.below or other.below)

    def __bool__(self) -> bool:
        return self.above or self.below

    def inverse(self) -> Bears:
        return Bears(self.below, self.above)


class Risks:
    """What the tensors of some equations bear."""

    def __init__(self, equations: tuple[Equation, ...]) -> None:
        sums = [e for e in equations if all(t.monoid == "sum" for t in e.terms)]
        self.maxima = {e.tensor for e in equations if any(is_largest(t) for t in e.terms)}
        self.tensors: dict[str, Bears] = {}
        alone = [e for e in sums if len(e.terms) == 1 and not e.terms[0].binders]
        self.products = {e.tensor for e in alone if not isinstance(e.terms[0].body, Sum)}
        changed = True
        while changed:
            changed = False
            for equation in sums:
                known = self.tensors.get(equation.tensor, Bears())
                found = self._any([known, *(self.bears(t.body) for t in equation.terms)])
                changed = changed or found != known
                self.tensors[equation.tensor] = found

    @staticmethod
    def _any(found: list[Bears]) -> Bears:
        return Bears(any(b.above for b in found), any(b.below for b in found))

    def bears(self, node: Expr) -> Bears:
        """What an expression bears in its sums, products and quotients."""
        match node:
            case Call(function, _) if function in GROWING:
                return Bears(above=not self._is_shifted(node))
            case Read(tensor, _):
                return self.tensors.get(tensor, Bears())
            case Ratio(top, bottom):
                return self.bears(top) | self.bears(bottom).inverse()
            case Power(base, n) if n < 0:
                return self.bears(base).inverse()
        return self._any([self.bears(part) for part in layer(node)])

    def _is_shifted(self, node: Expr) -> bool:
        return any(isinstance(n, Read) and n.tensor in self.maxima for n in walk(node))

    def at_risk(self, node: Expr) -> bool:
        """Whether the expression, or a part of it, is at risk."""
        return any(map(self.is_risk, walk(node)))

    def is_risk(self, node: Expr) -> bool:
        """Whether the expression as a whole is."""
        match node:
            case Call(function, (arg,)) if function in LOGARITHMS:
                return self._grows(arg)
            case Product() | Ratio():
                return self._clashes(tuple(dict.fromkeys(factored(node)[1])))
        return False

    def _grows(self, arg: Expr) -> bool:
        """Whether it bears one with a plus: the logarithm of a large negative number has no value to lose."""
        if isinstance(arg, Sum):
            return any(map(self._grows, arg.args))
        return not isinstance(arg, Negative) and bool(self.bears(arg))

    def _clashes(self, parts: tuple[Part, ...]) -> bool:
        """Whether of two factors one may be 0 where another is infinite."""
        found = {part: self._of(part) for part in parts}
        bearing = [part for part in parts if found[part]]
        if len(bearing) > 1 and any(found[part].below for part in bearing):
            return True
        if sum(map(self._is_exponential, bearing)) > 1:
            return True
        return any(vanishes(part.node) for part in parts for other in bearing if part is not other)

    def _of(self, part: Part) -> Bears:
        bears = self.bears(part.node)
        return bears if part.plain else bears.inverse()

    def _is_exponential(self, part: Part) -> bool:
        """Whether it has the exponential itself, or is the name of a product with one."""
        parts = tuple(_linear_layer(part.node))
        named = any(isinstance(n, Read) and n.tensor in self.products and self.bears(n) for n in parts)
        return named or any(isinstance(n, Call) and n.function in GROWING for n in parts)

    def taking_part(self, node: Expr) -> Iterator[Read]:
        """The reads in the linear layer that bear exponentials."""
        yield from (n for n in _linear_layer(node) if isinstance(n, Read) and self.bears(n))


def layer(node: Expr) -> tuple[Expr, ...]:
    """The parts that share their exponentials with the whole."""
    match node:
        case Sum() | Product() | Ratio() | Negative() | Power() | Call("sqrt", _):
            return children(node)
        case Choice(_, _, _, then, otherwise):
            return then, otherwise
    return ()


def _linear_layer(node: Expr) -> Iterator[Expr]:
    yield node
    for part in layer(node):
        yield from _linear_layer(part)


def vanishes(node: Expr) -> bool:
    """Whether a factor is 0 for a whole range of arguments, or as good as 0."""
    match node:
        case Sum():  # 1 - tanh(x)**2 and its like, which are products of logistics
            return any(apply(row, node) is not None for row in SATURATING if not row.label)
        case Call(function, _):
            return function in GATES or function == "sigmoid"
        case Choice(_, _, _, then, otherwise):
            return ZERO in (then, otherwise)
    return False
