"""Scalar expressions over tensor reads: the author's tree, kept in the author's order.

    expr   = Number(value) | Parameter(name) | Read(tensor, at)
           | Sum(args) | Product(args) | Negative(arg) | Ratio(top, bottom) | Power(base, exponent)
           | Call(function, args) | Choice(left, relation, right, then, otherwise)
           | Reduce(monoid, binders, guards, body) | When(guards, body)        (until elaborated)
           | MatMul(left, right) | Transpose(arg) | an open Read                (until closed)

Python's operators build these nodes and simplify nothing: `x - x` stays what its author wrote. What
the calculus derives is built with `plus`, `times`, `minus` and `over`, which drop ones and zeros.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias, Union

from derive.index import Affine, Guard, Index, IntegerRead, names_of

Like: TypeAlias = Union["Operators", Affine, int, Fraction]


class Operators:
    """Python's operators, building nodes in the order in which they are written."""

    __slots__ = ()

    def __add__(self, other: Like) -> Expr:
        return Sum(_flat(as_expr(self), Sum) + (as_expr(other),))

    def __radd__(self, other: Like) -> Expr:
        return Sum((as_expr(other), as_expr(self)))

    def __sub__(self, other: Like) -> Expr:
        return Sum(_flat(as_expr(self), Sum) + (Negative(as_expr(other)),))

    def __rsub__(self, other: Like) -> Expr:
        return Sum((as_expr(other), Negative(as_expr(self))))

    def __mul__(self, other: Like) -> Expr:
        return Product(_flat(as_expr(self), Product) + (as_expr(other),))

    def __rmul__(self, other: Like) -> Expr:
        return Product((as_expr(other), as_expr(self)))

    def __truediv__(self, other: Like) -> Expr:
        return Ratio(as_expr(self), as_expr(other))

    def __rtruediv__(self, other: Like) -> Expr:
        return Ratio(as_expr(other), as_expr(self))

    def __neg__(self) -> Expr:
        return Negative(as_expr(self))

    def __pow__(self, exponent: int) -> Expr:
        return Power(as_expr(self), exponent)

    def __matmul__(self, other: Like) -> Expr:
        return MatMul(as_expr(self), as_expr(other))

    @property
    def T(self) -> Expr:
        """The transpose of a matrix."""
        return Transpose(as_expr(self))

    def __bool__(self) -> bool:
        raise TypeError("an expression has no truth value: use where(a, '>', b, then, otherwise)")

    def apply(self, name: str, *others: Like) -> Expr:
        """The scalar function `name` of this expression (how rule rows stay generic)."""
        return Call(name, (as_expr(self), *map(as_expr, others)))


class Expr(Operators):
    """A node of the tree."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Number(Expr):
    """An exact number: an integer polynomial (sizes and indices are numbers too) over an integer."""

    value: Affine
    denominator: int = 1


@dataclass(frozen=True, slots=True)
class Parameter(Expr):
    """A real run-time parameter, such as Huber's delta; it takes no gradient."""

    name: str


@dataclass(frozen=True, slots=True)
class Read(Expr):
    """One element of a floating tensor; with fewer indices than axes it is open (matrix sugar)."""

    tensor: str
    at: tuple[Affine, ...]


@dataclass(frozen=True, slots=True)
class Sum(Expr):
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Product(Expr):
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Negative(Expr):
    arg: Expr


@dataclass(frozen=True, slots=True)
class Ratio(Expr):
    top: Expr
    bottom: Expr


@dataclass(frozen=True, slots=True)
class Power(Expr):
    base: Expr
    exponent: int


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """A scalar function of the rule table."""

    function: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Choice(Expr):
    """`then` where `left relation right` holds, else `otherwise`; the other branch is not evaluated."""

    left: Expr
    relation: str
    right: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True, slots=True)
