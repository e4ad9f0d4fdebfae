"""Problems at which nearly everything cancels: what rounding explains is no fault, a fault is no rounding."""

from dataclasses import replace

import numpy as np
import pytest

from codegen.lower import lower
from codegen.module import write_module
from codegen.verify import rung6_numeric, rung7_shapes
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.face import Face
from codegen.verify.load import load_plain
from codegen.verify.roundings import Allowance
from codegen.verify.rung5_autodiff import SHALLOW, Agreement, difference, oracle
from codegen.verify.rung7_shapes import Noticer
from codegen.verify.sabotage import scaled_gradient
from codegen.verify.shape_cases import ShapeCase
from codegen.verify.shapes import Shape
from derive.derivation import derive
from derive.language import op, sqrt, total

SOURCE = "a user's file"


@op(title="normalisation", source=SOURCE)
def normalised(s):
    N, K = s.batch("N", "n"), s.size("K", "kl")
    n, k, l = s.index("n", N), s.index("k", K), s.index("l", K)
    x, m, v, y = s.data("x", N, K), s.let("m", N), s.let("v", N), s.let("y", N, K)
    m[n] = total(l, x[n, l]) / K
    v[n] = total(l, (x[n, l] - m[n]) ** 2) / K
    y[n, k] = (x[n, k] - m[n]) / sqrt(v[n] + s.real("eps", 1e-5))
    s.returns(y)


@op(title="cosine", source=SOURCE)
def cosine(s):
    N, K = s.batch("N", "n"), s.size("K", "k")
    n, k = s.index("n", N), s.index("k", K)
    a, b, c = s.data("a", N, K), s.data("b", N, K), s.let("c", N)
    c[n] = total(k, a[n, k] * b[n, k]) / sqrt(total(k, a[n, k] ** 2) * total(k, b[n, k] ** 2))
    s.returns(c)


@op(title="variance as a difference of squares", source=SOURCE)
def variance(s):
    N, K = s.batch("N", "n"), s.size("K", "k")
    n, k = s.index("n", N), s.index("k", K)
    x, v = s.data("x", N, K), s.let("v", N)
    v[n] = total(k, x[n, k] ** 2) / K - (total(k, x[n, k]) / K) ** 2
    s.returns(v)


def cases_of(spec):
    return Cases(derive(spec[0]))


def text_of(of):
    return write_module(lower(of.derivation)).text


def face_of(of, text=None):
    return Face(load_plain(of.derivation.op.name, text or text_of(of)), of)


# rung 5 -------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def two_numbers():
    """A normalisation of two numbers is 1 and -1: its gradient is what eps leaves of it."""
    of = cases_of(normalised)
    problem = replace(of.drawn(Shape("two", {"N": 3, "K": 2}, {}), "0", "normal"), reals={"eps": 1e-9})
    return of, problem, oracle(of, problem)(problem)


def test_two_evaluations_differ_by_more_than_the_bar_and_by_no_more_than_their_roundings(two_numbers):
    of, problem, answer = two_numbers
    allowed = Agreement(SHALLOW, allowed=Allowance(of, problem))
    assert difference(face_of(of), problem, answer, Agreement(SHALLOW)) == "the gradient of x differs"
    assert difference(face_of(of), problem, answer, allowed) == ""


def test_a_fault_of_a_twentieth_of_a_percent_is_no_rounding(two_numbers):
    of, problem, answer = two_numbers
    allowed = Agreement(SHALLOW, allowed=Allowance(of, problem))
    wrong = face_of(of, scaled_gradient(text_of(of), "dx", 2))
    assert difference(wrong, problem, answer, allowed) == "the gradient of x differs"


def test_where_mpmath_cannot_say_nothing_is_explained(two_numbers):
    of, problem, answer = two_numbers
    tied = replace(problem, inputs={"x": np.full_like(problem.inputs["x"], np.inf)})
    allowed = Agreement(SHALLOW, allowed=Allowance(of, tied))
    assert difference(face_of(of), problem, answer, allowed) == "the gradient of x differs"


# rung 6 -------------------------------------------------------------------------------------------------
def test_noise_is_measured_where_it_is_far_above_a_rounding_of_the_output(monkeypatch):
    of = cases_of(variance)
    drawn = of.drawn(Shape("far", {"N": 3, "K": 4}, {}), "0", "normal")
    problem = replace(drawn, inputs={"x": 1e6 + drawn.inputs["x"]})
    assert rung6_numeric.compare(face_of(of), problem) == ("", True)
    monkeypatch.setattr(rung6_numeric, "TREMBLES", 0)
    assert rung6_numeric.compare(face_of(of), problem)[1] is False


def test_noise_hides_no_fault_where_there_is_a_slope():
    of = cases_of(variance)
    problem = of.drawn(Shape("five", {"N": 3, "K": 5}, {}), "0", "normal")
    wrong = face_of(of, scaled_gradient(text_of(of), "dx", 2))
    assert rung6_numeric.compare(face_of(of), problem) == ("", True)
    assert rung6_numeric.compare(wrong, problem)[0] == "the slope along x differs"


# rung 7 -------------------------------------------------------------------------------------------------
ONE = ShapeCase({"N": 2, "K": 1}, {}, {})


@pytest.fixture(scope="module")
def compiled():
    """Machine code contracts products and sums: it rounds otherwise than the oracle."""
    return Candidate(write_module(lower(cases_of(cosine).derivation)))


def test_a_cosine_in_one_dimension_is_as_constant_as_rounding_lets_it_be(compiled, monkeypatch):
    of = cases_of(cosine)
    right = Noticer(compiled, compiled.fast, of)
    assert right.at(ONE) == "" and right.allowed
    monkeypatch.setattr(rung7_shapes.Allowance, "explains", lambda *given: False)
    assert Noticer(compiled, compiled.fast, of).at(ONE).endswith("differs from the oracle")


def test_a_wrong_text_gets_no_allowance_that_the_right_one_did_not_need(compiled):
    of = cases_of(cosine)
    right = Noticer(compiled, compiled.plain, of)
    usual = ShapeCase({"N": 2, "K": 3}, {}, {})
    assert right.at(usual) == "" and not right.allowed
    wrong = scaled_gradient(text_of(of), "da", 2)
    assert Noticer(compiled, load_plain("cosine", wrong), of, right).at(usual) == "da differs from the oracle"
