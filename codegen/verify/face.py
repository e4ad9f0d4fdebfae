"""A loaded module's public face, called with a problem: as a user would call it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from codegen.verify.cases import Cases
from codegen.verify.execution import Array
from codegen.verify.problems import Problem


@dataclass(frozen=True, slots=True)
class Made:
    """What a call of `vjp` and of its pullback gave, by name."""

    outputs: Mapping[str, Array]
    gradients: Mapping[str, Array]


class Face:
    """`vjp` and the pullback of one module, on the problems of its op."""

    def __init__(self, module: ModuleType, cases: Cases) -> None:
        self.module, self.cases = module, cases

    def vjp(self, problem: Problem, **more: Any) -> tuple[Any, Any]:
        """The outputs and the pullback, as the module gives them."""
        numbers = {**problem.shape.integers, **problem.reals}
        inputs = (problem.inputs[n] for n in self.cases.forward.inputs)
        return self.module.vjp(*inputs, **numbers, **more)

    def outputs(self, problem: Problem) -> dict[str, Array]:
        numbers = {**problem.shape.integers, **problem.reals}
        inputs = (problem.inputs[n] for n in self.cases.forward.inputs)
        return arrays(self.module.forward(*inputs, **numbers))

    def run(self, problem: Problem) -> Made:
        """Outputs and gradients."""
        outputs, pullback = self.vjp(problem)
        return Made(arrays(outputs), arrays(pullback(**problem.cotangents)))


def arrays(named: Any) -> dict[str, Array]:
    """A NamedTuple as arrays by name; what is None is left out."""
    return {n: np.asarray(a) for n, a in zip(named._fields, named, strict=True) if a is not None}


def as_single(problem: Problem) -> Problem:
    """The problem with its floating numbers rounded to float32."""

    def rounded(given: Mapping[str, Array]) -> dict[str, Array]:
        return {n: a if a.dtype == np.int64 else a.astype(np.float32) for n, a in given.items()}

    reals = {n: float(np.float32(v)) for n, v in problem.reals.items()}
    return Problem(problem.shape, rounded(problem.inputs), reals, rounded(problem.cotangents))
