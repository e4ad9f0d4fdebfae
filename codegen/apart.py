"""Systems whose names are not those that the emitted text needs itself: `step` becomes `step_`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from codegen.names import WORDS
from derive.algebra.expr import Expr, Number, Parameter, Read, children, rebuild
from derive.algebra.index import Affine, Atom, Guard, Index, IntegerRead, Quotient
from derive.algebra.system import Equation, Size, System, Tensor, Term, constants, fresh


def keep_apart(forward: System, backward: System) -> tuple[System, System, dict[str, str]]:
    """The systems as the text calls them, and by the authors' names what is called otherwise there."""
    names = {t.name for s in (forward, backward) for t in s.tensors} | constants(forward)
    taken = names | WORDS
    put = {name: fresh(f"{name}_", taken) for name in sorted(names & WORDS)}
    if not put:
        return forward, backward, {}
    rename = Renaming(put)
    return rename.system(forward), rename.system(backward), put


@dataclass(frozen=True, slots=True)
class Renaming:
    """Tensors and constants under other names; no two of them are called the same."""

    put: Mapping[str, str]

    def name(self, name: str) -> str:
        return self.put.get(name, name)

    def names(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(self.name, names))

    def system(self, system: System) -> System:
        return replace(
            system,
            sizes=tuple(map(self.size, system.sizes)),
            tensors=tuple(map(self.tensor, system.tensors)),
            inputs=self.names(system.inputs),
            outputs=self.names(system.outputs),
            equations=tuple(map(self.equation, system.equations)),
            integers=tuple(replace(p, name=self.name(p.name)) for p in system.integers),
            reals=tuple(replace(p, name=self.name(p.name)) for p in system.reals),
        )

    def size(self, size: Size) -> Size:
        formula = size.formula
        if formula is not None:
            formula = self.quotient(formula)
        return replace(size, name=self.name(size.name), formula=formula)

    def quotient(self, q: Quotient) -> Quotient:
        return Quotient(*map(self.affine, (q.numerator, q.denominator, q.offset)))

    def tensor(self, tensor: Tensor) -> Tensor:
        dims = tuple(map(self.affine, tensor.dims))
        of, into = self.name(tensor.of), self.name(tensor.into)
        return replace(tensor, name=self.name(tensor.name), dims=dims, of=of, into=into)

    def equation(self, equation: Equation) -> Equation:
        indices, terms = tuple(map(self.index, equation.indices)), tuple(map(self.term, equation.terms))
        return replace(equation, tensor=self.name(equation.tensor), indices=indices, terms=terms)

    def term(self, term: Term) -> Term:
        binders, guards = tuple(map(self.index, term.binders)), tuple(map(self.guard, term.guards))
        return replace(term, binders=binders, guards=guards, body=self.expr(term.body))

    def index(self, index: Index) -> Index:
        return Index(index.name, self.affine(index.lo), self.affine(index.hi))

    def guard(self, guard: Guard) -> Guard:
        return type(guard)(*map(self.affine, guard.parts()))

    def expr(self, node: Expr) -> Expr:
        match node:
            case Read(tensor, at):
                return Read(self.name(tensor), tuple(map(self.affine, at)))
            case Number(value, denominator):
                return Number(self.affine(value), denominator)
            case Parameter(name):
                return Parameter(self.name(name))
        return rebuild(node, tuple(map(self.expr, children(node))))

    def affine(self, e: Affine) -> Affine:
        total = Affine()
        for monomial, coefficient in e.terms:
            product = Affine.of(coefficient)
            for atom in monomial:
                product = product * self.atom(atom)
            total = total + product
        return total

    def atom(self, atom: Atom) -> Affine:
        match atom:
            case IntegerRead(tensor, at):
                return Affine.of(IntegerRead(self.name(tensor), tuple(map(self.affine, at))))
            case str():
                return Affine.of(self.name(atom))
        return Affine.of(atom)
