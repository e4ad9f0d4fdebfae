"""Rung 4 and its number type: what rounding may do, what it did, and formulas that lose digits."""

import random
import re
from dataclasses import replace
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from codegen.lower import lower
from codegen.module import Source, write_module
from codegen.verify import rung4_digits
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.face import Face
from codegen.verify.load import load_plain
from codegen.verify.roundings import Digits, digits
from codegen.verify.rung4_digits import difference, losing, lost_digits, problems
from derive.algebra.scalars import SCALARS
from derive.derivation import derive
from derive.language import cos, exp, log, op, relu, tanh
from derive.oracle.numbers import apply
from derive.oracle.rounding import Rounded, Roundings, Undecided
from tests.codegen.verify.candidates import candidate, cases, source

UNIT = 2.0**-53


@pytest.fixture(autouse=True)
def precision():
    with mpmath.workprec(200):
        yield


def given(value: float) -> Rounded:
    return Roundings().of(value)


# the number type --------------------------------------------------------------------------------------
FORMULAS = {
    "a sum of products": lambda x, y, z: x * y + y * z - z * x + x,
    "a quotient": lambda x, y, z: (x - y) / (z + 3) + 1 / y,
    "a power": lambda x, y, z: x**3 - y**2 * z,
    "a difference": lambda x, y, z: (x + y) - (x - z),
    "the same, multiplied out": lambda x, y, z: x * (y - z) + z * x - x * y,
}


@pytest.mark.parametrize("name", FORMULAS)
def test_floats_stay_within_the_bound_and_come_near_it(name):
    rng, nearest = random.Random(name), 0.0
    for _ in range(300):
        values = [rng.uniform(0.5, 2.0) for _ in range(3)]
        known = FORMULAS[name](*map(given, values))
        off = abs(mpmath.mpf(FORMULAS[name](*values)) - known.value)
        assert off <= UNIT * known.error
        nearest = max(nearest, float(off / (UNIT * known.error)))
    assert nearest > 0.05, "a bound that is never approached shows nothing"


@pytest.mark.parametrize("name", [n for n, row in SCALARS.items() if row.derivative and not row.at_kink])
def test_functions_carry_errors_by_their_slope(name):
    lo, hi = SCALARS[name].sample
    x = replace(given(lo + 0.37 * (hi - lo)), error=1000.0)
    slope = abs(mpmath.diff(lambda v: apply(name, v), x.value))
    made = x.apply(name)
    assert 1000 * slope <= made.error <= 1000 * slope + 8 * abs(made.value) + 4 * abs(slope * x.value) + 1e-9
    assert made.inherent == pytest.approx(float(slope * abs(x.value)), rel=1e-12)


def test_a_comparison_that_rounding_may_turn_is_refused():
    one = given(1.0)
    close = replace(given(1.0 + 2.0**-22), error=1.0)
    with pytest.raises(Undecided):
        one < close  # noqa: B015
    assert one < given(1.0 + 2.0**-22) and given(0.0).apply("relu").value == 0


def test_one_number_read_twice_has_a_certain_order():
    """A maximum is not below the number that it is, however uncertain that one's digits are."""
    x = replace(given(1.0), error=5.0)
    assert not x < x.settled() and not x.settled() < x
    with pytest.raises(Undecided):
        x < replace(x, error=6.0)  # noqa: B015


# formulas ---------------------------------------------------------------------------------------------
def formula(function):
    @op(title="a formula", source="a test")
    def one_formula(s):
        N = s.size("N", "n")
        x, y = s.data("x", N), s.let("y", N)
        y[:] = function(x)
        s.returns(y)

    return Cases(derive(one_formula[0]))


LOSES = {
    "a difference of cosines": (lambda x: (1 - cos(x)) / 3, True),
    "a difference of exponentials": (lambda x: exp(x) - exp(-x), True),
    "a logarithm near one": (lambda x: log(1 + x * x * x * x) / 3, False),  # the rule table has a row
    "a sum of exponentials": (lambda x: exp(x) + exp(-x), False),
}


@pytest.mark.parametrize("name", LOSES)
def test_a_formula_that_loses_digits_is_named_with_the_inputs(name):
    function, loses = LOSES[name]
    of = formula(function)
    losers = {a for a, p in problems(of) if (d := digits(of, p)) is not None and losing(d)}
    assert ("4096 times as small" in losers) == loses and (loses or not losers)


def test_what_loses_digits_is_said_with_the_input_that_shows_it():
    of = formula(lambda x: 1 - cos(x))
    about, problem = next(p for p in problems(of) if p[0] == "4096 times as small")
    said = lost_digits(about, problem, digits(of, problem))
    found = re.fullmatch(r"4096 times as small: y may lose digits, as (y(.*)) = (.*) at x(.*) = (.*)", said)
    assert found is not None, said
    x, place = float(found[5]), tuple(map(int, found[2].strip("[]").split(",")))
    assert found[2] == found[4] and problem.inputs["x"][place] == x
    assert float(found[3]) == pytest.approx(x * x / 2, rel=1e-3)
    assert abs((1 - np.cos(x)) / (x * x / 2) - 1) > 1e-9, "a reader who tries the input sees the digits go"


