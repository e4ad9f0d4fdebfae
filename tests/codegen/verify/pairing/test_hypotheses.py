"""The hypotheses of the lemma: each of them, broken, is named."""

from dataclasses import replace

import pytest

from codegen.verify.pairing.hypotheses import breaches
from codegen.verify.pairing.identity import prove
from codegen.verify.pairing.pairs import Pairs
from derive.algebra.expr import Read, times
from derive.algebra.index import Affine, Index
from derive.algebra.system import Term
from tests.derive.calculus import pair, with_equation
from tests.derive.calculus_specs import CASES

SPECS = {case.op.name: case.op for case in CASES}


def breach(forward, backward):
    return next(breaches(Pairs(forward, backward)), "")


def edited(system, name, **more):
    """The system with another declaration of a tensor."""
    return replace(system, tensors=tuple(replace(t, **more) if t.name == name else t for t in system.tensors))


def without(system, tensor):
    return replace(system, equations=tuple(e for e in system.equations if e.tensor != tensor))


def backward_breaches():
    """Adjoints of a recurrence that are no adjoints, and the hypothesis that each of them breaks."""
    made = pair(SPECS["with_initial_state"])
    forward, backward = made.forward, made.backward
    dh = backward.equation("dh")
    other = dh.terms[0].body.tensor
    doubled = replace(dh, terms=(*dh.terms, Term((), (), times(dh.terms[0].body, dh.terms[0].body))))
    stolen = replace(backward.equation("dx"), terms=(Term((), (), Read(other, (Affine(),) * 3)),))
    part = replace(dh, indices=(Index(dh.indices[0].name, Affine(), Affine.of("T") - 1), *dh.indices[1:]))
    clash = replace(dh, terms=(Term((dh.indices[0],), (), dh.terms[0].body), *dh.terms[1:]))
    return forward, [
        (without(backward, "dx"), "the outputs are"),
        (replace(backward, outputs=backward.outputs[::-1]), "the outputs are"),
        (without(backward, "dh"), "the cotangent of h does not come from the caller"),
        (edited(backward, other, is_a=""), "does not come from the caller"),
        (
            edited(backward, other, of="x"),
            "the cotangent of x does not come from its",
        ),
        (replace(backward, equations=(*backward.equations, dh)), "dh is given more than once"),
        (with_equation(backward, part), "the equation of dh is not over the domain of dh"),
        (with_equation(backward, doubled), "is no sum linear in the cotangent of one equation"),
        (with_equation(backward, stolen), "term 1 of dx is no sum linear in the cotangent of one equation"),
        (with_equation(backward, clash), "one name for two indices"),
        (edited(backward, "dh", is_a=""), "dh is the gradient of nothing"),
    ]


@pytest.mark.parametrize("number", range(11))
def test_a_broken_hypothesis_is_named(number):
    forward, wrong = backward_breaches()
    assert breach(forward, pair(SPECS["with_initial_state"]).backward) == ""
    backward, complaint = wrong[number]
    found = list(breaches(Pairs(forward, backward)))
    assert any(complaint in line for line in found), found
    assert prove(forward, backward).faults


def test_a_way_that_the_adjoint_does_not_go_back_is_named():
    """Without y's gradient nothing tells that x moves z through y."""
    made = pair(SPECS["one_corner"])
    backward = without(edited(made.backward, "dy", is_a=""), "dy")
    assert "z reads y, which moves, but has no gradient" in list(breaches(Pairs(made.forward, backward)))


def test_a_forward_system_without_an_order_is_named():
    made = pair(SPECS["two_steps_back"])
    old = made.forward.equation("h")
    now = replace(old, terms=(*old.terms, Term((), (), old.lhs)))
    assert "without a step" in breach(with_equation(made.forward, now), made.backward)
