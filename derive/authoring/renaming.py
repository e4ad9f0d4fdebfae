"""A part's names, positions and expressions in the terms of the whole."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from derive.algebra.expr import (
    Expr,
    Number,
    Parameter,
    Read,
    Reduce,
    When,
    children,
    rebuild,
)
from derive.algebra.index import Affine, Guard, IntegerRead, Letter, Name
from derive.algebra.system import Tensor
from derive.authoring.handles import Handle
from derive.authoring.spec import Spec
from derive.authoring.values import Repetition, Standing


@dataclass(slots=True)
class Renaming:
    """What a part's names, positions and expressions are in the whole."""

    whole: Spec
    part: Spec
    name: str
    over: Repetition | None
    atoms: dict[Name, Affine] = field(default_factory=dict)  # sizes, indices, integer parameters
    reals: dict[str, Expr] = field(default_factory=dict)
    tensors: dict[str, Handle] = field(default_factory=dict)  # of the whole's own, and those declared here
    standing: dict[str, Standing] = field(default_factory=dict)
    labels: dict[str, Affine] = field(default_factory=dict)
    zeros: frozenset[str] = frozenset()

    @property
    def index(self) -> Affine | None:
        """The index that the part is repeated over."""
        return None if self.over is None else self.over.index

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
        if read.tensor in self.labels:
            return self.labels[read.tensor]
        found = self.standing[read.tensor]
        return Affine.of(IntegerRead(found.tensor, found.positions(tuple(map(self.affine, read.at)))))

    def own(self, tensor: str) -> Tensor:
        """The part's declaration of one of its tensors."""
        return next(t for t in self.part.tensors if t.name == tensor)

    def repeated(self, tensor: str) -> bool:
        return self.over is not None and self.own(tensor).role != "parameter"

    def axis(self, tensor: str) -> int:
        """The repeated axis comes first; behind the steps of a sequence."""
        dims = self.own(tensor).dims
        sequences = {s.name for s in self.part.sizes if s.sequence}
        return int(bool(dims) and dims[0].plain() in sequences)

    def guard(self, guard: Guard) -> Guard:
        return type(guard)(*map(self.affine, guard.parts()))

    def expr(self, node: Expr) -> Expr:
        """An equation's right side."""
        match node:
            case Read(tensor, at):
                return self.standing[tensor].read(tuple(map(self.affine, at)))
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
        return (*dims[:axis], self.over.size, *dims[axis:])
