"""Whether two sums are equal by a change of variables, proved together with its domains.

    sum over P of F(p)  =  sum over Q of G(q)

holds if there are index expressions q = there(p) and p = back(q), with integer coefficients, such that

    P implies that there(p) lies in Q,    back(there(p)) = p,
    Q implies that back(q) lies in P,     there(back(q)) = q,      and G(there(p)) is F(p).

The two maps are then inverse bijections between the points of P and of Q. How they are found is of no
importance: `check` trusts nothing but these five conditions, each proved for all sizes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice

from codegen.verify.pairing.expansion import substitute
from codegen.verify.pairing.regions import Region
from codegen.verify.pairing.sums import Setting, Summand, unit_solution
from derive.algebra.expr import Read
from derive.algebra.index import Affine, IntegerRead, Letter, Monomial, names_of

TRIES = 64  # changes of variables that are looked at before a pair of sums counts as not matched

Map = Mapping[Letter, Affine]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Why no change of variables was found; the later a condition, the nearer the sums were."""

    stage: int
    reason: str


NO_MAP = Mismatch(0, "no change of variables takes one sum to the other")


def same(p: Summand, q: Summand, setting: Setting) -> Mismatch | None:
    """None where the two sums are proved equal but for their coefficients, else why not."""
    q = q.renamed("~", setting)
    nearest = NO_MAP
    for there in islice(_maps(p, q), TRIES):
        found = check(p, q, there, setting)
        if found is None:
            return None
        nearest = _nearer(nearest, found)
    return nearest


# proving ----------------------------------------------------------------------------------------------
def check(p: Summand, q: Summand, there: Map, setting: Setting) -> Mismatch | None:
    """Whether this map proves the sums equal; `there` gives every index of q in those of p."""
    if substitute(q.value, there, setting.symbols) != p.value:
        return Mismatch(1, f"the factors differ where {_text(there)}")
    back = _inverse(p, q, there)
    if back is None or not (_only(there, p, setting) and _only(back, q, setting)):
        return Mismatch(2, f"{_text(there)} has no inverse in integers")
    for region, other, way in ((p.region, q.region, there), (q.region, p.region, back)):
        outside = _not_implied(region, other, way)
        if outside is not None:
            return Mismatch(3, f"nothing implies {str(outside).replace('~', '')} >= 0")
    if not (_undone(p, there, back) and _undone(q, back, there)):
        return Mismatch(2, f"{_text(there)} has no inverse in integers")
    return None


def _only(way: Map, summand: Summand, setting: Setting) -> bool:
    """Whether a map's expressions are in the indices of one sum and in the sizes."""
    return names_of(tuple(way.values())) <= {*summand.indices, *setting.symbols}


def _not_implied(region: Region, other: Region, way: Map) -> Affine | None:
    """A fact of the other region that the map does not carry over."""
    moved = (fact.substitute(way) for fact in other.facts)
    return next((fact for fact in moved if not region.implies(fact)), None)


def _undone(summand: Summand, way: Map, back: Map) -> bool:
    """Whether going and coming back leaves every index as it was."""
    return all(
        summand.region.vanishes(back[name].substitute(way) - Affine.of(name)) for name in summand.indices
    )


def _inverse(p: Summand, q: Summand, there: Map) -> dict[Letter, Affine] | None:
    """The indices of p in those of q, solved from q = there(p)."""
    zeros = [there[name] - Affine.of(name) for name in q.indices]
    back = _solved({}, zeros, p.indices)
    return back if all(name in back for name in p.indices) else None


def _text(way: Map) -> str:
    return (
        ", ".join(f"{str(name).rstrip('~')} = {value}" for name, value in way.items()) or "nothing is renamed"
    )


# searching --------------------------------------------------------------------------------------------
def _solved(known: Map, zeros: list[Affine], unknown: tuple[Letter, ...]) -> dict[Letter, Affine]:
    """`known` and what the equalities say of other unknowns, one at a time."""
    made, todo = dict(known), list(zeros)
    progress = True
    while progress:
        progress = False
        for zero in todo:
            now = _cancelled(zero.substitute(made))
            solutions = ((name, unit_solution(now, name)) for name in unknown if name not in made)
            found = next(((name, value) for name, value in solutions if value is not None), None)
            if found is not None:
                put = {found[0]: found[1]}
                made = {**{n: e.substitute(put) for n, e in made.items()}, **put}
                progress = True
    return made


