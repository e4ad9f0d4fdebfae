"""Ops at which nothing is wrong, and of which a rung said otherwise or could say nothing: by finding."""

import mpmath
import numpy as np

from codegen.lower import lower
from codegen.module import write_module
from codegen.verify import roundings, rung2_derivation, rung5_autodiff, rung7_shapes, rung12_provenance
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.extreme_answers import Reference
from codegen.verify.extremes import base_problem
from codegen.verify.face import Face
from codegen.verify.load import load_fast, load_plain
from codegen.verify.roundings import digits
from codegen.verify.rung4_digits import problems
from codegen.verify.rung8_nonfinite import difference, questions
from codegen.verify.rung9_isolation import noticed
from codegen.verify.sabotage import isolation_faults, scaled_gradient
from derive.derivation import derive
from derive.language import delta, equal, exp, log, op, total, where
from derive.oracle.numbers import apply

DOUBLE, SINGLE = np.dtype(np.float64), np.dtype(np.float32)


@op(title="label smoothing", source="test")
def smoothed(s):
    N, K = s.batch("N", "n"), s.size("K", "kl")
    n, k, l = s.index("n", N), s.index("k", K), s.index("l", K)
    z, y, L = s.data("z", N, K), s.data("y", N, integer=True), s.let("L")
    at_label = z[n, y[n]] - log(total(k, exp(z[n, k])))
    L[()] = -total(n, at_label + total(k, z[n, k] - log(total(l, exp(z[n, l])))) / K) / N
    s.returns(L)


@op(title="a bias for each distance", source="test")
def distances(s):
    N, T = s.batch("N", "n"), s.size("T", "ij")
    n, i, j = s.index("n", N), s.index("i", T), s.index("j", T)
    x, r, y = s.data("x", N, T), s.parameter("r", 2 * T - 1), s.let("y", N, T)
    y[n, i] = total(j, r[j - i + T - 1] * x[n, j])
    s.returns(y)


@op(title="shares of a segment", source="test")
def shares(s):
    N, E = s.size("N", "n"), s.size("E", "e")
    n, e = s.index("n", N), s.index("e", E)
    x, w = s.parameter("x", E), s.parameter("w", N)
    of = s.data("of", E, integer=True, outside="zero")
    beside = s.data("beside", E, integer=True)
    Z, y = s.let("Z", N), s.let("y", E)
    Z[n] = total(e, x[e], where=(equal(of[e], n),))
    y[e] = x[e] / Z[of[e]] + w[beside[e]]
    s.returns(y)


@op(title="contrastive loss", source="test")
def contrastive(s):
    N, K = s.size("N", "nm"), s.size("K", "k")
    n, m, k = s.index("n", N), s.index("m", N), s.index("k", K)
    a, b, S, L = s.data("a", N, K), s.data("b", N, K), s.let("S", N, N), s.let("L")
    S[n, m] = 3 * total(k, a[n, k] * b[m, k])
    L[()] = total(n, log(total(m, exp(S[n, m]))) - S[n, n]) / N
    s.returns(L)


@op(title="a factorisation machine", source="test")
def pairs(s):
    N, K, F = s.batch("N", "n"), s.size("K", "k"), s.size("F", "f")
    n, k, f = s.index("n", N), s.index("k", K), s.index("f", F)
    x, V, y = s.data("x", N, K), s.parameter("V", K, F), s.let("y", N)
    y[n] = total(f, total(k, V[k, f] * x[n, k]) ** 2 - total(k, V[k, f] ** 2 * x[n, k] ** 2)) / 2
    s.returns(y)


@op(title="a logistic curve", source="test")
def logistic(s):
    T = s.integer("T", 5, least=1)
    t, start, a, y = s.index("t", T), s.data("start"), s.parameter("a"), s.let("y", T)
    y[t] = y[t - 1] + a * y[t - 1] * (1 - y[t - 1]) + delta(t, 0) * start
    s.returns(y)


@op(title="pairs in their order", source="test")
def ranking(s):
    N = s.size("N", "ij")
    i, j = s.index("i", N), s.index("j", N)
    z, y, L = s.data("z", N), s.data("y", N), s.let("L")
    L[()] = total((i, j), where(y[i], ">", y[j], log(1 + exp(z[j] - z[i])), 0))
    s.returns(L)


@op(title="focal loss", source="test")
def focal(s):
    N, K = s.batch("N", "n"), s.size("K", "kl")
    n, k, l = s.index("n", N), s.index("k", K), s.index("l", K)
    z, y, p, L = s.data("z", N, K), s.data("y", N, integer=True), s.let("p", N, K), s.let("L", N)
    p[n, k] = exp(z[n, k]) / total(l, exp(z[n, l]))
    L[n] = -((1 - p[n, y[n]]) ** 2) * log(p[n, y[n]])
    s.returns(L)


