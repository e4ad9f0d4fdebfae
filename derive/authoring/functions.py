"""What an author writes equations with: sums, maxima, guards, choices and scalar functions."""

from __future__ import annotations

from collections.abc import Callable

from derive.algebra.expr import ONE, ZERO, Call, Choice, Expr, Like, Reduce, When, as_expr
from derive.algebra.index import Affine, AffineLike, Delta, Guard, In, Index, Name
from derive.authoring.handles import integer
from derive.errors import SpecError
from derive.names import location
from derive.words import shown


def total(over: Affine | tuple[Affine, ...], body: Like, where: tuple[Guard, ...] = ()) -> Expr:
    """The sum of `body` over indices, where the guards hold."""
    return _reduce("sum", over, body, where)


def largest(
    over: Affine | tuple[Affine, ...],
    body: Like,
    where: tuple[Guard, ...] = (),
    empty: Like | None = None,
) -> Expr:
    """The maximum of `body` over indices, where the guards hold; `empty`, or -inf, where they never do.

    Its gradient goes to the first of the largest; NaN is larger than all, so to the first NaN.
    """
    found = _reduce("max", over, body, where)
    return found if empty is None else Choice(total(over, ONE, where), ">", ZERO, found, as_expr(empty))


def norm(over: Affine | tuple[Affine, ...], body: Like, where: tuple[Guard, ...] = ()) -> Expr:
    """The Euclidean norm of `body` over indices, where the guards hold; its gradient at 0 is 0.

    It adds up squares: they overflow where `sqrt(total(...))` does.
    """
    squares = total(over, as_expr(body) ** 2, where)
    return Choice(squares, "<=", ZERO, ZERO, Call("sqrt", (squares,)))


def _reduce(monoid: str, over: Affine | tuple[Affine, ...], body: Like, where: tuple[Guard, ...]) -> Expr:
    # the domains are filled in when the equation is closed: an index alone does not know its spec
    binders = tuple(
        Index(_plain(i), Affine(), Affine()) for i in (over if isinstance(over, tuple) else (over,))
    )
    if len({b.name for b in binders}) < len(binders):
        raise SpecError("a sum or maximum runs over the same index twice: give each once", location())
    guards = where if isinstance(where, tuple) else (where,)
    if not all(isinstance(g, (Delta, In)) for g in guards):
        raise SpecError("where= takes guards: make them with between(...) and equal(...)", location())
    return Reduce(monoid, binders, guards, as_expr(body))


def _plain(index: object) -> Name:
    name = index.letter() or index.plain() if isinstance(index, Affine) else None
    if name is None:
        raise SpecError("a sum or maximum runs over indices: make them with s.index(...)", location())
    return name


def delta(a: AffineLike, b: AffineLike) -> Expr:
    """1 where a == b; what it multiplies is not evaluated elsewhere."""
    return When((Delta(integer(a), integer(b)),), ONE)


def inside(e: AffineLike, lo: AffineLike, hi: AffineLike) -> Expr:
    """1 where lo <= e < hi; what it multiplies is not evaluated elsewhere."""
    return When((In(integer(e), integer(lo), integer(hi)),), ONE)


def between(e: AffineLike, lo: AffineLike, hi: AffineLike) -> Guard:
    """The guard lo <= e < hi, for `where=` of a sum or maximum."""
    return In(integer(e), integer(lo), integer(hi))


def equal(a: AffineLike, b: AffineLike) -> Guard:
    """The guard a == b, for `where=` of a sum or maximum."""
    return Delta(integer(a), integer(b))


def where(left: Like, relation: str, right: Like, then: Like, otherwise: Like) -> Expr:
    """`then` where `left relation right` holds, else `otherwise`; relations are < <= > >=."""
    if relation not in ("<", "<=", ">", ">="):
        raise SpecError(f"relation {shown(relation)} is unknown: use one of < <= > >=", location())
    return Choice(as_expr(left), relation, as_expr(right), as_expr(then), as_expr(otherwise))


def _function(name: str) -> Callable[[Like], Expr]:
    def apply(x: Like) -> Expr:
        return Call(name, (as_expr(x),))

    apply.__name__ = name
    apply.__doc__ = f"The scalar function {name}, element by element."
    return apply


def identity(x: Like) -> Expr:
    """x itself: the activation of a linear layer."""
    return as_expr(x)


exp, log, sqrt = (_function(name) for name in ("exp", "log", "sqrt"))
sigmoid, tanh, relu = (_function(name) for name in ("sigmoid", "tanh", "relu"))
relu_right = _function("relu_right")
log1p, expm1, softplus = (_function(name) for name in ("log1p", "expm1", "softplus"))
sin, cos, absolute = (_function(name) for name in ("sin", "cos", "absolute"))
normal_cdf, normal_pdf = (_function(name) for name in ("normal_cdf", "normal_pdf"))
