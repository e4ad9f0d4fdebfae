"""Exact problems that no forward pass makes: residuals that lie anywhere, inputs at the lowest number.

Rung 11 asks them which parts of a kernel matter: a guard for an index that no maximum ever has, a branch
for a number that no layer ever saves.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np

from codegen.verify.cases import Cases
from codegen.verify.labels import index_ends
from codegen.verify.problems import ExactProblem, Problem
from derive.oracle.residues import PRIME, PrimeField, Residue


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
        return tuple(m for p in self.cases.exact if saved for m in self._led_astray(p, saved))

    @cached_property
    def loose(self) -> tuple[ExactProblem, ...]:
        """Problems at which every number that the forward pass saves is drawn anew, of any sign or 0."""
        saved = self._computed(integer=False)
        drawn = enumerate((*self.cases.exact[:8], *self.cases.typical))
        return tuple(m for k, p in drawn for m in self._led_astray(p, saved, f" {k}"))

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

    def _led_astray(self, solved: ExactProblem, saved: list[str], seed: str = "") -> Iterator[ExactProblem]:
        """The problem with other residuals; none where its equations divide by 0 at all that are drawn."""
        d, problem = self.cases.derivation, solved.problem
        rng = random.Random(f"{self.cases.seed} {problem} astray{seed}")
        limits = list(problem.reals.values())
        for _ in range(4):
            values = dict(solved.values)
            for name in saved:
                whole = d.stable_forward.tensor(name).integer
                ends = index_ends(d.stable_backward, name, problem.shape) or [2]
                drawn = [
                    _stray(rng, ends) if whole else _residue(rng, limits) for _ in range(values[name].size)
                ]
                made = np.array(drawn, dtype=np.int64 if whole else object)
                values[name] = made.reshape(values[name].shape)
            try:
                yield self.cases.with_gradients(problem, values)
            except ZeroDivisionError:
                continue
            return


def _stray(rng: random.Random, ends: list[int]) -> int:
    """An index: as often inside the shortest of the axes that it may belong to as outside of one."""
    inside = rng.randrange(max(min(ends), 1))
    return rng.choice((inside, rng.choice((-2, -1, *ends, max(ends) + 1))))


def _residue(rng: random.Random, limits: list[Residue]) -> Residue:
    """Any element of the field, one in four of them 0, or a real parameter, which may be a limit."""
    if limits and rng.random() < 0.25:
        return rng.choice(limits)
    return Residue(rng.choice((0, 1, 1, 1)) * rng.randrange(1, PRIME))
