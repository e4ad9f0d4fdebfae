"""A candidate's kernels, run on arrays of any kind of numbers, and its public face on floats."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np
from numba.core.errors import NumbaError

from codegen.module import Source
from codegen.nodes import Kernel
from codegen.runtime.plain import ExactArray
from codegen.verify.load import load_fast, load_plain
from codegen.verify.shapes import Shape
from derive.algebra.system import System
from derive.oracle.residues import PRIME, PrimeField, Residue

Array = np.ndarray[Any, Any]
KERNELS = ("_forward", "_backward")

# What running a wrong text may raise: a wrong index, shape, name or number (NumPy's own exceptions are
# among these), and what Numba says of a text that it cannot compile. Anything else is a fault of ours
# and is not caught.
FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    NumbaError,
    TypeError,
    ValueError,
)


class Candidate:
    """A source with its module, compiled once for all rungs that need machine code."""

    def __init__(self, source: Source) -> None:
        self.source, self.plan, self.text = source, source.plan, source.text

    @cached_property
    def fast(self) -> ModuleType:
        return load_fast(self.source.name, self.text)

    @cached_property
    def plain(self) -> ModuleType:
        return load_plain(self.source.name, self.text)

    @cached_property
    def kernels(self) -> dict[str, ast.FunctionDef]:
        return kernel_definitions(self.text)


def kernel_definitions(text: str) -> dict[str, ast.FunctionDef]:
    """The definitions of the two kernels in a module's text."""
    found = {s.name: s for s in ast.parse(text).body if isinstance(s, ast.FunctionDef) and s.name in KERNELS}
    missing = [name for name in KERNELS if name not in found]
    if missing:
        raise ValueError(f"the text defines no {missing[0]}")
    return found


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs one kernel: arguments by name, what it writes made here and full of garbage.

    Its callers know everything by the author's names; `called` are those of the text that are others.
    """

    kernel: Kernel
    system: System
    function: Callable[..., None]
    arguments: tuple[str, ...]
    called: Mapping[str, str] = field(default_factory=dict)

    def __call__(
        self,
        given: Mapping[str, Any],
        shape: Shape,
        room: Callable[[tuple[int, ...], bool], Array],
        wanted: Collection[str] | None = None,
    ) -> dict[str, Array]:
        """The arrays that the kernel makes for its caller; outputs that are not wanted are empty."""
        kernel, shape = self.kernel, shape.called(self.called)
        authors = {text: name for name, text in self.called.items()}
        values = {**shape.symbols, **{self.called.get(n, n): value for n, value in given.items()}}
        for name in (*kernel.outputs, *kernel.saved, *kernel.workspace):
            extents = shape.of(self.system, name)
            if wanted is not None and name in kernel.outputs and authors.get(name, name) not in wanted:
                extents = (0,) * len(extents)
            values[name] = room(extents, self.system.tensor(name).integer)
        self.function(*(values[name] for name in self.arguments))
        return {authors.get(n, n): values[n] for n in (*kernel.outputs, *kernel.saved)}


def runner(source: Source, module: ModuleType, name: str) -> Runner:
    """The runner of one of a loaded module's kernels."""
    function = getattr(module, name)
    plain = getattr(function, "py_func", function)
    code = plain.__code__
    plan = source.plan
    forward = (plan.forward, plan.forward_system)
    kernel, system = forward if name == "_forward" else (plan.backward, plan.backward_system)
    return Runner(kernel, system, function, code.co_varnames[: code.co_argcount], plan.called)


class Bounded(ExactArray):
    """An array that refuses what plain Python would wrap around: a position below 0."""

    def __getitem__(self, at: Any) -> Any:
        _refuse_negative(at)
        return super().__getitem__(at)

    def __setitem__(self, at: Any, value: Any) -> None:
        _refuse_negative(at)
        super().__setitem__(at, value)


def _refuse_negative(at: Any) -> None:
    for place in at if isinstance(at, tuple) else (at,):
        ends = (place.start or 0, place.stop or 0) if isinstance(place, slice) else (place,)
        for end in ends:
            if end is not Ellipsis and end < 0:
                raise IndexError(f"a position below 0: {at}")


class Undefined:
    """What dividing by 0 gives: a kernel may set it up before a loop that has no turn, but not use it."""


class Field(PrimeField):
    """The prime field for kernels: a constant such as 1/N is only an error where it is used."""

    def number(self, p: int, q: int = 1) -> Any:
        return super().number(p, q) if q % PRIME else Undefined()


def exact(values: Any, integer: bool = False) -> Bounded:
    """A bounded array of elements of the prime field, or of integers."""
    array = np.array(values, dtype=np.int64 if integer else object, order="C").view(Bounded)
    array.field = Field()
    return array


def exact_garbage(shape: tuple[int, ...], integer: bool) -> Bounded:
    """What an array holds before a kernel writes to it: numbers that no sum could excuse."""
    if integer:
        return exact(np.full(shape, 1_000_003), integer=True)
    array = np.empty(shape, dtype=object)
    for n, at in enumerate(np.ndindex(shape)):
        array[at] = Residue((n + 3) * 1_000_000_000_000_037 % PRIME)
    return exact(array)


def same(found: Array, wanted: Array) -> str:
    """Nothing where two arrays are exactly equal, else where they first differ."""
    if found.shape != wanted.shape:
        return f"has shape {found.shape}, not {wanted.shape}"
    pairs = zip(np.ndindex(wanted.shape), found.flat, wanted.flat, strict=True)
    at = next((at for at, a, b in pairs if type(a) is not type(b) or a != b), None)
    return "" if at is None else f"differs at {list(at)}"
