"""The grammar of a kernel's plan: what is left between equations and text.

kernel    = Kernel(name, arguments, body)
statement = Loop(index, lo, hi, backwards, body)      for index in [max(lo), min(hi))
          | Blocks(index, lo, hi, body)               the same, in steps of a block
          | If(guards, body)
          | Store(target, value, add)                 an element of an array, set or added to
          | Let(name, value, add)                     a local number, set or added to
          | Track(best, value, marks)                 best = max(best, value), and where it was
          | Gemm(out, a, b, transpose_a, transpose_b, add)
          | Clear(target)                             zeros in an array, or in a part of it
          | Wide(name, array, prefix, body)           sums in an array, or in a part of it, held in float64
          | Section(serves, body)                     only where one of the gradients is wanted
value     = an expression of derive.algebra.expr over arrays, plus Local(name) and IndexValue(e)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

from derive.algebra.expr import Expr, Read
from derive.algebra.index import Affine, Guard, Index, Letter


@dataclass(frozen=True, slots=True)
class Local(Expr):
    """A number held in a local variable."""

    name: str


@dataclass(frozen=True, slots=True)
class IndexValue(Expr):
    """An index as the element of an integer array."""

    value: Affine


@dataclass(frozen=True, slots=True)
class Ceil:
    """The least integer that is not below numerator/denominator (denominator > 0)."""

    numerator: Affine
    denominator: Affine


def least(value: Affine) -> Ceil:
    """An integer as the least integer that is not below it."""
    return Ceil(value, Affine.of(1))


@dataclass(frozen=True, slots=True)
class Loop:
    """The index runs over max(lo) <= index < min(hi); `cites` names the tensors whose equations it is."""

    index: Letter
    lo: tuple[Ceil, ...]
    hi: tuple[Ceil, ...]
    body: tuple[Statement, ...]
    backwards: bool = False
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Blocks:
    """The index is where blocks of BLOCK turns start, from max(lo) on and below min(hi)."""

    index: Letter
    lo: tuple[Ceil, ...]
    hi: tuple[Ceil, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class If:
    guards: tuple[Guard, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Store:
    target: Read
    value: Expr
    add: bool = False


@dataclass(frozen=True, slots=True)
class Let:
    name: str
    value: Expr
    add: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    """A running maximum and the indices (local name, index) at which it was reached."""

    best: str
    value: Expr
    marks: tuple[tuple[str, Affine], ...]


@dataclass(frozen=True, slots=True)
class View:
    """A matrix inside an array: leading positions fixed, `rows` axes flattened into rows, the rest
    into columns; `span` cuts the first axis that is left to lo:hi."""

    array: str
    prefix: tuple[Affine, ...]
    rows: int
    span: tuple[Affine, Affine] | None = None


@dataclass(frozen=True, slots=True)
class Gemm:
    """out (+)= op(a) op(b), with op the transpose or nothing."""

    out: View
    a: View
    b: View
    transpose_a: bool
    transpose_b: bool
    add: bool


@dataclass(frozen=True, slots=True)
class Clear:
    """Zeros in the part of an array that the leading positions choose."""

    array: str
    prefix: tuple[Affine, ...] = ()


@dataclass(frozen=True, slots=True)
class Wide:
    """The body adds to a part of an array; until it is done, the sums are in a wide copy of it."""

    name: str
    array: str
    prefix: tuple[Affine, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Statements that only these outputs need."""

    serves: tuple[str, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Nest:
    """Loops over `indices` around statements: what fusing works on, until its loops are written."""

    indices: tuple[Index, ...]
    body: tuple[Statement, ...]
    cites: tuple[str, ...] = ()


Statement: TypeAlias = Loop | Blocks | If | Store | Let | Track | Gemm | Clear | Wide | Section | Nest


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel: its arguments in groups and its statements.

    Groups: inputs, residuals, cotangents, integers, reals, outputs, saved, workspace.
    """

    name: str
    inputs: tuple[str, ...]
    residuals: tuple[str, ...]
    cotangents: tuple[str, ...]
    integers: tuple[str, ...]
    reals: tuple[str, ...]
    outputs: tuple[str, ...]
    saved: tuple[str, ...]
    workspace: tuple[str, ...]
    body: tuple[Statement, ...]

    @property
    def arrays(self) -> tuple[str, ...]:
        """Array arguments, in order."""
        return self.inputs + self.residuals + self.cotangents + self.outputs + self.saved + self.workspace

    @property
    def arguments(self) -> tuple[str, ...]:
        given = self.inputs + self.residuals + self.cotangents
        return given + self.integers + self.reals + self.outputs + self.saved + self.workspace


def inner(statement: Statement) -> tuple[Statement, ...]:
    """The statements inside a statement."""
    return statement.body if isinstance(statement, (Loop, Blocks, If, Wide, Section, Nest)) else ()


def with_inner(statement: Statement, body: tuple[Statement, ...]) -> Statement:
    """The same statement around other statements."""
    if isinstance(statement, (Loop, Blocks, If, Wide, Section)):
        return replace(statement, body=body)
    return statement
