"""What a part is given: tensors, slices, transposes, expressions and numbers for its inputs.

A tensor, and a slice or transpose of one, is read where the part reads its input; an expression or a number
becomes the equation of a tensor of the input's name; what is 0 drops out of the part's equations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from derive.algebra.decimals import exact
from derive.algebra.expr import (
    ZERO,
    Expr,
    Read,
    Transpose,
    as_expr,
    free_names,
    integer_reads,
    reads,
)
from derive.algebra.index import Affine
from derive.algebra.system import Tensor
from derive.authoring.close import Shape, show
from derive.authoring.handles import Handle
from derive.authoring.spec import Spec
from derive.errors import SpecError
from derive.words import shown


@dataclass(frozen=True, slots=True)
class Repetition:
    """The index that a part is repeated over, and how many values it has."""

    index: Affine
    size: Affine


@dataclass(frozen=True, slots=True)
class Given:
    """A value for one of a part's tensors: an open expression and its axes.

    `axis` is the one that the part is repeated along; `shape` lacks it, and is None for a number, which has
    every shape. `varies` says that the expression itself mentions the index of the repetition.
    """

    called: str
    expr: Expr
    shape: Shape | None
    axis: int | None = None
    varies: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A tensor of the whole that stands for one of a part's, from leading positions on, or transposed."""

    tensor: str
    before: tuple[Affine, ...] = ()
    transposed: bool = False
    axis: int | None = None
    over: Affine | None = None

    def can_read(self, count: int) -> bool:
        """Whether a read with this many indices, the others left out, can be written."""
        if self.axis is not None and count < self.axis:
            return False
        return not self.transposed or count + (self.axis is not None) in (0, 2)

    def whole(self) -> bool:
        return not self.before and not self.transposed

    def positions(self, at: tuple[Affine, ...]) -> tuple[Affine, ...]:
        """The part's positions with those that it does not know."""
        if self.axis is not None and self.over is not None:
            at = (*at[: self.axis], self.over, *at[self.axis :])
        return (*self.before, *(at[::-1] if self.transposed else at))

    def read(self, at: tuple[Affine, ...]) -> Expr:
        found = Read(self.tensor, self.positions(at))
        return Transpose(found) if self.transposed and len(found.at) == len(self.before) else found


def repetition(whole: Spec, name: str, over: Any) -> Repetition | None:
    """`over=` as an index of the whole. Raises SpecError for anything else."""
    if over is None:
        return None
    letter = over.letter() if isinstance(over, Affine) else None
    index = whole.ranges.get(letter) if letter is not None else None
    if index is None or index.lo != Affine():
        raise SpecError(f"{name}: over= takes an index that begins at 0, made with s.index(...)")
    return Repetition(index.symbol, index.hi)


def standing(given: Given, over: Affine | None) -> Standing | None:
    """How a slice or transpose is read where it stands; None for another expression."""
    node, transposed = given.expr, False
    while isinstance(node, Transpose):
        node, transposed = node.arg, not transposed
    if not isinstance(node, Read) or given.shape is None:
        return None
    return Standing(node.tensor, node.at, transposed, given.axis, over)


