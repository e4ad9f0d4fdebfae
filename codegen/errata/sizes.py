"""Sizes and parameter counts of whole networks."""

from __future__ import annotations

import math

import numpy as np

from codegen.errata.claim import Evaluate, Evidence, Readings
from codegen.errata.kernels import Array, Kernels


def held(op: str, names: str, **sizes: int) -> Evaluate:
    """How many numbers the named inputs of an op hold, by the shapes that its module declares."""

    def evaluate(kernels: Kernels) -> int:
        shapes = {t["name"]: t["shape"] for t in kernels.module(op).SPEC["inputs"]}
        return sum(math.prod(sizes.get(d, d) for d in shapes[name]) for name in names.split())

    return evaluate


LENET: tuple[tuple[str, str, dict[str, tuple[int, ...]]], ...] = (
    ("conv1", "conv2d_relu", {"K": (6, 1, 5, 5), "b": (6,)}),
    ("pool1", "max_pool2d", {}),
    ("conv2", "conv2d_relu", {"K": (16, 6, 5, 5), "b": (16,)}),
    ("pool2", "max_pool2d", {}),
    ("flat", "flatten", {}),
    ("fc1", "dense_relu", {"W": (120, 400), "b": (120,)}),
    ("fc2", "dense_relu", {"W": (84, 120), "b": (84,)}),
    ("out", "dense", {"W": (10, 84), "b": (10,)}),
)


def _lenet(kernels: Kernels, upto: str) -> Array:
    """The output of a layer for one 32×32 image; each kernel on the way checks that the shapes fit."""
    made = np.zeros((1, 1, 32, 32))
    for name, op, shapes in LENET:
        arrays = {n: np.zeros(shape) for n, shape in shapes.items()}
        given = {"x" if op.startswith("dense") else "X": made}
        made = kernels.forward(op, **given, **arrays)[0]
        if name == upto:
            return made
    raise AssertionError(f"LeNet-5 has no layer {upto}")


def lenet_shape(name: str) -> Evaluate:
    """The size of a layer's output, as the document writes it: height × width × channels."""

    def evaluate(kernels: Kernels) -> tuple[int, ...] | int:
        shape = _lenet(kernels, name).shape[1:]
        return (*shape[1:], shape[0]) if len(shape) == 3 else shape[0]

    return evaluate


def lenet_parameters(*names: str) -> Evaluate:
    """How many parameters layers of LeNet-5 have, in the shapes that their kernels accept."""
    return lambda kernels: sum(_layer_parameters(kernels, name) for name in names)


def _layer_parameters(kernels: Kernels, name: str) -> int:
    """Those of one layer, which is run on the smallest input that fits its weights."""
    op, shapes = next((op, shapes) for layer, op, shapes in LENET if layer == name)
    data, weights = ("x", "W") if "W" in shapes else ("X", "K")
    arrays = {n: np.zeros(shape) for n, shape in shapes.items()}
    kernels.forward(op, **{data: np.zeros((1, *shapes[weights][1:]))}, **arrays)
    return sum(math.prod(shape) for shape in shapes.values())


WEIGHTED = tuple(name for name, _, shapes in LENET if shapes)


def _linear(inputs: int, outputs: int) -> int:
    return inputs * outputs + outputs


def fully_connected_instead(kernels: Kernels) -> Evidence:
    """Networks without convolutions that LeNet-5 may be meant to be compared with."""
    dense_part = lenet_parameters("fc1", "fc2", "out")(kernels)
    ways = {
        "LeNet-5": lenet_parameters(*WEIGHTED)(kernels),
        "each convolution replaced by a full layer": _linear(1024, 4704) + _linear(1176, 1600) + dense_part,
        "the full layers alone, on the image": _linear(1024, 120) + dense_part - _linear(400, 120),
    }
    return Readings("ambiguous", ways, "parameters")
