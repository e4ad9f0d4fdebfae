"""A probability less 1, at the class that a label names, as minus the sum of the other probabilities.

Where p[k] = e[k]/Z and Z = sum e[l], the p[l] add up to 1, so p[j] - 1 = -sum p[l], l != j. The left side
has no digits left where p[j] has rounded to 1; the right side adds numbers of one sign. So of

    c*p[k] - [k == j]*c                    (the slope of a cross-entropy, c any factor)

the terms at k == j are replaced: it is c*p[k] at k < j and at k > j, and -c*(sum p[l], l != j) at k == j.
That holds for every integer j: one outside the axis has no term k == j, and all k lie to one side of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from derive.algebra.domains import inside
from derive.algebra.expr import (
    ONE,
    ZERO,
    Expr,
    Negative,
    Product,
    Ratio,
    Read,
    Sum,
    When,
    minus,
    over,
    plus,
    substitute,
    times,
)
from derive.algebra.index import Affine, Delta, Guard, In, Index
from derive.algebra.system import Equation, System, Tensor, Term, constants, fresh, fresh_letter
from derive.stable.rescale import Joint, candidates
from derive.steps import Recorder


@dataclass(frozen=True, slots=True)
class Shares:
    """The sums of exponentials Z and the named p = e/Z of a forward system."""

    forward: System
    sums: tuple[Equation, ...]

    def among(self, factors: Factors, k: Index) -> Iterator[Expr]:
        """Every e[k]/Z, by its name or in full, that these factors hold and that k runs through."""
        for node in factors.above:
            if isinstance(node, Read) and self._is_share(node, k):
                yield node
        yield from self._in_full(factors, k)

    def _in_full(self, factors: Factors, k: Index) -> Iterator[Ratio]:
        for node in factors.below:
            e = self._summand(node, k)
            if e is not None and factors.without(factors_of(e)) is not None:
                yield Ratio(e, node)

    def _is_share(self, read: Read, k: Index) -> bool:
        """Whether the tensor's equation is e[k]/Z and no more."""
        made = self.forward.definition(read.tensor)
        term = made.terms[0] if made is not None and len(made.terms) == 1 else None
        if made is None or term is None or term.binders or term.guards:
            return False
        body = substitute(term.body, dict(zip((i.name for i in made.indices), read.at, strict=True)))
        whole = factors_of(body)
        return any(factors_of(share) == whole for share in self._in_full(whole, k))

    def _summand(self, node: Expr, k: Index) -> Expr | None:
        """e[k], where the node is Z = sum e[l] and l runs where k does."""
        total = next((s for s in self.sums if isinstance(node, Read) and s.tensor == node.tensor), None)
        if total is None or not isinstance(node, Read) or any(k.name in e.names() for e in node.at):
            return None
        (term,) = total.terms
        if term.guards or [(b.lo, b.hi) for b in term.binders] != [(k.lo, k.hi)]:
            return None
        at = dict(zip((i.name for i in total.indices), node.at, strict=True))
        return substitute(term.body, at | {term.binders[0].name: k.symbol})


@dataclass(frozen=True, slots=True)
class Factors:
    """A product: whether it is negative, and what stands above and below the line."""

    negative: bool
    above: Counter[Expr]
    below: Counter[Expr]

    def without(self, other: Factors) -> Factors | None:
        """The quotient, where all factors of the other are among these."""
        if not (other.above <= self.above and other.below <= self.below):
            return None
        return Factors(self.negative != other.negative, self.above - other.above, self.below - other.below)


def factors_of(node: Expr) -> Factors:
    match node:
        case Negative(arg):
            found = factors_of(arg)
            return replace(found, negative=not found.negative)
        case Product(args):
            parts = [factors_of(arg) for arg in args]
            above = sum((p.above for p in parts), Counter[Expr]())
            below = sum((p.below for p in parts), Counter[Expr]())
            return Factors(sum(p.negative for p in parts) % 2 == 1, above, below)
        case Ratio(top, bottom):
            a, b = factors_of(top), factors_of(bottom)
            return Factors(a.negative != b.negative, a.above + b.below, a.below + b.above)
    return Factors(False, Counter([node] if node != ONE else []), Counter())


def splits(node: Expr) -> Iterator[tuple[Expr, Expr]]:
    """Every way to write the node as a sum of one product and a rest, multiplied out that far."""
    yield node, ZERO
    match node:
        case Negative(arg):
            yield from ((minus(one), minus(rest)) for one, rest in splits(arg))
        case Ratio(top, bottom):
            yield from ((over(one, bottom), over(rest, bottom)) for one, rest in splits(top))
        case Product(args):
            for n, arg in enumerate(args):
                before, after = args[:n], args[n + 1 :]
                for one, rest in splits(arg):
                    yield times(*before, one, *after), times(*before, rest, *after)
        case Sum(args):
            for n, arg in enumerate(args):
                for one, rest in splits(arg):
                    yield one, plus((*args[:n], rest, *args[n + 1 :]))


