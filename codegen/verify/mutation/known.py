"""What is known of the integers at a place in a kernel's text.

Known are the ranges of the enclosing loops, the enclosing conditions, the formulas of derived sizes and
the least values of all sizes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, product

from codegen.verify.mutation.integers import Ends, Integers
from codegen.verify.mutation.syntax import conjuncts, links
from derive.algebra.index import Affine, Atom, Index, Letter, Monomial
from derive.algebra.inequalities import ZERO, Ranges

MULTIPLES = 2  # facts that are multiplied for one proof


@dataclass(frozen=True)
class Known:
    """Ranges of counters, and polynomials that are not negative."""

    integers: Integers
    counters: tuple[tuple[str, Ends], ...] = ()
    facts: tuple[Affine, ...] = ()

    def inside(self, loop: ast.For) -> Known:
        assert isinstance(loop.target, ast.Name)
        lows, highs = self.integers.ends(loop)
        counter = Affine.of(Letter(loop.target.id))
        above = [counter - lo for lo in lows if lo.names() & self.integers.quotients.keys()]
        below = [hi - 1 - counter for hi in highs]
        return self.counting(loop.target.id, (lows, highs)).given([*above, *below])

    def counting(self, name: str, ends: Ends) -> Known:
        kept = tuple(c for c in self.counters if c[0] != name)
        return replace(self, counters=(*kept, (name, ends)))

    def given(self, facts: Iterable[Affine]) -> Known:
        return replace(self, facts=(*self.facts, *map(self.integers.whole, facts)))

    def where(self, *tests: ast.expr) -> Known:
        """With what follows from conditions that hold."""
        known = self.given(f for test in tests for f in self.integers.facts(test))
        chosen = [f for test in tests for each in conjuncts(test) for f in known._chosen(each)]
        return known.given(chosen)

    def _chosen(self, test: ast.expr) -> Iterator[Affine]:
        """`(a if c else b) == n` holds and b is never n: so c holds, and a == n."""
        for left, op, right in links(test) or ():
            for choice, other in ((left, right), (right, left)):
                if isinstance(choice, ast.IfExp) and isinstance(op, ast.Eq):
                    compared = [ast.Compare(v, [op], [other]) for v in (choice.body, choice.orelse)]
                    if self.fails(compared[1]):
                        yield from self.integers.facts(choice.test)
                        yield from self.integers.facts(compared[0])

    @cached_property
    def _ranges(self) -> tuple[tuple[Index, ...], ...]:
        each = [[Index(n, lo, hi) for lo, hi in product(*ends)] for n, ends in self.counters]
        return tuple(product(*filter(None, each)))

    @cached_property
    def _helpful(self) -> tuple[Affine, ...]:
        """0, every fact, and the sums of two."""
        facts = [*self.facts, *self._of_sizes()]
        return (ZERO, *facts, *(a + b for a, b in combinations(facts, 2)))

    def _of_sizes(self) -> Iterator[Affine]:
        """A derived size is at least its least, and its floor is not above the quotient."""
        for size in self.integers.system.sizes:
            if size.formula is not None:
                bottom = size.formula.denominator
                symbol = Affine.of(size.name)
                yield symbol - size.least
                if bottom != Affine.of(1):
                    yield size.formula.numerator + bottom * size.formula.offset - bottom * symbol

    def not_negative(self, e: Affine) -> bool:
        """Whether it follows that a polynomial is not negative."""
        e = self.integers.whole(e)
        explicit = Ranges(self.integers.system, ()).explicit(e)
        return any(self._within(e - fact) for fact in self._helpful) or self._follows(explicit, MULTIPLES)

    def _within(self, e: Affine) -> bool:
        """Whether a polynomial is not negative because of the ranges alone."""
        return any(bound.at_least(e, ZERO) for bound in self._bounds)

    def _follows(self, e: Affine, most: int) -> bool:
        """Whether it is so many facts, each times what is not negative, and what the ranges show."""
        if self._within(e):
            return True
        rests = dict.fromkeys(e - m * fact for fact in self._explicit for m in self._multiples(e, fact))
        return most > 0 and any(self._follows(rest, most - 1) for rest in rests)

    def _multiples(self, e: Affine, fact: Affine) -> Iterator[Affine]:
        """What a fact can be multiplied by so that a term of it is a term of the polynomial."""
        for (mine, a), (theirs, b) in product(e.terms, fact.terms):
            factors = _without_all(mine, theirs)
            if factors is not None and a * b > 0 and a % b == 0 and all(map(self._is_natural, factors)):
                yield Affine(((factors, a // b),))

    def _is_natural(self, atom: Atom) -> bool:
        least = [bound.least(atom) for bound in self._bounds]
        return any(value is not None and value >= 0 for value in least)

    @cached_property
    def _bounds(self) -> list[Ranges]:
        return [Ranges(self.integers.system, ranges) for ranges in self._ranges]

    @cached_property
    def _explicit(self) -> tuple[Affine, ...]:
        explicit = Ranges(self.integers.system, ()).explicit
        return tuple(explicit(fact) for fact in (*self.facts, *self._of_sizes()))

    def holds(self, test: ast.expr) -> bool:
        """Whether a condition follows."""
        found = links(test)
        if not found:
            return False
        facts = [self.integers.facts(ast.Compare(a, [op], [b])) for a, op, b in found]
        return all(each and all(map(self.not_negative, each)) for each in facts)

    def fails(self, test: ast.expr) -> bool:
        """Whether it follows that a condition does not hold."""
        facts = [f for each in conjuncts(test) for f in self.integers.facts(each)]
        return any(self.not_negative(-f - 1) for f in facts)


def _without_all(monomial: Monomial, factors: Monomial) -> Monomial | None:
    """The product without these factors; None where it has not all of them, or there are none."""
    for factor in factors:
        if factor not in monomial:
            return None
        at = monomial.index(factor)
        monomial = (*monomial[:at], *monomial[at + 1 :])
    return monomial if factors else None
