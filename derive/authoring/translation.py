"""From a part's names to the whole's: its sizes, indices, tensors and equations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from derive.algebra.expr import (
    ZERO,
    Expr,
    Read,
    Reduce,
    free_names,
    reads,
    walk,
)
from derive.algebra.index import Affine, Index, Letter, Name, Quotient
from derive.algebra.system import Names, Size, Tensor, fresh
from derive.authoring.close import Shape, names_in, show
from derive.authoring.handles import Handle
from derive.authoring.renaming import Renaming
from derive.authoring.spec import Authored
from derive.authoring.values import Given, Standing, standing
from derive.authoring.zeros import without
from derive.errors import SpecError
from derive.names import location


@dataclass(slots=True)
class Translation(Renaming):
    """Declares in the whole what a part needs, and writes the part's equations there."""

    # binding --------------------------------------------------------------------------------------
    def bind_sizes(self, shapes: Mapping[str, tuple[str, Shape]]) -> None:
        """Each size of the part, from the tensors that are given to it: what they are called, their axes."""
        derived = {size.name for size in self.part.sizes if size.formula is not None}
        for name, (called, found) in shapes.items():
            tensor = self.own(name)
            if len(found) != len(tensor.dims):
                raise SpecError(
                    f"{self.name}: {called} has {len(found)} axes, but {name} of {self.part.op.name} has "
                    f"{len(tensor.dims)}: give a tensor with as many"
                )
            for dim, outer in zip(tensor.dims, found, strict=True):
                if tensor.role != "computed" or dim.plain() not in derived:
                    self._bind(dim.plain(), outer, called)
        for size in self.part.sizes:
            self._declare_size(size)
        for name, (called, found) in shapes.items():
            wanted = tuple(map(self.affine, self.own(name).dims))
            if self.own(name).role != "computed" and wanted != found:
                raise SpecError(
                    f"{self.name}: {name} of {self.part.op.name} is {show(wanted)}, but {called} is "
                    f"{show(found)}: give a tensor of that size"
                )

    def check_outputs(self, given: dict[str, Handle]) -> None:
        """Raise SpecError where a given output has other sizes than the part makes."""
        for tensor in self.part.tensors:
            handle = given.get(tensor.name) if tensor.role == "computed" else None
            if handle is not None and handle.tensor.dims != self.dims(tensor):
                raise SpecError(
                    f"{self.name}: {tensor.name} of {self.part.op.name} is {show(self.dims(tensor))}, but "
                    f"{handle.tensor.name} is {show(handle.tensor.dims)}: give a tensor of that size"
                )

    def _bind(self, inner: str | None, outer: Affine, tensor: str) -> None:
        if inner is None:
            return
        known = self.atoms.setdefault(inner, outer)
        if known != outer:
            raise SpecError(
                f"{self.name}: {inner} of {self.part.op.name} is {known} already, but {tensor} makes it "
                f"{outer}: give tensors whose sizes agree"
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
        used = {name for given in (*self.atoms.values(), self.index or Affine()) for name in given.names()}
        for index in (i for i in self.part.ranges.values() if i.name not in self.atoms):
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

    def declare_tensors(self) -> None:
        """The tensors that nothing stands for, packs as packs unless a member is given."""
        packs = {members[0]: name for name, members in self.part.packs.items()}
        for tensor in self.part.tensors:
            if tensor.name in {*self.standing, *self.labels, *self.zeros}:
                continue
            members = self.part.packs.get(packs.get(tensor.name, ""), ())
            if members and not {*members} & {*self.standing, *self.zeros}:
                self._declare_pack(packs[tensor.name], tensor)
            else:
                self.stand_in(tensor.name, self._declare(tensor))

    def stand_in(self, name: str, handle: Handle) -> None:
        """A tensor of the whole with the dimensions that the part's has in it."""
        self.tensors[name] = handle
        axis = self.axis(name) if self.repeated(name) else None
        self.standing[name] = Standing(handle.tensor.name, (), False, axis, self.index)

    def _declare_pack(self, name: str, first: Tensor) -> None:
        members = self.part.packs[name]
        letters = " ".join(m.removeprefix(f"{name}_") for m in members)
        made = self.whole.pack(f"{self.name}_{name}", letters, *self.dims(first), about=first.about)
        for member, handle in zip(members, made, strict=True):
            self.stand_in(member, handle)

    def _declare(self, tensor: Tensor) -> Handle:
        name, dims = f"{self.name}_{tensor.name}", self.dims(tensor)
        if tensor.role == "data":
            more = {f: getattr(tensor, f) for f in ("integer", "outside", "ignore_label", "about")}
            return self.whole.data(name, *dims, **more)
        if tensor.role == "parameter":
            return self.whole.parameter(name, *dims, about=tensor.about)
        start = self.tensors.get(self.part.starts.get(tensor.name, ""))
        return self.whole.let(name, *dims, start=start, about=tensor.about)

    def declare_starts(self, outputs: Mapping[str, Handle]) -> None:
        """What a given output is before its first step; nothing, where that is 0."""
        for inner, start in self.part.starts.items():
            if inner in outputs and start in self.tensors:
                self.whole.starts[outputs[inner].tensor.name] = self.tensors[start].tensor.name

    # what is given ----------------------------------------------------------------------------------
    def take(self, given: Mapping[str, Given]) -> None:
        """What stands for each input that is given as a floating value."""
        self.zeros = frozenset(name for name, value in given.items() if value.expr == ZERO)
        starts = set(self.part.starts.values())
        for name, value in given.items():
            if name in self.zeros:
                continue
            found = standing(value, self.index)
            if name in starts:  # a start is a tensor of its own, of the dimensions that a step has
                self.tensors[name] = self._start(name, value, found)
                self.stand_in(name, self.tensors[name])
            else:
                self.standing[name] = found or self._defined(name, value)

    def _start(self, name: str, value: Given, found: Standing | None) -> Handle:
        dims = self.dims(self.own(name))
        known = {t.name: t for t in self.whole.tensors}
        if found is not None and found.whole() and known[found.tensor].dims == dims:
            return Handle(self.whole, known[found.tensor])
        made = self.whole.let(f"{self.name}_{name}", *dims, about=self.own(name).about)
        spread = self.repeated(name) and value.axis is None
        at = (self.over.index,) if self.over is not None and spread else ()
        self.whole.assign(made, at, value.expr, location())
        return made

    def _defined(self, name: str, value: Given) -> Standing:
        """A tensor of the input's name whose equation is the value."""
        shape = value.shape
        if shape is None:
            shape = tuple(map(self.affine, self.own(name).dims))
        elif value.axis is not None and self.over is not None:
            shape = (*shape[: value.axis], self.over.size, *shape[value.axis :])
        made, at = self._equation(name, shape, value.expr, self.own(name).about)
        return Standing(made.tensor.name, at, False, value.axis, self.index)

    def number(self, name: str, value: Expr, about: str) -> Expr:
        """What stands for a real number of the part: a constant or an element, else a tensor without axes."""
        if isinstance(value, Read) or not reads(value):
            return value
        made, at = self._equation(name, (), value, about)
        return Read(made.tensor.name, at)

    def _equation(
        self, name: str, shape: Shape, value: Expr, about: str
    ) -> tuple[Handle, tuple[Affine, ...]]:
        """A tensor that a value defines, one for every repetition if the value is another for each."""
        varies = self.over is not None and bool(self.over.index.names() & free_names(value))
        at = (self.over.index,) if self.over is not None and varies else ()
        dims = (self.over.size, *shape) if self.over is not None and varies else shape
        made = self.whole.let(f"{self.name}_{name}", *dims, about=about)
        self.whole.assign(made, at, value, location())
        return made, at

    # equations --------------------------------------------------------------------------------------
    def write(self, equation: Authored) -> None:
        """One of the part's equations, in the whole."""
        value = without(equation.value, self.zeros)
        touched = [(r.tensor, len(r.at)) for r in reads(value)] + [(equation.tensor, len(equation.at))]
        if not all(self.standing[tensor].can_read(count) for tensor, count in touched):
            equation = self._indexed(replace(equation, value=value))
            value = equation.value
        target = self.standing[equation.tensor]
        at = target.positions(tuple(map(self.affine, equation.at)))
        self.whole.assign(self.tensors[equation.tensor], at, self.expr(value), equation.where)

    def _indexed(self, authored: Authored) -> Authored:
        """One of the part's equations without matrix sugar, its new indices declared."""
        spec = self.part
        scope = spec.scope({t.name: t for t in spec.tensors})
        taken: Names = {*spec.ranges, *names_in(authored.value)}
        rest = scope.tensors[authored.tensor].dims[len(authored.at) :]
        indices = tuple(scope.letter(dim, taken) for dim in rest)
        value = scope.close(authored.value, tuple(i.symbol for i in indices), taken)
        bound = (b for part in walk(value) if isinstance(part, Reduce) for b in part.binders)
        for index in (*indices, *bound):
            spec.ranges.setdefault(index.name, index)
        self.declare_indices()
        return replace(authored, at=(*authored.at, *(i.symbol for i in indices)), value=value)
