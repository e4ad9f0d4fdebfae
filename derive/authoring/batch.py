"""The batch dimension of a spec that does not name one: one pure function, system -> system."""

from __future__ import annotations

from dataclasses import replace

from derive.algebra.expr import Expr, Number, Read, children, rebuild
from derive.algebra.index import Affine, Guard, Index, IntegerRead, Letter
from derive.algebra.system import Equation, Names, Size, System, Tensor, Term, constants, fresh, is_taken


def depends_on_data(system: System) -> frozenset[str]:
    """The tensors of which every example has its own."""
    readers: dict[str, set[str]] = {}
    for equation in system.equations:
        for name in equation.tensors():
            readers.setdefault(name, set()).add(equation.tensor)
    found = {t.name for t in system.tensors if t.role == "data"}
    waiting = list(found)
    while waiting:
        new = readers.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return frozenset(found)


def batch(system: System) -> System:
    """The system over a batch B: data and what depends on it get one axis more, parameters none.

    The axis comes first; after the steps for sequences (T, B, ...). A spec that names a batch
    dimension itself is left as it is.
    """
    if any(s.batch for s in system.sizes) or not any(t.role == "data" for t in system.tensors):
        return system
    taken: Names = {*constants(system), *(t.name for t in system.tensors)}
    name = fresh("B", taken)
    batched = depends_on_data(system)
    taken |= _indices(system)
    letters = tuple(x for x in ("b", "n", "e") if not is_taken(x, taken)) or (fresh("batch", taken),)
    size = Size(name, letters, "examples", batch=True)
    widen = _Widen(system, batched, Index(letters[0], Affine(), Affine.of(name)))
    return replace(
        system,
        sizes=(*system.sizes, size),
        tensors=tuple(widen.tensor(t) for t in system.tensors),
        equations=tuple(widen.equation(e) for e in system.equations),
    )


def _indices(system: System) -> set[Letter]:
    """Every index name in use."""
    bound = {b.name for e in system.equations for t in e.terms for b in t.binders}
    return bound | {i.name for e in system.equations for i in e.indices}


class _Widen:
    """Puts the batch index where it belongs."""

    def __init__(self, system: System, batched: frozenset[str], index: Index) -> None:
        self.batched, self.index = batched, index
        sequences = {s.name for s in system.sizes if s.sequence}
        self.place = {t.name: int(bool(t.dims) and t.dims[0].plain() in sequences) for t in system.tensors}

    def tensor(self, tensor: Tensor) -> Tensor:
        if tensor.name not in self.batched:
            return tensor
        return replace(
            tensor,
            dims=self._at(tensor.name, tensor.dims, self.index.hi),
            packed=tensor.packed + 1 if tensor.members else 0,
        )

    def _at(self, name: str, parts: tuple[Affine, ...], more: Affine) -> tuple[Affine, ...]:
        k = self.place[name]
        return (*parts[:k], more, *parts[k:])

    def equation(self, equation: Equation) -> Equation:
        terms = tuple(self.term(t) for t in equation.terms)
        if equation.tensor not in self.batched:
            return replace(equation, terms=terms)
        k = self.place[equation.tensor]
        return replace(
            equation, indices=(*equation.indices[:k], self.index, *equation.indices[k:]), terms=terms
        )

    def term(self, term: Term) -> Term:
        guards = tuple(self.guard(g) for g in term.guards)
        return replace(term, guards=guards, body=self.expr(term.body))

    def guard(self, guard: Guard) -> Guard:
        return type(guard)(*map(self.affine, guard.parts()))

    def expr(self, node: Expr) -> Expr:
        if isinstance(node, Read):
            at = tuple(map(self.affine, node.at))
            batched = node.tensor in self.batched
            return Read(node.tensor, self._at(node.tensor, at, self.index.symbol) if batched else at)
        if isinstance(node, Number):
            return replace(node, value=self.affine(node.value))
        return rebuild(node, tuple(map(self.expr, children(node))))

    def affine(self, e: Affine) -> Affine:
        total = Affine()
        for monomial, coefficient in e.terms:
            product = Affine.of(coefficient)
            for atom in monomial:
                product = product * Affine.of(self.read(atom) if isinstance(atom, IntegerRead) else atom)
            total = total + product
        return total

    def read(self, read: IntegerRead) -> IntegerRead:
        at = tuple(map(self.affine, read.at))
        batched = read.tensor in self.batched
        return IntegerRead(read.tensor, self._at(read.tensor, at, self.index.symbol) if batched else at)
