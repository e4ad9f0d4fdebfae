"""Sums over integer regions, in the one form in which they are compared.

    Summand = coefficient * sum over integer points where every fact is >= 0 of a monomial

A term becomes summands by four rules, each of them an identity of the zero extension:

- a range lo <= v < hi and a guard are facts;
- a factor a[e] of a product makes the product 0 outside a's domain, so 0 <= e < n are facts of that
  product (a sum is first multiplied out, so every product has its own);
- an index v that stands with coefficient 1 or -1 in an equality is replaced by what it equals, and **its
  range stays as facts about that expression**;
- an equality that no index can be solved from stays as two facts.

They are written anew: derive/algebra/domains.py, by which the adjoint was made, is what they check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd

from codegen.verify.pairing.expansion import expand, substitute
from codegen.verify.pairing.polynomials import Monomial, Polynomial
from codegen.verify.pairing.regions import Region
from derive.algebra.expr import substitute as put_into
from derive.algebra.index import Affine, Delta, Guard, In, Index, Letter
from derive.algebra.system import System, Term


@dataclass(frozen=True, slots=True)
class Setting:
    """What all sums of a system have in common: its symbols, what is known of them, and its shapes."""

    symbols: frozenset[str]
    known: tuple[Affine, ...]  # at least 0 in every run
    shapes: Mapping[str, tuple[Affine, ...]]

    @staticmethod
    def of(*systems: System) -> Setting:
        """Sizes and integer parameters are at least what they are declared to be, and nothing else."""
        first = systems[0]
        least = [(s.name, s.least) for s in first.sizes] + [(p.name, p.least) for p in first.integers]
        known = tuple(Affine.of(name) - n for name, n in least)
        shapes = {t.name: t.dims for system in systems for t in system.tensors}
        return Setting(frozenset(name for name, _ in least), known, shapes)


@dataclass(frozen=True, slots=True)
class Summand:
    """coefficient * sum of the monomial over the indices' integer values in the region."""

    coefficient: Fraction
    indices: tuple[Letter, ...]
    region: Region
    monomial: Monomial

    def __str__(self) -> str:
        times = "" if abs(self.coefficient) == 1 else f"{abs(self.coefficient)}*"
        over = f" over {', '.join(map(str, self.indices))}" if self.indices else ""
        return f"{times}{self.monomial}{over}"

    @property
    def value(self) -> Polynomial:
        return Polynomial(frozenset([(self.monomial, Fraction(1))]))

    def renamed(self, mark: str, setting: Setting) -> Summand:
        """The same sum with every index's name marked, so that two sums share none."""
        marked = tuple(name.marked(mark) for name in self.indices)
        put = {old: Affine.of(new) for old, new in zip(self.indices, marked, strict=True)}
        ((monomial, _),) = substitute(self.value, put, setting.symbols).terms
        return Summand(self.coefficient, marked, self.region.substitute(put), monomial)


def unit_solution(zero: Affine, name: Letter) -> Affine | None:
    """What `name` is where zero == 0, if it stands there alone with coefficient 1 or -1, else None.

    A number that divides every coefficient is divided out first: 3*p - 3*q == 0 says p == q.
    """
    divisor = gcd(*(c for _, c in zero.terms)) or 1
    zero = Affine(tuple((m, c // divisor) for m, c in zero.terms))
    alone = [c for monomial, c in zero.terms if monomial == (name,)]
    rest = Affine(tuple((m, c) for m, c in zero.terms if m != (name,)))
    if alone not in ([1], [-1]) or name in rest.names():
        return None
    return -rest if alone == [1] else rest


def summands(term: Term, setting: Setting, sign: int = 1) -> list[Summand]:
    """A sum over all of a term's indices, as summands; empty if its guards contradict each other."""
    solved = _without_equalities(term)
    if solved is None:
        return []
    indices = tuple(b.name for b in solved.binders)
    facts = tuple(f for g in solved.guards for f in _facts(g))
    facts += tuple(f for b in solved.binders for f in _within(b.symbol, b.lo, b.hi))
    found = sorted(expand(solved.body, setting.symbols).terms, key=lambda t: (t[0].kinds(), str(t[0])))
    return [
        Summand(sign * c, indices, Region(_distinct((*setting.known, *facts, *_present(m, setting)))), m)
        for m, c in found
    ]


def _present(monomial: Monomial, setting: Setting) -> Iterable[Affine]:
    """That every read of the support lies in its tensor's domain."""
    for read in sorted(monomial.support, key=str):
        for e, dim in zip(read.at, setting.shapes[read.tensor], strict=True):
            yield from _within(e, Affine(), dim)


def _within(e: Affine, lo: Affine, hi: Affine) -> tuple[Affine, Affine]:
    return e - lo, hi - 1 - e


def _facts(guard: Guard) -> tuple[Affine, Affine]:
    if isinstance(guard, Delta):
        return guard.a - guard.b, guard.b - guard.a
    return _within(guard.e, guard.lo, guard.hi)


def _distinct(facts: Iterable[Affine]) -> tuple[Affine, ...]:
    return tuple(dict.fromkeys(f for f in facts if not (f.is_integer() and f.integer() >= 0)))


def _without_equalities(term: Term) -> Term | None:
    """Every index that an equality determines replaced, its range kept; None if 0 == 1 is left."""
    guards = term.guards
    term = replace(term, guards=tuple(g for g in guards if not isinstance(g, Delta)))
    zeros = [g.a - g.b for g in guards if isinstance(g, Delta)]
    left: list[Affine] = []
    while zeros:
        zero = zeros.pop(0)
        solutions = ((b, unit_solution(zero, b.name)) for b in term.binders)
        found = next(((b, value) for b, value in solutions if value is not None), None)
        if found is None:
            left.append(zero)
            continue
        term = _replaced(term, *found)
        put = {found[0].name: found[1]}
        zeros, left = [z.substitute(put) for z in (*left, *zeros)], []
    if any(z.is_integer() and z.integer() for z in left):
        return None
    return replace(term, guards=(*term.guards, *(Delta(z, Affine()) for z in left)))


def _replaced(term: Term, index: Index, value: Affine) -> Term:
    """The term with `index` replaced by its value; the range of the index becomes a guard."""
    put = {index.name: value}
    return Term(
        tuple(b.substitute(put) for b in term.binders if b.name != index.name),
        (*(g.substitute(put) for g in term.guards), In(value, index.lo, index.hi)),
        put_into(term.body, put),
    )
