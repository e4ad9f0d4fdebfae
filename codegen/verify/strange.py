"""Exact problems that no forward pass makes: residuals that lie anywhere, inputs at the lowest number.

Rung 11 asks them which parts of a kernel matter: a guard for an index that no maximum ever has, a branch
for a number that no layer ever saves.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import TypeAlias

import numpy as np

from codegen.verify.cases import Cases
from codegen.verify.labels import index_ends
from codegen.verify.problems import ExactProblem, Problem
from derive.oracle.residues import PRIME, PrimeField, Residue

ROUNDS = 2  # over the exact problems: some ops save one index only, which has ten places to be at

Draw: TypeAlias = Callable[[Problem, str, random.Random], "int | Residue"]


class Strange:
    """The strange problems of one derivation, made from its usual ones when first asked for."""

    def __init__(self, cases: Cases) -> None:
        self.cases = cases

    @cached_property
    def stray(self) -> tuple[ExactProblem, ...]:
        """Problems whose saved indices (of maxima) lie anywhere, inside their axes or not.

        No forward pass saves such indices; they show whether each guard of the backward pass matters.
        """
        saved = self._computed(integer=True)
        places = {n: _places(random.Random(f"{self.cases.seed} {n} astray")) for n in saved}

        def draw(problem: Problem, name: str, _: random.Random) -> int:
            ends = index_ends(self.cases.derivation.stable_backward, name, problem.shape)
            return next(places[name])(ends or [2])

        drawn = enumerate(self.cases.exact * ROUNDS if saved else ())
        return tuple(m for k, p in drawn for m in self._led_astray(p, saved, draw, f" {k}"))

    @cached_property
    def loose(self) -> tuple[ExactProblem, ...]:
        """Problems at which every number that the forward pass saves is drawn anew, of any sign or 0."""
        saved = self._computed(integer=False)

        def draw(problem: Problem, _: str, rng: random.Random) -> Residue:
            return _residue(rng, list(problem.reals.values()))

        drawn = enumerate((*self.cases.exact[:8], *self.cases.typical))
        return tuple(m for k, p in drawn for m in self._led_astray(p, saved, draw, f" {k}"))

    @cached_property
    def lowest(self) -> tuple[ExactProblem, ...]:
        """Problems whose inputs all hold the lowest number there is: no first candidate is above it."""
        return tuple(m for p in self.cases.typical for m in self._lowered(p.problem))

    def _lowered(self, problem: Problem) -> Iterator[ExactProblem]:
        low = PrimeField().lowest()
        inputs = {n: a if a.dtype == np.int64 else np.full(a.shape, low) for n, a in problem.inputs.items()}
        try:
            yield self.cases.solve(replace(problem, inputs=inputs))
        except ZeroDivisionError:
            return

    def _computed(self, integer: bool) -> list[str]:
        system = self.cases.derivation.stable_forward
        return [e.tensor for e in system.equations if system.tensor(e.tensor).integer == integer]

    def _led_astray(
        self, solved: ExactProblem, saved: list[str], draw: Draw, seed: str
    ) -> Iterator[ExactProblem]:
        """The problem with other residuals; none where its equations divide by 0 at all that are drawn."""
        forward, problem = self.cases.derivation.stable_forward, solved.problem
        rng = random.Random(f"{self.cases.seed} {problem} astray{seed}")
        for _ in range(4):
            values = dict(solved.values)
            for name in saved:
                drawn = [draw(problem, name, rng) for _ in range(values[name].size)]
                made = np.array(drawn, dtype=np.int64 if forward.tensor(name).integer else object)
                values[name] = made.reshape(values[name].shape)
            try:
                yield self.cases.with_gradients(problem, values)
            except ZeroDivisionError:
                continue
            return


def _places(rng: random.Random) -> Iterator[Callable[[list[int]], int]]:
    """Indices by where the axes end that they may belong to: as often inside of the shortest as outside.

    Dealt, not drawn: a place comes again when all have come, or a few would be missed by chance.
    """

    def inside(ends: list[int]) -> int:
        return rng.randrange(max(min(ends), 1))

    outside: tuple[Callable[[list[int]], int], ...] = (
        lambda _: -2,
        lambda _: -1,
        min,
        rng.choice,
        lambda ends: max(ends) + 1,
    )
    hand = [*outside, *[inside] * len(outside)]
    while True:
        rng.shuffle(hand)
        yield from hand


def _residue(rng: random.Random, limits: list[Residue]) -> Residue:
    """Any element of the field, one in four of them 0, or a real parameter, which may be a limit."""
    if limits and rng.random() < 0.25:
        return rng.choice(limits)
    return Residue(rng.choice((0, 1, 1, 1)) * rng.randrange(1, PRIME))
