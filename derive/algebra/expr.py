"""Scalar expressions: how the trees of nodes.py are walked, rewritten and built.

What the calculus derives is built with `plus`, `times`, `minus` and `over`, which drop ones and zeros;
the author's own tree is never simplified.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from derive.algebra.index import Affine, IntegerRead, Name, Substitution, names_of
from derive.algebra.nodes import (
    ONE,
    ZERO,
    Call,
    Choice,
    Expr,
    Like,
    MatMul,
    Negative,
    Number,
    Operators,
    Parameter,
    Power,
    Product,
    Ratio,
    Read,
    Reduce,
    Sum,
    Transpose,
    When,
    as_expr,
    flat,
)

__all__ = [
    "ONE",
    "ZERO",
    "Call",
    "Choice",
    "Expr",
    "Like",
    "MatMul",
    "Negative",
    "Number",
    "Operators",
    "Parameter",
    "Power",
    "Product",
    "Ratio",
    "Read",
    "Reduce",
    "Sum",
    "Transpose",
    "When",
    "as_expr",
    "children",
    "factors",
    "free_names",
    "integer_reads",
    "minus",
    "over",
    "plus",
    "reads",
    "rebuild",
    "substitute",
    "times",
    "transform",
    "walk",
]


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
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        waiting += reversed(children(part))


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


def free_names(node: Expr) -> set[Name]:
    """Indices, sizes and integer parameters that occur and are not bound inside."""
    found = names_of(_polynomials(node))
    for child in children(node):
        found |= free_names(child)
    return found - {b.name for b in node.binders} if isinstance(node, Reduce) else found


def substitute(node: Expr, values: Substitution) -> Expr:
    """Replace index names by polynomials; binders shadow."""
    if not values:
        return node
    match node:
        case Number(value, denominator, decimal):
            return Number(value.substitute(values), denominator, decimal)
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
        factors += flat(arg, Product)
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


def chained(*args: Expr) -> Expr:
    """A product of slopes: a*(1/b) is a/b, unless b, and so 1/b, is the same for all elements."""
    made = times(*args)
    bare = made.arg if isinstance(made, Negative) else made
    if not isinstance(bare, Product):
        return made
    found: list[Expr] = []
    for factor in bare.args:
        match factor:
            case Ratio(top, bottom) if top == ONE and found and _varies(bottom) and _varies(found[-1]):
                found[-1] = Ratio(found[-1], bottom)
            case _:
                found.append(factor)
    joined = times(*found)
    return minus(joined) if bare is not made else joined


def _varies(node: Expr) -> bool:
    return any(isinstance(part, Read) for part in walk(node))


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
