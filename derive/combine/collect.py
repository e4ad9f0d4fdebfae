"""The terms of an equation after something cancelled, put together in the way that is least work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from derive.algebra.expr import ZERO, Expr, Read, Sum
from derive.algebra.index import Guard, Index, Letter
from derive.algebra.system import Term
from derive.combine.measure import ordered, terms_work
from derive.combine.monomials import Monomial, collected, multiplied_out, summed
from derive.stable.rewriting import rewrite

Domain = tuple[tuple[Index, ...], tuple[Guard, ...]]


@dataclass(frozen=True, slots=True)
class Piece:
    """What became of one term, or of one of the terms that it turned into.

    `at` is the term's number, `before` and `after` are it before and after it was reduced. `product` is
    its factors where `domain`, indices and guards, is; None for a term that is no sum. `shorter` says
    whether its product was reduced.
    """

    at: int
    before: Term
    after: Term
    product: Monomial | None
    domain: Domain = ((), ())
    shorter: bool = False
    taken_in: tuple[Read, ...] = ()
    cancelled: tuple[Expr, ...] = ()
    folded: tuple[Expr, ...] = ()

    @property
    def new(self) -> bool:
        return self.shorter or bool(self.taken_in)


def gather(pieces: Sequence[Piece], free: set[Letter]) -> tuple[Term, ...]:
    """The equation's new terms: those of one domain together, where the first of them stood."""
    made: list[Term] = []
    done: set[Domain] = set()
    for piece in pieces:
        alike = [p for p in pieces if p.product is not None and p.domain == piece.domain]
        if piece.product is None or not any(p.new for p in alike):
            made.append(piece.after)
        elif piece.domain not in done:
            done.add(piece.domain)
            made += _least(alike, free)
    return tuple(made)


def _least(pieces: Sequence[Piece], free: set[Letter]) -> tuple[Term, ...]:
    """The shorter or new pieces as one, alone or with the others of their domain, multiplied out or not."""
    sets = [tuple(p for p in pieces if p.shorter), tuple(p for p in pieces if p.new)]
    sets += [] if pieces[0].domain[0] else [tuple(pieces)]
    choices = [_together(pieces, some, out) for some in sets if some for out in (True, False)]
    return min(choices, key=lambda terms: ordered(terms_work(terms, free)))


def _together(pieces: Sequence[Piece], chosen: Sequence[Piece], out: bool) -> tuple[Term, ...]:
    """The pieces' terms with the chosen ones added up, where the first of them stands."""
    made: list[Term] = []
    for piece in pieces:
        if piece is chosen[0]:
            model = Term(*piece.domain, body=ZERO)
            made += _total(model, [p.product for p in chosen if p.product is not None], out)
        elif piece not in chosen:
            made.append(piece.after)
    return tuple(made)


def _total(model: Term, products: Iterable[Monomial], out: bool) -> list[Term]:
    """The sum of the products; the summands of a sum without a common factor are terms of their own."""
    opened = [part for p in products for part in (multiplied_out(p, _kept(p)) if out else (p,))]
    body = summed(collected(opened))
    split = isinstance(body, Sum) and not model.binders
    bodies = body.args if split and isinstance(body, Sum) else (body,)
    return [replace(model, body=part) for part in bodies if part != ZERO]


def _kept(product: Monomial) -> list[Expr]:
    """Sums that lose digits when they are multiplied out: the rule table has a better form of them."""
    return [f for f in product.above if isinstance(f, Sum) and rewrite(f)[1]]
