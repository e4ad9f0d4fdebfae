"""The declarations and equations of one op, as its author writes them down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from derive.algebra.decimals import exact
from derive.algebra.expr import Expr, Like, Parameter, Read, Sum, as_expr, walk
from derive.algebra.index import Affine, AffineLike, Index, IntegerRead, Letter, Quotient, names_of
from derive.algebra.system import IntegerParameter, RealParameter, Size, Tensor
from derive.authoring.arguments import declares, refuse
from derive.authoring.close import Scope, show
from derive.authoring.extent import check_extent
from derive.authoring.faults import authored
from derive.authoring.handles import Handle, integer, symbol
from derive.authoring.labels import ERROR, labels
from derive.errors import SpecError
from derive.names import check_name, location, place
from derive.words import shown


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

    line: int = 0

    @property
    def where(self) -> str:
        return place(self.path, self.line)

    def spec(self) -> Spec:
        """The declarations and equations, built afresh. Raises SpecError, with the line at fault."""
        spec = Spec(self)
        with authored(self.name, self.where):
            self.build(spec)
            spec.finish()
        return spec


class Family(tuple[OpSpec, ...]):
    """The ops that one function makes, one for each choice: `dense` itself, `dense.relu`, ..."""

    __slots__ = ()

    def __getattr__(self, choice: str) -> OpSpec:
        for op in self:
            if op.name == f"{self[0].name}_{choice}":
                return op
        names = ", ".join(op.name for op in self)
        raise AttributeError(f"{self[0].name} has no variant {choice!r}: it has {names}")


@dataclass(slots=True)
class Spec:
    """The declarations and equations of one op, in the order in which they are written."""

    op: OpSpec
    sizes: list[Size] = field(default_factory=list)
    ranges: dict[Letter, Index] = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)
    starts: dict[str, str] = field(default_factory=dict)
    packs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    integers: list[IntegerParameter] = field(default_factory=list)
    reals: list[RealParameter] = field(default_factory=list)
    equations: list[Authored] = field(default_factory=list)
    assigned: set[str] = field(default_factory=set)
    outputs: tuple[str, ...] = ()

    places: dict[str, str] = field(default_factory=dict)

    # declarations -----------------------------------------------------------------------------
    @declares
    def size(
        self,
        name: str,
        letters: str = "i",
        about: str = "",
        *,
        formula: Quotient | Affine | int | None = None,
        least: int = 0,
        sequence: bool = False,
        batch: bool = False,
    ) -> Affine:
        """A dimension; `letters` name its indices. A formula (`(H + 2*pad - P)//stride + 1`) derives it."""
        self._declare(name)
        derived = formula if formula is None or isinstance(formula, Quotient) else _quotient(name, formula)
        if derived is not None and derived.denominator == Affine():
            raise refuse(f"the formula of {name}", str(derived), "one that does not divide by 0")
        named = tuple(letters.split() if " " in letters else letters)
        if not named:
            raise SpecError(f"size {name} has no letters: give one for its indices", location())
        for letter in named:
            check_name(letter, location())
        self.sizes.append(Size(name, named, about, derived, least, sequence, batch))
        return symbol(name)

    @declares
    def sequence(self, name: str, letters: str = "t", about: str = "steps", least: int = 1) -> Affine:
        """A dimension along which the op runs step by step."""
        return self.size(name, letters, about, sequence=True, least=least)

    @declares
    def batch(self, name: str, letters: str = "n", about: str = "examples") -> Affine:
        """A batch dimension that the equations name; without one, every data tensor gets its own."""
        return self.size(name, letters, about, batch=True)

    @declares
    def index(self, name: str, hi: AffineLike, lo: AffineLike = 0) -> Affine:
        """An index with its domain lo <= name < hi."""
        check_name(name, location())
        letter, declared = Letter(name), Index(name, integer(lo), integer(hi))
        if (declared.hi - declared.lo).is_integer() and (declared.hi - declared.lo).integer() < 1:
            raise SpecError(f"index '{name}' has no value: {declared}; its range must hold one", location())
        if letter in self.ranges and self.ranges[letter] != declared:
            raise SpecError(
                f"index '{name}' has two ranges, {self.ranges[letter]} and {declared}: "
                "give one of them another name",
                location(),
            )
        if letter not in self.ranges:
            self._declare(name)
            self.ranges[letter] = declared
        return symbol(letter)

    def range_of(self, index: Affine) -> Index:
        """The declared range of an index."""
        letter = index.letter()
        if letter not in self.ranges:
            raise SpecError(f"{index} has no range: give an index that s.index(...) made", location())
        return self.ranges[letter]

    @declares
    def integer(self, name: str, default: int, least: int = 0, about: str = "") -> Affine:
        """A run-time integer, such as a stride."""
        self._declare(name)
        self.integers.append(IntegerParameter(name, default, least, about))
        return symbol(name)

    @declares
    def real(self, name: str, default: float, about: str = "") -> Expr:
        """A run-time real number, such as Huber's delta."""
        self._declare(name)
        self.reals.append(RealParameter(name, default, about))
        return Parameter(name)

    @declares
    def data(
        self,
        name: str,
        *dims: Affine,
        integer: bool = False,
        outside: str = ERROR,
        ignore_label: int | None = None,
        latex: str = "",
        about: str = "",
    ) -> Handle:
        """An input of which every example has its own.

        A label (`integer=True`) that is a position, or is compared with an index, has a range. What another
        one is, `outside=` says: "error", refused at the call, or "zero", the calculus' own meaning: what is
        read there is 0. `ignore_label=` is one value, wherever it lies, that is taken and counts as nothing.
        """
        return self._tensor(name, dims, "data", latex, about, **labels(name, integer, outside, ignore_label))

    @declares
    def parameter(self, name: str, *dims: Affine, latex: str = "", about: str = "") -> Handle:
        """An input that all examples share."""
        return self._tensor(name, dims, "parameter", latex, about)

    @declares
    def pack(self, name: str, members: str, *dims: Affine, about: str = "") -> tuple[Handle, ...]:
        """Parameters that are one array at run time: `W_f, W_i = s.pack("W", "f i", H, I)` is W (2, H, I)."""
        letters = tuple(members.split())
        if not letters:
            raise SpecError(f"pack {name} has no members: name them, as in 'f i o'", location())
        self._declare(name)
        for letter in letters:
            check_name(letter, location())
        self.packs[name] = tuple(f"{name}_{letter}" for letter in letters)
        return tuple(self.parameter(member, *dims, about=about) for member in self.packs[name])

    @declares
    def let(
        self, name: str, *dims: Affine, start: Handle | float | None = None, latex: str = "", about: str = ""
    ) -> Handle:
        """A tensor that an equation defines; `start` is its value at step -1: 0, if it is not given."""
        made = self._tensor(name, dims, "computed", latex, about)
        if start is not None and exact(start) != 0:
            first = _tensor_of(start, "start=").tensor
            if made.tensor.dims[1:] != first.dims or not dims:
                raise SpecError(
                    f"the start of {name} has axes {show(first.dims)}: give it those of one step of {name}",
                    location(),
                )
            self.starts[name] = first.name
        return made

    def returns(self, *outputs: Handle) -> None:
        """What the op computes, in this order."""
        names = tuple(_tensor_of(h, "returns").tensor.name for h in outputs)
        for name in names:
            if name not in {t.name for t in self.tensors}:
                raise SpecError(f"{name} is a tensor of another spec: return one of this spec", location())
        for n, handle in enumerate(outputs):
            if handle.tensor.role != "computed":
                raise SpecError(f"{names[n]} is an input: return what an equation defines", location())
            if names[n] in names[:n]:
                raise SpecError(f"{names[n]} is returned twice: return it once", location())
        self.outputs = names

    def _tensor(
        self, name: str, dims: tuple[Affine, ...], role: str, latex: str, about: str, **more: Any
    ) -> Handle:
        self._declare(name)
        axes = tuple(map(integer, dims))
        for axis in axes:
            if axis.is_integer() and axis.integer() < 1:
                raise SpecError(
                    f"{name} has an axis of length {axis}: an axis holds at least one", location()
                )
        tensor = Tensor(name, axes, role, latex=latex, about=about, **more)
        self.tensors.append(tensor)
        return Handle(self, tensor)

    def _declare(self, name: str) -> None:
        check_name(name, location())
        if name in self.places:
            raise SpecError(f"{name} is declared twice: give one of them another name", location())
        self.places[name] = location()

    @property
    def numbers(self) -> frozenset[str]:
        """The names of sizes, integers and reals: of all that is one number in a run."""
        return frozenset(n.name for declared in (self.sizes, self.integers, self.reals) for n in declared)

    def scope(self, tensors: Mapping[str, Tensor]) -> Scope:
        """What closing its equations over these tensors needs to know."""
        return Scope(self.op.name, tensors, tuple(self.sizes), self.ranges, self.numbers)

    # equations --------------------------------------------------------------------------------
    def read(self, tensor: Tensor, at: tuple[Affine, ...]) -> Any:
        """A read; of an integer tensor it is an index."""
        self._check_rank(tensor, at, "read")
        if not tensor.integer:
            return Read(tensor.name, at)
        if len(at) < len(tensor.dims):
            raise SpecError(
                f"{tensor.name} holds integers and has {len(tensor.dims)} axes: give each an index",
                location(),
            )
        return Affine.of(IntegerRead(tensor.name, at))

    def _check_rank(self, tensor: Tensor, at: tuple[Affine, ...], verb: str) -> None:
        if len(at) > len(tensor.dims):
            raise SpecError(
                f"{tensor.name} has {len(tensor.dims)} axes but is {verb} with {len(at)} indices: "
                "give one index an axis",
                location(),
            )

    def assign(self, handle: Handle, at: tuple[Affine, ...], value: Like, where: str) -> None:
        """Record an equation."""
        name = handle.tensor.name
        self._check_rank(handle.tensor, at, "written")
        if handle.tensor.role != "computed":
            raise SpecError(f"{name} is an input: an equation defines a tensor made by s.let", where)
        if name in self.assigned:
            raise SpecError(f"{name} has two equations: write one, as a sum of terms", where)
        found = as_expr(value)
        if isinstance(found, Sum) and found.args[0] == Read(name, at):
            raise SpecError(_added_to(name, at), where)
        check_extent(name, found, where)
        foreign = {node.tensor for node in walk(found) if isinstance(node, Read)} - self.places.keys()
        if foreign:
            raise SpecError(f"{min(foreign)} is a tensor of another spec: declare it in this one", where)
        self.assigned.add(name)
        self.equations.append(Authored(name, at, found, where))

    def finish(self) -> None:
        """Raise SpecError where something declared is not defined or nothing is returned."""
        defined = {e.tensor for e in self.equations}
        for tensor in self.tensors:
            if tensor.role == "computed" and tensor.name not in defined:
                raise SpecError(
                    f"{tensor.name} is declared but has no equation: write one, or drop it",
                    self.places[tensor.name],
                )
        self._check_lengths()
        if not self.outputs:
            raise SpecError("it returns nothing: end the spec with s.returns(...)")

    def _check_lengths(self) -> None:
        """Axes and formulas are made of the sizes and integers that are declared here."""
        known = {s.name for s in self.sizes} | {p.name for p in self.integers}
        lengths = [(t.name, names_of(t.dims)) for t in self.tensors]
        lengths += [(s.name, s.formula.names()) for s in self.sizes if s.formula is not None]
        for name, names in lengths:
            if names - known:
                raise SpecError(
                    f"the length of {name} depends on {min(names - known)}, which is no size or integer of "
                    "this spec: declare it with s.size",
                    self.places[name],
                )


