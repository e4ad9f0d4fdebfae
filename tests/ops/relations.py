"""One op said in two ways: both sides on the published kernels, and exactly over GF(2^61-1).

A relation gives, from parameters of its own, the inputs of two ops, and reads their outputs and
gradients back in its own names. The exact side evaluates the two derivations with the slow oracle over
uninterpreted functions: what is equal there is equal for all functions and, up to a probability below
2^-40, for all numbers.
"""

import importlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from codegen.verify.problems import cotangent_names
from derive.authoring.spec import OpSpec
from derive.derivation import Derivation
from derive.derivation import derive as derive_op
from derive.oracle.reference import evaluate, sizes_of
from derive.oracle.residues import PRIME, PrimeField, Residue

Arrays = dict[str, Any]
Named = Callable[[Arrays], Arrays]
derive = cache(derive_op)


def same(arrays: Arrays) -> Arrays:
    return arrays


@dataclass(frozen=True)
class Side:
    """An op; its inputs from a relation's, and its outputs and gradients in the relation's names."""

    op: OpSpec
    inputs: Named = same
    outputs: Named = same
    gradients: Named = same
    cotangents: Named = same  # the transpose of `outputs`


@dataclass(frozen=True)
class Relation:
    """Two sides that agree on inputs of these shapes, and a change of the right one's inputs that shows."""

    name: str
    left: Side
    right: Side
    shapes: Mapping[str, tuple[int, ...]]
    outputs: Mapping[str, tuple[int, ...]]
    fault: Named

    def __str__(self) -> str:
        return self.name


Run = Callable[[OpSpec, Arrays, Arrays], tuple[Arrays, Arrays]]


def by_kernels(op: OpSpec, inputs: Arrays, cotangents: Arrays) -> tuple[Arrays, Arrays]:
    """Outputs and gradients of the published module."""
    outputs, pullback = importlib.import_module(f"generated.{op.name}").vjp(**inputs)
    return outputs._asdict(), pullback(**cotangents)._asdict()


def exactly(op: OpSpec, inputs: Arrays, cotangents: Arrays) -> tuple[Arrays, Arrays]:
    """Outputs and gradients of the derivation, over GF(2^61-1)."""
    d: Derivation = derive(op)
    sizes = sizes_of(d.forward, {n: a.shape for n, a in inputs.items()}, {})
    values = evaluate(d.forward, inputs, sizes, {}, {}, PrimeField())
    names = cotangent_names(d.forward, d.backward)
    given = {**inputs, **values, **{names[n]: a for n, a in cotangents.items()}}
    made = evaluate(d.backward, given, sizes, {}, {}, PrimeField())
    pairs = zip(d.forward.floating_inputs(), d.backward.outputs, strict=True)
    return {n: values[n] for n in d.forward.outputs}, {n: made[g] for n, g in pairs}


def floats(shape: tuple[int, ...], seed: int) -> Any:
    return 0.7 * np.random.default_rng(seed).normal(size=shape)


def residues(shape: tuple[int, ...], seed: int) -> Any:
    rng = random.Random(seed)
    made = np.empty(shape, dtype=object)
    for at in np.ndindex(shape):
        made[at] = Residue(rng.randrange(PRIME))
    return made


def differences(relation: Relation, run: Run, draw: Callable[..., Any], wrong: Named = same) -> Arrays:
    """By output and gradient: the two sides' largest difference; `wrong` changes the right side's inputs."""
    inputs = {n: draw(s, k) for k, (n, s) in enumerate(relation.shapes.items())}
    bars = {n: draw(s, 100 + k) for k, (n, s) in enumerate(relation.outputs.items())}
    left = _side(relation.left, run, inputs, bars)
    right = _side(relation.right, run, inputs, bars, wrong)
    assert {*left} == {*right} >= {*relation.outputs}
    return {name: _difference(left[name], right[name]) for name in left}


def _side(side: Side, run: Run, inputs: Arrays, bars: Arrays, wrong: Named = same) -> Arrays:
    outputs, gradients = run(side.op, wrong(side.inputs(inputs)), side.cotangents(bars))
    return {**side.outputs(outputs), **{f"d{n}": a for n, a in side.gradients(gradients).items()}}


def _difference(left: Any, right: Any) -> float:
    """The largest difference, relative to the largest entry; 1 where exact numbers differ at all."""
    assert left.shape == right.shape
    if left.dtype == object:
        return float(any(a != b for a, b in zip(left.flat, right.flat, strict=True)))
    return float(np.max(np.abs(left - right)) / np.max(np.abs(left)))
