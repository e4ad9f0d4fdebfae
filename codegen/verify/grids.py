"""JAX meanings of expressions on dense grids of index space, masked where nothing is evaluated.

Under a mask nothing undefined is ever computed: arguments of functions, denominators and bases of
powers are replaced by 1 where the mask is false *before* the function is applied, so that neither a
value nor a gradient can be NaN where the system evaluates nothing.
"""

from __future__ import annotations

import importlib
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from derive.algebra.domains import zero_outside
from derive.algebra.expr import (
    Call,
    Choice,
    Expr,
    Negative,
    Number,
    Parameter,
    Power,
    Product,
    Ratio,
    Read,
    Sum,
)
from derive.algebra.index import Affine, Guard, In, IntegerRead

Point = Mapping[Any, Any]  # by Name: integers, or arrays of integers that broadcast against each other
Grid = Any  # a NumPy or JAX array

RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def load_jax() -> Any:
    """The module jax, in double precision; one clear error where it is not installed."""
    try:
        jax: Any = importlib.import_module("jax")
    except ImportError as fault:
        raise ImportError("the autodiff oracle needs JAX: pip install 'gradsmith[jax]'") from fault
    jax.config.update("jax_enable_x64", True)
    return jax


def functions() -> dict[str, Callable[[Any], Any]]:
    """The scalar functions as JAX has them."""
    jax = load_jax()
    jnp, norm = jax.numpy, jax.scipy.stats.norm
    names = ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh", "sign")
    return {
        **{name: getattr(jnp, name) for name in names},
        "absolute": jnp.abs,
        "sigmoid": jax.nn.sigmoid,
        "softplus": jax.nn.softplus,
        "normal_cdf": norm.cdf,
        "normal_pdf": norm.pdf,
        "relu": lambda x: jnp.where(x <= 0, 0.0, x),
        "relu_right": lambda x: jnp.where(x <= 0, 0.0, x),
        "step": lambda x: jnp.where(x > 0, 1.0, jnp.where(x <= 0, 0.0, x)),
        "step_right": lambda x: jnp.where(x >= 0, 1.0, jnp.where(x < 0, 0.0, x)),
    }


def everywhere(mask: Any) -> bool:
    """Whether a mask is known to be true at every point before the program runs: then nothing is masked."""
    return isinstance(mask, (bool, np.bool_, np.ndarray)) and bool(np.all(mask))


def conjunction(*masks: Any) -> Any:
    """Where all masks are true; those that are true everywhere are left out."""
    return fold(operator.and_, [np.True_, *(mask for mask in masks if not everywhere(mask))])


def picked(array: Grid, places: Sequence[Any]) -> Grid:
    """Elements of an array, at places inside it.

    Rows and transposes where the places allow it: their reverse mode compiles many times faster than
    that of gathers.
    """
    take = load_jax().lax.dynamic_index_in_dim
    for axis in reversed([axis for axis, place in enumerate(places) if not np.ndim(place)]):
        array = take(array, places[axis], axis, keepdims=False)
    places = [p for p in places if np.ndim(p)]
    order = sorted(range(len(places)), key=lambda axis: -np.ndim(places[axis]))
    lengths = {np.ndim(p): extent for p, extent in zip(places, array.shape, strict=True)}
    whole = all(_is_whole(p, extent) for p, extent in zip(places, array.shape, strict=True))
    if whole and len(lengths) == len(places):
        return array.transpose(order).reshape(
            [lengths.get(n, 1) for n in range(max(lengths, default=0), 0, -1)]
        )
    return array.at[tuple(places)].get(mode="promise_in_bounds", wrap_negative_indices=False)


def _is_whole(place: Any, extent: int) -> bool:
    """Whether places along the first axis of their grid are those of a whole axis, in order."""
    known = isinstance(place, np.ndarray) and place.size == len(place)
    return known and np.array_equal(place.ravel(), np.arange(extent))


