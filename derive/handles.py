"""What an author holds in hand: sizes and indices, and tensors that can be read and assigned to."""

from __future__ import annotations

from typing import Any, Protocol

from derive.expr import Expr, Like, Number, Operators, Ratio, as_expr
from derive.index import Affine
from derive.names import location
from derive.system import Tensor


class Symbol(Affine):
    """A size or an index as its author holds it: `1/n` is a number, `2*n` an index expression."""

    __slots__ = ()

    def __truediv__(self, other: Like) -> Expr:
        return Ratio(Number(Affine(self.terms)), as_expr(other))

    def __rtruediv__(self, other: Like) -> Expr:
        return Ratio(as_expr(other), Number(Affine(self.terms)))


def symbol(name: str) -> Symbol:
    return Symbol(Affine.of(name).terms)


class Book(Protocol):
    """Where reads are made and equations are written down: the spec."""

    def read(self, tensor: Tensor, at: tuple[Affine, ...]) -> Any: ...

    def assign(self, handle: Handle, at: tuple[Affine, ...], value: Like, where: str) -> None: ...


class Handle(Operators):
    """A declared tensor, to be indexed, multiplied and assigned to."""

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
    parts = at if isinstance(at, tuple) else (at,)
    return () if parts == (slice(None),) else tuple(Affine.of(part) for part in parts)