@dataclass(frozen=True, slots=True)
class Found:
    """In an equation: the term with c*p[k], what else is in it, the term [k == j]*(-c), p, k and j."""

    whole: Term
    rest: Expr
    own: Term
    share: Expr
    k: Index
    j: Affine


def complement(joint: Joint, recorder: Recorder) -> Joint:
    """The systems in which no probability is taken from 1 at the class that a label names."""
    shares = Shares(joint.forward, tuple(c.equation for c in candidates(joint.forward)))
    backward = joint.backward
    for equation in joint.backward.equations:
        found = next(_found(backward, shares, equation), None)
        if found is not None:
            others = _others(backward, equation, found)
            changed = _changed(equation, found, others)
            own = When((Delta(found.k.symbol, found.j),), found.share)
            recorder.record("others", (others, changed), source=equation.tensor, parts=(own,))
            backward = _extended(backward, equation, others, changed, found)
    return replace(joint, backward=backward)


def _found(system: System, shares: Shares, equation: Equation) -> Iterator[Found]:
    """Where an equation holds c*p[k] and [k == j]*(-c) with the same c."""
    plain = [t for t in equation.terms if not t.binders and t.monoid == "sum"]
    for own in plain:
        for k, j, guards in _named_class(own, equation.indices):
            known = In(j, k.lo, k.hi)  # where k == j
            slope = factors_of(minus(own.body))
            for whole in (t for t in plain if set(t.guards) - {known} == guards - {known}):
                for product, rest in splits(whole.body):
                    found = factors_of(_opened(system, equation, product))
                    for share in shares.among(found, k):
                        within = not isinstance(share, Read) or inside(system, share, equation.indices)
                        if within and found.without(factors_of(share)) == slope:
                            yield Found(whole, rest, own, share, k, j)


def _named_class(term: Term, indices: tuple[Index, ...]) -> Iterator[tuple[Index, Affine, set[Guard]]]:
    """k and j of a guard k == j, j without k, and the other guards."""
    for guard in (g for g in term.guards if isinstance(g, Delta)):
        for a, b in ((guard.a, guard.b), (guard.b, guard.a)):
            for i in indices:
                if a == i.symbol and i.name not in b.names():
                    yield i, b, set(term.guards) - {guard}


def _opened(system: System, equation: Equation, product: Expr) -> Expr:
    """The product with the adjoint's own products written out: dZ = c/Z hides the c and the Z."""

    def change(node: Expr) -> Expr:
        made = system.definition(node.tensor) if isinstance(node, Read) else None
        if made is None or not isinstance(node, Read) or not inside(system, node, equation.indices):
            return node
        if len(made.terms) != 1 or made.terms[0].binders or made.terms[0].guards:
            return node
        return substitute(made.terms[0].body, dict(zip((i.name for i in made.indices), node.at, strict=True)))

    return times(*map(change, product.args)) if isinstance(product, Product) else product


def _others(system: System, equation: Equation, found: Found) -> Equation:
    """The sum of the p[l] with l < j and of those with l > j."""
    kept = tuple(i for i in equation.indices if i != found.k)
    taken = constants(system) | {i.name for i in kept} | set().union(*(t.names() for t in equation.terms))
    k, j = found.k, found.j
    index = k.renamed(fresh_letter(system.sizes, k.hi, taken))
    body = substitute(found.share, {k.name: index.symbol})
    sides = (In(index.symbol, k.lo, j), In(index.symbol, j + 1, k.hi))
    terms = tuple(Term((index,), (side,), body) for side in sides)
    share = found.share.bottom if isinstance(found.share, Ratio) else found.share
    assert isinstance(share, Read)
    name = fresh(f"others_{share.tensor}", {t.name for t in system.tensors} | constants(system))
    return Equation(name, kept, terms, equation.where)


def _changed(equation: Equation, found: Found, others: Equation) -> Equation:
    """The equation with c*p[k] to both sides of k == j, and there -c times the sum of the others."""
    k, j = found.k, found.j
    sides = (In(k.symbol, k.lo, j), In(k.symbol, j + 1, k.hi))
    beside = tuple(replace(found.whole, guards=(*found.whole.guards, side)) for side in sides)
    own = replace(found.own, body=plus((found.rest, times(found.own.body, others.lhs))))
    terms: list[Term] = []
    for term in equation.terms:
        terms += beside if term is found.whole else [own] if term is found.own else [term]
    return replace(equation, terms=tuple(terms))


def _extended(system: System, old: Equation, others: Equation, changed: Equation, found: Found) -> System:
    """The system with the sum of the others, computed before the equation that reads it."""
    source = system.tensor(old.tensor)
    dims = tuple(d for i, d in zip(old.indices, source.dims, strict=True) if i != found.k)
    tensor = Tensor(others.tensor, dims, "computed", about="probabilities of the other classes, added up")
    equations: list[Equation] = []
    for equation in system.equations:
        equations += (others, changed) if equation is old else [equation]
    return replace(system, tensors=(*system.tensors, tensor), equations=tuple(equations))