def _added_to(name: str, at: tuple[Affine, ...]) -> str:
    """What to write instead of `agg[dst[m]] += w[m]`."""
    scattered = next((n for n, e in enumerate(at) if e.letter() is None and e.names()), None)
    if scattered is None:
        return f"{name} is added to itself: write one equation for it, with all summands"
    place, names = at[scattered], sorted(at[scattered].names(), key=str)
    over = f"({', '.join(map(str, names))})" if len(names) > 1 else str(names[0])
    axes = ", ".join("i" if n == scattered else str(e) for n, e in enumerate(at))
    return (
        f"{name} is added to itself, but an equation says all of it at once: write "
        f"{name}[{axes}] = total({over}, delta(i, {place}) * ...) with an index i of that axis"
    )


def _tensor_of(value: Any, used: str) -> Handle:
    if not isinstance(value, Handle):
        raise SpecError(f"{used} takes whole tensors, not {shown(value)}: give what s.let made", location())
    return value


def _quotient(name: str, formula: Any) -> Quotient:
    """A formula without a floor."""
    if isinstance(formula, bool) or not isinstance(formula, (Affine, int)):
        raise refuse(
            f"the formula of {name}", formula, "an expression of sizes and integers, such as (H - P)//2 + 1"
        )
    return Quotient(integer(formula), Affine.of(1), Affine())
