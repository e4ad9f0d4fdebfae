"""What the labels of a spec may be: the range that their uses leave them, and whether one may be moved.

A label is a position in `x[n, y[n]]` and is compared with an index in `delta(y[n], k)`. From the axis, or
from the index's own range, each such use leaves it a range: the labels that are somewhere for some value of
the indices. All uses together leave what they have in common. Limits of guards, numbers and what is compared
with no index leave every label; so does a use under a guard that asks where the label itself lies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from derive.algebra.expr import Expr, Number, Read, Reduce, When, children, factors
from derive.algebra.index import Affine, Delta, Guard, In, IntegerRead, Letter, Quotient
from derive.authoring.spec import Spec
from derive.errors import SpecError

ZERO, ONE = Affine(), Affine.of(1)


@dataclass(frozen=True, slots=True)
class LabelRange:
    """The largest of `lo` <= label < the least of `hi`, in the spec's sizes and integer parameters."""

    lo: tuple[Quotient, ...]
    hi: tuple[Quotient, ...]

    @property
    def ends(self) -> tuple[str, str]:
        """Both ends as text that Python evaluates."""
        return _extreme("max", self.lo), _extreme("min", self.hi)

    def text(self, label: str) -> str:
        return f"{self.ends[0]} <= {label} < {self.ends[1]}"

    def at(self, symbols: Mapping[str, int]) -> range:
        """The labels for given sizes and integer parameters."""
        return range(max(q.evaluate(symbols) for q in self.lo), min(q.evaluate(symbols) for q in self.hi))


def _extreme(function: str, values: tuple[Quotient, ...]) -> str:
    texts = list(dict.fromkeys(map(str, values)))
    return texts[0] if len(texts) == 1 else f"{function}({', '.join(texts)})"


@dataclass(frozen=True, slots=True)
class Use:
    """Index expressions that stand together; where it is a use that leaves a range, 0 <= e < dim says which.

    `asked` are the tensors whose labels a guard around it has looked at, `limits` those of the parts that a
    guard's range has as its ends; `number` is a use as a number.
    """

    parts: tuple[Affine, ...]
    asked: frozenset[str]
    place: In | None = None
    number: bool = False
    limits: tuple[Affine, ...] = ()


