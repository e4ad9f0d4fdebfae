"""The integers of a problem: labels inside the axes that they index, and some just outside."""

from __future__ import annotations

import random

import numpy as np

from codegen.integers import checked_labels
from codegen.verify.execution import Array
from codegen.verify.shapes import Shape, label_extents, plain
from derive.algebra.system import System
from derive.derivation import Derivation

STRAYING = 0.125  # of the labels lie outside their axis


def labels_of(extents: tuple[int, ...], inside: range, rng: random.Random, straying: float) -> Array:
    """Elements inside the axis that they index; some just outside."""
    count, lo, top = int(np.prod(extents, dtype=int)), inside.start, inside.stop
    astray = [rng.random() < straying for _ in range(count)]
    # a mask is compared with 1: 0 and 1 are both drawn, or nearly all would be dropped
    some = max(top - lo, 2 if straying else 1)
    drawn = [
        rng.choice((lo - 2, lo - 1, top, top + 1)) if out else lo + rng.randrange(some) for out in astray
    ]
    return np.array(drawn, dtype=np.int64).reshape(extents)


def inside(derivation: Derivation, name: str, shape: Shape) -> range:
    """The labels that an integer input may hold, or those inside of its shortest axis."""
    checked = checked_labels(derivation)
    if name in checked:
        return checked[name].at(shape.symbols)
    return range(label_top(derivation.forward, name, shape))


def can_be_labelled(derivation: Derivation, shape: Shape) -> bool:
    """Whether every label has a value: no class number is right where there are no classes."""
    empty = [n for n in checked_labels(derivation) if not inside(derivation, n, shape)]
    return all(0 in shape.of(derivation.forward, n) for n in empty)


def strays(derivation: Derivation, labels: Array, name: str, shape: Shape) -> bool:
    """Whether an element of an integer tensor lies outside its axis."""
    within = inside(derivation, name, shape)
    return bool(((labels < within.start) | (labels >= within.stop)).any())


def label_top(system: System, labels: str, shape: Shape) -> int:
    """Where the shortest axis ends that an integer tensor's elements index, or 3."""
    return min(index_ends(system, labels, shape), default=3)


def index_ends(system: System, labels: str, shape: Shape) -> list[int]:
    """The extents of the axes that an integer tensor's elements index."""
    symbols = shape.symbols
    return [plain(e, symbols) for e in label_extents(system, labels) if e.names() <= symbols.keys()]
