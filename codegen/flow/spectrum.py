"""The spectral condition: what the steps' Jacobians force the gradient to do, and what it did."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from codegen.flow.measure import Flow
from codegen.flow.scenario import Array

FADED, BLOWN_UP = 1e-3, 1e3  # of |dL/ds_t|, from the sequence's end to its beginning


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Singular values of the steps' Jacobians and of the recurrent weights.

    `largest` and `smallest` are sigma_max(J_t) and sigma_min(J_t), `radius` the spectral radius of J_t,
    each (T,); `rate` is sigma_max(J_T ... J_1)**(1/T); `weights` has sigma_max and the spectral radius
    of each recurrent weight, the largest of a pack.
    """

    largest: Array
    smallest: Array
    radius: Array
    rate: float
    weights: dict[str, tuple[float, float]]

    def condition(self) -> str:
        """What follows from the singular values alone."""
        if np.max(self.largest) < 1:
            return "must shrink: every σmax(J) < 1"
        if np.min(self.smallest) > 1:
            return "must grow: every σmin(J) > 1"
        return "may do either"


def spectrum(flow: Flow) -> Spectrum:
    """Flow -> Spectrum."""
    values = np.linalg.svd(flow.jacobians, compute_uv=False).astype(np.float64)
    radius = np.max(np.abs(np.linalg.eigvals(flow.jacobians)), axis=1).astype(np.float64)
    weights = {n: _of_weights(flow.inputs[n]) for n in flow.op.recurrent}
    return Spectrum(values[:, 0], values[:, -1], radius, _rate(flow.jacobians), weights)


def _of_weights(array: Array) -> tuple[float, float]:
    matrices = array.reshape(-1, *array.shape[-2:])
    largest = np.linalg.svd(matrices, compute_uv=False)[:, 0]
    return float(np.max(largest)), float(np.max(np.abs(np.linalg.eigvals(matrices))))


def _rate(jacobians: Array) -> float:
    """The geometric mean a step of the product's largest singular value.

    The product is scaled after each factor: that of a long sequence leaves the range of numbers.
    """
    product, logarithm = np.eye(jacobians.shape[1]), 0.0
    for jacobian in jacobians:
        product = jacobian @ product
        size = float(np.linalg.norm(product, 2))
        if size == 0:
            return 0.0
        product, logarithm = product / size, logarithm + np.log(size)
    return float(np.exp(logarithm / len(jacobians)))


def own_path(flow: Flow, state: str) -> float:
    """The rate of the path from a state to itself: of an LSTM's cell, of the product of forget gates."""
    at = flow.slices[state]
    return _rate(flow.jacobians[:, at, at])


def growth(norms: Array) -> tuple[float, float]:
    """How many times larger a gradient is at the beginning than at the end, and the factor a step.

    A state that the loss does not read has no gradient in the last step: then the step before counts.
    """
    last = int(np.max(np.flatnonzero(norms), initial=0))
    if last == 0:
        return 0.0, 0.0
    ratio = float(norms[0] / norms[last])
    return ratio, float(ratio ** (1 / last))


def verdict(ratio: float) -> str:
    """In a word: what the gradient did on its way back."""
    if ratio < FADED:
        return "vanishes"
    return "explodes" if ratio > BLOWN_UP else "is carried"


def as_data(flow: Flow) -> dict[str, Any]:
    """One flow for machines."""
    found = spectrum(flow)
    return {
        "op": flow.op.op.name,
        **asdict(flow.scenario),
        "loss_reads": flow.op.states[-1].name,
        "states": [_state_data(flow, s.name) for s in flow.op.states],
        "sigma_max": found.largest.tolist(),
        "sigma_min": found.smallest.tolist(),
        "spectral_radius": found.radius.tolist(),
        "rate": found.rate,
        "weights": {n: {"sigma_max": a, "spectral_radius": b} for n, (a, b) in found.weights.items()},
        "condition": found.condition(),
        "disagreement": flow.disagreement,
    }


def _state_data(flow: Flow, state: str) -> dict[str, Any]:
    norms = flow.norms(state)
    ratio, factor = growth(norms)
    return {
        "state": state,
        "norms": norms.tolist(),
        "ratio": ratio,
        "factor": factor,
        "own_path": own_path(flow, state),
        "verdict": verdict(ratio),
    }
