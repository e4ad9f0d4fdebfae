"""One equation that takes in others: its terms with equations in place of reads, reduced, and collected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from derive.algebra.domains import drop_redundant_guards, simplify, zero_outside
from derive.algebra.expr import ONE, Expr, Read, transform
from derive.algebra.index import Affine, Delta, In, Letter
from derive.algebra.system import Equation, System, Term
from derive.combine.collect import Piece, gather
from derive.combine.monomials import expression, monomial
from derive.combine.ranges import Place
from derive.combine.reduce import Definition, Quotients, reduce
from derive.combine.views import View, inlined


@dataclass(frozen=True, slots=True)
class Attempt:
    """An equation at each stage, and what happened on the way."""

    substituted: Equation
    reduced: Equation
    collected: Equation
    taken_in: tuple[Read, ...]
    cancelled: tuple[Expr, ...]
    folded: tuple[Expr, ...]

    @property
    def name(self) -> str:
        return self.collected.tensor


@dataclass(frozen=True, slots=True)
class Workshop:
    """What an attempt is made with: the tensors, the forward equations, and what has a name there."""

    system: System
    forward: Mapping[str, Equation]
    quotients: Quotients
    copies: Mapping[str, Definition]

    def attempt(self, equation: Equation, views: Mapping[str, View]) -> Attempt:
        """The equation with the views in place of what they define, wherever that is legal."""
        around = Place(self.system, self.forward, equation.indices)
        pieces = [p for n, t in enumerate(equation.terms) for p in self._pieces(n, t, views, around)]
        gathered = gather(pieces, {i.name for i in equation.indices})
        collected = (simplify(self.system, t, equation.indices) for t in gathered)
        return Attempt(
            replace(equation, terms=tuple(p.before for p in pieces)),
            replace(equation, terms=tuple(p.after for p in pieces)),
            replace(equation, terms=tuple(collected)),
            tuple(dict.fromkeys(read for p in pieces for read in p.taken_in)),
            tuple(dict.fromkeys(factor for p in pieces for factor in p.cancelled)),
            tuple(dict.fromkeys(factor for p in pieces for factor in p.folded)),
        )

    def _pieces(self, at: int, term: Term, views: Mapping[str, View], around: Place) -> Iterator[Piece]:
        """What becomes of one term; a maximum stays as it is."""
        if term.monoid != "sum":
            yield Piece(at, term, term, None)
            return
        for made, taken_in in self._inlined(term, views, around):
            explicit = self._explicit(made, around)
            product = monomial(explicit.body)
            found = reduce(product, around.within(explicit), self.quotients)
            shorter = not found.monomial.same_factors(product)
            after = replace(explicit, body=expression(found.monomial)) if shorter else made
            domain = (explicit.binders, explicit.guards)
            yield Piece(
                at, made, after, found.monomial, domain, shorter, taken_in, found.cancelled, found.folded
            )

    def _inlined(
        self, term: Term, views: Mapping[str, View], around: Place
    ) -> Iterator[tuple[Term, tuple[Read, ...]]]:
        """The term with every view that it reads in its place, one after the other."""
        read = self._readable(term, views, around.within(term))
        if read is None:
            yield term, ()
            return
        for made in inlined(term, views[read.tensor], read):
            for inner, more in self._inlined(made, views, around):
                yield inner, (read, *more)

    def _readable(self, term: Term, views: Mapping[str, View], place: Place) -> Read | None:
        """The first factor that a view can be put in place of: inside its domain, no sum of it empty."""
        for factor in monomial(term.body).above:
            view = views.get(factor.tensor) if isinstance(factor, Read) else None
            legal = view is not None and isinstance(factor, Read) and place.inside(factor)
            if view is not None and legal and place.not_empty(view.summed):
                assert isinstance(factor, Read)
                return factor
        return None

    def _explicit(self, term: Term, around: Place) -> Term:
        """The term with its factors' zero extensions as guards, and one name for what has two."""
        place = around.within(term)
        body = self._one_name(term.body, place)
        for delta in (g for g in term.guards if isinstance(g, Delta)):
            body = _one_letter(body, delta, {i.name for i in place.indices})
        missing = [r for r in zero_outside(body) if not place.inside(r)]
        dims = {r: self.system.tensor(r.tensor).dims for r in missing}
        guards = (In(e, Affine(), dim) for r in missing for e, dim in zip(r.at, dims[r], strict=True))
        bare = replace(term, guards=(*term.guards, *guards), body=ONE)
        return replace(drop_redundant_guards(self.system, bare, around.indices), body=body)

    def _one_name(self, body: Expr, place: Place) -> Expr:
        """Copies of a tensor as that tensor."""

        def change(node: Expr) -> Expr:
            if isinstance(node, Read) and node.tensor in self.copies and place.inside(node):
                return change(self.copies[node.tensor].of(node))
            return node

        return transform(body, change)


def _one_letter(body: Expr, delta: Delta, letters: set[Letter]) -> Expr:
    """Under k == y[n], p[n,y[n]] is p[n,k]."""
    sides = ((delta.a, delta.b), (delta.b, delta.a))
    index, other = next(((a, b) for a, b in sides if a.letter() in letters), (None, None))
    if index is None or other is None or other.letter() in letters:
        return body

    def change(node: Expr) -> Expr:
        if not isinstance(node, Read):
            return node
        return replace(node, at=tuple(index if e == other else e for e in node.at))

    return transform(body, change)
