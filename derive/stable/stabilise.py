"""Differentiate first, stabilise afterwards.

A sum of exponentials Z = sum exp(e) is divided by exp(m), m = max e, together with everything that
scales with it, if the scale cancels on every way from the inputs to the outputs and gradients
(homogeneity.py); then the local rules of rewrites.py are applied. Tensors that were divided keep their
names: in the stable systems Z means Z / exp(m), as its `about` says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from derive.algebra.system import Equation, System
from derive.stable.homogeneity import Inhomogeneous
from derive.stable.rescale import Candidate, Joint, candidates, rescale
from derive.stable.rewriting import rewrite
from derive.stable.unstable import unstable
from derive.steps import Recorder


@dataclass(frozen=True, slots=True)
class Stable:
    """Forward and adjoint without overflow, and what could not be made so."""

    forward: System
    backward: System
    warnings: tuple[str, ...]


def stabilise(forward: System, backward: System, recorder: Recorder) -> Stable:
    """The same functions, computed without overflow."""
    joint, warnings = _rescale_all(Joint(forward, backward), recorder)
    joint = Joint(_rewrite_all(joint.forward, recorder), _rewrite_all(joint.backward, recorder))
    found = (f"{forward.name}: {line}" for line in (*warnings, *unstable(joint.forward)))
    return Stable(joint.forward, joint.backward, tuple(found))


def _rescale_all(joint: Joint, recorder: Recorder) -> tuple[Joint, list[str]]:
    """Each sum of exponentials divided by its largest, and a line for each that cannot be."""
    warnings: list[str] = []
    maxima: set[str] = set()
    names = [c.equation.tensor for c in candidates(joint.forward)]
    for name in names:
        candidate = next((c for c in candidates(joint.forward) if c.equation.tensor == name), None)
        if candidate is None or maxima & {r.tensor for r in candidate.exponent_reads()}:
            continue  # divided already, by the maximum of an earlier sum
        try:
            joint, made = _rescale(joint, candidate, frozenset(names) - {name})
        except Inhomogeneous as fault:
            warnings.append(f"{name} overflows for large inputs and no rule matched: {fault}")
        else:
            maxima.add(made[0].tensor)
            recorder.record("stabilise", made, source=name)
    return joint, warnings


def _rescale(
    joint: Joint, candidate: Candidate, others: frozenset[str]
) -> tuple[Joint, tuple[Equation, ...]]:
    """Each sum by a maximum of its own if that works, else all by this one."""
    try:
        return rescale(joint, candidate, others)
    except Inhomogeneous:
        return rescale(joint, candidate, frozenset())


def _rewrite_all(system: System, recorder: Recorder) -> System:
    """The local rules, in every equation."""
    equations = []
    for equation in system.equations:
        results = [rewrite(term.body) for term in equation.terms]
        terms = (replace(t, body=body) for t, (body, _) in zip(equation.terms, results, strict=True))
        new = replace(equation, terms=tuple(terms))
        equations.append(new)
        rules = dict.fromkeys(name for _, used in results for name in used)
        if rules:
            recorder.record("stabilise", (new,), why="; ".join(rules), source=equation.tensor)
    return system.with_equations(tuple(equations), system.tensors)
