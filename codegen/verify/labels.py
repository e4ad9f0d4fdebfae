"""The integers of a problem: labels inside the axes that they index, and some just outside."""

from __future__ import annotations

import random

import numpy as np

from codegen.verify.execution import Array
from codegen.verify.shapes import Shape, label_extents, plain
from derive.algebra.system import System

STRAYING = 0.125  # of the labels lie outside their axis


def labels_of(extents: tuple[int, ...], top: int, rng: random.Random, straying: float) -> Array:
    """Elements inside the axis that they index; some just outside."""
    count = int(np.prod(extents, dtype=int))
    astray = [rng.random() < straying for _ in range(count)]
    # a mask is compared with 1: 0 and 1 are both drawn, or nearly all would be dropped
    inside = max(top, 2 if straying else 1)
    drawn = [rng.choice((-2, -1, top, top + 1)) if out else rng.randrange(inside) for out in astray]
    return np.array(drawn, dtype=np.int64).reshape(extents)


def strays(system: System, labels: Array, name: str, shape: Shape) -> bool:
    """Whether an element of an integer tensor lies outside its axis."""
    return bool(((labels < 0) | (labels >= label_top(system, name, shape))).any())


def label_top(system: System, labels: str, shape: Shape) -> int:
    """Where the shortest axis ends that an integer tensor's elements index, or 3."""
    return min(index_ends(system, labels, shape), default=3)


def index_ends(system: System, labels: str, shape: Shape) -> list[int]:
    """The extents of the axes that an integer tensor's elements index."""
    symbols = shape.symbols
    return [plain(e, symbols) for e in label_extents(system, labels) if e.names() <= symbols.keys()]
