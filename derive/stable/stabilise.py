"""Differentiate first, stabilise afterwards.

A sum of exponentials Z = sum exp(e) is divided by exp(m), m = max e, together with everything that
scales with it, if the scale cancels on every way from the inputs to the outputs and gradients
(homogeneity.py); then the local rules of rewrites.py are applied, also through a name that hides what a
rule is about (written_out.py), a probability less 1 becomes the sum of the others (complement.py), and the
largest term is taken out of the logarithms (leading.py). Tensors that were divided keep their names: in
the stable systems Z means Z / exp(m), as its `about` says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from derive.algebra.expr import Read
from derive.algebra.system import Equation, System, Term, names_in
from derive.combine.merge import without_common_numbers
from derive.stable.complement import complement
from derive.stable.homogeneity import Inhomogeneous
from derive.stable.leading import take_out_largest
from derive.stable.rescale import Candidate, Joint, candidates, rescale
from derive.stable.rewriting import identities, rewrite
from derive.stable.risk import Risks
from derive.stable.scaling import scale_out
from derive.stable.signs import signs_in_front
from derive.stable.unstable import Overflows, unstable
from derive.stable.written_out import Formulas
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
    risky = _risky(joint)
    joint, scaled = scale_out(joint, risky, recorder)
    joint = _rewrite_both(joint, scaled, recorder)
    warnings = warnings if warnings and _risky(joint) else []  # what a rescaling left may be mended since
    joint = take_out_largest(complement(joint, recorder), recorder)
    found = (f"{forward.name}: {line}" for line in (*warnings, *unstable(joint.forward, joint.backward)))
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
            recorder.record("rescale", made, source=name)
    return joint, warnings


def _rescale(
    joint: Joint, candidate: Candidate, others: frozenset[str]
) -> tuple[Joint, tuple[Equation, ...]]:
    """Each sum by a maximum of its own if that works, else all by this one."""
    try:
        return rescale(joint, candidate, others)
    except Inhomogeneous:
        return rescale(joint, candidate, frozenset())


def _risky(joint: Joint) -> frozenset[str]:
    """The tensors whose equations are at risk whatever rows of the rule table are used."""
    rewritten = _rewrite_both(joint, frozenset(), Recorder([]))
    risks = Risks(rewritten.equations())
    return frozenset(e.tensor for e in rewritten.equations() if any(risks.at_risk(t.body) for t in e.terms))


def _rewrite_both(joint: Joint, but: frozenset[str], recorder: Recorder) -> Joint:
    formulas = Formulas(joint.forward, Overflows(joint.forward))
    systems = (joint.forward, joint.backward)
    return Joint(*(_rewrite_all(system, but, formulas, recorder) for system in systems))


def _rewrite_all(system: System, but: frozenset[str], formulas: Formulas, recorder: Recorder) -> System:
    """The local rules, in every equation but some; formulas are written out where a rule then matches."""
    equations, taken = [], names_in(system)
    for equation in system.equations:
        if equation.tensor in but:
            equations.append(equation)
            continue
        terms: list[Term] = []
        opened: dict[Read, None] = {}
        rules: dict[str, None] = {}
        for term in equation.terms:
            body, reads, first = formulas.written_out(equation, term)
            body, then = rewrite(body)
            if first or then:
                body = signs_in_front(without_common_numbers(body))
            terms.append(replace(term, body=body))
            opened |= dict.fromkeys(reads)
            rules |= dict.fromkeys((*first, *then))
        new = replace(equation, terms=tuple(terms))
        equations.append(new)
        if rules:
            used = identities(rules, taken)
            why = "; ".join(rules)
            recorder.record("rewrite", (new,), why, equation.tensor, parts=tuple(opened), identities=used)
    return system.with_equations(tuple(equations), system.tensors)
