"""Sums in which an index stands only inside integer reads: a path's score under its labels."""

from dataclasses import replace

import pytest

from codegen.pipeline import write
from codegen.verify import rung1_adjoint
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.pairing.identity import prove
from derive.algebra.index import Letter
from derive.derivation import derive
from derive.language import exp, log, op, total, where
from tests.derive.calculus import with_equation
from tests.indices import index


@op(title="linear-chain conditional random field", source="test")
def chain(s):
    T, K = s.sequence("T", "t"), s.size("K", "jkl")
    t, j, k = s.index("t", T), s.index("j", K), s.index("k", K)
    x, A, y = s.data("x", T, K), s.parameter("A", K, K), s.data("y", T, integer=True)
    a, L = s.let("a", T, K), s.let("L")
    a[t, k] = x[t, k] + where(t, ">", 0, log(total(j, exp(a[t - 1, j] + A[j, k]))), 0)
    L[()] = log(total(k, exp(a[T - 1, k]))) - total(t, x[t, y[t]] + A[y[t - 1], y[t]])
    s.returns(L)


@op(title="three labels at a time", source="test")
def trigrams(s):
    T, K = s.sequence("T", "t"), s.size("K", "jkl")
    t, A, y, L = s.index("t", T), s.parameter("A", K, K, K), s.data("y", T, integer=True), s.let("L")
    z = s.data("z", K, integer=True)
    L[()] = total(t, exp(A[z[y[t - 2]], y[t - 1], y[t]]))
    s.returns(L)


@pytest.mark.parametrize("family", [chain, trigrams], ids=lambda f: f[0].name)
def test_a_path_is_proved_and_planted_faults_are_noticed(family):
    """All but a guard that other factors' zero extension repeats: without it is proved to be the same."""
    source = write(family[0])
    result = rung1_adjoint.check(Candidate(source), Cases(source.plan.derivation))
    missed = result.mutants.planted - result.mutants.killed
    assert result.verdict == "passed" and result.mutants.killed >= 8
    assert missed == result.detail.count("proved to change nothing: da: without guard") <= 1


def test_labels_one_step_off_are_no_adjoint():
    """The guards of the path's contribution to the gradient of A, each moved by a step."""
    derivation = derive(chain[0])
    old = derivation.backward.equation("dA")
    (at,) = (k for k, term in enumerate(old.terms) if term.integer_reads())
    guards = old.terms[at].guards
    assert len(guards) == 2
    for n, guard in enumerate(guards):
        moved = (*guards[:n], guard.substitute({Letter("t"): index("t") + 1}), *guards[n + 1 :])
        terms = (*old.terms[:at], replace(old.terms[at], guards=moved), *old.terms[at + 1 :])
        wrong = with_equation(derivation.backward, replace(old, terms=terms))
        assert prove(derivation.forward, wrong).faults, guard
