# Copied by gradsmith from its runtime; do not edit. What follows has the digest 51d57559b07e8a050b72cd67f068e1fa53c23feb0d1aea0f68363cdf039489f5
"""Checks of integers before any arithmetic with them: labels in their range, and room in 64 bits.

Kernels calculate positions from labels, sizes and integer parameters. All of these stay so small that no
product or sum of them leaves int64: what kernels then do with them is exact.
"""

import numpy as np

from .errors import ArgumentError, LabelError

FAR = (
    2**60
)  # a label as far as this is outside of every array; three such, and an array's extent, still add up
_UNSIGNED = np.dtype(np.uint64)
_ROOM = 2**62


def check_reach(op: str, fixed: int, /, *per_label: int, **integers: int) -> int:
    """The largest magnitude that labels may have, a power of two, so that index arithmetic stays in int64.

    Index expressions, and what they are compared with, are at most `fixed` without labels; `per_label` are
    what multiplies the first, second, ... power of the labels' largest magnitude.
    Raises:   ArgumentError naming the integer parameters if they are too large themselves
    """
    far = FAR
    while far > 2 * fixed and sum(c * far**k for k, c in enumerate((fixed, *per_label))) >= _ROOM:
        far //= 2
    if far <= 2 * fixed:  # one as far would be no farther than what it is compared with
        given = ", ".join(f"{name} = {value}" for name, value in integers.items()) or "the sizes"
        raise ArgumentError(f"{op}: {given}: index arithmetic may leave 64 bits: give smaller integers")
    return far


def check_labels(
    op: str, name: str, labels: np.ndarray, lo: int, hi: int, rule: str, ignored: int | None = None
) -> None:
    """That every label is at least `lo` and below `hi`, or `ignored`; `rule` says it in the spec's sizes.

    Raises:   LabelError naming the first position and its label
    """
    # as unsigned numbers those below `lo` are the largest of all: one pass finds both kinds
    moved = (labels.reshape(-1) - lo if lo else labels).view(_UNSIGNED)
    if not moved.size or moved.item(moved.argmax()) < hi - lo:  # argmax costs a fifth of max
        return
    bad = (labels < lo) | (labels >= hi)
    if ignored is not None:
        bad &= labels != ignored
    if bad.any():
        at = [int(i) for i in np.unravel_index(int(bad.argmax()), bad.shape)]
        place = f"{name}{at}" if at else name
        also = "" if ignored is None else f", or {ignored}"
        here = f"{lo} to {hi - 1}" if lo < hi else "none"
        raise LabelError(
            f"{op}: {place} is {int(labels[tuple(at)])}, expected {rule}{also}, which is {here} here: "
            "mend it, or let the spec say what it means (outside=, ignore_label=)"
        )


def ignore_labels(labels: np.ndarray, ignored: int, far: int = FAR) -> np.ndarray:
    """The labels with those that are `ignored` outside of every array; a copy where there are any."""
    found = labels == ignored
    return np.where(found, far, labels) if found.any() else labels


def clip_labels(labels: np.ndarray, far: int = FAR) -> np.ndarray:
    """The labels, none beyond -far or far, which are outside of every array; a copy where one is."""
    if labels.size == 0 or (labels.min() >= -far and labels.max() <= far):
        return labels
    return np.clip(labels, -far, far)
