"""The author's own tree, evaluated: nested sums, guards and initial states as they were written.

It shares nothing with elaboration but the closing of matrix sugar, so that agreement with the
elaborated system says that the elaboration is right. One example at a time: no batch is added.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from derive.algebra.expr import Expr, Negative, Product, Ratio, Reduce, When
from derive.algebra.index import Affine, Index, Letter, holds, names_of
from derive.algebra.system import Term
from derive.authoring.close import names_in
from derive.errors import DerivationError
from derive.language import Authored, Spec
from derive.oracle.meaning import Arrays, Meaning, Point, Position, number_array, symbols_of
from derive.oracle.numbers import NumberType


@dataclass(frozen=True, slots=True)
class Closed:
    """One authored equation with an index for every axis: tensor[at] = value over the indices."""

    tensor: str
    at: tuple[Affine, ...]
    indices: tuple[Index, ...]
    value: Expr


def close_equation(spec: Spec, authored: Authored) -> Closed:
    """Matrix sugar closed; the indices on the left with their declared ranges."""
    tensors = {t.name: t for t in spec.tensors}
    scope = spec.scope(tensors)
    taken = names_in(authored.value) | names_of(authored.at)
    rest = tensors[authored.tensor].dims[len(authored.at) :]
    opened = tuple(scope.letter(dim, taken) for dim in rest)
    value = scope.close(authored.value, tuple(i.symbol for i in opened), taken)
    named = dict.fromkeys(n for e in authored.at for n in sorted(e.names()) if isinstance(n, Letter))
    indices = (*(spec.ranges[n] for n in named), *opened)
    return Closed(authored.tensor, (*authored.at, *(i.symbol for i in opened)), indices, value)


class SpecEvaluator(Meaning):
    """Elements of a spec's tensors, from the equations as they were written."""

    def __init__(
        self, spec: Spec, inputs: Arrays, numbers: NumberType, symbols: Point, reals: Arrays
    ) -> None:
        super().__init__(numbers, symbols, reals)
        self.spec = spec
        self.integers = {t.name for t in spec.tensors if t.integer}
        self.given = {n: number_array(a, numbers, n in self.integers) for n, a in inputs.items()}
        self.shapes = {t.name: self.position(t.dims, self.symbols) for t in spec.tensors}
        self.equations = {a.tensor: close_equation(spec, a) for a in spec.equations}
        self.known: dict[tuple[str, Position], Any] = {}
        self.open: set[tuple[str, Position]] = set()

    def shape(self, tensor: str) -> Position:
        return self.shapes[tensor]

    def within(self, tensor: str, at: Position) -> bool:
        return super().within(tensor, at) or self._starts(tensor, at)

    def _starts(self, tensor: str, at: Position) -> bool:
        """Whether this is the state before the first step, for which a start is given."""
        shape = self.shapes[tensor]
        rest = all(0 <= i < n for i, n in zip(at[1:], shape[1:], strict=True))
        return tensor in self.spec.starts and at[0] == -1 and rest

    def read(self, tensor: str, at: Position) -> Any:
        if not self.within(tensor, at):
            return self.zero
        if self._starts(tensor, at):
            return self.read(self.spec.starts[tensor], at[1:])
        return self.given[tensor][at] if tensor in self.given else self._element(tensor, at)

    def integer(self, tensor: str, at: Position) -> int:
        return int(self.given[tensor][at]) if self.within(tensor, at) else -1

    def _element(self, tensor: str, at: Position) -> Any:
        key = (tensor, at)
        if key not in self.known:
            if key in self.open:
                raise DerivationError(f"{self.spec.op.name}: {tensor}{at} needs itself")
            self.open.add(key)
            self.known[key] = self._compute(self.equations[tensor], at)
            self.open.discard(key)
        return self.known[key]

    def _compute(self, equation: Closed, at: Position) -> Any:
        """The right side, wherever the left side is this element."""
        here = [p for p in self._candidates(equation, at) if self.position(equation.at, p) == at]
        return sum((self.value(equation.value, p) for p in here), start=self.zero)

    def _candidates(self, equation: Closed, at: Position) -> Any:
        fixed = {e.letter(): k for e, k in zip(equation.at, at, strict=True) if e.letter()}
        free = [i for i in equation.indices if i.name not in fixed]
        here = {i.name: fixed[i.name] for i in equation.indices if i.name in fixed}
        point: Point = {**self.symbols, **here}
        return self.points(free, point)

    def value(self, node: Expr, point: Point) -> Any:
        match node:
            case Reduce(monoid, binders, guards, body):
                return self.reduce(Term(binders, guards, body, monoid), point)
            case When(guards, body):
                true = all(holds(guard, point, self.integer) for guard in guards)
                return self.value(body, point) if true else self.zero
        return super().value(node, point)

    def vanishes(self, node: Expr, point: Point) -> bool:
        """A false guard on some factor also leaves the whole product unevaluated."""
        match node:
            case Product(args):
                return any(self.vanishes(arg, point) for arg in args)
            case Negative(arg) | Ratio(arg, _):
                return self.vanishes(arg, point)
            case When(guards, body):
                return not all(holds(g, point, self.integer) for g in guards) or self.vanishes(body, point)
        return super().vanishes(node, point)


def evaluate_spec(
    spec: Spec, inputs: Arrays, sizes: Point, integers: Point, reals: Arrays, numbers: NumberType
) -> dict[str, np.ndarray[Any, Any]]:
    """Spec and one example's inputs (pack members one by one) -> every tensor that an equation defines."""
    with np.errstate(all="ignore"):
        symbols = symbols_of(spec.sizes, sizes, integers)
        evaluator = SpecEvaluator(spec, inputs, numbers, symbols, reals)
        made = {}
        for name in evaluator.equations:
            made[name] = np.empty(evaluator.shapes[name], dtype=object)
            for at in itertools.product(*map(range, made[name].shape)):
                made[name][at] = evaluator.read(name, at)
        return made
