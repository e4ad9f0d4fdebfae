"""What is known inside its domain, and loop limits from guards."""

from __future__ import annotations

from collections.abc import Iterable

from codegen.nodes import Ceil
from derive.algebra.domains import zero_outside
from derive.algebra.expr import Expr, Read, walk
from derive.algebra.index import Affine, Delta, Guard, In, IntegerRead, Letter, Name, solve
from derive.algebra.inequalities import ZERO, Ranges

ONE = Affine.of(1)


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
    def limits(self, name: Letter, guard: Guard) -> tuple[tuple[Ceil, ...], tuple[Ceil, ...]] | None:
        """The guard as limits (lo, hi) of the loop over `name`, or None where it cannot be one."""
        if isinstance(guard, Delta) or not any(name in part.names() for part in guard.parts()):
            return None
        lo: tuple[Ceil, ...] = ()
        hi: tuple[Ceil, ...] = ()
        for side in self.open_sides(guard):
            value = side_of(guard, side)
            coefficient, rest = value.coefficient(name), value.without(name)
            sign = self.sign(coefficient)
            if sign == 0 or name in coefficient.names() or _inside_reads(name, value):
                return None
            if sign > 0:
                lo = (*lo, Ceil(-rest, coefficient))
            else:
                hi = (*hi, Ceil(rest + 1, -coefficient))
        return lo, hi

    def above(self, a: Ceil, b: Ceil) -> bool:
        """Whether one limit is known to be at least another."""
        if b.denominator == ONE:
            return self.at_least(a.numerator, (b.numerator - 1) * a.denominator + 1)
        if a.denominator == ONE:
            return self.at_least(a.numerator * b.denominator, b.numerator)
        return a.denominator == b.denominator and self.at_least(a.numerator, b.numerator)

    # what others imply ------------------------------------------------------------------------
    def needed(self, limits: tuple[Ceil, ...], way: int) -> tuple[Ceil, ...]:
        """The limits without those that others imply; `way` is 1 if the largest counts, -1 if the least."""
        kept = list(dict.fromkeys(limits))
        for limit in tuple(kept):
            others = [o for o in kept if o is not limit]
            if any(self.above(o, limit) if way > 0 else self.above(limit, o) for o in others):
                kept.remove(limit)
        return tuple(kept)

    def sides(self, guards: Iterable[Guard]) -> list[tuple[Guard, tuple[str, ...]]]:
        """The guards with those of their sides that neither the ranges nor other sides imply."""
        open_ = [(g, s) for g in dict.fromkeys(guards) if isinstance(g, In) for s in self.open_sides(g)]
        for one in tuple(open_):
            others = [side_of(*o) for o in open_ if o is not one]
            if any(self.at_least(side_of(*one), other) for other in others):
                open_.remove(one)
        found = ((g, tuple(s for h, s in open_ if h == g)) for g in dict.fromkeys(guards))
        return [(g, sides) for g, sides in found if sides or isinstance(g, Delta)]


def side_of(guard: In, side: str) -> Affine:
    """What is not negative where one side of a guard holds."""
    return guard.e - guard.lo if side == "lo" else guard.hi - 1 - guard.e


def _inside_reads(name: Name, e: Affine) -> bool:
    return any(name in inner.names() for read in e.reads() for inner in read.at)
