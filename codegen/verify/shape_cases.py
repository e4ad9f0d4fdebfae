"""Shapes at the edge of what an op takes, and beyond it, each with a layout for every array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from codegen.integers import checked_labels
from codegen.verify.cases import Cases
from codegen.verify.execution import Array
from codegen.verify.labels import inside
from codegen.verify.layouts import LAYOUTS
from codegen.verify.problems import Problem
from codegen.verify.shapes import Shape, plain
from derive.algebra.system import System
from derive.oracle.meaning import symbols_of

LARGEST = 5  # one more than a tile of four
SPREAD = 3  # how far integer parameters go beyond their least


@dataclass(frozen=True, slots=True)
class ShapeCase:
    """Free sizes, integer parameters, and a layout for every array that is not contiguous."""

    sizes: Mapping[str, int]
    integers: Mapping[str, int]
    layouts: Mapping[str, str]

    def __str__(self) -> str:
        numbers = " ".join(f"{n}={v}" for n, v in {**self.sizes, **self.integers}.items())
        return ", ".join([numbers, *self._moved()])

    def _moved(self) -> list[str]:
        return [f"{name} {how}" for name, how in self.layouts.items() if how != "contiguous"]


def free_sizes(system: System) -> tuple[str, ...]:
    """The sizes that are not computed from others."""
    return tuple(s.name for s in system.sizes if s.formula is None)


def array_names(cases: Cases) -> tuple[str, ...]:
    """Inputs by name, cotangents as "the cotangent of" a name."""
    return (*cases.forward.inputs, *(f"the cotangent of {n}" for n in cases.names))


def shape_of(case: ShapeCase, system: System) -> tuple[Shape, bool]:
    """The shape with its computed sizes, and whether the spec allows it.

    A number below its least is left out of the computed sizes: a stride of 0 has none.
    """
    integers = {p.name: max(case.integers[p.name], p.least) for p in system.integers}
    known = symbols_of(system.sizes, case.sizes, integers)
    fits = all(known[s.name] >= s.least for s in system.sizes)
    fits = fits and all(plain(d, known) >= 0 for t in system.tensors for d in t.dims)
    shape = Shape("", {s.name: known[s.name] for s in system.sizes}, integers)
    return shape, fits and integers == dict(case.integers)


def arranged(problem: Problem, layouts: Mapping[str, str]) -> Problem:
    """The problem with its arrays in other layouts."""

    def moved(name: str, array: Any) -> Any:
        return LAYOUTS[layouts.get(name, "contiguous")](array)

    inputs = {n: moved(n, a) for n, a in problem.inputs.items()}
    cotangents = {n: moved(f"the cotangent of {n}", a) for n, a in problem.cotangents.items()}
    return replace(problem, inputs=inputs, cotangents=cotangents)


def fixed_cases(cases: Cases, typical: Shape) -> tuple[ShapeCase, ...]:
    """Every layout at a typical shape; all sizes 1; each size 0, 1 and 5 among others that are allowed;
    integer parameters below their least."""
    return (*_layouts(cases, typical), *_edges(cases.forward, typical), *_too_small(cases.forward))


def _layouts(cases: Cases, typical: Shape) -> Iterator[ShapeCase]:
    sizes = {n: typical.sizes[n] for n in free_sizes(cases.forward)}
    for layout in LAYOUTS:
        yield ShapeCase(sizes, typical.integers, dict.fromkeys(array_names(cases), layout))


def _edges(system: System, typical: Shape) -> Iterator[ShapeCase]:
    """One size at a time among sizes of 2, or of the typical shape where 2 is too few."""
    free, least = free_sizes(system), {p.name: p.least for p in system.integers}
    yield ShapeCase(dict.fromkeys(free, 1), least, {})
    base = ShapeCase(dict.fromkeys(free, 2), least, {})
    if not shape_of(base, system)[1]:
        base = ShapeCase({n: typical.sizes[n] for n in free}, typical.integers, {})
    for name in free:
        for extent in (0, 1, LARGEST):
            yield replace(base, sizes={**base.sizes, name: extent})


def _too_small(system: System) -> Iterator[ShapeCase]:
    least = {p.name: p.least for p in system.integers}
    for name in least:
        yield ShapeCase(dict.fromkeys(free_sizes(system), 2), {**least, name: least[name] - 1}, {})


def problem_of(case: ShapeCase, shape: Shape, cases: Cases) -> Problem:
    """Numbers between 0 and 1 at this shape; no axis can have fewer than 0 elements."""
    sizes = {n: max(extent, 0) for n, extent in shape.sizes.items()}
    problem = cases.drawn(replace(shape, label="shapes", sizes=sizes), "", "unit")
    return replace(problem, shape=replace(shape, integers=dict(case.integers)))


def wrong_calls(problem: Problem, cases: Cases) -> Iterator[tuple[str, Problem]]:
    """Problems that an op must refuse: wrong ranks, extents, dtypes, labels of every array."""
    for name, array in problem.inputs.items():
        alone = len(cases.forward.floating_inputs()) == 1
        for about, wrong in _wrong_arrays(array, _told_twice(name, cases.forward), alone):
            yield f"{name} {about}", replace(problem, inputs={**problem.inputs, name: wrong})
    for name in checked_labels(cases.derivation):
        for about, label in _beyond(inside(cases.derivation, name, problem.shape)):
            wrong = problem.inputs[name].copy()
            wrong.flat[-1:] = label
            if wrong.size:
                yield f"{name} with {about}", replace(problem, inputs={**problem.inputs, name: wrong})
    for name, array in problem.cotangents.items():
        for about, wrong in _wrong_arrays(array, range(array.ndim), False):
            changed = {**problem.cotangents, name: wrong}
            yield f"the cotangent of {name} {about}", replace(problem, cotangents=changed)


def _beyond(labels: range) -> Iterator[tuple[str, int]]:
    yield "a label below its range", labels.start - 1
    yield "a label above its range", labels.stop
    yield "the largest label of 64 bits", np.iinfo(np.int64).max


def _wrong_arrays(array: Array, known: Iterable[int], alone: bool) -> Iterator[tuple[str, Array]]:
    """`known` are the axes whose extents follow from something else; `alone`: any precision would do."""
    yield "with one axis more", array[None]
    if array.ndim:
        yield "with one axis less", array.sum(0).astype(array.dtype)
    for axis in known:
        yield f"longer along axis {axis}", np.insert(array, 0, 0, axis)
    yield "of complex numbers", array.astype(np.complex128)
    yield "of text", array.astype(str)
    if array.dtype == np.int64:
        yield "of floating numbers", array.astype(np.float64)
        return
    yield "of integers", array.astype(np.int64)
    yield "of half precision", array.astype(np.float16)
    if not alone:
        yield "of another precision", array.astype(np.float32)


def _told_twice(name: str, system: System) -> list[int]:
    """The axes of an input whose extents another axis, a formula or a number tells as well."""
    computed = {s.name for s in system.sizes if s.formula is not None}
    every = [str(d) for n in system.inputs for d in system.tensor(n).dims]
    dims = [str(d) for d in system.tensor(name).dims]
    return [k for k, d in enumerate(dims) if d.isdigit() or d in computed or every.count(d) > 1]
