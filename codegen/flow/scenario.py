"""What a flow is measured on: random weights with a scale, a random sequence, and the gates' bias."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codegen.flow.recurrence import Recurrence
from derive.algebra.system import Tensor

Array = NDArray[np.float64]


def orthogonal(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """A random orthogonal matrix: every singular value is 1."""
    q, r = np.linalg.qr(rng.normal(size=(rows, columns)))
    return np.asarray(q * np.sign(np.diag(r)))


def gaussian(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Independent normal entries with variance 1/columns: spectral radius about 1, norm about 2."""
    return rng.normal(size=(rows, columns)) / np.sqrt(columns)


WEIGHTS: dict[str, Callable[[np.random.Generator, int, int], Array]] = {
    "orthogonal": orthogonal,
    "gaussian": gaussian,
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One setting: recurrent weights are `scale` times a random matrix of the kind `weights`."""

    steps: int
    units: int
    scale: float
    forget_bias: float
    seed: int
    weights: str = "orthogonal"
    input_scale: float = 0.1


def draw(op: Recurrence, scenario: Scenario) -> dict[str, Array]:
    """The op's inputs, for one example.

    Recurrent weights as the scenario says, other matrices with variance 1/columns; the sequence
    normal, `input_scale` wide; initial states and biases 0, but for the gates that keep a state.
    """
    rng = np.random.default_rng(scenario.seed)
    sizes = _sizes(op, scenario)
    arrays = {n: _one(op, op.system.tensor(n), sizes, scenario, rng) for n in op.system.inputs}
    for parameter, number in op.keeping:
        arrays[parameter][... if number is None else number] = scenario.forget_bias
    return arrays


def _sizes(op: Recurrence, scenario: Scenario) -> dict[str, int]:
    """The steps, one example, and as many units as wanted in every other dimension."""
    known = {p.name: p.default for p in op.system.integers}
    for size in op.system.sizes:
        known[size.name] = max(scenario.units, size.least)
    known |= {op.sequence: scenario.steps, op.batch: 1}
    for size in op.system.sizes:
        if size.formula is not None:
            known[size.name] = size.formula.evaluate(known)
    return known


def _one(
    op: Recurrence, tensor: Tensor, sizes: dict[str, int], scenario: Scenario, rng: np.random.Generator
) -> Array:
    shape = tuple(d.evaluate(sizes, _no_reads) for d in tensor.dims)
    if tensor.name in {s.start for s in op.states} or len(shape) < 2:
        return np.zeros(shape)
    if tensor.role == "data":
        return scenario.input_scale * rng.normal(size=shape)
    if tensor.name in op.recurrent:
        blocks = [WEIGHTS[scenario.weights](rng, *shape[-2:]) for _ in range(int(np.prod(shape[:-2])))]
        return scenario.scale * np.stack(blocks).reshape(shape)
    # the vectors of a pack are biases too: a matrix has its two axes behind the pack's
    if len(shape) - bool(tensor.members) < 2:
        return np.zeros(shape)
    return rng.normal(size=shape) / np.sqrt(shape[-1])


def _no_reads(tensor: str, at: tuple[int, ...]) -> int:
    raise AssertionError(f"a size read {tensor}{at}")
