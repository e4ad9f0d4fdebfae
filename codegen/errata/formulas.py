"""A printed equation, evaluated as it is printed, beside the op that was made of it.

The op's spec is evaluated by the slow oracle, which knows every tensor of it, on random numbers without two
equal sizes. The document's line is computed from the tensors that it names, and compared with the one that
it defines; and the outputs of the published kernel are compared with those of the spec.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from codegen.catalogue import find
from codegen.errata.claim import Compared, Evidence
from codegen.errata.kernels import Array, Kernels
from derive.algebra.index import Affine
from derive.language import Spec
from derive.oracle.meaning import symbols_of
from derive.oracle.numbers import Floats
from derive.oracle.reference_spec import evaluate_spec

EXTENTS = (3, 2, 4, 5, 6, 7)
STEP = 1  # neither the first step nor the last one


def sigma(z: Any) -> Any:
    """The logistic function, as document 002 prints it."""
    return 1 / (1 + np.exp(-z))


@dataclass(frozen=True, slots=True)
class Step:
    """The tensors of a spec at one step: `v["x"]` now, `v.before("h")` one step earlier."""

    arrays: dict[str, Array]
    sequences: frozenset[str]
    step: int = STEP

    def __getitem__(self, name: str) -> Any:
        return self.arrays[name][self.step] if name in self.sequences else self.arrays[name]

    def before(self, name: str) -> Any:
        return self.arrays[name][self.step - 1]


Formula: TypeAlias = Callable[[Step], Any]


def line(op: str, tensor: str, formula: Formula) -> Callable[[Kernels], Evidence]:
    """The evidence that a document's line gives the tensor of that name in an op."""

    def evaluate(kernels: Kernels) -> Evidence:
        spec = find((op,))[0].spec()
        step = _evaluated(spec)
        kernel = _run(kernels, spec, step.arrays)
        own = {name: step.arrays[name] for name in spec.outputs}
        printed = (np.asarray(formula(step), float), *own.values())
        found = (np.asarray(step[tensor], float), *(kernel[name] for name in own))
        return Compared(printed, found, f"its {tensor} at random numbers", "the same numbers")

    return evaluate


def _no_labels(tensor: str, at: tuple[int, ...]) -> int:
    raise AssertionError(f"a dimension reads {tensor}")


def _evaluated(spec: Spec) -> Step:
    """Random inputs, and every tensor that follows from them."""
    free = [s.name for s in spec.sizes if s.formula is None]
    sizes = dict(zip(free, EXTENTS, strict=False))
    symbols = symbols_of(spec.sizes, sizes, {p.name: p.default for p in spec.integers})
    rng = np.random.default_rng(0)
    computed = {e.tensor for e in spec.equations}
    given = {
        t.name: 0.7 * rng.normal(size=tuple(d.evaluate(symbols, _no_labels) for d in t.dims))
        for t in spec.tensors
        if t.name not in computed
    }
    made = evaluate_spec(spec, given, sizes, {}, {}, Floats())
    arrays = {**given, **{name: np.asarray(a, float) for name, a in made.items()}}
    along = {Affine.of(s.name) for s in spec.sizes if s.sequence}
    return Step(arrays, frozenset(t.name for t in spec.tensors if t.dims and t.dims[0] in along))


def _run(kernels: Kernels, spec: Spec, arrays: dict[str, Array]) -> dict[str, Array]:
    """The published kernel's outputs for the same numbers, as a batch of one."""
    module = kernels.module(spec.op.name)
    inputs = {}
    for tensor in module.SPEC["inputs"]:
        name, shape = tensor["name"], tensor["shape"]
        members = module.SPEC["packs"].get(name)
        array = np.stack([arrays[f"{name}_{m}"] for m in members]) if members else arrays[name]
        inputs[name] = np.expand_dims(array, shape.index("B")) if "B" in shape else array
    outputs = module.forward(**inputs)._asdict()
    shapes = {t["name"]: t["shape"] for t in module.SPEC["outputs"]}
    return {name: np.take(a, 0, shapes[name].index("B")) for name, a in outputs.items()}