def _zeros(g: Affine, f: Affine) -> Iterator[Affine]:
    """What is 0 where two expressions agree, or may be: label[p] = label[q] where p = q."""
    yield g - f
    ours = [(m, c) for m, c in f.terms if _reads(m)]
    for monomial, c in g.terms:
        alike = next((t for t in ours if t[1] == c and _kind(t[0]) == _kind(monomial)), None)
        if alike is not None:
            ours.remove(alike)
            for read, other in zip(_reads(monomial), _reads(alike[0]), strict=True):
                yield from _zeros_at(read, other)


def _zeros_at(g: Read | IntegerRead, f: Read | IntegerRead) -> Iterator[Affine]:
    """What is 0 where two reads of one tensor stand at one place, or may be."""
    for there, here in zip(g.at, f.at, strict=True):
        yield from _zeros(there, here)


def _reads(monomial: Monomial) -> list[IntegerRead]:
    return sorted((a for a in monomial if isinstance(a, IntegerRead)), key=str)


def _kind(monomial: Monomial) -> tuple[str, ...]:
    """A product's factors, without the places at which they are read."""
    return tuple(sorted(f"{a.tensor}[]" if isinstance(a, IntegerRead) else repr(a) for a in monomial))


def _cancelled(zero: Affine) -> Affine:
    """Without the names that are factors of all its terms: stride*p - stride*q as p - q."""
    common = sorted(n for n in zero.names() if all(n in monomial for monomial, _ in zero.terms))
    if not common:
        return zero
    return _cancelled(zero.coefficient(common[0]))


def _maps(p: Summand, q: Summand) -> Iterator[dict[Letter, Affine]]:
    """Maps that take q's reads to p's: first the factors that both have once, then every pairing."""
    once = _read_once(p), _read_once(q)
    both = [(once[0][t], once[1][t]) for t in once[1] if t in once[0]]
    anchors = [z for f, g in both for z in _zeros_at(g, f)]
    yield from _completed(p, q, _solved({}, anchors, q.indices))


def _read_once(summand: Summand) -> dict[str, Read]:
    """The linear factors by tensor, where there is one of that tensor."""
    found: dict[str, list[Read]] = {}
    for atom, n in sorted(summand.monomial.powers, key=str):
        if isinstance(atom, Read) and n == 1:
            found.setdefault(atom.tensor, []).append(atom)
    return {tensor: reads[0] for tensor, reads in found.items() if len(reads) == 1}


def _completed(p: Summand, q: Summand, known: dict[Letter, Affine]) -> Iterator[dict[Letter, Affine]]:
    """Every way to map the indices that are left, by reads that mention them, else one to one."""
    free = [name for name in q.indices if name not in known]
    if not free:
        yield known
        return
    theirs = [r for r in q.monomial.reads() if names_of(r.at) & set(free)]
    options = [
        [z.substitute(known) for z in _zeros_at(read, ours)]
        for read in theirs[:1]
        for ours in p.monomial.reads()
        if ours.tensor == read.tensor
    ]
    if not theirs:
        used = {e.letter() for e in known.values()}
        options = [[Affine.of(free[0]) - Affine.of(name)] for name in p.indices if name not in used]
    for zeros in options:
        more = _solved(known, zeros, q.indices)
        if len(more) > len(known):
            yield from _completed(p, q, more)


# collecting -------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Rest:
    """Sums that were proved equal, counted; and why the nearest of the others is not equal to them."""

    summand: Summand
    coefficient: Fraction
    nearest: Mismatch = NO_MAP
    alone: bool = True

    def __str__(self) -> str:
        if not self.alone:
            return f"{self.summand} has {self.coefficient} as its coefficient on the whole, not 0"
        side = "tangent" if self.coefficient > 0 else "gradient"
        return f"{self.summand} of the {side} has no counterpart: {self.nearest.reason}"


def remainder(terms: list[Summand], setting: Setting) -> list[Rest]:
    """What is left when all sums that are proved equal are collected: nothing, if the whole is 0."""
    classes: list[Rest] = []
    for term in terms:
        _collect(classes, term, setting)
    return [rest for rest in classes if rest.coefficient and not rest.summand.region.empty()]


def _collect(classes: list[Rest], term: Summand, setting: Setting) -> None:
    """Count the term with the class that it is proved to belong to, or as the first of its own."""
    nearest = NO_MAP
    for k, other in enumerate(classes):
        if other.summand.monomial.kinds() != term.monomial.kinds():
            continue
        why = same(other.summand, term, setting)
        if why is None:
            total = other.coefficient + term.coefficient
            classes[k] = replace(other, coefficient=total, alone=False)
            return
        classes[k] = replace(other, nearest=_nearer(other.nearest, why))
        nearest = _nearer(nearest, why)
    classes.append(Rest(term, term.coefficient, nearest))


def _nearer(a: Mismatch, b: Mismatch) -> Mismatch:
    return b if b.stage > a.stage else a
