"""The nodes of scalar expressions over tensor reads: the author's tree, kept in the author's order.

    expr   = Number(value) | Parameter(name) | Read(tensor, at)
           | Sum(args) | Product(args) | Negative(arg) | Ratio(top, bottom) | Power(base, exponent)
           | Call(function, args) | Choice(left, relation, right, then, otherwise)
           | Reduce(monoid, binders, guards, body) | When(guards, body)        (until elaborated)
           | MatMul(left, right) | Transpose(arg) | an open Read                (until closed)

Python's operators build these nodes and simplify nothing: `x - x` stays what its author wrote. What
the calculus derives is built with `plus`, `times`, `minus` and `over` (expr.py), which drop ones and zeros.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias, Union

from derive.algebra.decimals import check_size, exact, is_decimal
from derive.algebra.index import Affine, Guard, Index
from derive.algebra.unanswered import Unanswered, refuses
from derive.errors import SpecError
from derive.names import location
from derive.words import shown

HIGHEST = 64  # exponent: 4**64 is infinite in float32
LONGEST = 20_000  # parts of a sum or product

Like: TypeAlias = Union["Operators", Affine, int, float, Fraction, Decimal]


class Operators(Unanswered):
    """Python's operators, building nodes in the order in which they are written."""

    __slots__ = ()

    def __add__(self, other: Like) -> Expr:
        return Sum((*flat(as_expr(self), Sum), as_expr(other)))

    def __radd__(self, other: Like) -> Expr:
        return Sum((as_expr(other), as_expr(self)))

    def __sub__(self, other: Like) -> Expr:
        return Sum((*flat(as_expr(self), Sum), Negative(as_expr(other))))

    def __rsub__(self, other: Like) -> Expr:
        return Sum((as_expr(other), Negative(as_expr(self))))

    def __mul__(self, other: Like) -> Expr:
        return Product((*flat(as_expr(self), Product), as_expr(other)))

    def __rmul__(self, other: Like) -> Expr:
        return Product((as_expr(other), as_expr(self)))

    def __truediv__(self, other: Like) -> Expr:
        return Ratio(as_expr(self), as_expr(other))

    def __rtruediv__(self, other: Like) -> Expr:
        return Ratio(as_expr(other), as_expr(self))

    def __neg__(self) -> Expr:
        return Negative(as_expr(self))

    def __pow__(self, exponent: float) -> Expr:
        whole = exact(exponent)
        if whole is None or whole.denominator != 1:
            raise SpecError("an exponent is an integer: write sqrt(x), or exp(y*log(x))", location())
        if abs(whole) > HIGHEST:
            raise SpecError(
                f"an exponent is at most {HIGHEST}, not {shown(exponent)}: even 4**{HIGHEST} is infinite "
                "in float32; scale x, or write exp(n*log(x))",
                location(),
            )
        return Power(as_expr(self), whole.numerator)

    def __matmul__(self, other: Like) -> Expr:
        return MatMul(as_expr(self), as_expr(other))

    @property
    def T(self) -> Expr:
        """The transpose of a matrix."""
        return Transpose(as_expr(self))

    def __bool__(self) -> bool:
        raise SpecError("an expression has no truth value: use where(a, '>', b, then, otherwise)", location())

    def _compare(self, other: object) -> bool:
        raise SpecError(
            "expressions are compared with where(a, '>', b, then, otherwise), not with < or >", location()
        )

    __lt__ = __le__ = __gt__ = __ge__ = _compare
    __floordiv__ = __rfloordiv__ = refuses("x // y is for the formulas of sizes: write x / y")
    __getitem__ = refuses(
        "an expression has no axes: give all indices at once, x[i, j], or name it with s.let"
    )

    def apply(self, name: str, *others: Like) -> Expr:
        """The scalar function `name` of this expression (how rule rows stay generic)."""
        return Call(name, (as_expr(self), *map(as_expr, others)))


class Expr(Operators):
    """A node of the tree."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Number(Expr):
    """An exact number: an integer polynomial (sizes and indices are numbers too) over an integer.

    One that an author wrote as a `decimal` is printed so; it is equal to the same fraction.
    """

    value: Affine
    denominator: int = 1
    decimal: bool = field(default=False, compare=False, repr=False)


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
    if isinstance(value, Affine):
        return Number(value)
    number = exact(value)
    if number is not None:
        check_size(number)
        return Number(Affine.of(number.numerator), number.denominator, is_decimal(value))
    convert = getattr(value, "as_expr", None)
    if convert is None:
        raise SpecError(
            f"{shown(value)} is no expression: write tensors, sizes, numbers and scalar functions", location()
        )
    return as_expr(convert())


def flat(node: Expr, kind: type[Sum] | type[Product]) -> tuple[Expr, ...]:
    """The arguments of a sum or product, or the node alone."""
    if isinstance(node, kind) and len(node.args) > LONGEST:
        raise SpecError(f"a sum or product of more than {LONGEST} parts: name some with s.let", location())
    return node.args if isinstance(node, kind) else (node,)
