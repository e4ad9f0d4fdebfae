"""The autodiff oracle: any system as a JAX function, to be differentiated by JAX itself.

The forward equations are evaluated on dense masked grids; nothing of the project's own calculus of
adjoints takes part. Equations that need each other run row by row along the indices that carry the
recurrence, in the direction in which they read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from codegen.verify.grids import Grid, Grids, Point, conjunction, everywhere, load_jax
from codegen.verify.recurrence import Walk, reads_of, walk
from derive.algebra.index import Affine, Index
from derive.algebra.system import Equation, System, Term
from derive.oracle.meaning import symbols_of

Arrays = Mapping[str, Any]
Places = Mapping[int, Grid]  # by axis


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
        self.scan, self.update = load_jax().lax.scan, load_jax().lax.dynamic_update_slice

    def shape(self, tensor: str) -> tuple[int, ...]:
        return tuple(self.affine(dim, self.symbols) for dim in self.system.tensor(tensor).dims)

    def compute(self, wanted: Sequence[str]) -> dict[str, Grid]:
        """The wanted tensors; what they need is computed first."""
        needed = {m for name in wanted for m in (name, *self.needs.get(name, ()))}
        # what reads a tensor of a cycle needs all that the tensor needs, and has to wait for it
        order = sorted(needed & self.needs.keys(), key=lambda n: (len(self.needs[n] | {n}), n))
        for name in order:
            if name not in self.arrays and name in self.needs[name]:
                self.compute_cycle([m for m in self.needs if name in self.needs[m] and m in self.needs[name]])
            elif name not in self.arrays:
                self.arrays[name] = self.equation(self.equations[name], {})
        return {name: self.arrays[name] for name in wanted}

    # recurrences ------------------------------------------------------------------------------
    def compute_cycle(self, names: list[str]) -> None:
        """Tensors that need each other, row by row: one program for a row, scanned over all of them."""
        empty = {n: self.jnp.zeros(self.shape(n), self._dtype(n)) for n in names}
        outside = self.arrays
        made = self._walked(walk(self.system, names), empty, {name: {} for name in names})
        self.arrays = {**outside, **made}

    def _dtype(self, name: str) -> type:
        return np.int64 if self.system.tensor(name).integer else np.float64

    def _walked(self, order: Walk, made: dict[str, Grid], around: Mapping[str, Places]) -> dict[str, Grid]:
        """The tensors of a cycle with all rows of a walk, at the places of the walks around it."""

        def row(rows: dict[str, Grid], place: Grid) -> tuple[dict[str, Grid], None]:
            here = {name: {**around[name], axis: place} for name, axis in order.axis.items()}
            for part in order.row:
                if isinstance(part, Walk):
                    rows = self._walked(part, rows, here)
                else:
                    rows = self._row(part, rows, here[part])
            return rows, None

        extent = self.affine(order.extent, self.symbols)
        rows, _ = self.scan(row, made, np.arange(extent)[:: order.direction])
        return rows

    def _row(self, name: str, made: dict[str, Grid], places: Places) -> dict[str, Grid]:
        """A cycle's tensors with one more row of one of them, at places known when the program runs."""
        outside, self.arrays = self.arrays, {**self.arrays, **made}
        equation = self.equations[name]
        here = {equation.indices[axis].name: place for axis, place in places.items()}
        start = [places.get(axis, 0) for axis in range(len(equation.indices))]
        row = self.jnp.expand_dims(self.equation(equation, here), tuple(sorted(places)))
        self.arrays = outside
        return {**made, name: self.update(made[name], row.astype(made[name].dtype), start)}

    # equations --------------------------------------------------------------------------------
    def source(self, tensor: str, at: Sequence[Affine], point: Point) -> tuple[Grid, list[Grid], Any]:
        places: list[Grid] = []
        inside: Any = np.True_
        for e, extent in zip(at, self.shape(tensor), strict=True):
            place = self.affine(e, point)
            here = conjunction(place >= 0, place < extent)
            places.append(place if everywhere(here) else place * here)
            inside = conjunction(inside, here)
        return self.arrays[tensor], places, inside

    def equation(self, equation: Equation, here: Point) -> Grid:
        """A whole tensor, or its row where some of the indices are fixed."""
        free = [i for i in equation.indices if i.name not in here]
        shape = [self.affine(i.hi, self.symbols) for i in free]
        total: Any = self.jnp.zeros(shape)
        for number, term in enumerate(equation.terms):
            found = self.term(term, free, here)
            total = found if number == 0 else total + found
        return total

    def term(self, term: Term, free: list[Index], here: Point) -> Grid:
        """A term over the free indices: reduced over the binders where the guards hold."""
        axes = (*free, *term.binders)
        ranges = [[self.affine(e, self.symbols) for e in (i.lo, i.hi)] for i in axes]
        shape = tuple(max(hi - lo, 0) for lo, hi in ranges)
        point: dict[Any, Any] = {**self.symbols, **here}
        for axis, (index, (lo, hi)) in enumerate(zip(axes, ranges, strict=True)):
            point[index.name] = np.arange(lo, max(lo, hi)).reshape([-1] + [1] * (len(axes) - axis - 1))
        mask = conjunction(*(self.guard(guard, point) for guard in term.guards))
        value = self.jnp.broadcast_to(self.value(term.body, point, mask), shape)
        flat = (*shape[: len(free)], int(np.prod(shape[len(free) :], dtype=int)))
        mask = mask if everywhere(mask) else self.jnp.broadcast_to(mask, shape).reshape(flat)
        return self.reduce(term, value.reshape(flat), mask, ranges[len(free) :])

    def reduce(self, term: Term, value: Grid, mask: Grid, ranges: list[list[int]]) -> Grid:
        """The last axis reduced: a sum, or the first of the largest (NaN is largest), or its index."""
        jnp = self.jnp
        if term.monoid == "sum":
            return self.where(mask, value, 0.0).sum(-1)
        if value.shape[-1] == 0:
            return jnp.full(value.shape[:-1], -np.inf if term.monoid == "max" else -1)
        top = jnp.where(mask, value, -np.inf).max(-1, keepdims=True)
        leads = mask & jnp.where(jnp.isnan(top), jnp.isnan(value), value == top)
        first, some = jnp.argmax(leads, axis=-1), mask.any(-1)
        if term.monoid == "max":
            return jnp.where(some, jnp.take_along_axis(value, first[..., None], -1)[..., 0], -np.inf)
        index = next(k for k, b in enumerate(term.binders) if b.name == term.witness)
        place = jnp.unravel_index(first, [hi - lo for lo, hi in ranges])[index] + ranges[index][0]
        return jnp.where(some, place, -1)


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
