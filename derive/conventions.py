"""What is chosen where there is no derivative: of maxima, and of norms at 0.

A square root of a sum of squares has no gradient at 0; a norm's is 0 there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from derive.algebra.expr import (
    ZERO,
    Call,
    Choice,
    Expr,
    Number,
    Power,
    Product,
    Ratio,
    Read,
    Sum,
    children,
    walk,
)
from derive.algebra.system import System

NORM = "the gradient of a norm is 0 where the norm is 0"
MAXIMUM = (
    "a maximum of nothing is -inf; NaN is larger than all; "
    "the first of the largest, or the first NaN, takes the gradient"
)


def chosen(system: System) -> tuple[str, ...]:
    """What is chosen for the maxima and norms of a system, a sentence each; nothing where it has none."""
    terms = [t for e in system.equations for t in e.terms]
    found = {
        MAXIMUM: any(t.monoid == "max" for t in terms),
        NORM: any(_is_norm(node) for t in terms for node in walk(t.body)),
    }
    return tuple(sentence for sentence, applies in found.items() if applies)


def without_gradient(system: System) -> tuple[str, ...]:
    """The square roots that have no gradient at a point of their inputs, each with its line in the spec."""
    lines = [
        f"{system.name}: {equation.tensor} takes the square root of a sum of squares, which has no gradient "
        f"at 0 ({equation.where}): norm(...) takes 0"
        for equation in system.equations
        for term in equation.terms
        if any(_is_squares(system, squares) for squares in _roots(term.body))
    ]
    return tuple(dict.fromkeys(lines))


def _is_norm(node: Expr) -> bool:
    """Whether it is what `norm` writes: 0 where the squares are not above 0, their root elsewhere."""
    match node:
        case Choice(squares, "<=", right, then, Call("sqrt", (arg,))):
            return right == then == ZERO and arg == squares
    return False


def _roots(node: Expr, compared: tuple[Expr, ...] = ()) -> Iterator[Expr]:
    """What square roots are taken of, but where a choice around them compares that."""
    if isinstance(node, Choice):
        compared = (*compared, node.left, node.right)
    if isinstance(node, Call) and node.function == "sqrt" and node.args[0] not in compared:
        yield node.args[0]
    for part in children(node):
        yield from _roots(part, compared)


def _is_squares(system: System, node: Expr, above: tuple[str, ...] = ()) -> bool:
    """Whether it is a sum of squares alone, or of multiples of them: 0 where all are."""
    match node:
        case Power(_, n):
            return n > 0 and n % 2 == 0
        case Sum(args):
            return all(_is_squares(system, arg, above) for arg in args)
        case Ratio(top, bottom):
            return isinstance(bottom, Number) and _is_squares(system, top, above)
        case Product(args):
            factors = [a for a in args if not isinstance(a, Number)]
            odd = [a for a, n in Counter(factors).items() if n % 2]
            return bool(factors) and all(_is_squares(system, a, above) for a in odd)
        case Read(tensor, _) if tensor not in above:
            made = system.definition(tensor)
            bodies = [t.body for t in made.terms if t.monoid == "sum"] if made is not None else []
            whole = made is not None and len(bodies) == len(made.terms) > 0
            return whole and all(_is_squares(system, body, (*above, tensor)) for body in bodies)
    return isinstance(node, Read) and node.tensor in above  # a sum that goes on from step to step
