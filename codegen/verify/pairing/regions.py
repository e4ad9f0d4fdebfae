"""Which inequalities follow from others over the integers, with symbolic sizes: Fourier-Motzkin.

A product such as stride*i, and a read of an integer tensor, count as integer variables of their own.
That forgets what is known of them, so what is proved here holds; what is not proved may hold as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import gcd

from derive.algebra.affine import rank
from derive.algebra.index import Affine, Monomial, Substitution

MOST = 400  # inequalities at a time: beyond this an implication counts as not proved

Variable = Monomial


@dataclass(frozen=True, slots=True)
class Region:
    """The integer points at which every fact is at least 0."""

    facts: tuple[Affine, ...]

    def implies(self, goal: Affine) -> bool:
        """Whether goal >= 0 is proved for every point of the region."""
        if goal.is_integer():
            return goal.integer() >= 0 or self.empty()
        if any((goal - fact).is_integer() and (goal - fact).integer() >= 0 for fact in self.facts):
            return True
        return _infeasible([*map(_row, self.facts), _row(-goal - 1)])

    def vanishes(self, value: Affine) -> bool:
        """Whether value == 0 is proved for every point of the region."""
        return value == Affine() or (self.implies(value) and self.implies(-value))

    def empty(self) -> bool:
        """Whether it is proved that no point lies in it."""
        return _infeasible(list(map(_row, self.facts)))

    def substitute(self, put: Substitution) -> Region:
        return Region(tuple(fact.substitute(put) for fact in self.facts))


@dataclass(frozen=True, slots=True)
class _Row:
    """coefficients * variables + constant >= 0."""

    coefficients: frozenset[tuple[Variable, int]]
    constant: int


def _row(e: Affine) -> _Row:
    constant, found = 0, dict[Variable, int]()
    for monomial, c in e.terms:
        if monomial:
            key = tuple(sorted(monomial, key=rank))
            found[key] = found.get(key, 0) + c
        else:
            constant += c
    return _tightened(found, constant)


def _tightened(coefficients: Mapping[Variable, int], constant: int) -> _Row:
    """Divided by its coefficients' common divisor; the constant may be rounded down: all is integer."""
    kept = {v: c for v, c in coefficients.items() if c}
    divisor = gcd(*kept.values()) or 1
    return _Row(frozenset((v, c // divisor) for v, c in kept.items()), constant // divisor)


def _infeasible(rows: list[_Row]) -> bool:
    """Whether elimination of every variable leaves a number that is at least 0 and is not."""
    left = _strongest(rows)
    while True:
        if any(not r.coefficients and r.constant < 0 for r in left):
            return True
        variable = _cheapest(left)
        if variable is None:
            return False
        left = _strongest(_without(left, variable))
        if len(left) > MOST:
            return False


def _strongest(rows: Iterable[_Row]) -> list[_Row]:
    """Of rows with the same coefficients the one that says most."""
    least: dict[frozenset[tuple[Variable, int]], int] = {}
    for row in rows:
        least[row.coefficients] = min(row.constant, least.get(row.coefficients, row.constant))
    return [_Row(c, n) for c, n in least.items() if c or n < 0]


def _cheapest(rows: list[_Row]) -> Variable | None:
    """The variable whose elimination makes the fewest rows."""
    signs: dict[Variable, list[int]] = {}
    for row in rows:
        for variable, c in row.coefficients:
            signs.setdefault(variable, [0, 0])[c > 0] += 1
    cost = {v: low * high - low - high for v, (low, high) in signs.items()}
    return min(cost, key=lambda v: (cost[v], str(v))) if cost else None


def _without(rows: list[_Row], variable: Variable) -> list[_Row]:
    """Every lower bound of the variable against every upper bound, and the rows without it."""
    by = [(row, dict(row.coefficients).get(variable, 0)) for row in rows]
    pairs = [(a, x, b, -y) for a, x in by if x > 0 for b, y in by if y < 0]
    return [row for row, c in by if not c] + [_combined(a, y, b, x) for a, x, b, y in pairs]


def _combined(a: _Row, times_a: int, b: _Row, times_b: int) -> _Row:
    total: dict[Variable, int] = {}
    for row, n in ((a, times_a), (b, times_b)):
        for variable, c in row.coefficients:
            total[variable] = total.get(variable, 0) + n * c
    return _tightened(total, times_a * a.constant + times_b * b.constant)
