"""What is known inside its domain, and loop limits from guards."""

from __future__ import annotations

from collections.abc import Iterable

from codegen.nodes import Ceil
from derive.algebra.domains import zero_outside
from derive.algebra.expr import Expr, Read, walk
from derive.algebra.index import Affine, Delta, Guard, In, IntegerRead, solve
from derive.algebra.inequalities import ZERO, Ranges


class Bounds(Ranges):
    """The system's sizes and the ranges of the indices in scope."""

    __slots__ = ()

    def dims(self, tensor: str) -> tuple[Affine, ...]:
        return self.system.tensor(tensor).dims

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
