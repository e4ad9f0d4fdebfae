"""The faults that the rungs on floats are shown: wrong texts, run as plain Python at one small problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from codegen.verify.cases import Cases
from codegen.verify.execution import FAULTS, Candidate
from codegen.verify.face import Face
from codegen.verify.load import load_plain
from codegen.verify.mutation.mutate import mutants
from codegen.verify.problems import Problem
from codegen.verify.result import Killed
from codegen.verify.sabotage import scaled_gradient, with_mutant

MUTANTS = 6  # mutants of the backward kernel among them

# mutants of conditions may change nothing where all gradients are wanted and all sizes fit
CONDITIONS = ("guard dropped", "condition forgotten", "relation widened", "limit forgotten")

Notices = Callable[[Face], str]


@dataclass(frozen=True, slots=True)
class Planted:
    """A module's text with one fault; `scaled` is the gradient that is wrong by a factor, if that is it."""

    about: str
    text: str
    scaled: str = ""


def planted(candidate: Candidate, cases: Cases) -> list[Planted]:
    """Every gradient wrong by 0.05%, and a few mutants of the backward kernel."""
    return [*scaled(candidate, cases), *_mutated(candidate)]


def scaled(candidate: Candidate, cases: Cases) -> Iterator[Planted]:
    system = cases.backward
    for name in system.outputs:
        text = scaled_gradient(candidate.text, name, len(system.tensor(name).dims))
        yield Planted(f"{name} wrong by 0.05%", text, name)


def _mutated(candidate: Candidate) -> Iterator[Planted]:
    made = mutants(candidate.kernels["_backward"], 4 * MUTANTS)
    for mutant in [m for m in made if m.operator not in CONDITIONS][:MUTANTS]:
        about = f"{mutant.operator}: {mutant.was} -> {mutant.now}"
        yield Planted(about, with_mutant(candidate.text, mutant))


def shown(candidate: Candidate, cases: Cases, problem: Problem, notices: Notices) -> tuple[Killed, str]:
    """How many planted faults a comparison notices, and the first certain one that it does not."""
    killed, blind = 0, ""
    faults = planted(candidate, cases)
    for fault in faults:
        noticed = _noticed(Face(load_plain(candidate.source.name, fault.text), cases), notices)
        killed += noticed
        if not noticed and fault.scaled and not _vanishes(candidate, cases, problem, fault.scaled):
            blind = blind or fault.about
    return Killed(killed, len(faults)), blind


@np.errstate(all="ignore")  # a wrong text may overflow: that it does is how it is noticed
def _noticed(face: Face, notices: Notices) -> bool:
    try:
        return bool(notices(face))
    except FAULTS:
        return True


def _vanishes(candidate: Candidate, cases: Cases, problem: Problem, gradient: str) -> bool:
    """Whether a gradient is 0 everywhere, so that no scale can be seen."""
    made = Face(candidate.plain, cases).run(problem).gradients
    name = dict(zip(cases.backward.outputs, cases.forward.floating_inputs(), strict=True))[gradient]
    return not made[name].any()
