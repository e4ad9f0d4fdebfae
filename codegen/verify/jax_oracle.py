"""The autodiff oracle: any system as a JAX function, to be differentiated by JAX itself.

The forward equations are evaluated on dense masked grids; nothing of the project's own calculus of
adjoints takes part. Equations that need each other run row by row along the indices that carry the
recurrence, in the direction in which they read.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from codegen.verify.grids import Grid, Grids, Point, load_jax
from derive.algebra.index import Affine, Index
from derive.algebra.system import Equation, System, Term
from derive.errors import DerivationError
from derive.oracle.meaning import symbols_of

Arrays = Mapping[str, Any]
Carried = dict[str, int]  # the sizes whose indices carry a recurrence, and the step of its reads


def reads_of(equation: Equation) -> tuple[tuple[str, tuple[Affine, ...]], ...]:
    """Every read of an equation, floating and integer."""
    floating = tuple((r.tensor, r.at) for t in equation.terms for r in t.reads())
    return floating + tuple((r.tensor, r.at) for t in equation.terms for r in t.integer_reads())


def reached(system: System) -> dict[str, set[str]]:
    """For every computed tensor, the computed tensors that it needs."""
    direct = {e.tensor: {n for n, _ in reads_of(e)} for e in system.equations}
    found: dict[str, set[str]] = {}
    for name, needs in direct.items():
        seen, todo = set(needs), list(needs)
        while todo:
            new = direct.get(todo.pop(), set()) - seen
            seen |= new
            todo += new
        found[name] = seen & direct.keys()
    return found


class Run(Grids):
    """One evaluation of a system."""

    def __init__(self, system: System, inputs: Arrays, symbols: Mapping[str, int], reals: Arrays) -> None:
        super().__init__(reals)
        self.system, self.symbols = system, symbols
        self.arrays: dict[str, Grid] = {name: inputs[name] for name in system.inputs}
        self.equations = {e.tensor: e for e in system.equations}
        self.needs = reached(system)
        self.fixed: dict[str, tuple[int, ...]] = {}  # axes of tensors that are made row by row now
        self.rows: dict[tuple[str, tuple[int, ...]], Grid | None] = {}

    def shape(self, tensor: str) -> tuple[int, ...]:
        return tuple(self.affine(dim, self.symbols) for dim in self.system.tensor(tensor).dims)

    def compute(self, wanted: Sequence[str]) -> dict[str, Grid]:
        """The wanted tensors; what they need is computed first."""
        needed = {m for name in wanted for m in (name, *self.needs.get(name, ()))}
        for name in sorted(needed & self.needs.keys(), key=self._order):
            if name not in self.arrays and name in self.needs[name]:
                self.compute_cycle([m for m in self.needs if name in self.needs[m] and m in self.needs[name]])
            elif name not in self.arrays:
                self.arrays[name] = self.equation(self.equations[name], {})
        return {name: self.arrays[name] for name in wanted}

    def _order(self, name: str) -> tuple[int, bool, str]:
        """What needs less comes first; of equals a cycle, whose members need each other and themselves."""
        return len(self.needs[name]), name not in self.needs[name], name

    # recurrences ------------------------------------------------------------------------------
    def compute_cycle(self, names: list[str]) -> None:
        """Tensors that need each other, row by row."""
        steps = self._carried(names)
        self.fixed = {n: tuple(_axis(self.system.tensor(n).dims, size) for size in steps) for n in names}
        extents = [self.symbols[size] for size in steps]
        order = [range(n)[:: -1 if step > 0 else 1] for n, step in zip(extents, steps.values(), strict=True)]
        for place in itertools.product(*order):
            for name in names:
                self.row(name, place)
        for name in names:
            self.arrays[name] = self._stack(name, extents)
        self.fixed, self.rows = {}, {}

    def _stack(self, name: str, extents: list[int]) -> Grid:
        places = list(itertools.product(*map(range, extents)))
        axes, shape = self.fixed[name], self.shape(name)
        rest = tuple(n for axis, n in enumerate(shape) if axis not in axes)
        rows = [self.row(name, place) for place in places]
        stacked = self.jnp.stack(rows) if rows else self.jnp.zeros((0, *rest))
        return self.jnp.moveaxis(stacked.reshape((*extents, *rest)), range(len(axes)), axes)

    def _carried(self, names: list[str]) -> Carried:
        """The sizes along which all reads inside the cycle are whole steps, and not all of them 0."""
        found: Carried = {}
        for size in (s.name for s in self.system.sizes):
            steps = [self._step(self.equations[n], size, names) for n in names]
            flat = [step for many in steps for step in many]
            if flat and None not in flat and any(flat):
                found[size] = next(step for step in flat if step)
        if not found:
            raise DerivationError(f"{' -> '.join(names)}: a cycle in which no index carries a step")
        return found

    def _step(self, equation: Equation, size: str, names: list[str]) -> list[int | None]:
        own = _axis(self.system.tensor(equation.tensor).dims, size)
        steps: list[int | None] = []
        for tensor, at in (r for r in reads_of(equation) if r[0] in names):
            axis = _axis(self.system.tensor(tensor).dims, size)
            if own < 0 or axis < 0:
                return [None]
            distance = at[axis] - equation.indices[own].symbol
            steps.append(distance.integer() if distance.is_integer() else None)
        return steps

    def row(self, name: str, place: tuple[int, ...]) -> Grid:
        """One row of a tensor in a cycle."""
        key = (name, place)
        if key in self.rows and self.rows[key] is None:
            raise DerivationError(f"{name}: a value that needs itself at the same place {place}")
        if key not in self.rows:
            self.rows[key] = None
            equation = self.equations[name]
            here = {equation.indices[axis].name: k for axis, k in zip(self.fixed[name], place, strict=True)}
            self.rows[key] = self.equation(equation, here)
        return self.rows[key]

    # equations --------------------------------------------------------------------------------
    def source(self, tensor: str, at: Sequence[Affine], point: Point) -> tuple[Grid, list[Grid], Any]:
        places = [self.affine(e, point) for e in at]
        shape = self.shape(tensor)
        inside: Any = np.True_
        for place, extent in zip(places, shape, strict=True):
            inside = inside & (place >= 0) & (place < extent)
        if tensor not in self.fixed:
            return self.arrays[tensor], places, inside
        axes = self.fixed[tensor]
        rest = [place for axis, place in enumerate(places) if axis not in axes]
        row = tuple(places[axis] for axis in axes)
        if all(0 <= k < shape[axis] for k, axis in zip(row, axes, strict=True)):
            return self.row(tensor, row), rest, inside
        kept = tuple(n for axis, n in enumerate(shape) if axis not in axes)
        return self.jnp.zeros(kept), rest, inside

    def equation(self, equation: Equation, here: Mapping[str, int]) -> Grid:
        """A whole tensor, or its row where some of the indices are fixed."""
        free = [i for i in equation.indices if i.name not in here]
        shape = [self.affine(i.hi, self.symbols) for i in free]
        total: Any = self.jnp.zeros(shape)
        for number, term in enumerate(equation.terms):
            found = self.term(term, free, here)
            total = found if number == 0 else total + found
        return total

    def term(self, term: Term, free: list[Index], here: Mapping[str, int]) -> Grid:
        """A term over the free indices: reduced over the binders where the guards hold."""
        axes = (*free, *term.binders)
        ranges = [[self.affine(e, self.symbols) for e in (i.lo, i.hi)] for i in axes]
        shape = tuple(max(hi - lo, 0) for lo, hi in ranges)
        point: dict[str, Any] = {**self.symbols, **here}
        for axis, (index, (lo, hi)) in enumerate(zip(axes, ranges, strict=True)):
            point[index.name] = np.arange(lo, max(lo, hi)).reshape([-1] + [1] * (len(axes) - axis - 1))
        mask: Any = np.True_
        for guard in term.guards:
            mask = mask & self.guard(guard, point)
        value = self.jnp.broadcast_to(self.value(term.body, point, mask), shape)
        flat = (*shape[: len(free)], int(np.prod(shape[len(free) :], dtype=int)))
        mask = self.jnp.broadcast_to(mask, shape).reshape(flat)
        return self.reduce(term, value.reshape(flat), mask, ranges[len(free) :])

    def reduce(self, term: Term, value: Grid, mask: Grid, ranges: list[list[int]]) -> Grid:
        """The last axis reduced: a sum, or the first of the largest (NaN is largest), or its index."""
        jnp = self.jnp
        if term.monoid == "sum":
            return jnp.where(mask, value, 0.0).sum(-1)
        if value.shape[-1] == 0:
            return jnp.full(value.shape[:-1], -np.inf if term.monoid == "max" else -1)
        top = jnp.where(mask, value, -np.inf).max(-1, keepdims=True)
        leads = mask & jnp.where(jnp.isnan(top), jnp.isnan(value), value == top)
        first, some = jnp.argmax(leads, axis=-1), mask.any(-1)
        if term.monoid == "max":
            return jnp.where(some, jnp.take_along_axis(value, first[..., None], -1)[..., 0], -np.inf)
        index = [b.name for b in term.binders].index(term.witness)
        place = jnp.unravel_index(first, [hi - lo for lo, hi in ranges])[index] + ranges[index][0]
        return jnp.where(some, place, -1)


def _axis(dims: tuple[Affine, ...], size: str) -> int:
    """The first axis of this size, -1 where there is none."""
    return next((axis for axis, dim in enumerate(dims) if dim.plain() == size), -1)


def jax_function(system: System) -> Callable[..., dict[str, Any]]:
    """System -> f(inputs, sizes, integers, reals), a dict of its outputs that JAX can differentiate."""
    jax = load_jax()

    def run(
        inputs: Arrays,
        sizes: Mapping[str, int],
        integers: Mapping[str, int] | None = None,
        reals: Arrays | None = None,
    ) -> dict[str, Any]:
        symbols = symbols_of(system.sizes, sizes, integers or {})
        arrays = {
            n: np.asarray(inputs[n], dtype=np.int64)
            if system.tensor(n).integer
            else jax.numpy.asarray(inputs[n], dtype=float)
            for n in system.inputs
        }
        return Run(system, arrays, symbols, reals or {}).compute(system.outputs)

    return run


def jax_gradients(
    forward: System,
    inputs: Arrays,
    cotangents: Arrays,
    sizes: Mapping[str, int],
    integers: Mapping[str, int] | None = None,
    reals: Arrays | None = None,
) -> dict[str, Any]:
    """The gradients of the floating inputs, by JAX's own reverse mode; a missing cotangent is 0."""
    jax = load_jax()
    function = jax_function(forward)
    floating = {n: jax.numpy.asarray(inputs[n], dtype=float) for n in forward.floating_inputs()}
    wanted = [n for n in forward.outputs if not forward.tensor(n).integer]

    def outputs(values: Arrays) -> dict[str, Any]:
        made = function({**inputs, **values}, sizes, integers, reals)
        return {name: made[name] for name in wanted}

    made, pullback = jax.vjp(outputs, floating)
    given = {n: jax.numpy.asarray(cotangents.get(n, 0.0 * made[n]), dtype=float) for n in wanted}
    return dict(pullback(given)[0])