@dataclass(frozen=True, slots=True)
class Reader:
    """Takes what an author gives to a part. Raises SpecError for what cannot stand for its tensors."""

    whole: Spec
    part: str
    name: str
    over: Repetition | None

    def fault(self, message: str) -> SpecError:
        return SpecError(f"{self.name}: {message}")

    def expression(self, tensor: str, value: Any) -> Expr:
        """A value as an expression of the whole's tensors."""
        if isinstance(value, Handle):
            if value.spec is not self.whole:
                raise self.fault(f"{value.tensor.name} belongs to another spec: declare it in this one")
            if value.tensor.integer:
                raise self.fault(
                    f"{value.tensor.name} holds integers, but {tensor} of {self.part} does not: give it a "
                    "floating tensor"
                )
        elif not isinstance(value, (Expr, Affine)) and exact(value) is None:
            told = type(value).__name__ if isinstance(value, (list, tuple, dict)) else _shown(value)
            raise self.fault(
                f"{tensor} of {self.part} is given {told}: give a tensor, an expression or a number, or "
                "leave it out to have it declared"
            )
        return self._known(tensor, as_expr(value))

    def _known(self, tensor: str, node: Expr) -> Expr:
        """The expression, if the whole has its tensors and something runs over its indices."""
        tensors = {t.name for t in self.whole.tensors}
        found = {read.tensor for read in reads(node)} | {read.tensor for read in integer_reads(node)}
        for stranger in sorted(found - tensors):
            raise self.fault(f"{stranger} belongs to another spec: declare it in this one")
        own = set() if self.over is None else self.over.index.names()
        for index in sorted((free_names(node) & self.whole.ranges.keys()) - own, key=str):
            raise self.fault(
                f"what is given for {tensor} has the index '{index}', which nothing runs over: repeat the "
                f"part with over={index}, or leave the index out"
            )
        return node

    def shape(self, node: Expr) -> Shape:
        tensors = {t.name: t for t in self.whole.tensors}
        return self.whole.scope(tensors).shape(node)

    def tensor(self, tensor: Tensor, value: Any, axis: int) -> Given:
        """What is given for a floating input; `axis` is where its copies would lie."""
        node = self.expression(tensor.name, value)
        varies = self.over is not None and bool(self.over.index.names() & free_names(node))
        if not reads(node) and not integer_reads(node):
            return Given(tensor.name, node, None, None, varies)
        called = value.tensor.name if isinstance(value, Handle) else f"what is given for {tensor.name}"
        shared = isinstance(value, Handle) and value.tensor.role == "parameter"
        return self.placed(tensor, Given(called, node, self.shape(node), None, varies), axis, shared)

    def placed(self, tensor: Tensor, given: Given, axis: int, shared: bool) -> Given:
        """The value with the axis that the part is repeated along apart from the others."""
        assert given.shape is not None
        rank, shape = len(tensor.dims), given.shape
        repeated = self.over is not None and tensor.role != "parameter" and not given.varies
        if repeated and len(shape) == rank + 1:
            assert self.over is not None
            if shape[axis] != self.over.size:
                raise self.fault(
                    f"axis {axis} of {given.called} is {shape[axis]}, but {self.over.index} runs over "
                    f"{self.over.size}: give a tensor with that axis"
                )
            return Given(given.called, given.expr, (*shape[:axis], *shape[axis + 1 :]), axis)
        if len(shape) != rank:
            raise self.fault(
                f"{given.called} has {len(shape)} axes, but {tensor.name} of {self.part} has {rank}: "
                "give a tensor with as many"
            )
        if repeated and not shared:
            assert self.over is not None
            raise self.fault(
                f"{given.called} is {show(shape)}, but {tensor.name} of {self.part} is another for every "
                f"{self.over.index}: give it the axis {self.over.size}"
            )
        return given

    def labels(self, tensor: Tensor, value: Any, axis: int) -> Standing | Affine:
        """What is given for integers: a tensor of them, or one for an input without axes."""
        if isinstance(value, Handle) and value.spec is self.whole and value.tensor.integer:
            found = Given(value.tensor.name, ZERO, value.tensor.dims)
            placed = self.placed(tensor, found, axis, False)
            over = None if self.over is None else self.over.index
            return Standing(value.tensor.name, (), False, placed.axis, over)
        number = exact(value)
        label = Affine.of(number.numerator) if number is not None and number.denominator == 1 else value
        if isinstance(label, Affine) and not tensor.dims:
            self._known(tensor.name, as_expr(label))
            return label
        shape = "an integer" if not tensor.dims else f"a tensor of integers, {show(tensor.dims)}"
        raise self.fault(f"{tensor.name} of {self.part} holds labels: give it {shape}")

    def output(self, name: str, value: Any) -> Handle:
        """The tensor that an output is to be."""
        if not isinstance(value, Handle):
            raise self.fault(
                f"{name} is an output of {self.part}, which its equations define: give a tensor made by s.let"
            )
        if value.spec is not self.whole:
            raise self.fault(f"{value.tensor.name} belongs to another spec: declare it in this one")
        return value

    def integer(self, name: str, least: int, value: Any) -> Affine:
        """What is given for an integer of the part: a number, or sizes and integers of the whole."""
        number = exact(value)
        found = Affine.of(number.numerator) if number is not None and number.denominator == 1 else value
        if not isinstance(found, Affine) or found.reads() or found.names() & self.whole.ranges.keys():
            raise self.fault(
                f"{name} of {self.part} is an integer: give a number, or sizes and integers of this spec, "
                f"not {_shown(value)}"
            )
        if found.is_integer() and found.integer() < least:
            raise self.fault(f"{name} of {self.part} is {found.integer()}: it is at least {least}")
        return Affine(found.terms)

    def real(self, name: str, value: Any) -> Expr:
        """What is given for a real number of the part: an expression without axes."""
        node = self.expression(name, value)
        if shape := self.shape(node):
            raise self.fault(f"{name} of {self.part} is a number, but what is given for it is {show(shape)}")
        return node


def _shown(value: Any) -> str:
    if isinstance(value, Handle):
        return value.tensor.name
    return shown(value) if isinstance(value, (str, int, float, type(None), Affine)) else type(value).__name__
