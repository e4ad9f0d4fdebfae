"""Faults of determinism, planted in a module's text: what one call leaves for another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from codegen.verify.execution import Candidate
from codegen.verify.sabotage import corner_of, keeping, with_statements

OWN, SHARED = "self._wanted, self._saved = wanted", "Pullback._wanted, Pullback._saved = wanted"


@dataclass(frozen=True, slots=True)
class DeterminismFault:
    """A text with one fault; `certain`: it changes a result whatever the op computes.

    A kept buffer or residual need not: it may hold the same in every call, such as what only sizes decide.
    """

    about: str
    text: str
    certain: bool


def determinism_faults(candidate: Candidate) -> Iterator[DeterminismFault]:
    """Texts whose results depend on other calls, on how many there were, or on addresses."""
    text, plan = candidate.text, candidate.plan
    yield DeterminismFault("every array kept between calls", keeping(text), False)
    for about, kernel in (("forward", plan.forward), ("backward", plan.backward)):
        if kernel.workspace:
            kept = keeping(text, kernel.workspace)
            yield DeterminismFault(f"the {about} pass's workspace kept between calls", kept, False)
    if plan.backward.inputs or plan.backward.residuals:
        shared = text.replace(OWN, SHARED)
        yield DeterminismFault("residuals kept where every pullback sees them", shared, False)
    first = next(n for n in plan.forward.outputs if not plan.forward_system.tensor(n).integer)
    corner = corner_of(first, plan.forward_system)
    counting = [f"{corner} = {corner} + number({first}, len(_calls))", "_calls.append(None)"]
    counted = with_statements(text, "_forward", counting) + "_calls = []\n"
    yield DeterminismFault("a result that counts calls", counted, True)
    given = next((n for n in plan.forward.inputs if not plan.forward_system.tensor(n).integer), None)
    if given is not None:
        address = f"{given}.__array_interface__['data'][0] // {given}.itemsize % 2"
        moved = with_statements(text, "_forward", [f"{corner} = {corner} + number({first}, {address})"])
        yield DeterminismFault("a result that depends on an address", moved, True)