class LabelUses:
    """Every use of the labels in a spec's equations, as its author wrote them."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.tensors = {t.name: t for t in spec.tensors}
        self.least = {s.name: s.least for s in spec.sizes} | {p.name: p.least for p in spec.integers}

    @cached_property
    def all(self) -> tuple[Use, ...]:
        return tuple(use for e in self.spec.equations for use in self._equation(e.tensor, e.at, e.value))

    def ranges(self) -> dict[str, LabelRange]:
        """The range of every label input that has one."""
        found: dict[str, list[tuple[Quotient, Quotient]]] = {}
        for use in self.all:
            for read in (r for e in use.parts for r in e.reads()):
                if (ends := self._ends(use, read)) is not None:
                    found.setdefault(read.tensor, []).append(ends)
        return {n: LabelRange(*map(tuple, zip(*dict.fromkeys(e), strict=True))) for n, e in found.items()}

    def fixed(self) -> frozenset[str]:
        """The label inputs of which not even one that is nowhere may be put elsewhere.

        Those that are numbers, and those that are compared with or added to other labels.
        """
        together = (tuple(r for e in use.parts for r in e.reads()) for use in self.all if not use.number)
        numbers = (r for use in self.all if use.number for e in use.parts for r in e.reads())
        return frozenset(r.tensor for r in (*numbers, *(r for rs in together if len(rs) > 1 for r in rs)))

    def limits(self) -> frozenset[str]:
        """The label inputs that are limits of guards, where one beyond all others leaves more, or less."""
        return frozenset(r.tensor for use in self.all for e in use.limits for r in e.reads())

    # where labels stand ---------------------------------------------------------------------------
    def _equation(self, tensor: str, at: tuple[Affine, ...], value: Expr) -> Iterator[Use]:
        yield from self._positions(tensor, at, frozenset())
        yield from self._uses(value, frozenset())

    def _uses(self, node: Expr, asked: frozenset[str]) -> Iterator[Use]:
        held = [g for f in factors(node) if isinstance(f, When) for g in f.guards]
        held += node.guards if isinstance(node, Reduce) else ()
        asked |= {r.tensor for g in held if isinstance(g, In) for r in g.e.reads()}
        match node:
            case Read(tensor, at):
                yield from self._positions(tensor, at, asked)
            case Number(value):
                yield Use((value,), asked, number=True)
                yield from self._nested(value, asked)
            case When(guards, _) | Reduce(_, _, guards, _):
                for guard in guards:
                    limits = (guard.lo, guard.hi) if isinstance(guard, In) else ()
                    yield Use(guard.parts(), asked, self._place(guard), limits=limits)
                    for e in guard.parts():
                        yield from self._nested(e, asked)
        for part in children(node):
            yield from self._uses(part, asked)

    def _positions(self, tensor: str, at: tuple[Affine, ...], asked: frozenset[str]) -> Iterator[Use]:
        for e, dim in zip(at, self.tensors[tensor].dims, strict=False):
            yield Use((e,), asked, In(e, ZERO, dim))
            yield from self._nested(e, asked)

    def _nested(self, e: Affine, asked: frozenset[str]) -> Iterator[Use]:
        for read in e.reads():
            yield from self._positions(read.tensor, read.at, asked)

    def _place(self, guard: Guard) -> In | None:
        """a == b as 0 <= a - b < 1, where an index is compared."""
        names = {n for e in guard.parts() for m, _ in e.terms for n in m if isinstance(n, Letter)}
        compares = isinstance(guard, Delta) and names & self.spec.ranges.keys()
        return In(guard.a - guard.b, ZERO, ONE) if isinstance(guard, Delta) and compares else None

    # the range that a use leaves --------------------------------------------------------------------
    def _ends(self, use: Use, read: IntegerRead) -> tuple[Quotient, Quotient] | None:
        """From 0 <= c*label + rest < dim for some values of the indices; None where nothing follows."""
        place = use.place
        if place is None or read.tensor in use.asked:
            return None
        c, rest = place.e.coefficient(read), place.e.without(read)
        sign = self._sign(c, 1)
        least, most = self._end(rest, -1), self._end(rest, 1)
        if not sign or c.reads() or rest.reads() or least is None or most is None:
            return None
        low, high = (-most, place.hi - 1 - least) if sign > 0 else (least - place.hi + 1, most)
        ends = Quotient(low + c * sign - 1, c * sign, ZERO), Quotient(high, c * sign, ONE)
        lo, hi = (q if (p := q.polynomial()) is None else Quotient(p, ONE, ZERO) for q in ends)
        return lo, hi

    def _end(self, e: Affine, way: int) -> Affine | None:
        """The polynomial with its indices at the ends that make it largest (way 1) or least (-1)."""
        while names := sorted(n for n in e.names() if isinstance(n, Letter)):
            index, c = self.spec.ranges[names[0]], e.coefficient(names[0])
            sign = 0 if names[0] in c.names() else self._sign(c, 0)
            if not sign:
                return None
            e = e.substitute({names[0]: index.hi - 1 if sign == way else index.lo})
        return e

    def _sign(self, c: Affine, least: int) -> int:
        """1 or -1 where all terms of a coefficient have that sign, their symbols being at least `least`."""
        known = all(self.least.get(str(atom), -1) >= least for monomial, _ in c.terms for atom in monomial)
        signs = {1 if value > 0 else -1 for _, value in c.terms}
        return signs.pop() if known and len(signs) == 1 else 0


def check_ignored(spec: Spec) -> None:
    """Raise SpecError where a label to ignore could not be put out of the way."""
    ignored, uses = [t for t in spec.tensors if t.ignore_label is not None], LabelUses(spec)
    for tensor in ignored:
        if tensor.name in uses.fixed() | uses.limits():
            raise SpecError(
                f"{tensor.name} is a number, a guard's limit or beside another label, where one to ignore "
                "says nothing: drop ignore_label=, and write what it means with a guard",
                spec.places.get(tensor.name, ""),
            ).of(spec.op.name, spec.op.where)
