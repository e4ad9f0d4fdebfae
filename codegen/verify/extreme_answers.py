"""What two oracles say at an extreme problem: the stable equations in IEEE arithmetic, the plain in mpmath.

Outputs go by name, gradients as "the gradient of" a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import mpmath
import numpy as np

from codegen.verify.cases import Cases
from codegen.verify.execution import Array
from codegen.verify.extremes import Extreme
from codegen.verify.problems import Problem
from codegen.verify.roundings import Digits, digits
from codegen.verify.slow_oracle import MultipliesPadding, Precisely, Unsigned, answer
from derive.algebra.system import System
from derive.oracle.numbers import Floats, NumberType, Precise, Singles
from derive.oracle.reference import Evaluator

Named = Mapping[str, Array]


class Reference:
    """What the oracles say at one extreme problem; each is asked once, when it is first needed."""

    def __init__(self, cases: Cases, extreme: Extreme, dtype: Any) -> None:
        self.cases, self.problem, self.dtype = cases, extreme.problem, np.dtype(dtype)
        self.ieee = Floats() if self.dtype == np.float64 else Singles()
        self.precise: dict[int, Named] = {}
        self.met: dict[int, Named] = {}

    @cached_property
    def wanted(self) -> Named:
        return self._stable(Evaluator)

    @cached_property
    def padded(self) -> Named:
        return self._stable(MultipliesPadding)

    @cached_property
    def unsigned(self) -> Named:
        return self._stable(Unsigned)

    @property
    def demanded(self) -> Named:
        """What is wanted, 0 where NaN is accepted as well: what is lost there cannot be missed."""
        given = self.wanted.items()
        return {n: np.where(np.isnan(self.padded[n]) & ~np.isnan(a), 0.0, a) for n, a in given}

    def roundings(self, name: str) -> Array:
        """How far roundings can take an entry of what is wanted; 0 where mpmath cannot say."""
        if self.known is None:
            return np.zeros_like(self.wanted[name], dtype=float)
        return self.known.of_code(name, float(np.finfo(self.dtype).eps) / 2)

    @cached_property
    def known(self) -> Digits | None:
        return digits(self.cases, self.problem)

    def exact(self, digits: int) -> Named:
        """The plain equations in so many digits, rounded to float64."""
        if digits not in self.precise:
            self.precise[digits] = self._exactly(digits, self.problem)
        return self.precise[digits]

    def inside(self, digits: int) -> Named:
        """The same, with NaN for every gradient that meets an output which has no real value."""
        exact, problem = self.exact(digits), self.problem
        if not any(np.isnan(exact[n]).any() for n in problem.cotangents):
            return exact
        if digits not in self.met:
            given = {n: np.where(np.isnan(exact[n]), np.nan, a) for n, a in problem.cotangents.items()}
            self.met[digits] = self._exactly(digits, replace(problem, cotangents=given))
        return self.met[digits]

    def _exactly(self, digits: int, problem: Problem) -> Named:
        d = self.cases.derivation
        with mpmath.workdps(digits):
            return self._asked(problem, (d.forward, d.backward), Precise(), Precisely)

    def _stable(self, kind: type[Evaluator]) -> Named:
        d = self.cases.derivation
        return self._asked(self.problem, (d.stable_forward, d.stable_backward), self.ieee, kind)

    def _asked(
        self,
        problem: Problem,
        systems: tuple[System, System],
        numbers: NumberType,
        kind: type[Evaluator],
    ) -> Named:
        """Outputs by name, gradients as "the gradient of" a name."""
        made = answer(self.cases, problem, systems, numbers, kind)
        pairs = zip(self.cases.forward.floating_inputs(), self.cases.backward.outputs, strict=True)
        gradients = {g: f"the gradient of {n}" for n, g in pairs}
        return {gradients.get(n, n): a for n, a in made.items()}
