"""Before gradients are put into each other: numbers cancelled, and two summands that choose made one.

    dy = dL*(2*e/2 if |e| <= d else 0) + dL*(0 if |e| <= d else d*sign(e))

becomes dL*(e if |e| <= d else d*sign(e)). The chain rule makes such summands of every read in a branch of
a choice: where one of them is not 0, the other is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import gcd, prod

from derive.algebra.expr import (
    ZERO,
    Choice,
    Expr,
    Negative,
    Number,
    Product,
    Ratio,
    as_expr,
    minus,
    over,
    times,
    transform,
)
from derive.algebra.index import Affine
from derive.algebra.nodes import flat
from derive.algebra.system import Equation, System, Term
from derive.combine.monomials import Factors, without
from derive.stable.rewriting import Part, factored
from derive.steps import Recorder

EXACT = 2**53  # from here on an integer may be none of float64's numbers


def merge(backward: System, recorder: Recorder) -> System:
    """An adjoint -> the same with numbers cancelled and choices merged."""
    equations = tuple(map(_merged, backward.equations))
    for old, new in zip(backward.equations, equations, strict=True):
        if old != new:
            rule = "merge" if len(new.terms) < len(old.terms) else "numbers"
            recorder.record(rule, (new,), source=old.tensor)
    return backward.with_equations(equations, backward.tensors)


def _merged(equation: Equation) -> Equation:
    terms: list[Term] = []
    for term in equation.terms:
        shorter = replace(term, body=without_common_numbers(term.body))
        for n, other in enumerate(terms):
            body = _as_one(other, shorter)
            if body is not None:
                terms[n] = replace(other, body=body)
                break
        else:
            terms.append(shorter)
    return replace(equation, terms=tuple(terms))


def _as_one(a: Term, b: Term) -> Expr | None:
    """The body of two terms of one domain that are never both different from 0."""
    alike = (a.binders, a.guards, a.monoid) == (b.binders, b.guards, b.monoid)
    return one_choice(a.body, b.body) if alike and a.monoid == "sum" else None


# numbers ------------------------------------------------------------------------------------------
def without_common_numbers(node: Expr) -> Expr:
    """The expression with its integers above and below a line as one number: 2*e/2 is e, e/2/3 is e/6."""
    return transform(node, _reduced)


def _reduced(node: Expr) -> Expr:
    if not isinstance(node, (Product, Ratio)):
        return node
    sign, parts = factored(node)
    rest = [p for p in parts if _fraction(p.node) is None]
    numbers = [f if p.plain else f[::-1] for p in parts if (f := _fraction(p.node))]
    above, below = prod(top for top, _ in numbers), prod(bottom for _, bottom in numbers)
    divisor = gcd(above, below)
    alone = all(sum(number[side] != 1 for number in numbers) < 2 for side in (0, 1))
    if not above or not below or (divisor == 1 and alone) or max(above, below) // divisor >= EXACT:
        return node
    decimal = any(isinstance(p.node, Number) and p.node.decimal for p in parts)
    made = _quotient(rest, above // divisor, below // divisor, decimal)
    return made if sign > 0 else minus(made)


def _fraction(node: Expr) -> tuple[int, int] | None:
    """A number's numerator and denominator, None if a size is in it."""
    known = isinstance(node, Number) and node.value.is_integer()
    return (node.value.integer(), node.denominator) if known and isinstance(node, Number) else None


def _quotient(parts: Iterable[Part], above: int, below: int, decimal: bool) -> Expr:
    top = [p.node for p in parts if p.plain]
    bottom = [p.node for p in parts if not p.plain]
    if below != 1 and (above != 1 or decimal):
        return over(times(Number(Affine.of(above), below, decimal), *top), times(*bottom))
    return over(times(as_expr(above), *top), times(as_expr(below), *bottom))


# choices ------------------------------------------------------------------------------------------
def one_choice(a: Expr, b: Expr) -> Expr | None:
    """a + b as a product with one choice, where they choose by one condition and never both are not 0.

    Factors of one alone go into its branch, and a sign of all branches to the front.
    """
    (sign, parts), (other_sign, others) = _product(a), _product(b)
    for n, part in enumerate(parts):
        for m, other in enumerate(others):
            mine, theirs = parts[:n] + parts[n + 1 :], others[:m] + others[m + 1 :]
            own, more = without(mine, theirs), without(theirs, mine)
            if _same_condition(part, other):
                chosen = _disjoint(_scaled(part, own, sign), _scaled(other, more, other_sign))
                if chosen is not None:
                    shared, place = without(mine, own), len(without(parts[:n], own))
                    return times(*shared[:place], _sign_first(chosen), *shared[place:])
    return None


def _product(node: Expr) -> tuple[int, tuple[Expr, ...]]:
    """The sign and the factors of a product; a quotient is one factor."""
    if isinstance(node, Negative):
        sign, parts = _product(node.arg)
        return -sign, parts
    return 1, flat(node, Product)


def _same_condition(a: Expr, b: Expr) -> bool:
    if not (isinstance(a, Choice) and isinstance(b, Choice)):
        return False
    return (a.left, a.relation, a.right) == (b.left, b.relation, b.right)


def _disjoint(a: Expr, b: Expr) -> Expr | None:
    """The sum of two expressions of which in every branch one is 0."""
    if ZERO in (a, b):
        return b if a == ZERO else a
    if not (_same_condition(a, b) and isinstance(a, Choice) and isinstance(b, Choice)):
        return None
    then, otherwise = _disjoint(a.then, b.then), _disjoint(a.otherwise, b.otherwise)
    return None if then is None or otherwise is None else replace(a, then=then, otherwise=otherwise)


def _scaled(node: Expr, by: Factors, sign: int) -> Expr:
    """The node's branches times factors and a sign; 0 stays 0."""
    if isinstance(node, Choice):
        return replace(node, then=_scaled(node.then, by, sign), otherwise=_scaled(node.otherwise, by, sign))
    made = times(*by, node)
    return made if sign > 0 else minus(made)


def _sign_first(node: Expr) -> Expr:
    """A choice of negated expressions as the negated choice."""
    return minus(_scaled(node, (), -1)) if all(map(_is_negative, _leaves(node))) else node


def _leaves(node: Expr) -> Iterator[Expr]:
    """What a choice may be, 0 left out."""
    if isinstance(node, Choice):
        yield from _leaves(node.then)
        yield from _leaves(node.otherwise)
    elif node != ZERO:
        yield node


def _is_negative(node: Expr) -> bool:
    return isinstance(node, Negative)
