"""Rung 1: every op's adjoint identity is proved for all sizes, and no wrong adjoint's is."""

from dataclasses import replace
from functools import cache

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, reject, settings

from codegen.catalogue import catalogue
from codegen.verify import rung1_adjoint
from codegen.verify.cases import Cases
from codegen.verify.pairing import matching
from codegen.verify.pairing.identity import prove
from codegen.verify.sabotage import wrong_systems
from derive.adjoint import adjoint, join
from derive.algebra.expr import Number, Read, substitute, times, transform
from derive.algebra.index import Affine, In, Index
from derive.derivation import derive
from derive.errors import SpecError
from derive.language import exp, op, total
from derive.oracle.reference import evaluate
from derive.oracle.residues import PrimeField
from derive.steps import Recorder
from tests.codegen.verify.candidates import USERS, candidate, cases, source
from tests.derive.calculus import Pair, forward_system, pair, pairing, setting, with_equation
from tests.derive.calculus_specs import CASES, Case
from tests.derive.test_calculus_fuzz import Draw, build, is_proper


@op(title="summed weights", source="test")
def summed_weights(s):
    """The summed index stands in no factor that would end its range."""
    N, P = s.size("N", "i"), s.size("P", "p")
    i, p = s.index("i", N), s.index("p", P)
    x, k, y = s.data("x", N), s.parameter("k", P), s.let("y", N)
    y[i] = total(p, x[i] * exp(k[p]))
    s.returns(y)


SMALL_SPECS = {case.op.name: case.op for case in CASES} | {"summed_weights": summed_weights[0]}


@cache
def derivation(name):
    return derive(next(o for o in catalogue() if o.name == name))


# what is right is proved ------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", [o.name for o in catalogue()])
def test_every_op_of_the_catalogue_is_proved(name):
    proof = prove(derivation(name).forward, derivation(name).backward)
    assert not proof.faults
    assert proof.pairs >= len(derivation(name).forward.floating_inputs())
    assert proof.contributions == sum(len(e.terms) for e in derivation(name).backward.equations)


@pytest.mark.parametrize("name", SMALL_SPECS)
def test_every_small_spec_is_proved(name):
    made = pair(SMALL_SPECS[name])
    assert not prove(made.forward, made.backward).faults


@pytest.mark.parametrize(
    "name", ["dense_tanh", "conv2d", "max_pool2d", "lstm", "softmax_cross_entropy", *USERS]
)
def test_the_rung_passes_and_notices_every_planted_fault(name):
    result = rung1_adjoint.check(candidate(name), cases(name))
    assert result.verdict == "passed" and result.mutants.killed == result.mutants.planted > 0
    assert result.detail.startswith("proved: ") and result.points > 0


def test_the_certificate_says_what_was_proved():
    result = rung1_adjoint.check(candidate("average_pool"), cases("average_pool"))
    assert str(result) == (
        "rung 1, adjoint identity, all sizes: passed: proved: 3 equations, 3 contributions; "
        "noticed 14 of 14 planted faults"
    )


# what is wrong is not ---------------------------------------------------------------------------------------
def changed(system, tensor, change, number=0):
    """The system with one term of an equation changed; None drops it."""
    old = system.equation(tensor)
    made = change(old.terms[number])
    terms = (*old.terms[:number], *([] if made is None else [made]), *old.terms[number + 1 :])
    return with_equation(system, replace(old, terms=terms))


def test_average_pooling_without_its_guard_fails():
    given = source("average_pool").plan.derivation
    wrong = changed(given.backward, "dx", lambda t: replace(t, guards=()))
    result = rung1_adjoint.check(candidate("average_pool"), Cases(replace(given, backward=wrong)))
    assert result.verdict == "failed"
    assert "to the gradient of x" in result.detail
    assert "nothing implies -stride*i + u >= 0; they differ at" in result.detail


