"""How far the index arithmetic of a module's text goes: what must be small for it to stay in 64 bits.

Printers note every index expression that they print (`Expressions.computed`), with the ranges of the loops
around it. Its magnitude is at most the sum of its terms' magnitudes: a size's is the size, an index's that of
the ends of its range, a label's what its range leaves it, or unknown, the atom `LABEL`. Magnitudes are
polynomials in sizes and integer parameters, which the face evaluates in Python's exact integers, before any
kernel runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from derive.algebra.affine import Monomial
from derive.algebra.index import Affine, Index, IntegerRead, Name
from derive.algebra.system import System
from derive.authoring.label_ranges import LabelRange

LABEL = "a label"  # no identifier, so no size or parameter has this name
SUMMANDS = 3  # atoms, each at most an array's extent or `FAR`, whose sum needs no check
CONSTANT = 2**40  # a number that counts as nothing beside these

Printed = tuple[Affine, tuple[Index, ...]]


@dataclass(frozen=True, slots=True)
class Reach:
    """What all index expressions are at most, by powers of the labels' magnitude, and the labels in them.

    `bounds` is empty where nothing needs a check.
    """

    bounds: tuple[Affine, ...]
    labels: frozenset[str]


class Magnitudes:
    """The magnitudes of one op's index expressions; `ranges` are those of labels that are checked."""

    def __init__(self, system: System, ranges: Mapping[str, LabelRange]) -> None:
        self.system, self.ranges = system, ranges
        self.known: dict[str, Affine] = {}
        texts = {p.name: p.name if p.least >= 0 else f"abs({p.name})" for p in system.integers}
        self.parameters = {name: Affine.of(text) for name, text in texts.items()}
        self.unchecked = {LABEL, *texts.values()}

    def of(self, e: Affine, around: tuple[Index, ...]) -> Affine:
        """A polynomial that an expression is never beyond, on either side of 0."""
        total = Affine()
        for monomial, value in e.terms:
            product = Affine.of(abs(value))
            for atom in monomial:
                product = product * (
                    self.label(atom) if isinstance(atom, IntegerRead) else self._name(atom, around)
                )
            total = total + product
        return total

    def _name(self, name: Name, around: tuple[Index, ...]) -> Affine:
        index = next((i for i in reversed(around) if i.name == name), None)
        if index is not None:
            return self.of(index.lo, around) + self.of(index.hi, around)
        return self.parameters.get(str(name), Affine.of(name))

    def label(self, read: IntegerRead) -> Affine:
        """A label in its range, one that may be anything, or the index of a maximum."""
        if read.tensor not in self.known:
            self.known[read.tensor] = self._label(read.tensor)
        return self.known[read.tensor]

    def _label(self, tensor: str) -> Affine:
        if tensor in self.ranges:
            lo, hi = self.ranges[tensor].lo[0], self.ranges[tensor].hi[0]
            # both are quotients by 1 or more, the lower one rounded up by what was added to its numerator
            ends = (lo.numerator - lo.denominator + 1, hi.numerator, hi.offset)
            return sum((self.of(e, ()) for e in ends), Affine())
        if tensor in self.system.inputs:
            return Affine.of(LABEL)
        (term,) = self.system.equation(tensor).terms
        winner = next(b for b in term.binders if b.name == term.witness)
        return self.of(winner.hi, term.binders) + 1

    def reach(self, printed: Iterable[Printed]) -> Reach:
        """How far all of them go."""
        inputs = {n for n in self.system.inputs if self.system.tensor(n).integer}
        computed = [p for p in printed if _is_computed(p[0])] if inputs or self.parameters else []
        labels = {r.tensor for e, _ in computed for r in e.reads()}
        bounds = [(e, self.of(e, around)) for e, around in computed]
        found = [m for e, m in bounds if self._matters(e, m) and not self._is_small(m)]
        if any(LABEL in m for e in found for m, _ in e.terms):
            # labels that are put elsewhere must be outside of every array
            found += [self.of(e, ()) for t in self.system.tensors for e in t.dims]
        largest: dict[Monomial, int] = {}
        for monomial, value in (term for m in (*found, *self.parameters.values()) for term in m.terms):
            largest[monomial] = max(largest.get(monomial, 0), value)
        return Reach(_by_powers(largest), frozenset(inputs & labels - self.ranges.keys()))

    def _matters(self, e: Affine, magnitude: Affine) -> bool:
        """Whether labels or integer parameters are in it: sizes alone are those of arrays in memory."""
        return bool(e.reads()) or any(a in self.unchecked for m, _ in magnitude.terms for a in m)

    def _is_small(self, magnitude: Affine) -> bool:
        """Whether it is a sum of few sizes and labels, which are near enough by themselves."""
        named = [(m, value) for m, value in magnitude.terms if m]
        whole = sum(value for m, value in magnitude.terms if not m)
        single = all(len(m) == 1 and m[0] not in self.unchecked - {LABEL} for m, _ in named)
        return single and whole < CONSTANT and sum(value for _, value in named) <= SUMMANDS


def _is_computed(e: Affine) -> bool:
    """Whether there is anything to calculate: not for one number or one atom."""
    return len(e.terms) > 1 or any(value != 1 or len(monomial) > 1 for monomial, value in e.terms if monomial)


def _by_powers(largest: Mapping[Monomial, int]) -> tuple[Affine, ...]:
    """The coefficients of a polynomial in the labels' magnitude."""

    def power(k: int) -> Iterator[tuple[Monomial, int]]:
        for monomial, value in largest.items():
            if monomial.count(LABEL) == k:
                yield tuple(a for a in monomial if a != LABEL), value

    powers = range(max((m.count(LABEL) for m in largest), default=-1) + 1)
    return tuple(Affine.collect(power(k)) for k in powers)
