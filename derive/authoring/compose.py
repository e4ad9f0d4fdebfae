"""Systems of systems: one op's equations inside another's, with names of their own.

    first = use(s, lstm, "first", x=x)                      # its parameters become first_W, first_U, first_b
    second = use(s, lstm, "second", x=first.h)              # stacked
    conv = use(s, conv2d, "conv", over=n, X=images, pad=2)  # for every n of a named batch

What is not given is declared: parameters and data under the part's name, sizes that no given tensor
binds, formulas of derived sizes. Numbers that are not given keep their defaults, as constants. An output
that is given is defined: `use(s, softmax, "head", over=t, x=scores, p=y)` is the equation of y.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

from derive.algebra.expr import Expr, Number, Parameter, Read, Reduce, When, as_expr, children, rebuild
from derive.algebra.index import Affine, Guard, Index, IntegerRead, Letter, Name, Quotient
from derive.algebra.system import Size, Tensor, fresh
from derive.authoring.close import show
from derive.authoring.handles import Handle
from derive.authoring.spec import Family, OpSpec, Spec
from derive.errors import SpecError
from derive.names import location


@dataclass(slots=True)
class Translation:
    """From a part's names to the whole's."""

    whole: Spec
    part: Spec
    name: str
    over: Affine | None
    atoms: dict[Name, Affine] = field(default_factory=dict)  # sizes, indices, integer parameters
    reals: dict[str, Expr] = field(default_factory=dict)
    tensors: dict[str, Handle] = field(default_factory=dict)

    def affine(self, e: Affine) -> Affine:
        """An index expression, its integer reads renamed."""
        total = Affine()
        for monomial, coefficient in e.terms:
            product = Affine.of(coefficient)
            for atom in monomial:
                product = product * (self.read(atom) if isinstance(atom, IntegerRead) else self.atom(atom))
            total = total + product
        return total

    def atom(self, name: Name) -> Affine:
        return self.atoms.get(name, Affine.of(name))

    def index_of(self, name: Letter) -> Letter:
        """What one of the part's indices is in the whole."""
        letter = self.atom(name).letter()
        assert letter is not None, f"{name} stands for {self.atom(name)}"
        return letter

    def read(self, read: IntegerRead) -> Affine:
        at = self.at(read.tensor, read.at)
        return Affine.of(IntegerRead(self.tensors[read.tensor].tensor.name, at))

    def at(self, tensor: str, at: tuple[Affine, ...]) -> tuple[Affine, ...]:
        """Positions, with the index that the part is repeated over where the tensor depends on it."""
        moved = tuple(map(self.affine, at))
        if self.over is None or not self.repeated(tensor):
            return moved
        axis = min(self.axis(tensor), len(moved))
        return (*moved[:axis], self.over, *moved[axis:])

    def repeated(self, tensor: str) -> bool:
        return next(t for t in self.part.tensors if t.name == tensor).role != "parameter"

    def axis(self, tensor: str) -> int:
        """The repeated axis comes first; behind the steps of a sequence."""
        dims = next(t for t in self.part.tensors if t.name == tensor).dims
        sequences = {s.name for s in self.part.sizes if s.sequence}
        return int(bool(dims) and dims[0].plain() in sequences)

    def guard(self, guard: Guard) -> Guard:
        return type(guard)(*map(self.affine, guard.parts()))

    def expr(self, node: Expr) -> Expr:
        """An equation's right side."""
        match node:
            case Read(tensor, at):
                return Read(self.tensors[tensor].tensor.name, self.at(tensor, at))
            case Number(value):
                return replace(node, value=self.affine(value))
            case Parameter(name):
                return self.reals[name]
            case When(guards, body):
                return When(tuple(map(self.guard, guards)), self.expr(body))
            case Reduce(monoid, binders, guards, body):
                named = tuple(b.renamed(self.index_of(b.name)) for b in binders)
                return Reduce(monoid, named, tuple(map(self.guard, guards)), self.expr(body))
            case _:
                return rebuild(node, tuple(map(self.expr, children(node))))

    def dims(self, tensor: Tensor) -> tuple[Affine, ...]:
        """A part's tensor's dimensions in the whole."""
        dims = tuple(map(self.affine, tensor.dims))
        if self.over is None or not self.repeated(tensor.name):
            return dims
        axis = self.axis(tensor.name)
        size = self.whole.range_of(self.over).hi
        return (*dims[:axis], size, *dims[axis:])

    # binding --------------------------------------------------------------------------------------
    def bind_sizes(self, given: dict[str, Handle]) -> None:
        """Each size of the part, from the tensors that are given to it."""
        derived = {size.name for size in self.part.sizes if size.formula is not None}
        for name, handle in given.items():
            tensor = next(t for t in self.part.tensors if t.name == name)
            found = list(handle.tensor.dims)
            if self.over is not None and self.repeated(name) and len(found) > len(tensor.dims):
                del found[self.axis(name)]
            if len(found) != len(tensor.dims):
                raise SpecError(
                    f"{self.name}: {handle.tensor.name} has {len(found)} axes, but {name} of "
                    f"{self.part.op.name} has {len(tensor.dims)}: give a tensor with as many",
                    location(),
                )
            for dim, outer in zip(tensor.dims, found, strict=True):
                if tensor.role != "computed" or dim.plain() not in derived:
                    self._bind(dim.plain(), outer, handle.tensor.name)
        for size in self.part.sizes:
            self._declare_size(size)

    def check_outputs(self, given: dict[str, Handle]) -> None:
        """Raise SpecError where a given output has other sizes than the part makes."""
        for tensor in self.part.tensors:
            handle = given.get(tensor.name) if tensor.role == "computed" else None
            if handle is not None and handle.tensor.dims != self.dims(tensor):
                raise SpecError(
                    f"{self.name}: {tensor.name} of {self.part.op.name} is {show(self.dims(tensor))}, but "
                    f"{handle.tensor.name} is {show(handle.tensor.dims)}: give a tensor of that size",
                    location(),
                )

    def _bind(self, inner: str | None, outer: Affine, tensor: str) -> None:
        if inner is None:
            return
        known = self.atoms.setdefault(inner, outer)
        if known != outer:
            raise SpecError(
                f"{self.name}: {inner} of {self.part.op.name} is {known} already, but {tensor} makes it "
                f"{outer}: give tensors whose sizes agree",
                location(),
            )

    def _declare_size(self, size: Size) -> None:
        if size.name in self.atoms:
            return
        formula = size.formula
        if formula is not None:
            parts = (formula.numerator, formula.denominator, formula.offset)
            formula = Quotient(*map(self.affine, parts))
            known = formula.polynomial()
            # a size that the whole has already, or a number, needs no name of its own
            if known is not None and (known.is_integer() or known.plain()):
                self.atoms[size.name] = known
                return
        name = f"{self.name}_{size.name}"
        letters = " ".join((*size.letters, ""))
        self.atoms[size.name] = Affine.of(
            self.whole.size(
                name,
                letters,
                size.about,
                formula=formula,
                least=size.least,
                sequence=size.sequence,
                batch=size.batch,
            )
        )

    def declare_indices(self) -> None:
        """The part's indices: the whole's own where it has the same, else under names that are free."""
        # two of the part's stay two, and none becomes an index that the part was given
        used = {name for given in (*self.atoms.values(), self.over or Affine()) for name in given.names()}
        for index in self.part.ranges.values():
            wanted = Index(index.name, self.affine(index.lo), self.affine(index.hi))
            text = self._letter(wanted, used)
            self.atoms[index.name] = Affine.of(self.whole.index(text, wanted.hi, wanted.lo))
            used.add(Letter(text))

    def _letter(self, wanted: Index, used: set[Name]) -> str:
        """An index's name in the whole: its own, a letter of the size that it runs over, or a new one."""
        ranges, places = self.whole.ranges, self.whole.places
        sizes = (s for s in self.whole.sizes if s.name == wanted.hi.plain() and wanted.lo == Affine())
        letters = next((s.letters for s in sizes), ())
        own = wanted.name.text
        same = [n for n in (own, *letters) if ranges.get(Letter(n)) == wanted.renamed(n)]
        free = [n for n in letters if n not in places]
        known = (n for n in (*same, *free) if Letter(n) not in used)
        return next(known, fresh(own, set(places)))

    def declare_tensors(self, given: dict[str, Handle]) -> None:
        """Given tensors as they are; the others declared, packs as packs."""
        self.tensors.update(given)
        packs = {members[0]: name for name, members in self.part.packs.items()}
        for tensor in self.part.tensors:
            if tensor.name in self.tensors:
                continue
            if tensor.name in packs:
                self._declare_pack(packs[tensor.name], tensor)
            else:
                self.tensors[tensor.name] = self._declare(tensor)

    def _declare_pack(self, name: str, first: Tensor) -> None:
        members = self.part.packs[name]
        letters = " ".join(m.removeprefix(f"{name}_") for m in members)
        made = self.whole.pack(f"{self.name}_{name}", letters, *self.dims(first), about=first.about)
        self.tensors.update(zip(members, made, strict=True))

    def _declare(self, tensor: Tensor) -> Handle:
        name, dims = f"{self.name}_{tensor.name}", self.dims(tensor)
        if tensor.role == "data":
            more = {f: getattr(tensor, f) for f in ("integer", "outside", "ignore_label", "about")}
            return self.whole.data(name, *dims, **more)
        if tensor.role == "parameter":
            return self.whole.parameter(name, *dims, about=tensor.about)
        start = self.part.starts.get(tensor.name)
        return self.whole.let(name, *dims, start=self.tensors[start] if start else None, about=tensor.about)

    def declare_starts(self, given: dict[str, Handle]) -> None:
        """What a given output is before its first step."""
        for inner, start in self.part.starts.items():
            if inner in given:
                self.whole.starts[given[inner].tensor.name] = self.tensors[start].tensor.name