@pytest.mark.parametrize(("s", "k"), [(3, 2), (2, 3)])
def test_average_pooling_with_numbers_for_its_step_and_window(s, k):
    """s = 3, k = 2 leaves gaps between the windows; a proof that forgets domains calls it right."""

    def pooling(p):
        N, M = p.size("N", "u"), p.size("M", "i")
        i, q = p.index("i", M), p.index("q", k)
        x, y, z = p.data("x", N), p.let("y", M), p.data("z", M)
        y[i] = z[i] * total(q, x[s * i + q])
        p.returns(y)

    (made,) = op(title="pooling", source="test")(pooling)
    right = pair(made)
    assert not prove(right.forward, right.backward).faults
    fault, *_ = prove(right.forward, changed(right.backward, "dx", unguarded(0))).faults
    assert f"nothing implies -{s}*i + u >= 0" in str(fault) and "to the gradient of x" in str(fault)


# planted faults ---------------------------------------------------------------------------------------------
def dropped(term):
    return None


def mirrored(term):
    """The cotangent at i - p where the delta's solution is i + p."""
    (p,) = (b.name for b in term.binders)

    def turn(node):
        if isinstance(node, Read) and node.tensor == "dy":
            return substitute(node, {p: -Affine.of(p)})
        return node

    return replace(term, body=transform(term.body, turn))


def unguarded(number):
    return lambda t: replace(t, guards=(*t.guards[:number], *t.guards[number + 1 :]))


def longer(term):
    """The first summed index runs one further."""
    (first, *rest) = term.binders
    return replace(term, binders=(Index(first.name, first.lo, first.hi + 1), *rest))


def wider(term):
    """The domain that the change of variables left is one too large."""
    (guard,) = term.guards
    return replace(term, guards=(In(guard.e, guard.lo, guard.hi + 1),))


def swapped(term):
    """The summed index has the range of another axis."""
    (first, *rest) = term.binders
    return replace(term, binders=(Index(first.name, first.lo, Affine.of("N")), *rest))


def without_last_factor(term):
    return replace(term, body=times(*term.body.args[:-1]))


def scaled(term):
    return replace(term, body=times(Number(Affine.of(2001), 2000), term.body))


NO_MAP = "no change of variables takes one sum to the other"
WRONG = [
    ("true_convolution", "dx", 0, mirrored, "the factors differ where b = b, i = p + i"),
    ("true_convolution", "dx", 0, without_last_factor, NO_MAP),
    ("true_convolution", "dx", 0, dropped, NO_MAP),
    ("true_convolution", "dx", 0, scaled, "has -1/2000 as its coefficient on the whole, not 0"),
    ("dilated", "dx", 0, mirrored, "the factors differ where b = b, i = d*p + i"),
    ("average_pooling", "dx", 0, wider, "nothing implies k - 1 + s*i - u >= 0"),
    ("average_pooling", "dx", 0, unguarded(0), "nothing implies -s*i + u >= 0"),
    ("exponential_window", "dx", 0, unguarded(0), "nothing implies -2*i + u >= 0"),
    ("part_of_a_dimension", "dx", 1, unguarded(0), "nothing implies K - 3 >= 0"),
    ("part_of_a_dimension", "dx", 1, unguarded(1), "nothing implies i - 1 >= 0"),
    ("two_steps_back", "dx", 1, unguarded(0), NO_MAP),
    ("two_steps_back", "dh", 2, dropped, NO_MAP),
    ("two_steps_back", "dh", 0, dropped, "the cotangent given of h"),
    ("two_steps_back", "dh", 0, scaled, "has -1/2000 as its coefficient"),
    ("summed_weights", "dx", 0, swapped, "nothing implies N - 1 - p >= 0"),
    ("summed_weights", "dx", 0, longer, "nothing implies P - 1 - p >= 0"),
    ("embedding", "dE", 1, unguarded(0), "nothing implies 1 + ids[b, t - 1] >= 0"),
    ("max_pooling", "dX", 0, unguarded(0), "nothing implies s*i + p_Y[b, i, j] - pad >= 0"),
    ("max_pooling", "dX", 0, unguarded(2), "nothing implies p_Y[b, i, j] >= 0"),
    ("polynomial_product", "db", 0, unguarded(0), "nothing implies d - j >= 0"),
]


