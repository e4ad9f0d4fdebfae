"""What a chain step says: which read, its derivative, where its indices went, and what that means."""

from __future__ import annotations

from dataclasses import dataclass

from derive.algebra.expr import Expr, Read, substitute
from derive.algebra.index import Affine, Delta, Letter
from derive.algebra.inequalities import steps_away
from derive.algebra.system import Equation, System
from derive.derivation import Derivation
from derive.steps import Step


@dataclass(frozen=True, slots=True)
class Shift:
    """A step along an index: where the read was, where it is needed now; `later` than here, or earlier."""

    index: Letter
    was: Affine
    now: Affine
    later: bool


@dataclass(frozen=True, slots=True)
class Contribution:
    """One read's share of a cotangent.

    `value`, of the equation that reads, and `read` carry primes on the indices that moved; `moved` says
    where each went; `kept` are the conditions that could not be solved; `made` is the share itself.
    """

    source: str
    value: Read
    read: Read
    slope: Expr
    moved: tuple[tuple[Letter, Affine], ...]
    kept: tuple[Delta, ...]
    shifts: tuple[Shift, ...]
    made: Equation


def contributions(derivation: Derivation, cotangent: str) -> tuple[Contribution, ...]:
    """The shares of one cotangent, in the order in which they are added up."""
    steps = (s for s in derivation.steps if s.rule == "chain" and s.made[0].tensor == cotangent)
    return tuple(_contribution(derivation, step) for step in steps)


def _contribution(derivation: Derivation, step: Step) -> Contribution:
    assert step.link is not None
    link, target = step.link, step.made[0].indices
    moved = tuple((name, value) for name, value in link.solved if value.letter() != name)
    primes = {name: Affine.of(name.marked()) for name, _ in moved}
    value = substitute(derivation.forward.equation(step.source).lhs, primes)
    read = substitute(link.read, primes)
    assert isinstance(value, Read) and isinstance(read, Read)
    solved = dict(link.solved)
    kept = tuple(
        Delta(m.symbol, there)
        for m, e in zip(target, link.read.at, strict=True)
        if (there := e.substitute(solved)) != m.symbol
    )
    primed = tuple((name.marked(), value) for name, value in moved)
    slope = substitute(link.slope, primes)
    return Contribution(
        step.source,
        value,
        read,
        slope,
        primed,
        kept,
        _shifts(derivation.forward, step),
        step.made[0],
    )


def _shifts(system: System, step: Step) -> tuple[Shift, ...]:
    """Indices of the target that the reader has, too, but some steps away, and on which side."""
    assert step.link is not None
    (made,), found = step.made, []
    for name, value in step.link.solved:
        there = [e for e in step.link.read.at if name in e.names()]
        if name in {i.name for i in made.indices} and there:
            indices = (*made.indices, *made.terms[0].binders)
            side = steps_away(system, value - Affine.of(name), indices, made.terms[0].guards)
            found += [Shift(name, there[0], value, side > 0)] if side else []
    return tuple(found)
