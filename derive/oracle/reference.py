"""The slow oracle: a system evaluated element by element, straight from its equations.

The semantics, and nothing but the semantics: a read outside its domain is 0; where a guard is false,
or a factor of a product is read outside its domain, nothing else of that product is evaluated; the
maximum of nothing is the lowest number and its argmax -1; of equal maxima the first counts, and NaN
before all. An integer tensor read outside its domain is -1, which is nowhere.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

from derive.algebra.system import Equation, System
from derive.errors import DerivationError
from derive.oracle.meaning import Arrays, Meaning, Point, Position, fold, number_array, symbols_of
from derive.oracle.numbers import NumberType

DEPTH = 12  # elements that wait for each other on Python's stack; more of them wait in a list


class _Deeper(Exception):
    """An element whose turn must come first."""

    def __init__(self, key: tuple[str, Position]) -> None:
        self.key = key


class Evaluator(Meaning):
    """Elements of a system's tensors, computed when they are first read and then kept."""

    def __init__(
        self, system: System, inputs: Arrays, numbers: NumberType, symbols: Point, reals: Arrays
    ) -> None:
        super().__init__(numbers, symbols, reals)
        self.integers = {t.name for t in system.tensors if t.integer}
        self.given = {n: number_array(a, numbers, n in self.integers) for n, a in inputs.items()}
        self.equations = {e.tensor: e for e in system.equations}
        self.shapes = {t.name: self.position(t.dims, self.symbols) for t in system.tensors}
        self.known: dict[tuple[str, Position], Any] = {}
        self.waiting: list[tuple[str, Position]] = []
        self._check(system)

    def _check(self, system: System) -> None:
        for name in system.inputs:
            if name not in self.given:
                raise DerivationError(f"{system.name}: no value for its input {name}")
            if self.given[name].shape != self.shapes[name]:
                raise DerivationError(
                    f"{system.name}: {name} has shape {self.given[name].shape}, not {self.shapes[name]}"
                )

    def shape(self, tensor: str) -> Position:
        return self.shapes[tensor]

    def read(self, tensor: str, at: Position) -> Any:
        return self._element(tensor, at) if self.within(tensor, at) else self.zero

    def integer(self, tensor: str, at: Position) -> int:
        return int(self._element(tensor, at)) if self.within(tensor, at) else -1

    def _element(self, tensor: str, at: Position) -> Any:
        key = (tensor, at)
        if tensor in self.given:
            return self.given[tensor][at]
        if key not in self.known:
            if key in self.waiting:
                names = dict.fromkeys(n for n, _ in self.waiting[self.waiting.index(key) :])
                raise DerivationError(
                    f"{' -> '.join((*names, tensor))}: a value that needs itself at the same place: "
                    "let the cycle read an earlier or a later step"
                )
            if len(self.waiting) >= self.limit:
                raise _Deeper(key)
            self.waiting.append(key)
            self.known[key] = self._compute(self.equations[tensor], at)
            self.waiting.pop()
        return self.known[key]

    def _compute(self, equation: Equation, at: Position) -> Any:
        here = {i.name: k for i, k in zip(equation.indices, at, strict=True)}
        point: Point = {**self.symbols, **here}
        values = [self.reduce(term, point) for term in equation.terms]
        return fold(operator.add, values) if values else self.zero

    def element(self, tensor: str, at: Position) -> Any:
        """One element; however long its chain of steps, Python's stack stays shallow."""
        turns = [(tensor, at)]
        while turns:
            self.waiting, self.limit = turns[:-1], len(turns) - 1 + DEPTH
            try:
                self._element(*turns[-1])
                turns.pop()
            except _Deeper as deeper:
                turns.append(deeper.key)
        return self._element(tensor, at)

    def array(self, tensor: str) -> np.ndarray[Any, Any]:
        """All elements of a computed tensor."""
        shape = self.shapes[tensor]
        made = np.empty(shape, dtype=np.int64 if tensor in self.integers else object)
        for at in itertools.product(*map(range, shape)):
            made[at] = self.element(tensor, at)
        return made


def sizes_of(system: System, shapes: Mapping[str, Position], integers: Point) -> dict[str, int]:
    """The sizes, bound by the inputs' shapes; derived ones by their formulas."""
    bound: dict[str, int] = {}
    for tensor in (system.tensor(name) for name in system.inputs):
        for dim, extent in zip(tensor.dims, shapes[tensor.name], strict=True):
            name = dim.plain()
            if name is not None and bound.setdefault(name, extent) != extent:
                raise DerivationError(
                    f"{system.name}: {name} is {bound[name]}, but {tensor.name} has {extent}"
                )
    known = symbols_of(system.sizes, bound, integers)
    missing = [s.name for s in system.sizes if s.name not in known]
    if missing:
        raise DerivationError(f"{system.name}: no input has an axis of size {missing[0]}")
    return {s.name: known[s.name] for s in system.sizes}


def evaluate(
    system: System,
    inputs: Arrays,
    sizes: Point,
    integers: Point,
    reals: Arrays,
    numbers: NumberType,
    evaluator: type[Evaluator] = Evaluator,
) -> dict[str, np.ndarray[Any, Any]]:
    """System and inputs -> every computed tensor, as arrays of numbers of the given kind.

    Raises DerivationError for an input that is missing or has another shape, and for a cycle without
    a step, naming its tensors.
    """
    with np.errstate(all="ignore"):
        symbols = symbols_of(system.sizes, sizes, integers)
        run = evaluator(system, inputs, numbers, symbols, reals)
        return {e.tensor: run.array(e.tensor) for e in system.equations}