@pytest.mark.parametrize(("name", "tensor", "number", "change", "reason"), WRONG)
def test_a_wrong_contribution_is_named_with_its_reason(name, tensor, number, change, reason):
    right = pair(SMALL_SPECS[name])
    faults = prove(right.forward, changed(right.backward, tensor, change, number)).faults
    assert any(reason in str(fault) for fault in faults)


@pytest.mark.parametrize(
    ("name", "tensor", "change"), [("centred_window", "dw", longer), ("exponential_window", "dx", swapped)]
)
def test_a_range_that_a_factor_ends_may_be_longer(name, tensor, change):
    """dy[b, i] is 0 behind its axis: this is another text of the same gradient, and is proved."""
    right = pair(SMALL_SPECS[name])
    wrong = changed(right.backward, tensor, change)
    assert wrong != right.backward and not prove(right.forward, wrong).faults


# verdicts -------------------------------------------------------------------------------------------------
def test_what_cannot_be_decided_is_unproved_not_passed(monkeypatch):
    monkeypatch.setattr(matching, "TRIES", 0)
    result = rung1_adjoint.check(candidate("dense_tanh"), cases("dense_tanh"))
    assert result.verdict == "unproved" and NO_MAP in result.detail and result.mutants is None


def test_a_prover_that_proves_everything_is_found_out(monkeypatch):
    monkeypatch.setattr(rung1_adjoint, "unproved", lambda pairs, pair: iter(()))
    result = rung1_adjoint.check(candidate("dense_tanh"), cases("dense_tanh"))
    assert result.verdict == "not shown" and result.detail == "blind to dx with a spurious term"


def test_a_prover_that_forgets_domains_would_be_found_out(monkeypatch):
    """Without the two inclusions, average pooling without its guard is 'proved'."""
    made = pair(SMALL_SPECS["average_pooling"])
    wrong = changed(made.backward, "dx", lambda t: replace(t, guards=()))
    assert prove(made.forward, wrong).faults
    monkeypatch.setattr(matching, "_not_implied", lambda region, other, way: None)
    assert not prove(made.forward, wrong).faults


def test_a_gradient_wrong_by_a_twentieth_of_a_percent_fails_with_the_sizes():
    given = source("leaky").plan.derivation
    wrong = wrong_systems(given.backward, 1)[0]
    assert wrong.scaled
    result = rung1_adjoint.check(candidate("leaky"), Cases(replace(given, backward=wrong.system)))
    assert result.verdict == "failed" and "coefficient on the whole" in result.detail
    assert "they differ at" in result.detail and "T=" in result.detail


# random equations ---------------------------------------------------------------------------------------
def is_equal_in_numbers(spec, forward, wrong, at):
    """Whether a backward system pairs like the adjoint, at one problem over a prime field."""
    values = evaluate(forward, at.residues(), at.sizes, {}, {}, PrimeField())
    if not is_proper({e.tensor: values[e.tensor] for e in forward.equations}):
        return True
    try:
        return pairing(Pair(spec, forward, wrong), at, join(forward, wrong)) == 0
    except ZeroDivisionError:
        return True


@settings(
    max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(st.data())
def test_no_wrong_adjoint_of_random_equations_is_proved(data):
    def random_equations(s):
        build(Draw(data), s)

    (made,) = op(title="random", source="fuzz")(random_equations)
    try:
        spec = made.spec()
        forward = forward_system(spec)
    except SpecError:
        reject()
    backward = adjoint(forward, Recorder([]))
    sizes = {n: data.draw(st.integers(1, 5)) for n in ("N", "M", "P", "A")}
    for wrong in wrong_systems(backward, 4):
        if not prove(forward, wrong.system).faults:
            assert is_equal_in_numbers(spec, forward, wrong.system, setting(Case(made, sizes), forward)), (
                wrong.about
            )
