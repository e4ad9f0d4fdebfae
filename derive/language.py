"""What the author of a spec imports: declarations, equations, matrix sugar and index notation.

from derive.language import op, sigmoid

@op(title="fully connected layer", source="document 000, 'Mathematical Representation'")
def layer(s):
    I, H = s.size("I", "k"), s.size("H", "i")
    x, W, b = s.data("x", I), s.parameter("W", H, I), s.parameter("b", H)
    h = s.let("h", H)
    h[:] = sigmoid(W @ x + b)                            # or h[i] = sigmoid(total(k, W[i, k]*x[k]) + b[i])
    s.returns(h)
"""

from __future__ import annotations

import inspect
import keyword
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from derive.errors import SpecError
from derive.expr import (
    ONE,
    Call,
    Choice,
    Expr,
    Like,
    Number,
    Operators,
    Parameter,
    Ratio,
    Read,
    Reduce,
    When,
    as_expr,
)
from derive.index import Affine, AffineLike, Delta, Guard, In, Index, IntegerRead, Quotient
from derive.scalars import SCALARS
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


def op(
    *, title: str, source: str, conventions: tuple[str, ...] = (), **choices: tuple[Any, ...]
) -> Callable[[Callable[..., None]], tuple[OpSpec, ...]]:
    """Make an op of a function that fills a `Spec`.

    A choice, `activation=(identity, tanh)`, makes an op of each of its values: the first has the
    function's name, the others have the value's name behind it.
    """

    def make(function: Callable[..., None]) -> tuple[OpSpec, ...]:
        path = inspect.getsourcefile(function) or ""
        variants: list[tuple[str, dict[str, Any]]] = [(function.__name__, {})]
        for key, values in choices.items():
            variants = [
                (name if n == 0 else f"{name}_{value.__name__}", {**chosen, key: value})
                for name, chosen in variants
                for n, value in enumerate(values)
            ]
        return tuple(
            OpSpec(check_name(name), _bound(function, chosen), title, source, path, conventions)
            for name, chosen in variants
        )

    return make


def _bound(function: Callable[..., None], chosen: dict[str, Any]) -> Callable[[Spec], None]:
    return lambda spec: function(spec, **chosen)


RESERVED = frozenset({"count", "index", "wrt", "np", "kernels", "forward", "vjp", "pack", "unpack"})


def check_name(name: str, where: str = "") -> str:
    """The name, if it may stand in generated source: a plain identifier, no keyword, not reserved."""
    plain = isinstance(name, str) and name.isascii() and name.isidentifier()
    if not plain or keyword.iskeyword(name) or name.startswith("_") or name in RESERVED:
        raise SpecError(
            f"{name!r} cannot name anything in generated source: use a plain ASCII identifier that "
            "is no keyword, does not begin with '_' and is none of " + ", ".join(sorted(RESERVED)),
            where,
        )
    return name


class Symbol(Affine):
    """A size or an index as its author holds it: `1/n` is a number, `2*n` an index expression."""

    __slots__ = ()

    def __truediv__(self, other: Like) -> Expr:
        return Ratio(Number(Affine(self.terms)), as_expr(other))

    def __rtruediv__(self, other: Like) -> Expr:
        return Ratio(as_expr(other), Number(Affine(self.terms)))


def _symbol(name: str) -> Symbol:
    return Symbol(Affine.of(name).terms)


class Handle(Operators):
    """A declared tensor, to be indexed, multiplied and assigned to."""

    __slots__ = ("spec", "tensor", "start")

    def __init__(self, spec: Spec, tensor: Tensor, start: Handle | None = None) -> None:
        self.spec, self.tensor, self.start = spec, tensor, start

    def as_expr(self) -> Expr:
        return self.spec.read(self.tensor, ())

    def __getitem__(self, at: Any) -> Any:
        return self.spec.read(self.tensor, _positions(at))

    def __setitem__(self, at: Any, value: Like) -> None:
        self.spec.assign(self, _positions(at), value, location())