def use(
    whole: Spec, part: OpSpec | Family, name: str, over: Affine | None = None, **given: Any
) -> SimpleNamespace:
    """Write a part's equations into a spec; its outputs as handles, by their names in the part.

    `given` binds the part's inputs, outputs and numbers; what is not given is declared as `name_input`.
    `over` repeats the part for every value of an index (a named batch).

    Raises SpecError for a name that the part does not have and for sizes that do not agree.
    """
    part = part[0] if isinstance(part, tuple) else part
    inner = part.spec()
    names = {t.name for t in inner.tensors if t.role != "computed"} | set(inner.outputs)
    handles = {k: v for k, v in given.items() if isinstance(v, Handle)}
    for pack, members in inner.packs.items():
        if pack in given:
            handles.update(zip(members, given[pack], strict=True))
    numbers = {p.name for p in inner.integers} | {p.name for p in inner.reals}
    unknown = [k for k in given if k not in names | numbers | inner.packs.keys()]
    if unknown:
        known = ", ".join(sorted(names | numbers))
        raise SpecError(f"{name}: {part.name} has no {unknown[0]!r}: it has {known}", location())
    translation = Translation(whole, inner, name, over)
    for parameter in inner.integers:
        translation.atoms[parameter.name] = Affine.of(given.get(parameter.name, parameter.default))
    for real in inner.reals:
        value = given.get(real.name, Fraction(str(real.default)))
        translation.reals[real.name] = as_expr(value)
    translation.bind_sizes(handles)
    translation.check_outputs(handles)
    translation.declare_indices()
    translation.declare_tensors(handles)
    translation.declare_starts(handles)
    for equation in inner.equations:
        target = translation.tensors[equation.tensor]
        at = translation.at(equation.tensor, equation.at)
        whole.assign(target, at, translation.expr(equation.value), equation.where)
    return SimpleNamespace(**{n: translation.tensors[n] for n in inner.outputs})
