"""The declarations and equations of one op, as its author writes them down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from derive.errors import SpecError
from derive.expr import Expr, Like, Parameter, Read, as_expr
from derive.handles import Handle, symbol
from derive.index import Affine, AffineLike, Index, IntegerRead, Quotient
from derive.names import check_name, location
from derive.system import IntegerParameter, RealParameter, Size, Tensor


@dataclass(frozen=True, slots=True)
class Authored:
    """One equation as its author wrote it."""

    tensor: str
    at: tuple[Affine, ...]
    value: Expr
    where: str


@dataclass(frozen=True, slots=True)
class OpSpec:
    """One op: how its spec is built, what it is called, and where its equations come from."""

    name: str
    build: Callable[[Spec], None]
    title: str
    source: str
    path: str
    conventions: tuple[str, ...] = ()

    def spec(self) -> Spec:
        """The declarations and equations, built afresh."""
        spec = Spec(self)
        self.build(spec)
        spec.finish()
        return spec


@dataclass(slots=True)
class Spec:
    """The declarations and equations of one op, in the order in which they are written."""

    op: OpSpec
    sizes: list[Size] = field(default_factory=list)
    ranges: dict[str, Index] = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)
    starts: dict[str, str] = field(default_factory=dict)
    packs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    integers: list[IntegerParameter] = field(default_factory=list)
    reals: list[RealParameter] = field(default_factory=list)
    equations: list[Authored] = field(default_factory=list)
    outputs: tuple[str, ...] = ()

    # declarations -----------------------------------------------------------------------------
    def size(self, name: str, letters: str = "i", about: str = "", **more: Any) -> Affine:
        """A dimension; `letters` name its indices. A formula (`(H + 2*pad - P)//stride + 1`) derives it."""
        formula = more.pop("formula", None)
        if isinstance(formula, Affine):
            formula = Quotient(formula, Affine.of(1), Affine())
        self._declare(name)
        self.sizes.append(
            Size(name, tuple(letters.split() if " " in letters else letters), about, formula, **more)
        )
        return symbol(name)

    def sequence(self, name: str, letters: str = "t", about: str = "steps", least: int = 1) -> Affine:
        """A dimension along which the op runs step by step."""
        return self.size(name, letters, about, sequence=True, least=least)

    def batch(self, name: str, letters: str = "n", about: str = "examples") -> Affine:
        """A batch dimension that the equations name; without one, every data tensor gets its own."""
        return self.size(name, letters, about, batch=True)

    def index(self, name: str, hi: AffineLike, lo: AffineLike = 0) -> Affine:
        """An index with its domain lo <= name < hi."""
        declared = Index(name, Affine.of(lo), Affine.of(hi))
        if name in self.ranges and self.ranges[name] != declared:
            raise SpecError(
                f"{self.op.name}: index '{name}' has two ranges, {self.ranges[name]} and {declared}: "
                "give one of them another name",
                location(),
            )
        if name not in self.ranges:
            self._declare(name, index=True)
        self.ranges[name] = declared
        return symbol(name)

    def integer(self, name: str, default: int, least: int = 0, about: str = "") -> Affine:
        """A run-time integer, such as a stride."""
        self._declare(name)
        self.integers.append(IntegerParameter(name, default, least, about))
        return symbol(name)

    def real(self, name: str, default: float, about: str = "") -> Expr:
        """A run-time real number, such as Huber's delta."""
        self._declare(name)
        self.reals.append(RealParameter(name, default, about))
        return Parameter(name)

    def data(
        self, name: str, *dims: Affine, integer: bool = False, latex: str = "", about: str = ""
    ) -> Handle:
        """An input of which every example has its own."""
        return self._tensor(Tensor(name, dims, "data", integer, latex, about))

    def parameter(self, name: str, *dims: Affine, latex: str = "", about: str = "") -> Handle:
        """An input that all examples share."""
        return self._tensor(Tensor(name, dims, "parameter", False, latex, about))

    def pack(self, name: str, members: str, *dims: Affine, about: str = "") -> tuple[Handle, ...]:
        """Parameters that are one array at run time: `W_f, W_i = s.pack("W", "f i", H, I)` is W (2, H, I)."""
        letters = tuple(members.split())
        self._declare(name)
        self.packs[name] = tuple(f"{name}_{letter}" for letter in letters)
        return tuple(self.parameter(f"{name}_{letter}", *dims, about=about) for letter in letters)

    def let(
        self, name: str, *dims: Affine, start: Handle | None = None, latex: str = "", about: str = ""
    ) -> Handle:
        """A tensor that an equation defines; `start` is its value at step -1."""
        if start is not None:
            self.starts[name] = start.tensor.name
        return self._tensor(Tensor(name, dims, "computed", False, latex, about))

    def returns(self, *outputs: Handle) -> None:
        """What the op computes, in this order."""
        self.outputs = tuple(h.tensor.name for h in outputs)

    def _tensor(self, tensor: Tensor) -> Handle:
        self._declare(tensor.name)
        self.tensors.append(tensor)
        return Handle(self, tensor)

    def _declare(self, name: str, index: bool = False) -> None:
        check_name(name, location())
        taken = {s.name for s in self.sizes} | {t.name for t in self.tensors} | set(self.packs)
        taken |= {p.name for p in self.integers} | {p.name for p in self.reals}
        if name in taken or (
            not index and name in self.ranges and name not in {t.name for t in self.tensors}
        ):
            raise SpecError(
                f"{self.op.name}: {name} is declared twice: give one of them another name", location()
            )

    # equations --------------------------------------------------------------------------------
    def read(self, tensor: Tensor, at: tuple[Affine, ...]) -> Any:
        """A read; of an integer tensor it is an index."""
        if len(at) > len(tensor.dims):
            raise SpecError(
                f"{self.op.name}: {tensor.name} has {len(tensor.dims)} axes but is read with "
                f"{len(at)} indices: give one index an axis",
                location(),
            )
        return Affine.of(IntegerRead(tensor.name, at)) if tensor.integer else Read(tensor.name, at)

    def assign(self, handle: Handle, at: tuple[Affine, ...], value: Like, where: str) -> None:
        """Record an equation."""
        name = handle.tensor.name
        if handle.tensor.role != "computed":
            raise SpecError(
                f"{self.op.name}: {name} is an input: an equation defines a tensor made by s.let", where
            )
        if any(e.tensor == name for e in self.equations):
            raise SpecError(f"{self.op.name}: {name} has two equations: write one, as a sum of terms", where)
        try:
            expression = as_expr(value)
        except TypeError as fault:
            raise SpecError(f"{self.op.name}: {fault}", where) from None
        self.equations.append(Authored(name, at, expression, where))

    def finish(self) -> None:
        """Raise SpecError where something declared is not defined or nothing is returned."""
        defined = {e.tensor for e in self.equations}
        for tensor in self.tensors:
            if tensor.role == "computed" and tensor.name not in defined:
                raise SpecError(
                    f"{self.op.name}: {tensor.name} is declared but has no equation: write one, or drop it"
                )
        if not self.outputs:
            raise SpecError(f"{self.op.name}: it returns nothing: end the spec with s.returns(...)")
