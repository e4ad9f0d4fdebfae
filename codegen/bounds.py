"""What is known inside its domain, and loop limits from guards."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from codegen.nodes import Ceil
from derive.algebra.domains import zero_outside
from derive.algebra.expr import Expr, Read, walk
from derive.algebra.index import Affine, Delta, Guard, In, Index, IntegerRead, solve
from derive.algebra.system import System

ZERO = Affine()


@dataclass(frozen=True, slots=True)
class Bounds:
    """The system's sizes and the ranges of the indices in scope."""

    system: System
    ranges: tuple[Index, ...]

    def dims(self, tensor: str) -> tuple[Affine, ...]:
        return self.system.tensor(tensor).dims

    def index(self, name: str | None) -> Index | None:
        return next((i for i in self.ranges if i.name == name), None)

    def sure(self, guard: Guard) -> bool:
        """Whether the guard always holds."""
        if isinstance(guard, Delta):
            return guard.a == guard.b
        return not self.open_sides(guard)

    def open_sides(self, guard: In) -> tuple[str, ...]:
        """The sides of lo <= e < hi that may fail."""
        sides = []
        if not self.at_least(guard.e, guard.lo):
            sides.append("lo")
        if not self.at_least(guard.hi - 1, guard.e):
            sides.append("hi")
        return tuple(sides)

    def at_least(self, a: Affine, b: Affine) -> bool:
        """Whether a >= b is known, from the ranges of the indices and the least sizes."""
        return self._is_known(a - b, frozenset(i.name for i in self.ranges))

    def _is_known(self, difference: Affine, free: frozenset[str]) -> bool:
        """Whether it is not negative, each of the free indices taken at the end that makes it least."""
        difference = self._without_derived(difference)
        if self._not_negative(difference):
            return True
        for name in sorted(difference.names() & free):
            index = self.index(name)
            if index is None or any(name in e.names() for read in difference.reads() for e in read.at):
                continue
            least = {1: index.lo, -1: index.hi - 1}.get(self._direction(difference.coefficient(name)))
            if least is not None and self._is_known(difference.substitute({name: least}), free - {name}):
                return True
        return False

    def _without_derived(self, e: Affine) -> Affine:
        """Derived sizes by their formulas, where those divide by nothing."""
        whole = {
            s.name: s.formula.numerator + s.formula.offset
            for s in self.system.sizes
            if s.formula is not None and s.formula.denominator == Affine.of(1)
        }
        while e.names() & whole.keys():
            e = e.substitute({name: whole[name] for name in e.names() & whole.keys()})
        return e

    def _direction(self, coefficient: Affine) -> int:
        """1 where a coefficient is known not to be negative, -1 where not to be positive, else 0."""
        if len(coefficient.terms) != 1:
            return 0
        monomial, value = coefficient.terms[0]
        known = all(self.least(atom) is not None for atom in monomial)
        return (1 if value > 0 else -1) if known else 0

    def _not_negative(self, e: Affine) -> bool:
        """Whether every term is known not to be negative, sizes counting at least their least value."""
        if e.reads():
            return False
        constant, rest = 0, ZERO
        for monomial, value in e.terms:
            if not monomial:
                constant += value
            elif value > 0 and all(self.least(atom) is not None for atom in monomial):
                product = value
                for atom in monomial:
                    product *= self.least(atom) or 0
                constant += product
            else:
                rest = rest + Affine(((monomial, value),))
        return rest == ZERO and constant >= 0

    def least(self, atom: str | IntegerRead) -> int | None:
        """The least value of a size, of an integer parameter or of an index that starts at a number."""
        index = self.index(atom) if isinstance(atom, str) else None
        if index is not None:
            return index.lo.integer() if index.lo.is_integer() and index.lo.integer() >= 0 else None
        known = {s.name: s.least for s in self.system.sizes} | {p.name: p.least for p in self.system.integers}
        return known.get(atom) if isinstance(atom, str) else None

    def sign(self, coefficient: Affine) -> int:
        """1 or -1 where the sign is known, else 0."""
        if len(coefficient.terms) != 1:
            return 0
        monomial, value = coefficient.terms[0]
        positive = all((self.least(atom) or 0) >= 1 for atom in monomial)
        return (1 if value > 0 else -1) if positive else 0

    def exclude(self, some: Iterable[Guard], others: Iterable[Guard]) -> bool:
        """Whether no point is inside both of two lists of guards."""
        return any(self._contradict(a, b) or self._contradict(b, a) for a in some for b in others)

    def are_opposite(self, some: tuple[Guard, ...], others: tuple[Guard, ...]) -> bool:
        """Whether at every point exactly one of two guards holds: t == 0 and t >= 1."""
        if len(some) != 1 or len(others) != 1 or not self.exclude(some, others):
            return False
        pairs = ((some[0], others[0]), (others[0], some[0]))
        return any(self._covers(a, b) for a, b in pairs if isinstance(a, Delta) and isinstance(b, In))

    def _covers(self, a: Delta, b: In) -> bool:
        """Whether only the place just below b's range is outside of it, and a is that place."""
        below = b.e - (b.lo - 1)
        if self.open_sides(b) != ("lo",) or not self.at_least(below, ZERO):
            return False
        return below in (a.a - a.b, a.b - a.a)

    def _contradict(self, a: Guard, b: Guard) -> bool:
        """Whether b fails wherever a holds: at the place that a demands, or above or below its range."""
        if isinstance(b, Delta):
            return False
        if isinstance(a, Delta):
            return any(
                self._never(b.substitute({name: value}))
                for name in sorted(a.a.names() | a.b.names())
                if (value := solve(a, name)) is not None
            )
        return self.at_least(b.lo, a.hi + (b.e - a.e))

    def _never(self, guard: Guard) -> bool:
        """Whether lo <= e < hi fails everywhere."""
        assert isinstance(guard, In), "a range stays one when a name is replaced"
        return self.at_least(guard.lo - 1, guard.e) or self.at_least(guard.e, guard.hi)

    # guards of reads --------------------------------------------------------------------------
    def domain_guards(self, read: Read | IntegerRead) -> tuple[Guard, ...]:
        """In-guards for the axes on which the read may leave its domain."""
        guards = (In(e, ZERO, dim) for e, dim in zip(read.at, self.dims(read.tensor), strict=True))
        return tuple(g for g in guards if not self.sure(g))

    def factor_guards(self, body: Expr) -> tuple[Guard, ...]:
        """The zero extensions of a product's factors, as guards."""
        return tuple(g for read in zero_outside(body) for g in self.domain_guards(read))

    def loose_reads(self, body: Expr, guards: Iterable[Guard]) -> tuple[Read, ...]:
        """Reads that may be outside their domain and whose being 0 does not end the product."""
        known = set(guards)
        factors = set(zero_outside(body))
        found = [r for r in walk(body) if isinstance(r, Read) and r not in factors]
        return tuple(dict.fromkeys(r for r in found if not set(self.domain_guards(r)) <= known))

    # limits -----------------------------------------------------------------------------------
    def limits(self, name: str, guard: Guard) -> tuple[tuple[Ceil, ...], tuple[Ceil, ...]] | None:
        """The guard as limits (lo, hi) of the loop over `name`, or None where it cannot be one."""
        if isinstance(guard, Delta) or any(name in e.names() for e in (guard.lo, guard.hi)):
            return None
        if any(name in e.names() for read in guard.e.reads() for e in read.at):
            return None
        coefficient, rest = guard.e.coefficient(name), guard.e.without(name)
        sign = self.sign(coefficient)
        if name in coefficient.names() or sign == 0:
            return None
        sides = self.open_sides(guard)
        if sign > 0:
            lo = (Ceil(guard.lo - rest, coefficient),) if "lo" in sides else ()
            return lo, (Ceil(guard.hi - rest, coefficient),) if "hi" in sides else ()
        lo = (Ceil(rest - guard.hi + 1, -coefficient),) if "hi" in sides else ()
        return lo, (Ceil(rest - guard.lo + 1, -coefficient),) if "lo" in sides else ()
