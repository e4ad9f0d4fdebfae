"""dL/dh_t for every t, and the Jacobians of the steps, from the published kernels.

One call of an op with a sequence of one step, started in the states of step t-1, gives the states of
step t; its pullback gives the product of any cotangents with the step's Jacobian

    J_t = d(states of step t) / d(states of step t-1).

The states are repeated as examples of one batch, one for each of the S entries of the states, and the
cotangents are the rows of the identity: one call a step gives all of J_t. The chain rule is

    dL/ds_(t-1) = J_t^T dL/ds_t,   and   dL/ds_t = (J_T ... J_(t+1))^T dL/ds_T,

so that |dL/ds_t| <= sigma_max(J_(t+1)) ... sigma_max(J_T) |dL/ds_T|. Both ends are held against the whole
sequence: the steps must give its states, and the chain its gradient by the initial states.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from codegen.flow.recurrence import FlowError, Recurrence
from codegen.flow.scenario import Array, Scenario, draw

TOLERANCE = 1e-8  # of the largest entry; the two ways differ by roundings only
TINY = 1e-290  # smaller gradients have lost digits to subnormal numbers


@dataclass(frozen=True, slots=True)
class Flow:
    """What was measured of one op in one scenario.

    `gradients` (T+1, S) holds dL/ds_t for t = 0..T, where L is a fixed random projection of the last
    hidden state and each state's gradient is taken with the other states held fixed; `jacobians`
    (T, S, S) the J_t; `slices` where each state lies in S; `disagreement` the largest relative
    difference between the chain of steps and the whole sequence.
    """

    op: Recurrence
    scenario: Scenario
    inputs: dict[str, Array]
    slices: dict[str, slice]
    gradients: Array
    jacobians: Array
    disagreement: float

    def norms(self, state: str) -> Array:
        """|dL/ds_t| for t = 0..T, (T+1,)."""
        return np.linalg.norm(self.gradients[:, self.slices[state]], axis=1)


def measure(op: Recurrence, module: ModuleType, scenario: Scenario) -> Flow:
    """Run the op's kernels forward and backward. Raises FlowError where its steps are not a chain."""
    inputs = draw(op, scenario)
    slices = _slices(op, inputs)
    outputs, pullback = module.vjp(**inputs, wrt=tuple(s.start for s in op.states))
    states = _states(op, inputs, outputs)
    jacobians, stepped = _steps(op, module, inputs, states, slices)
    gradients = _chain(jacobians, _cotangent(op, slices, scenario))
    at_start = _gradient_of_start(op, pullback, outputs, gradients[-1], slices)
    if not np.all(np.isfinite(gradients)):
        raise FlowError(
            f"{op.op.name}: the gradient leaves the range of numbers in {scenario.steps} steps: take fewer "
            "--steps or a smaller --scale"
        )
    disagreement = max(_difference(stepped, states[1:]), _difference(gradients[0], at_start))
    if disagreement > TOLERANCE:
        raise FlowError(
            f"{op.op.name}: its steps one by one differ from the whole sequence by {disagreement:.1e}: a "
            "step depends on more than the states and its own input, so flow cannot follow it"
        )
    return Flow(op, scenario, inputs, slices, gradients, jacobians, disagreement)


def _slices(op: Recurrence, inputs: dict[str, Array]) -> dict[str, slice]:
    ends = np.cumsum([0, *(inputs[s.start].shape[-1] for s in op.states)])
    return {s.name: slice(ends[k], ends[k + 1]) for k, s in enumerate(op.states)}


def _states(op: Recurrence, inputs: dict[str, Array], outputs: object) -> Array:
    """The states of steps 0..T, (T+1, S)."""
    columns = [
        np.concatenate([inputs[s.start], getattr(outputs, s.name).reshape(-1, inputs[s.start].shape[-1])])
        for s in op.states
    ]
    return np.concatenate(columns, axis=1)


def _steps(
    op: Recurrence, module: ModuleType, inputs: dict[str, Array], states: Array, slices: dict[str, slice]
) -> tuple[Array, Array]:
    """Every J_t, (T, S, S), and the states that each step alone comes to, (T, S)."""
    count = states.shape[1]
    identity = np.eye(count)
    jacobians, stepped = [], []
    for t, state in enumerate(states[:-1]):
        given = {n: _repeated(op, n, a, t, count) for n, a in inputs.items()}
        given |= {s.start: np.tile(state[slices[s.name]], (count, 1)) for s in op.states}
        outputs, pullback = module.vjp(**given, wrt=tuple(s.start for s in op.states))
        shapes = {s.name: getattr(outputs, s.name).shape for s in op.states}
        cotangents = {n: identity[:, slices[n]].reshape(shape) for n, shape in shapes.items()}
        found = pullback(**cotangents)
        jacobians.append(np.concatenate([getattr(found, s.start) for s in op.states], axis=1))
        made = [getattr(outputs, s.name).reshape(count, -1) for s in op.states]
        stepped.append(np.concatenate(made, axis=1)[0])
    return np.array(jacobians), np.array(stepped)


def _repeated(op: Recurrence, name: str, array: Array, t: int, count: int) -> Array:
    """An input's step t, for as many equal examples."""
    dims = [d.plain() for d in op.system.tensor(name).dims]
    if op.sequence in dims:
        array = np.take(array, [t], axis=dims.index(op.sequence))
    return np.repeat(array, count, axis=dims.index(op.batch)) if op.batch in dims else array


def _cotangent(op: Recurrence, slices: dict[str, slice], scenario: Scenario) -> Array:
    """dL/ds_T: a random unit vector on the hidden state that the last equation makes, 0 on the others."""
    found = np.zeros(max(s.stop for s in slices.values()))
    hidden = slices[op.states[-1].name]
    direction = np.random.default_rng((scenario.seed, 1)).normal(size=hidden.stop - hidden.start)
    found[hidden] = direction / np.linalg.norm(direction)
    return found


def _chain(jacobians: Array, last: Array) -> Array:
    """dL/ds_t for t = 0..T, (T+1, S)."""
    found = [last]
    with np.errstate(over="ignore", invalid="ignore"):
        for jacobian in jacobians[::-1]:
            found.append(found[-1] @ jacobian)
    return np.array(found[::-1])


def _gradient_of_start(
    op: Recurrence, pullback: Callable[..., Any], outputs: object, last: Array, slices: dict[str, slice]
) -> Array:
    """The whole sequence's gradient by the initial states, (S,), from one backward pass."""
    cotangents = {}
    for s in op.states:
        cotangents[s.name] = np.zeros_like(getattr(outputs, s.name))
        cotangents[s.name][-1] = last[slices[s.name]]
    found = pullback(**cotangents)
    return np.concatenate([getattr(found, s.start)[0] for s in op.states])


def _difference(found: Array, wanted: Array) -> float:
    scale = np.max(np.abs(wanted), initial=TINY)
    return float(np.max(np.abs(found - wanted), initial=0.0) / scale)
