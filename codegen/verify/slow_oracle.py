"""The slow oracle asked for a whole problem: outputs and gradients, over any kind of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mpmath
import numpy as np

from codegen.verify.cases import Cases
from codegen.verify.execution import Array
from codegen.verify.problems import Problem
from derive.algebra.expr import Expr, Power, Product, Ratio
from derive.algebra.system import Equation, System
from derive.oracle.meaning import Point, Position, symbols_of
from derive.oracle.numbers import NumberType
from derive.oracle.reference import Evaluator


class MultipliesPadding(Evaluator):
    """The oracle for which a read outside its axis is the number 0, and is multiplied."""

    def vanishes(self, node: Expr, point: Point) -> bool:
        return not isinstance(node, Product) and super().vanishes(node, point)


class Unsigned(Evaluator):
    """The oracle whose zeros have no sign: NaN is what divides by one."""

    def value(self, node: Expr, point: Point) -> Any:
        found = super().value(node, point)
        match node:
            case Ratio(_, bottom) if not self.vanishes(node, point):
                return found * self._once(bottom, point)
            case Power(base, exponent) if exponent < 0:
                return found * self._once(base, point)
        return found

    def _once(self, divisor: Expr, point: Point) -> Any:
        """1, or NaN of a divisor that is 0."""
        value = self.value(divisor, point)
        return self.numbers.number(1) if value != 0 else value / value


class Precisely(Evaluator):
    """The oracle over mpmath's numbers: what has no real value is NaN, and makes NaN."""

    def _compute(self, equation: Equation, at: Position) -> Any:
        try:
            value = super()._compute(equation, at)
        except (ZeroDivisionError, TypeError):  # a complex number cannot be compared
            return mpmath.nan
        return mpmath.nan if isinstance(value, mpmath.mpc) else value


@np.errstate(all="ignore")
def answer(
    cases: Cases,
    problem: Problem,
    systems: tuple[System, System],
    numbers: NumberType,
    kind: type[Evaluator] = Evaluator,
) -> dict[str, Array]:
    """Forward and backward systems at a problem -> outputs, and gradients by their own names, in float64."""
    forward, backward = systems
    shape = problem.shape

    def run(system: System, given: Mapping[str, Array]) -> dict[str, Array]:
        symbols = symbols_of(system.sizes, shape.sizes, shape.integers)
        evaluator = kind(system, given, numbers, symbols, problem.reals)
        return {e.tensor: evaluator.array(e.tensor) for e in system.equations}

    values = run(forward, problem.inputs)
    given = {cases.names[n]: a for n, a in problem.cotangents.items()}
    gradients = run(backward, {**problem.inputs, **values, **given})
    made = {n: values[n] for n in forward.outputs} | {n: gradients[n] for n in backward.outputs}
    return {n: a.astype(np.float64) for n, a in made.items()}
