"""Sums over deltas, and guards that need not be written: the rules of the zero extension.

`x[...]` outside its domain is 0. So a guard In(v, 0, n) is redundant in a product that has a factor
read at exactly v over an axis of size n: that factor's zero extension is the guard. It is *not*
redundant where v stands only inside a function (exp(0) = 1 counts), nor under a maximum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from derive.algebra.expr import Expr, Power, Read, factors, substitute
from derive.algebra.index import Affine, Delta, Guard, In, Index, Letter, solve
from derive.algebra.system import Equation, System, Term

Range: TypeAlias = tuple[Affine, Affine]


def eliminate(term: Term, delta: Delta, index: Index, value: Affine) -> Term:
    """Put `index := value`, by the delta that says so; the index's domain stays as a guard."""
    put = {index.name: value}
    guards = tuple(g.substitute(put) for g in term.guards if g is not delta)
    return replace(
        term,
        binders=tuple(b.substitute(put) for b in term.binders if b.name != index.name),
        guards=(*guards, In(value, index.lo, index.hi)),
        body=substitute(term.body, put),
    )


def sum_out_deltas(term: Term, preferred: Iterable[Letter] = ()) -> Term:
    """Eliminate every binder for which some delta can be solved, preferred ones first."""
    wanted = list(preferred)
    while True:
        found = _solvable(term, wanted)
        if found is None:
            return term
        term = eliminate(term, *found)


def _solvable(term: Term, preferred: list[Letter]) -> tuple[Delta, Index, Affine] | None:
    order = sorted(term.binders, key=lambda b: b.name not in preferred)
    for delta in (g for g in term.guards if isinstance(g, Delta)):
        for binder in order:
            value = solve(delta, binder.name)
            if value is not None:
                return delta, binder, value
    return None


def zero_outside(body: Expr) -> tuple[Read, ...]:
    """The reads whose zero extension makes the whole product 0."""
    bases = (f.base if isinstance(f, Power) and f.exponent > 0 else f for f in factors(body))
    return tuple(f for f in bases if isinstance(f, Read))


def inside(system: System, read: Read, indices: Iterable[Index], guards: Iterable[Guard] = ()) -> bool:
    """Whether the read is inside its tensor's domain wherever the indices run and the guards hold."""
    ranges = [(i.symbol, i.lo, i.hi) for i in indices]
    ranges += [(g.e, g.lo, g.hi) for g in guards if isinstance(g, In)]
    dims = system.tensor(read.tensor).dims
    return all(
        any(_within(e - at, lo, hi, dim) for at, lo, hi in ranges)
        for e, dim in zip(read.at, dims, strict=True)
    )


def _within(shift: Affine, lo: Affine, hi: Affine, dim: Affine) -> bool:
    """Whether lo..hi-1, moved by the shift, lies in 0..dim-1."""
    first, left = lo + shift, dim - hi - shift
    return shift.is_integer() and _is_at_least_0(first) and _is_at_least_0(left)


def _is_at_least_0(e: Affine) -> bool:
    return e.is_integer() and e.integer() >= 0


def always_evaluated(system: System, body: Expr, indices: tuple[Index, ...]) -> bool:
    """Whether no factor of the body can be outside its domain: whether its value stands on the left."""
    return all(inside(system, read, indices) for read in zero_outside(body))


def drop_redundant_guards(system: System, term: Term, free: tuple[Index, ...]) -> Term:
    """The term without the guards that its indices, deltas or zero extensions already imply."""
    kept: list[Guard] = []
    for guard in dict.fromkeys(term.guards):
        if not _implied(system, term, free, guard):
            kept.append(guard)
    return replace(term, guards=tuple(kept))


def _implied(system: System, term: Term, free: tuple[Index, ...], guard: Guard) -> bool:
    if isinstance(guard, Delta):
        return guard.a == guard.b
    if all(part.is_integer() for part in guard.parts()):
        return guard.lo.integer() <= guard.e.integer() < guard.hi.integer()
    if guard.e.is_integer() and guard.lo.is_integer() and _at_least(system, guard.hi) > guard.e.integer():
        return guard.lo.integer() <= guard.e.integer()
    bounds = (guard.lo, guard.hi)
    ranges = {i.name: (i.lo, i.hi) for i in (*free, *term.binders)}
    if _range_of(guard.e, ranges) == bounds:
        return True
    for other in term.guards:
        if isinstance(other, Delta) and guard.e in (other.a, other.b):
            twin = other.b if guard.e == other.a else other.a
            if _range_of(twin, ranges) == bounds:
                return True
    return term.monoid == "sum" and _guarded_by_a_factor(system, term.body, guard)


def _range_of(e: Affine, ranges: Mapping[Letter, Range]) -> Range | None:
    letter = e.letter()
    return ranges.get(letter) if letter else None


def _at_least(system: System, size: Affine) -> int:
    named = system.size_of(size)
    return named.least if named else 0


def _guarded_by_a_factor(system: System, body: Expr, guard: In) -> bool:
    if guard.lo != Affine():
        return False
    return any(
        e == guard.e and dim == guard.hi
        for read in zero_outside(body)
        for e, dim in zip(read.at, system.tensor(read.tensor).dims, strict=True)
    )


def simplify(system: System, term: Term, free: tuple[Index, ...], preferred: Iterable[Letter] = ()) -> Term:
    """Sum out the deltas, then drop the guards that are implied."""
    if term.monoid != "sum":
        return drop_redundant_guards(system, term, free)
    return drop_redundant_guards(system, sum_out_deltas(term, preferred), free)


def simplify_system(system: System) -> System:
    """Every term with its deltas summed out and its implied guards dropped."""
    equations = tuple(
        Equation(e.tensor, e.indices, tuple(simplify(system, t, e.indices) for t in e.terms), e.where)
        for e in system.equations
    )
    return system.with_equations(equations, system.tensors)