def made(family):
    source = write_module(lower(derive(family[0])))
    return Candidate(source), Cases(source.plan.derivation)


def test_memory_that_is_kept_is_seen_where_all_arrays_have_one_shape():
    """They were one array, and the gradient NaN at every call: nothing had changed."""
    candidate, cases = made(smoothed)
    text = dict(isolation_faults(candidate.text, candidate.plan))["outputs in memory that is kept"]
    fault = noticed(candidate, load_plain("smoothed", text), cases, cases.smallest_float)
    assert "gradients after a call with other inputs differ" in fault


def test_an_axis_of_fewer_than_no_elements_is_refused():
    """2*T - 1 of no places is -1: the problem itself could not be made."""
    candidate, cases = made(distances)
    assert rung7_shapes.check(candidate, cases).verdict == "passed"


def test_labels_stay_inside_where_the_equations_would_divide_by_0():
    _, cases = made(shares)
    assert cases.straying == {"of": 0.0, "beside": 0.125}
    assert len(cases.exact) > 3 and len(cases.floats) > 1 and rung2_derivation.pairings(cases)


def test_problems_are_drawn_again_where_a_label_makes_the_equations_divide_by_0(monkeypatch):
    """Only the plain ones do, by p of no class: all problems were dropped, and rung 2 found no sizes."""
    _, cases = made(focal)
    found = len(rung2_derivation.pairings(cases))
    monkeypatch.setattr(rung2_derivation, "DRAWS", 1)
    assert len(rung2_derivation.pairings(cases)) < found


@np.errstate(all="ignore")
def test_labels_that_stay_inside_stray_at_the_edges_of_floating_point():
    candidate, cases = made(shares)
    asked = [q for q in questions(cases, base_problem(cases), DOUBLE) if "stray" in q.extreme.about]
    assert [q.extreme.about for q in asked] == ["labels that stray in of"]
    right = candidate.text
    wrong = right.replace("if 0 <= of[b, e] < N:", "if 0 <= of[b, e] <= N:")
    assert wrong != right
    faults = [difference(Face(load_plain("shares", text), cases), asked[0]).fault for text in (right, wrong)]
    assert faults[0] == "" and "IndexError" in faults[1]


def test_what_is_small_because_1_cancels_is_known_to_its_own_digits(monkeypatch):
    """The plain gradient is 1 - (1 - 1e-41): exact beside 1, and wrong in the eighth digit."""
    _, cases = made(contrastive)
    large = next(p for about, p in problems(cases) if about.startswith("8"))

    def resolved():
        known = digits(cases, large)
        ends = zip(known.exact["the gradient of a"].flat, known.stable["the gradient of a"].flat, strict=True)
        return all(abs(e.value - s.value) <= 2**-53 * (s.error + abs(float(s.value))) for e, s in ends)

    assert resolved()
    monkeypatch.setattr(roundings, "FAR_BELOW", np.inf)
    assert not resolved()


def test_an_exponential_of_an_exponential_takes_no_minute():
    """A kernel whose width is exp(r), at r = 1e4."""
    huge = mpmath.exp(mpmath.mpf(20_000))
    assert [apply("exp", x) for x in (-huge, huge)] == [0, mpmath.inf]
    assert [apply("expm1", x) for x in (-huge, huge)] == [-1, mpmath.inf]
    assert [apply("sigmoid", x) for x in (-huge, huge)] == [0, 1]
    assert apply("log", apply("exp", mpmath.mpf(1e300))) == 1e300


def test_roundings_of_large_squares_that_cancel_are_no_fault(monkeypatch):
    """In single precision 1e8 less 1e8 is a few roundings of it, in one order or another."""
    candidate, cases = made(pairs)
    asked = questions(cases, base_problem(cases), SINGLE)

    def faults(text):
        face = Face(load_fast("pairs", text), cases)
        return [q.extreme.about for q in asked if difference(face, q).fault]

    wrong = faults(scaled_gradient(candidate.text, "dV", 2).replace("2001, 2000", "11, 10"))
    assert faults(candidate.text) == [] and len(wrong) > 9
    monkeypatch.setattr(Reference, "roundings", lambda self, name: 0.0)
    assert any("large number" in about or "1e4" in about for about in faults(candidate.text))


def test_steps_as_many_as_a_call_says_are_scanned_by_jax():
    """No size carried them, JAX was told: the number of steps is one that a call gives."""
    candidate, cases = made(logistic)
    assert rung5_autodiff.check(candidate, cases).verdict == "passed"


def test_five_hundredths_of_a_percent_of_no_gradient_are_no_other_equations():
    """What is only compared has none."""
    candidate, cases = made(ranking)
    assert rung12_provenance.check(candidate, cases).verdict == "passed"