def _positions(at: Any) -> tuple[Affine, ...]:
    parts = at if isinstance(at, tuple) else (at,)
    return () if parts == (slice(None),) else tuple(Affine.of(part) for part in parts)


def location() -> str:
    """file:line of the nearest caller outside this package's language module."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename == __file__:
        frame = frame.f_back
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


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
        return _symbol(name)

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
        return _symbol(name)

    def integer(self, name: str, default: int, least: int = 0, about: str = "") -> Affine:
        """A run-time integer, such as a stride."""
        self._declare(name)
        self.integers.append(IntegerParameter(name, default, least, about))
        return _symbol(name)

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
        taken |= {p.name for p in (*self.integers, *self.reals)}
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


# expressions ----------------------------------------------------------------------------------
def total(over: Affine | tuple[Affine, ...], body: Like, where: tuple[Guard, ...] = ()) -> Expr:
    """The sum of `body` over indices, where the guards hold."""
    return _reduce("sum", over, body, where)


def largest(over: Affine | tuple[Affine, ...], body: Like, where: tuple[Guard, ...] = ()) -> Expr:
    """The maximum of `body` over indices, where the guards hold; -inf where there is none."""
    return _reduce("max", over, body, where)


def _reduce(monoid: str, over: Affine | tuple[Affine, ...], body: Like, where: tuple[Guard, ...]) -> Expr:
    indices = over if isinstance(over, tuple) else (over,)
    # the domains are filled in when the equation is closed: an index alone does not know its spec
    binders = tuple(Index(i.plain() or str(i), Affine(), Affine()) for i in indices)
    return Reduce(monoid, binders, where, as_expr(body))


def delta(a: AffineLike, b: AffineLike) -> Expr:
    """1 where a == b; what it multiplies is not evaluated elsewhere."""
    return When((Delta(Affine.of(a), Affine.of(b)),), ONE)


def inside(e: AffineLike, lo: AffineLike, hi: AffineLike) -> Expr:
    """1 where lo <= e < hi; what it multiplies is not evaluated elsewhere."""
    return When((In(Affine.of(e), Affine.of(lo), Affine.of(hi)),), ONE)


def between(e: AffineLike, lo: AffineLike, hi: AffineLike) -> Guard:
    """The guard lo <= e < hi, for `where=` of a sum or maximum."""
    return In(Affine.of(e), Affine.of(lo), Affine.of(hi))


def equal(a: AffineLike, b: AffineLike) -> Guard:
    """The guard a == b, for `where=` of a sum or maximum."""
    return Delta(Affine.of(a), Affine.of(b))


def where(left: Like, relation: str, right: Like, then: Like, otherwise: Like) -> Expr:
    """`then` where `left relation right` holds, else `otherwise`; relations are < <= > >=."""
    if relation not in ("<", "<=", ">", ">="):
        raise SpecError(f"relation {relation!r} is none of < <= > >=", location())
    return Choice(*map(as_expr, (left,)), relation, *map(as_expr, (right, then, otherwise)))


def _function(name: str) -> Callable[[Like], Expr]:
    def apply(x: Like) -> Expr:
        return Call(name, (as_expr(x),))

    apply.__name__ = name
    apply.__doc__ = f"The scalar function {name}, element by element."
    return apply


def identity(x: Like) -> Expr:
    """x itself: the activation of a linear layer."""
    return as_expr(x)


exp, log, sqrt = (_function(name) for name in ("exp", "log", "sqrt"))
sigmoid, tanh, relu = (_function(name) for name in ("sigmoid", "tanh", "relu"))
log1p, expm1, softplus = (_function(name) for name in ("log1p", "expm1", "softplus"))
sin, cos, absolute = (_function(name) for name in ("sin", "cos", "absolute"))
normal_cdf, normal_pdf = (_function(name) for name in ("normal_cdf", "normal_pdf"))
assert {"exp", "normal_pdf"} <= SCALARS.keys()
