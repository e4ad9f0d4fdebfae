"""What an author holds in hand: sizes and indices, and tensors that can be read and assigned to."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Protocol

from derive.algebra.decimals import exact
from derive.algebra.expr import Expr, Like, Number, Operators, Ratio, as_expr
from derive.algebra.index import Affine, Name, Quotient
from derive.algebra.system import Tensor
from derive.algebra.unanswered import Unanswered, refuses
from derive.errors import SpecError
from derive.names import location
from derive.words import shown

LARGEST = 2**63 - 1  # of an integer at run time


class Symbol(Unanswered, Affine):
    """Sizes and indices as their author holds them: `1/n` is a number, `2*n` an index expression."""

    __slots__ = ()

    __lt__ = __le__ = __gt__ = __ge__ = refuses(
        "indices are compared by guards: total(i, x[i], where=between(i, lo, hi)), or inside(i, lo, hi)*x[i]"
    )
    __pow__ = refuses("an index or a size has no powers: write i*i")

    def __bool__(self) -> bool:
        return True  # as every object without a length: there is one

    def __add__(self, other: Any) -> Any:
        return _held(self, "__add__", other)

    def __radd__(self, other: Any) -> Any:
        return _held(self, "__radd__", other)

    def __sub__(self, other: Any) -> Any:
        return _held(self, "__sub__", other)

    def __rsub__(self, other: Any) -> Any:
        return _held(self, "__rsub__", other)

    def __mul__(self, other: Any) -> Any:
        return _held(self, "__mul__", other)

    def __rmul__(self, other: Any) -> Any:
        return _held(self, "__rmul__", other)

    def __neg__(self) -> Affine:
        return Symbol(Affine.__neg__(self).terms)

    def __truediv__(self, other: Like) -> Expr:
        return Ratio(Number(Affine(self.terms)), as_expr(other))

    def __rtruediv__(self, other: Like) -> Expr:
        return Ratio(as_expr(other), Number(Affine(self.terms)))


def _held(symbol: Symbol, operator: str, other: Any) -> Any:
    """A sum or product of symbols and integers is one too; with a fraction or decimal it is a number.

    What cannot be added (NotImplemented) stays that.
    """
    number = exact(other)
    if number is not None and number.denominator != 1:
        return getattr(as_expr(symbol), operator)(other)
    result = getattr(Affine, operator)(symbol, other if number is None else number.numerator)
    return Symbol(result.terms) if isinstance(result, Affine) else result


def symbol(name: Name) -> Symbol:
    return Symbol(Affine.of(name).terms)


class Book(Protocol):
    """Where reads are made and equations are written down: the spec."""

    def read(self, tensor: Tensor, at: tuple[Affine, ...]) -> Any: ...

    def assign(self, handle: Handle, at: tuple[Affine, ...], value: Like, where: str) -> None: ...


class Handle(Operators):
    """A declared tensor, to be indexed, multiplied and assigned to."""

    __hash__ = object.__hash__
    __eq__ = __ne__ = refuses(
        "tensors are not compared with ==: indices by delta(i, j), values by where(a, '>', b, ...)"
    )

    __slots__ = ("spec", "start", "tensor")

    def __init__(self, spec: Book, tensor: Tensor, start: Handle | None = None) -> None:
        self.spec, self.tensor, self.start = spec, tensor, start

    def as_expr(self) -> Expr:
        return self.spec.read(self.tensor, ())

    def __getitem__(self, at: Any) -> Any:
        return self.spec.read(self.tensor, positions(at))

    def __setitem__(self, at: Any, value: Like) -> None:
        self.spec.assign(self, positions(at), value, location())


def positions(at: Any) -> tuple[Affine, ...]:
    """The indices in brackets; `[:]` is none."""
    parts = at if isinstance(at, tuple) else (at,)
    whole = len(parts) == 1 and isinstance(parts[0], slice) and parts[0] == slice(None)
    return () if whole else tuple(map(integer, parts))


def integer(value: Any) -> Affine:
    """An author's index expression. Raises SpecError, with a mend, for anything else."""
    if isinstance(value, Handle) and value.tensor.integer:
        value = value.spec.read(value.tensor, ())
    if isinstance(value, Integral) and not isinstance(value, bool):
        value = int(value)
    if isinstance(value, (Affine, int)) and not isinstance(value, bool):
        found = Affine.of(value)
        if any(abs(number) > LARGEST for _, number in found.terms):
            raise SpecError(
                "an index expression has a number of more than 64 bits: use smaller ones", location()
            )
        return found
    raise SpecError(_no_index(value), location())


def _no_index(value: Any) -> str:
    if isinstance(value, (Ratio, Quotient)):
        return "an index cannot be divided: instead of x[i/2], write total(k, delta(2*k, i) * x[k])"
    if isinstance(value, slice):
        return "an index cannot be a slice: name it, or leave the last axes out"
    if isinstance(value, Operators):
        return "a floating tensor or an expression is no index: declare labels with integer=True"
    return f"{shown(value)} is no index: use indices, sizes and integers"