class Reduce(Expr):
    """A reduction over its binders, where its guards hold."""

    monoid: str
    binders: tuple[Index, ...]
    guards: tuple[Guard, ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class When(Expr):
    """Its body where the guards hold; elsewhere 0, and the body is not evaluated."""

    guards: tuple[Guard, ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class MatMul(Expr):
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Transpose(Expr):
    arg: Expr


ONE = Number(Affine.of(1))
ZERO = Number(Affine())


def as_expr(value: Like) -> Expr:
    """A number, size, index or expression, as an expression."""
    if isinstance(value, Expr):
        return value
    if isinstance(value, Fraction):
        return Number(Affine.of(value.numerator), value.denominator)
    if isinstance(value, Affine):
        return Number(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Number(Affine.of(value))
    convert = getattr(value, "as_expr", None)
    if convert is None:
        raise TypeError(
            f"{value!r} is no expression: write exact numbers as integers or fractions (1/2 as "
            "Fraction(1, 2)), everything else with tensors, sizes and scalar functions"
        )
    return convert()


def _flat(node: Expr, kind: type[Sum] | type[Product]) -> tuple[Expr, ...]:
    return node.args if isinstance(node, kind) else (node,)


def children(node: Expr) -> tuple[Expr, ...]:
    """The node's direct subexpressions, in order."""
    match node:
        case Sum(args) | Product(args) | Call(_, args):
            return args
        case Negative(arg) | Transpose(arg):
            return (arg,)
        case Ratio(a, b) | MatMul(a, b):
            return (a, b)
        case Power(base, _):
            return (base,)
        case Choice(left, _, right, then, otherwise):
            return (left, right, then, otherwise)
        case Reduce(_, _, _, body) | When(_, body):
            return (body,)
        case _:
            return ()


def rebuild(node: Expr, parts: tuple[Expr, ...]) -> Expr:
    """The same node over other subexpressions."""
    match node:
        case Sum() | Product() | Call():
            return replace(node, args=parts)
        case Negative() | Transpose():
            return replace(node, arg=parts[0])
        case Ratio():
            return Ratio(*parts)
        case MatMul():
            return MatMul(*parts)
        case Power():
            return replace(node, base=parts[0])
        case Choice():
            return Choice(parts[0], node.relation, parts[1], parts[2], parts[3])
        case Reduce() | When():
            return replace(node, body=parts[0])
        case _:
            return node


def walk(node: Expr) -> Iterator[Expr]:
    """The node and everything below it, top down, left to right."""
    yield node
    for child in children(node):
        yield from walk(child)


def transform(node: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """`change` applied to every node, bottom up."""
    parts = children(node)
    return change(rebuild(node, tuple(transform(part, change) for part in parts)) if parts else node)


def reads(node: Expr) -> tuple[Read, ...]:
    """Every floating read, left to right, repeats included."""
    return tuple(part for part in walk(node) if isinstance(part, Read))


def integer_reads(node: Expr) -> tuple[IntegerRead, ...]:
    """Every read of an integer tensor in an index, a guard or a number, nested ones included."""
    found: list[IntegerRead] = []

    def visit(expressions: tuple[Affine, ...]) -> None:
        for read in (r for e in expressions for r in e.reads()):
            found.append(read)
            visit(read.at)

    for part in walk(node):
        visit(_polynomials(part))
    return tuple(found)


def _polynomials(node: Expr) -> tuple[Affine, ...]:
    match node:
        case Number(value, _):
            return (value,)
        case Read(_, at):
            return at
        case Reduce(_, _, guards, _) | When(guards, _):
            return tuple(e for guard in guards for e in guard.parts())
        case _:
            return ()


def free_names(node: Expr) -> set[str]:
    """Names of indices, sizes and integer parameters that occur and are not bound inside."""
    found = names_of(_polynomials(node))
    for child in children(node):
        found |= free_names(child)
    return found - {b.name for b in node.binders} if isinstance(node, Reduce) else found


def substitute(node: Expr, values: Mapping[str, Affine]) -> Expr:
    """Replace index names by polynomials; binders shadow."""
    if not values:
        return node
    match node:
        case Number(value, denominator):
            return Number(value.substitute(values), denominator)
        case Read(tensor, at):
            return Read(tensor, tuple(e.substitute(values) for e in at))
        case When(guards, body):
            return When(tuple(g.substitute(values) for g in guards), substitute(body, values))
        case Reduce(monoid, binders, guards, body):
            inner = {k: v for k, v in values.items() if k not in {b.name for b in binders}}
            assert not {b.name for b in binders} & names_of(tuple(inner.values())), "a binder captures"
            kept = tuple(b.substitute(inner) for b in binders)
            return Reduce(monoid, kept, tuple(g.substitute(inner) for g in guards), substitute(body, inner))
        case _:
            return rebuild(node, tuple(substitute(part, values) for part in children(node)))


def plus(args: tuple[Expr, ...]) -> Expr:
    """A sum without zeros."""
    kept = tuple(a for a in args if a != ZERO)
    return ZERO if not kept else kept[0] if len(kept) == 1 else Sum(kept)


def minus(arg: Expr) -> Expr:
    """A negation; two of them cancel."""
    if arg == ZERO:
        return arg
    return arg.arg if isinstance(arg, Negative) else Negative(arg)


def times(*args: Expr) -> Expr:
    """A product without ones, its sign in front, 0 if a factor is 0."""
    factors: list[Expr] = []
    negative = False
    for arg in args:
        while isinstance(arg, Negative):
            negative, arg = not negative, arg.arg
        factors += _flat(arg, Product)
    if ZERO in factors:
        return ZERO
    kept = tuple(f for f in factors if f != ONE)
    product = ONE if not kept else kept[0] if len(kept) == 1 else Product(kept)
    return Negative(product) if negative else product


def over(top: Expr, bottom: Expr) -> Expr:
    """A ratio, its sign in front."""
    if bottom == ONE or top == ZERO:
        return top
    return minus(Ratio(top.arg, bottom)) if isinstance(top, Negative) else Ratio(top, bottom)


def factors(node: Expr) -> tuple[Expr, ...]:
    """The multiplicative factors of a product, those over a denominator included."""
    match node:
        case Product(args):
            return tuple(f for arg in args for f in factors(arg))
        case Negative(arg):
            return factors(arg)
        case Ratio(top, _):
            return factors(top)
        case _:
            return (node,)