class Grids:
    """Expressions on grids; a subclass says where the arrays of the tensors come from."""

    def __init__(self, reals: Mapping[str, Any]) -> None:
        self.jnp = load_jax().numpy
        self.functions = functions()
        self.reals = reals

    def source(self, tensor: str, at: Sequence[Affine], point: Point) -> tuple[Grid, list[Grid], Any]:
        """The array to read, positions in it (0 on axes that they leave), and where they are inside."""
        raise NotImplementedError

    # integers ---------------------------------------------------------------------------------
    def affine(self, e: Affine, point: Point) -> Any:
        """An index expression on the grid; stays a plain integer where it is constant."""
        total: Any = 0
        for monomial, coefficient in e.terms:
            product: Any = coefficient
            for atom in monomial:
                value = self.integer_read(atom, point) if isinstance(atom, IntegerRead) else point[atom]
                product = product * value
            total = total + product
        return total

    def integer_read(self, read: IntegerRead, point: Point) -> Grid:
        """Elements of an integer tensor, -1 outside its domain."""
        array, places, inside = self.source(read.tensor, read.at, point)
        if 0 in array.shape:
            return -1
        if not all(isinstance(place, int | np.integer | np.ndarray) for place in places):
            array = load_jax().numpy.asarray(array)  # a step of a scan is no number that NumPy could index by
        return array[tuple(places)] * inside - 1 * (1 - 1 * inside)

    def guard(self, guard: Guard, point: Point) -> Any:
        """Where a guard is true."""
        parts = [self.affine(e, point) for e in guard.parts()]
        if isinstance(guard, In):
            return conjunction(parts[1] <= parts[0], parts[0] < parts[2])
        return np.True_ & (parts[0] == parts[1])

    # numbers ----------------------------------------------------------------------------------
    def read(self, node: Read, point: Point, mask: Any) -> Grid:
        """Elements of a floating tensor, 0 outside its domain and where the mask is false."""
        array, places, inside = self.source(node.tensor, node.at, point)
        if 0 in array.shape:
            return self.jnp.zeros(())
        return self.where(conjunction(inside, mask), picked(array, places), 0.0)

    def where(self, mask: Any, value: Any, other: float) -> Grid:
        """The value under the mask, another number elsewhere."""
        return value if everywhere(mask) else self.jnp.where(mask, value, other)

    def nonzero(self, node: Expr, point: Point) -> Any:
        """Where no factor is read outside its domain."""
        return conjunction(*(self.source(r.tensor, r.at, point)[2] for r in zero_outside(node)))

    def value(self, node: Expr, point: Point, mask: Any) -> Grid:
        """The expression on the grid; anything finite where the mask is false."""
        match node:
            case Number(value, denominator) if value.is_integer():
                return self.jnp.float64(value.integer() / denominator)
            case Number(value, denominator):
                return self.affine(value, point) / self.jnp.float64(denominator)
            case Parameter(name):
                return self.jnp.asarray(self.reals[name], dtype=float)
            case Read():
                return self.read(node, point, mask)
            case Sum(args):
                return fold(operator.add, [self.value(arg, point, mask) for arg in args])
            case Negative(arg):
                return -self.value(arg, point, mask)
            case Power(base, exponent):
                return self.where(mask, self.value(base, point, mask), 1.0) ** exponent
            case Call(function, (arg,)):
                return self.functions[function](self.where(mask, self.value(arg, point, mask), 1.0))
            case Choice(left, relation, right, then, otherwise):
                holds = RELATIONS[relation](self.value(left, point, mask), self.value(right, point, mask))
                chosen = self.value(then, point, mask & holds)
                return self.jnp.where(holds, chosen, self.value(otherwise, point, mask & ~holds))
        return self._product(node, point, mask)

    def _product(self, node: Expr, point: Point, mask: Any) -> Grid:
        mask = conjunction(mask, self.nonzero(node, point))
        match node:
            case Product(args):
                whole = fold(operator.mul, [self.value(arg, point, mask) for arg in args])
            case Ratio(top, bottom):
                below = self.where(mask, self.value(bottom, point, mask), 1.0)
                whole = self.value(top, point, mask) / below
            case _:
                raise TypeError(f"{type(node).__name__} has no value of its own")
        return self.where(mask, whole, 0.0)


def fold(combine: Callable[[Any, Any], Any], values: Sequence[Any]) -> Any:
    """The values combined, from the first to the last."""
    total = values[0]
    for value in values[1:]:
        total = combine(total, value)
    return total
