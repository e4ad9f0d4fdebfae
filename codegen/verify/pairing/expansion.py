"""Scalar expressions as polynomials: one form for expressions that are equal by the laws of a field.

What is used of numbers: the field laws, that u/u is 1 wherever u is divided by, that [c]*[c] is [c], and
that where(c, a, b) is [c]*a + (1 - [c])*b. Nothing is used of the scalar functions but that they are ones.
"""

from __future__ import annotations

from fractions import Fraction

from codegen.verify.pairing.polynomials import (
    Applied,
    Atom,
    Holds,
    Monomial,
    Polynomial,
    Whole,
    add,
    multiply,
)
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
    as_expr,
)
from derive.algebra.index import Affine, Substitution
from derive.algebra.scalars import SCALARS


def expand(node: Expr, symbols: frozenset[str]) -> Polynomial:
    """An expression as a polynomial; `symbols` are the names that are no indices."""
    match node:
        case Number(value, denominator):
            return number(value, symbols) * Polynomial.number(Fraction(1, denominator))
        case Read(tensor, at):
            return Polynomial.atom(Read(tensor, tuple(map(ordered, at))))
        case Parameter():
            return Polynomial.atom(node)
        case Sum(args):
            return add(expand(arg, symbols) for arg in args)
        case Negative(arg):
            return Polynomial.number(-1) * expand(arg, symbols)
        case Product(args):
            return multiply(expand(arg, symbols) for arg in args)
        case Ratio(top, bottom):
            return expand(top, symbols) * _inverse(bottom, symbols)
        case Power(base, exponent):
            root = expand(base, symbols) if exponent >= 0 else _inverse(base, symbols)
            return root ** abs(exponent)
        case Call(_, (Call(inner, (arg,)) as value,)) if _is_slope(node, inner, arg, value):
            return expand(_in_argument(inner, arg), symbols)
        case Call(function, args):
            return Polynomial.atom(Applied(function, tuple(expand(a, symbols) for a in args)))
        case Choice(left, relation, right, then, otherwise):
            condition = Polynomial.atom(Holds(expand(left, symbols), relation, expand(right, symbols)))
            rest = Polynomial.number(1) + Polynomial.number(-1) * condition
            return condition * expand(then, symbols) + rest * expand(otherwise, symbols)
    raise TypeError(f"{type(node).__name__} is no scalar expression: elaborate it first")


def _is_slope(node: Expr, inner: str, arg: Expr, value: Expr) -> bool:
    """Whether it is a function's derivative with the function put in, and the table has a shorter form."""
    row = SCALARS[inner]
    if row.in_argument is None or row.derivative is None:
        return False
    return as_expr(row.derivative(arg, value)) == node


def _in_argument(function: str, arg: Expr) -> Expr:
    shorter = SCALARS[function].in_argument
    assert shorter is not None
    return as_expr(shorter(arg))


def _inverse(node: Expr, symbols: frozenset[str]) -> Polynomial:
    """1 over an expression: a product's is its factors', so that a sum in it is never multiplied out."""
    match node:
        case Product(args):
            return multiply(_inverse(arg, symbols) for arg in args)
        case Negative(arg):
            return Polynomial.number(-1) * _inverse(arg, symbols)
        case Power(base, exponent) if exponent > 0:
            return _inverse(base, symbols) ** exponent
    return expand(node, symbols).inverse()


def number(value: Affine, symbols: frozenset[str]) -> Polynomial:
    """A polynomial in sizes; with an index in it, it stays whole, as the author wrote it."""
    if not value.names() <= symbols or value.reads():
        return Polynomial.atom(Number(ordered(value)))
    return add(
        multiply(
            (Polynomial.number(c), *(Polynomial.atom(Number(Affine.of(a))) for a in monomial)),
        )
        for monomial, c in value.terms
    )


def substitute(value: Polynomial, put: Substitution, symbols: frozenset[str]) -> Polynomial:
    """The polynomial with indices replaced by index expressions."""

    def inside(atom: Atom) -> Polynomial:
        match atom:
            case Read():
                return Polynomial.atom(_moved(atom, put))
            case Number(index, _):
                return number(index.substitute(put), symbols)
            case Applied(function, args):
                return Polynomial.atom(Applied(function, tuple(substitute(a, put, symbols) for a in args)))
            case Holds(left, relation, right):
                sides = (substitute(left, put, symbols), relation, substitute(right, put, symbols))
                return Polynomial.atom(Holds(*sides))
            case Whole(whole):
                return substitute(whole, put, symbols)
        return Polynomial.atom(atom)

    def monomial(old: Monomial) -> Polynomial:
        moved = (_moved(r, put) for r in old.support)
        present = Polynomial(frozenset([(Monomial(frozenset(), frozenset(moved)), Fraction(1))]))
        return present * multiply(inside(atom) ** n for atom, n in old.powers)

    return add(Polynomial.number(c) * monomial(m) for m, c in value.terms)


def ordered(e: Affine) -> Affine:
    """The same polynomial, its terms in one order: what is equal is written alike."""
    return Affine(tuple(sorted(e.terms, key=str)))


def _moved(read: Read, put: Substitution) -> Read:
    return Read(read.tensor, tuple(ordered(e.substitute(put)) for e in read.at))