def test_of_a_formula_that_keeps_its_digits_nothing_is_said():
    of = formula(lambda x: exp(x) + exp(-x))
    assert [lost_digits(a, p, digits(of, p)) for a, p in problems(of)] == [""] * len(list(problems(of)))


def test_exact_numbers_are_surer_than_a_formula_that_keeps_digits(monkeypatch):
    """1 + tanh(x) at -12: the plain one needs more digits than the 1 in it asks for."""
    of = formula(lambda x: x * (1 + tanh(x * 3)))
    made = Candidate(write_module(lower(of.derivation)))
    assert rung4_digits.check(made, of).verdict == "passed"
    monkeypatch.setattr(Digits, "is_resolved", lambda found, precision: True)
    assert "beyond its rounding error" in rung4_digits.check(made, of).detail


def test_the_plain_formula_is_what_the_stable_one_is_compared_with():
    """A stable system that is not the same function is beyond any rounding error."""
    of = formula(lambda x: exp(x) + 3)
    wrong = formula(lambda x: exp(x) + 3 + Fraction(1, 10**7)).derivation
    d = replace(of.derivation, stable_forward=wrong.stable_forward, stable_backward=wrong.stable_backward)
    face = Face(load_plain("one_formula", write_module(lower(d)).text), of)
    _, problem = next(problems(of))
    known = digits(Cases(d), problem)
    assert known is not None and difference(face, problem, known).startswith("y is beyond its rounding")


# kernels ----------------------------------------------------------------------------------------------
def plain_face(name, text):
    return Face(load_plain(name, text), cases(name))


def first(name):
    _, problem = next(problems(cases(name)))
    known = digits(cases(name), problem)
    assert known is not None
    return problem, known


NUDGE = "(1 + 2.0 ** -{bits})"


@pytest.mark.parametrize(("bits", "seen"), [(18, "float32"), (40, "float64"), (60, "")])
def test_a_kernel_that_is_off_in_its_last_digits_is_seen(bits, seen):
    text = source("dense_tanh").text
    wrong = text.replace("= tanh(", f"= {NUDGE.format(bits=bits)} * tanh(")
    assert wrong != text
    problem, known = first("dense_tanh")
    found = difference(plain_face("dense_tanh", wrong), problem, known)
    assert found.endswith(seen) and bool(found) == bool(seen)


def test_the_rung_passes_shows_its_faults_and_fails_a_wrong_text():
    made = rung4_digits.check(candidate("dense_tanh"), cases("dense_tanh"))
    assert (made.verdict, made.detail) == ("passed", "") and made.mutants.killed == made.mutants.planted
    text = source("dense_tanh").text.replace("= tanh(", "= number(h, 1999, 2000) * tanh(")
    wrong = Candidate(Source(source("dense_tanh").plan, text))
    found = rung4_digits.check(wrong, cases("dense_tanh"))
    assert found.verdict == "failed" and "is beyond its rounding error in float32" in found.detail


def test_where_rounding_decides_nothing_is_claimed():
    problem, _ = first("max_pool2d")
    tied = replace(problem, inputs={"X": np.ones_like(problem.inputs["X"])})
    assert digits(cases("max_pool2d"), tied) is not None  # exact ties are decided: the first wins
    of = formula(lambda x: relu(x * x - x * x))
    _, drawn = next(problems(of))
    assert digits(of, drawn) is None


def test_near_the_end_of_its_range_float32_is_not_asked():
    """1e39 is no float32; the same fault is seen in float64."""
    of = formula(lambda x: exp(8 * x) / 3)
    _, problem = next(p for p in problems(of) if p[0] == "close together at 12")
    known = digits(of, problem)
    text = write_module(lower(of.derivation)).text
    assert known is not None and difference(Face(load_plain("one_formula", text), of), problem, known) == ""
    wrong = text.replace("= exp(", "= 1.0005 * exp(").replace(" * exp(", " * 1.0005 * exp(")
    assert wrong != text
    found = difference(Face(load_plain("one_formula", wrong), of), problem, known)
    assert found.endswith("float64")


def test_a_precision_in_which_the_equations_overflow_on_their_way_is_not_asked(monkeypatch):
    """12**40 is no float32, and infinity over infinity is NaN: float64 is asked all the same."""
    of = formula(lambda x: (x**40 + 1) / (x**40 + 2 * x))
    _, problem = next(p for p in problems(of) if p[0] == "close together at 12")
    known = digits(of, problem)
    face = Face(load_plain("one_formula", write_module(lower(of.derivation)).text), of)
    with np.errstate(all="ignore"):
        assert known is not None and difference(face, problem, known) == ""
        monkeypatch.setattr(rung4_digits, "_stays_finite", lambda *given: True)
        assert difference(face, problem, known) == "y is beyond its rounding error in float32"
