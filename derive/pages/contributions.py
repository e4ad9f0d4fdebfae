"""What a chain step says: which read, its derivative, where its indices went, and what that means."""

from __future__ import annotations

from dataclasses import dataclass

from derive.algebra.expr import Expr, Read, substitute
from derive.algebra.index import Affine, Delta
from derive.algebra.system import Equation
from derive.derivation import Derivation
from derive.steps import Step


@dataclass(frozen=True, slots=True)
class Contribution:
    """One read's share of a cotangent.

    `value`, of the equation that reads, and `read` carry primes on the indices that moved; `moved` says
    where each went; `kept` are the conditions that could not be solved; `shifts` are steps along an
    index: the index, where the read was, and where it is needed now; `made` is the share itself.
    """

    source: str
    value: Read
    read: Read
    slope: Expr
    moved: tuple[tuple[str, Affine], ...]
    kept: tuple[Delta, ...]
    shifts: tuple[tuple[str, Affine, Affine], ...]
    made: Equation


def contributions(derivation: Derivation, cotangent: str) -> tuple[Contribution, ...]:
    """The shares of one cotangent, in the order in which they are added up."""
    steps = (s for s in derivation.steps if s.rule == "chain" and s.made[0].tensor == cotangent)
    return tuple(_contribution(derivation, step) for step in steps)


def _contribution(derivation: Derivation, step: Step) -> Contribution:
    assert step.link is not None
    link, target = step.link, step.made[0].indices
    moved = tuple((name, value) for name, value in link.solved if value.plain() != name)
    primes = {name: Affine.of(f"{name}'") for name, _ in moved}
    value = substitute(derivation.forward.equation(step.source).lhs, primes)
    read = substitute(link.read, primes)
    assert isinstance(value, Read) and isinstance(read, Read)
    solved = dict(link.solved)
    kept = tuple(
        Delta(m.symbol, there)
        for m, e in zip(target, link.read.at, strict=True)
        if (there := e.substitute(solved)) != m.symbol
    )
    primed = tuple((f"{name}'", value) for name, value in moved)
    slope = substitute(link.slope, primes)
    return Contribution(
        step.source,
        value,
        read,
        slope,
        primed,
        kept,
        _shifts(step),
        step.made[0],
    )


def _shifts(step: Step) -> tuple[tuple[str, Affine, Affine], ...]:
    """Indices of the target that the reader has, too, but some steps away."""
    assert step.link is not None
    found = []
    for name, value in step.link.solved:
        distance = value - Affine.of(name)
        there = [e for e in step.link.read.at if name in e.names()]
        own = name in {i.name for i in step.made[0].indices}
        if own and there and distance.is_integer() and distance.integer():
            found.append((name, there[0], value))
    return tuple(found)
