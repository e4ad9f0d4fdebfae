"""What a problem is: a shape, inputs, real parameters and cotangents; and one with the oracle's answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from codegen.verify.execution import Array, exact
from codegen.verify.shapes import Shape
from derive.algebra.system import System


@dataclass(frozen=True, slots=True)
class Problem:
    """Inputs, real parameters and cotangents at one shape."""

    shape: Shape
    inputs: Mapping[str, Array]
    reals: Mapping[str, Any]
    cotangents: Mapping[str, Array]  # by output

    def __str__(self) -> str:
        return str(self.shape)


@dataclass(frozen=True, slots=True)
class ExactProblem:
    """A problem over the prime field with what the slow oracle makes of the stable systems."""

    problem: Problem
    values: Mapping[str, Array]  # every tensor of the forward system
    gradients: Mapping[str, Array]  # by the gradient's name

    def forward_given(self) -> dict[str, Any]:
        inputs = {n: exact(a, a.dtype == np.int64) for n, a in self.problem.inputs.items()}
        return {**inputs, **self.problem.reals}

    def backward_given(self, names: Mapping[str, str]) -> dict[str, Any]:
        """What the backward kernel is given; `names` are those of the cotangents."""
        values = {n: exact(a, a.dtype == np.int64) for n, a in self.values.items()}
        cotangents = {names[n]: exact(a) for n, a in self.problem.cotangents.items()}
        return {**self.forward_given(), **values, **cotangents}


def cotangent_names(forward: System, backward: System) -> dict[str, str]:
    """Outputs that have a cotangent, and the input of the adjoint that holds it."""
    known = {*forward.inputs, *(e.tensor for e in forward.equations)}
    given = [n for n in backward.inputs if n not in known]
    named = {backward.tensor(n).of: n for n in given}
    return {n: named[n] for n in forward.outputs if n in named}
