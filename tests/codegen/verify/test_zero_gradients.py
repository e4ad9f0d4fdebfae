"""Gradients that are 0 everywhere: no factor makes them wrong, so the rungs plant what does."""

import pytest

from codegen.pipeline import write
from codegen.verify import rung1_adjoint
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.extremes import base_problem
from codegen.verify.pairing import identity, matching
from codegen.verify.publishable import verify
from codegen.verify.sabotage import with_spurious_term, without_terms
from derive.algebra.index import Affine, Letter
from derive.derivation import derive
from derive.language import op, where
from tests.codegen.verify.candidates import candidate, cases


@op(title="nothing", source="test")
def nothing(s):
    N = s.batch("N", "n")
    n, x, y = s.index("n", N), s.data("x", N), s.let("y", N)
    y[n] = x[n] - x[n]
    s.returns(y)


@op(title="one of two", source="test")
def one_of_two(s):
    """z does not move y, though it is read."""
    N = s.batch("N", "n")
    n, x, z, w, y = s.index("n", N), s.data("x", N), s.data("z", N), s.let("w", N), s.let("y", N)
    w[n] = x[n] * (z[n] - z[n])
    y[n] = w[n] + x[n] ** 2
    s.returns(y)


@op(title="only compared", source="test")
def only_compared(s):
    """The gradient of x has no terms at all."""
    N = s.batch("N", "n")
    n, x, z, y = s.index("n", N), s.data("x", N), s.data("z", N), s.let("y", N)
    y[n] = where(x[n], ">", 0, z[n], 2 * z[n])
    s.returns(y)


OPS = {"nothing": (nothing, 1), "one_of_two": (one_of_two, 2), "only_compared": (only_compared, 1)}
SPURIOUS = "blind to dx with a spurious term"


def checked(name):
    source = write(OPS[name][0][0])
    return rung1_adjoint.check(Candidate(source), Cases(source.plan.derivation))


@pytest.mark.parametrize("name", OPS)
def test_a_gradient_that_is_zero_is_proved_and_a_spurious_term_noticed(name):
    result = checked(name)
    assert result.verdict == "passed" and result.detail.startswith("proved: ")
    assert "proved to change nothing: d" in result.detail and "spurious" not in result.detail


def test_the_spurious_terms_are_counted_among_the_planted_faults():
    """dx wrong by 0.05%; terms dropped, negated, shifted; and the spurious one, which only it makes 8."""
    assert str(checked("nothing").mutants) == "7 of 8"


@pytest.mark.parametrize(("name", "count"), [(name, count) for name, (_, count) in OPS.items()])
def test_a_spurious_term_of_every_cotangent_is_no_adjoint(name, count):
    derivation = derive(OPS[name][0][0])
    given = Cases(derivation)
    (zero,) = [g for g in derivation.backward.outputs if rung1_adjoint._vanishes(given, g)]
    wrong = list(rung1_adjoint._spurious(given, zero))
    assert len(wrong) == count and {w.about for w in wrong} == {f"{zero} with a spurious term"}
    for made in wrong:
        assert identity.prove(derivation.forward, made.system).faults


@pytest.mark.parametrize("name", ["nothing", "only_compared"])
def test_a_prover_that_overlooks_what_has_no_counterpart_is_found_out(name, monkeypatch):
    whole = matching.remainder
    monkeypatch.setattr(identity, "remainder", lambda *given: [r for r in whole(*given) if not r.alone])
    result = checked(name)
    assert result.verdict == "not shown" and result.detail == SPURIOUS


def test_a_prover_that_overlooks_coefficients_is_not_excused(monkeypatch):
    """A gradient that is not 0 has to be noticed when it is wrong by a factor."""
    whole = matching.remainder
    monkeypatch.setattr(identity, "remainder", lambda *given: [r for r in whole(*given) if r.alone])
    result = rung1_adjoint.check(candidate("dense_tanh"), cases("dense_tanh"))
    assert result.verdict == "not shown" and result.detail == "blind to dx wrong by 0.05%"


def test_the_wrong_systems_are_what_they_say():
    backward = derive(nothing[0]).backward
    assert without_terms(backward, "dx").equation("dx").terms == ()
    *kept, spurious = with_spurious_term(backward, "dx", "dy").system.equation("dx").terms
    assert tuple(kept) == backward.equation("dx").terms
    (axis,) = spurious.binders
    assert axis.name != Letter("n") and [r.at for r in spurious.reads()] == [(Affine.of(axis.name),)]


def test_outputs_that_are_always_zero_have_a_problem_to_be_asked_at():
    given = Cases(derive(nothing[0]))
    assert base_problem(given) is not None


@pytest.mark.parametrize("name", ["nothing", "only_compared"])
def test_every_rung_passes(name):
    assert {r.verdict for r in verify(write(OPS[name][0][0])).results} == {"passed"}
