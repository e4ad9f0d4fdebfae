"""A tensor's equation as one that can be put in place of a read: with no sum left in it.

What does not depend on a summed index stands before the sum, and the sum that is left is a tensor of its
own: a[i] = sum_k b[i]*c[i,k] is a[i] = b[i]*s[i] with s[i] = sum_k c[i,k]. That holds wherever the sum
has a summand: 1/b[i]*0 would be evaluated where nothing was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeAlias

from derive.algebra.expr import Expr, Read, free_names, reads, substitute
from derive.algebra.index import Affine, Index, names_of
from derive.algebra.system import Equation, Names, Tensor, Term, fresh
from derive.combine.monomials import Monomial, expression, monomial

Shape: TypeAlias = tuple[int, tuple[tuple[Affine, Affine], ...], Expr]


@dataclass(frozen=True, slots=True)
class View:
    """An equation without sums, the sums that it reads, and the indices that must run over something."""

    equation: Equation
    sums: tuple[Equation, ...] = ()
    summed: tuple[Index, ...] = ()

    def declared(self) -> tuple[Tensor, ...]:
        """Declarations of the sums."""
        return tuple(
            Tensor(e.tensor, tuple(i.hi for i in e.indices), "computed", latex="s", about="a sum by itself")
            for e in self.sums
        )


@dataclass(slots=True)
class Sums:
    """The sums that have got names, each once, whatever its indices are called."""

    taken: Names
    known: dict[Shape, Equation] = field(default_factory=dict)

    def view(self, equation: Equation) -> View | None:
        """The equation without sums; None where it is a maximum, or a sum that nothing comes out of."""
        terms: list[Term] = []
        new: dict[Shape, Equation] = {}
        summed: list[Index] = []
        for term in equation.terms:
            if term.monoid != "sum":
                return None
            if not term.binders:
                terms.append(term)
                continue
            taken_out = _taken_out(equation, term)
            if taken_out is None:
                return None
            outside, inside = taken_out
            made = self._named(inside, new)
            summed += term.binders
            terms.append(
                Term((), (), expression(outside * monomial(replace(inside, tensor=made.tensor).lhs)))
            )
        return View(replace(equation, terms=tuple(terms)), tuple(new.values()), tuple(summed))

    def _named(self, made: Equation, new: dict[Shape, Equation]) -> Equation:
        """The sum that is known already, or under a free name of its own, which makes it new."""
        shape = _shape(made)
        same = self.known.get(shape) or new.get(shape)
        if same is not None:
            return same
        names = dict.fromkeys(r.tensor for r in reads(made.terms[0].body))
        name = fresh("_".join(("s", *names)), self.taken | {e.tensor for e in new.values()})
        new[shape] = replace(made, tensor=name)
        return new[shape]

    def keep(self, views: Iterable[View]) -> None:
        """The views' sums are known from now on."""
        sums = [e for view in views for e in view.sums]
        self.known.update((_shape(e), e) for e in sums)
        self.taken |= {e.tensor for e in sums}


def _taken_out(equation: Equation, term: Term) -> tuple[Monomial, Equation] | None:
    """What stands before the sum, and the sum that is left, still without a name."""
    if term.guards:
        return None
    bound = {b.name for b in term.binders}
    whole = monomial(term.body)
    varies = [f for f in (*whole.above, *whole.below) if free_names(f) & bound]
    inside = Monomial(
        Fraction(1),
        tuple(f for f in whole.above if f in varies),
        tuple(f for f in whole.below if f in varies),
    )
    outside = whole.without(inside)
    if not outside.above and not outside.below:
        return None
    left = Term(term.binders, (), expression(inside))
    names = left.names() | names_of(tuple(e for b in term.binders for e in (b.lo, b.hi)))
    indices = tuple(i for i in equation.indices if i.name in names)
    return outside, Equation("", indices, (left,), equation.where)


def _shape(equation: Equation) -> Shape:
    """The equation with its indices numbered."""
    term = equation.terms[0]
    order = [*equation.indices, *term.binders]
    put = {i.name: Affine.of(f"#{n}") for n, i in enumerate(order)}
    body: Expr = substitute(term.body, put)
    ranges = tuple((i.lo.substitute(put), i.hi.substitute(put)) for i in order)
    return len(equation.indices), ranges, body


def inlined(term: Term, view: View, read: Read) -> list[Term]:
    """The term with the view's terms in place of the factor `read`."""
    whole = monomial(term.body)
    at = whole.above.index(read)
    put = {i.name: e for i, e in zip(view.equation.indices, read.at, strict=True)}
    made = []
    for inner in view.equation.terms:
        part = monomial(substitute(inner.body, put))
        above = (*whole.above[:at], *part.above, *whole.above[at + 1 :])
        product = Monomial(whole.coefficient * part.coefficient, above, whole.below + part.below)
        guards = (*term.guards, *(g.substitute(put) for g in inner.guards))
        made.append(replace(term, guards=tuple(dict.fromkeys(guards)), body=expression(product)))
    return made
