"""The adjoint identity of a system, for all sizes: its pairs proved, and the lemma's hypotheses checked.

The lemma in docs/lemma.md makes of the pairs' identities the identity of the whole system.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from codegen.verify.pairing.hypotheses import breaches
from codegen.verify.pairing.matching import remainder
from codegen.verify.pairing.pairs import Pair, Pairs
from codegen.verify.pairing.polynomials import TooLarge
from codegen.verify.pairing.sums import Setting, summands
from derive.algebra.system import System


@dataclass(frozen=True, slots=True)
class Fault:
    """A pair that is not proved, or a hypothesis that does not hold, in one line."""

    reason: str
    pair: Pair | None = None

    def __str__(self) -> str:
        return f"{self.pair}: {self.reason}" if self.pair else self.reason


@dataclass(frozen=True, slots=True)
class Proof:
    """How many pairs there were, of how many equations and contributions, and what is not proved."""

    equations: int
    contributions: int
    pairs: int
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        return f"{_counted(self.equations, 'equation')}, {_counted(self.contributions, 'contribution')}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def prove(forward: System, backward: System) -> Proof:
    """The adjoint identity of a forward system and its adjoint, for all sizes."""
    pairs = Pairs(forward, backward)
    count = sum(len(e.terms) for e in backward.equations)
    faults = tuple(map(Fault, breaches(pairs)))
    if faults:
        return Proof(len(backward.equations), count, 0, faults)
    made = [pair for target in pairs.targets() for pair in pairs.of(target)]
    faults = tuple(fault for pair in made for fault in unproved(pairs, pair))
    return Proof(len(backward.equations), count, len(made), faults)


def unproved(pairs: Pairs, pair: Pair) -> Iterator[Fault]:
    """What is left of the left sum less the right one: nothing, if they are proved equal."""
    setting = Setting.of(pairs.forward, pairs.moved, pairs.backward)
    try:
        left = [s for term in pair.left for s in summands(term, setting)]
        right = [s for term in pair.right for s in summands(term, setting, -1)]
    except TooLarge as fault:
        yield Fault(str(fault), pair)
        return
    for rest in remainder(left + right, setting):
        yield Fault(str(rest), pair)
