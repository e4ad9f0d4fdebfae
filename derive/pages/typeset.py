"""What LaTeX and MathML have in common: symbols for tensors, members of packs, open factors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from derive.algebra.expr import Expr, Read, substitute
from derive.algebra.index import Affine, Delta, Index, Letter
from derive.algebra.system import Equation, Term
from derive.language import Spec
from derive.pages.symbols import Symbols, label, symbols_of
from derive.pages.writer import Row, Writer

Labels = Mapping[Letter, tuple[str, ...]]
"""Indices that run over the members of a pack, with the members' labels."""


def never_open(node: Expr) -> bool:
    """In index notation every factor is a number."""
    return False


def openness(spec: Spec) -> Callable[[Expr], bool]:
    """Whether an author's tree stands for a vector or matrix, by the spec's declarations."""
    scope = spec.scope({t.name: t for t in spec.tensors})
    return lambda node: bool(scope.shape(node))


@dataclass(frozen=True, slots=True)
class Typeset(Writer):
    """A writer that knows the tensors; `labels` is filled in by `within`."""

    symbols: Symbols = field(default_factory=lambda: symbols_of(()))
    labels: Labels = field(default_factory=dict)
    opens: Callable[[Expr], bool] = never_open

    bars = True
    line = 78

    def is_open(self, node: Expr) -> bool:
        return self.opens(node)

    def within(self, equation: Equation) -> Typeset:
        return replace(self, labels=member_indices(equation, self.symbols))

    def member(self, tensor: str, at: Affine) -> str:
        """The label of one member, or the index that runs over them."""
        members = self.symbols.members(tensor)
        return label(members[at.integer()]) if at.is_integer() else str(at)

    def member_labels(self, index: Letter) -> list[str]:
        """The labels of the members that an index runs over."""
        return [label(member) for member in self.labels[index]]

    def named_member(self, guard: Delta) -> str:
        """The label of the member that a guard chooses, or nothing."""
        index = guard.a.letter()
        chosen = index in self.labels and guard.b.is_integer()
        return self.member_labels(index)[guard.b.integer()] if index and chosen else ""

    def rows(self, equation: Equation) -> list[Row]:
        """The equation as lines; where every term belongs to one member, a line a member."""
        writer = self.within(equation)
        parts = by_member(equation, writer.labels)
        if not parts:
            return writer.lines(writer.expr(equation.lhs), equation.terms)
        return [row for part in parts for row in writer.lines(writer.expr(part[0]), part[1])]

    def split_binders(self, binders: Sequence[Index]) -> tuple[list[Letter], list[Index]]:
        """The names of plain indices, and the indices that run over members."""
        plain = [b.name for b in binders if b.name not in self.labels]
        return plain, [b for b in binders if b.name in self.labels]


def split_member(
    symbols: Symbols, tensor: str, at: tuple[Affine, ...]
) -> tuple[Affine | None, tuple[Affine, ...]]:
    """The index of a packed tensor's member, if it has members, and the other indices."""
    if not symbols.members(tensor) or not at:
        return None, at
    axis = symbols.tensors[tensor].packed
    return at[axis], (*at[:axis], *at[axis + 1 :])


def member_indices(equation: Equation, symbols: Symbols) -> Labels:
    """The indices of an equation that run over the members of a pack."""
    found: dict[Letter, tuple[str, ...]] = {}
    for read in (equation.lhs, *(r for t in equation.terms for r in t.reads())):
        at, _ = split_member(symbols, read.tensor, read.at)
        if at is not None and (letter := at.letter()):
            found[letter] = symbols.members(read.tensor)
    return found


def by_member(equation: Equation, labels: Labels) -> list[tuple[Read, tuple[Term, ...]]]:
    """One equation for each member, if the guards of all terms choose one and all are chosen."""
    chosen = [_chosen(term, labels) for term in equation.terms]
    names = {letter for delta in chosen if delta and (letter := delta.a.letter())}
    if None in chosen or len(names) != 1 or not names <= {i.name for i in equation.indices}:
        return []
    name = names.pop()
    parts: dict[int, list[Term]] = {number: [] for number in range(len(labels[name]))}
    for term, delta in zip(equation.terms, chosen, strict=True):
        if delta is not None and delta.b.integer() in parts:
            parts[delta.b.integer()].append(_at_member(term, delta, name))
    if not all(parts.values()):
        return []
    lefts = {n: tuple(e.substitute({name: Affine.of(n)}) for e in equation.lhs.at) for n in parts}
    return [(Read(equation.tensor, lefts[n]), tuple(terms)) for n, terms in parts.items()]


def _at_member(term: Term, delta: Delta, name: Letter) -> Term:
    """The term where the delta holds, without it."""
    put = {name: delta.b}
    guards = tuple(g.substitute(put) for g in term.guards if g != delta)
    return replace(term, guards=guards, body=substitute(term.body, put))


def _chosen(term: Term, labels: Labels) -> Delta | None:
    deltas = (g for g in term.guards if isinstance(g, Delta) and g.b.is_integer())
    return next((d for d in deltas if d.a.letter() in labels), None)
