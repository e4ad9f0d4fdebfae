"""Rung 8: NaN, infinities, saturation and ties; in plain Python but for one op."""

import json
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from codegen.catalogue import find
from codegen.lower import lower
from codegen.module import write_module
from codegen.verify import extreme_differences, rung8_nonfinite
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.extreme_answers import Reference
from codegen.verify.extreme_differences import CONVENTIONS, unlike
from codegen.verify.extremes import Extreme, base_problem, extremes, kinks
from codegen.verify.face import Face
from codegen.verify.load import load_plain
from codegen.verify.nonfinite_faults import nonfinite_faults
from codegen.verify.rung8_nonfinite import LOST, UNSTABLE, Outcome, difference, noticed, questions
from derive.derivation import derive
from derive.language import log, op, where
from derive.oracle.numbers import _FLOATS, Floats, Singles, apply
from tests.codegen.verify.candidates import candidate as of_tests
from tests.codegen.verify.candidates import cases as of_cases

DOUBLE = np.dtype(np.float64)
PADDING, ZEROS = CONVENTIONS
CERTIFICATES = sorted((Path(__file__).parents[3] / "generated").glob("*.certificate.json"))
SMALL = ("dense_tanh", "dense_relu", "max_pool2d", "softmax_cross_entropy", "huber")


@cache
def candidate(name):
    if name in ("dense_tanh", "max_pool2d"):
        return of_tests(name)
    return Candidate(write_module(lower(derive(find((name,))[0]))))


@cache
def cases(name):
    return Cases(candidate(name).plan.derivation)


@cache
def asked(name):
    return questions(cases(name), base_problem(cases(name)), DOUBLE)


@cache
def faults(name):
    shown = [q.reference.wanted for q in asked(name)]
    return {f.about: f for f in nonfinite_faults(candidate(name), cases(name), shown)}


def seen(name, about):
    return noticed(faults(name)[about].text, candidate(name), cases(name), asked(name))


def test_the_rung_passes_on_machine_code():
    result = rung8_nonfinite.check(candidate("dense_tanh"), cases("dense_tanh"))
    assert result.verdict == "passed" and result.detail == "", result
    assert result.points == 2 * len(asked("dense_tanh"))
    assert result.mutants.killed == result.mutants.planted


@pytest.mark.parametrize("name", SMALL)
def test_nothing_is_noticed_of_a_right_text_and_every_certain_fault_is(name):
    assert noticed(candidate(name).text, candidate(name), cases(name), asked(name)) == ""
    certain = [about for about, fault in faults(name).items() if fault.certain]
    assert len(certain) >= 2 and all(seen(name, about) for about in certain)


@pytest.mark.parametrize(
    ("name", "about", "where"),
    [
        ("dense_relu", "relu loses NaN", "NaN"),
        ("dense_relu", "relu'(0) = 1", "ties"),
        ("max_pool2d", "the last of equal maxima", "ties"),
        ("dense_tanh", "tanh overflows", "1e4"),
        ("softmax_cross_entropy", "not made stable", "1e4"),
    ],
)
def test_each_fault_is_noticed_where_it_should_be(name, about, where):
    problems = [q for q in asked(name) if where in q.extreme.about]
    text = faults(name)[about].text
    assert noticed(text, candidate(name), cases(name), problems), (about, where)


def test_a_kink_of_huber_is_hit_by_the_ties():
    ties = next(q for q in asked("huber") if q.extreme.about == "ties")
    distance = abs(ties.extreme.problem.inputs["y"] - ties.extreme.problem.inputs["y_hat"])
    assert (distance == ties.extreme.problem.reals["delta"]).any() and (distance == 0).any()


def test_saturation_has_an_oracle_that_cannot_overflow():
    d = candidate("softmax_cross_entropy").plan.derivation
    plain = replace(d, stable_forward=d.forward, stable_backward=d.backward)
    unstable, own = Candidate(write_module(lower(plain))), Cases(plain)
    question = next(q for q in questions(own, base_problem(own), DOUBLE) if q.extreme.saturated)
    with np.errstate(all="ignore"):
        found = difference(Face(unstable.plain, own), question)
        # the IEEE oracle overflows just as the text does, which is faithful; mpmath does not
        assert found.fault == "" and "L is inf, exactly " in found.lost[0]
        own.derivation = replace(plain, unstable=("exp overflows",))
        assert difference(Face(unstable.plain, own), question) == Outcome()
    result = rung8_nonfinite.check(unstable, Cases(plain))
    assert result.verdict == "passed" and result.detail.endswith(LOST) and "L is inf" in result.detail


def test_a_kernel_that_overflows_on_its_own_is_refused():
    """Its equations keep the value: the text of others does not stand for them."""
    d = candidate("softmax_cross_entropy").plan.derivation
    text = write_module(lower(replace(d, stable_forward=d.forward, stable_backward=d.backward)))
    own = cases("softmax_cross_entropy")
    question = next(q for q in asked("softmax_cross_entropy") if q.extreme.saturated)
    with np.errstate(all="ignore"):
        assert "L is inf, not " in difference(Face(Candidate(text).plain, own), question).fault


def test_no_certificate_of_the_catalogue_owns_up_to_a_loss_or_to_unstable_equations():
    rungs = [r for path in CERTIFICATES for r in json.loads(path.read_text())["rungs"] if r["rung"] == 8]
    assert len(rungs) == len(CERTIFICATES) == len(find(()))
    assert [r for r in rungs if any(words in r.get("detail", "") for words in (LOST, UNSTABLE))] == []


@op(title="logarithm", source="these tests")
def logarithm(s):
    N = s.batch("N", "n")
    n = s.index("n", N)
    x, y = s.data("x", N), s.let("y", N)
    y[n] = log(x[n])
    s.returns(y)


def test_outside_its_domain_nothing_is_demanded_of_a_gradient():
    """log(-1e4) has no value; its slope 1/x, which has one, is not asked for there, but everywhere else."""
    own = Cases(derive(logarithm[0]))
    question = next(q for q in questions(own, base_problem(own), DOUBLE) if q.extreme.saturated)
    x = question.extreme.problem.inputs["x"]
    assert x[0] == 1e4 and x[-1] == -1e4
    assert np.isfinite(question.reference.exact(60)["the gradient of x"]).all()
    asked_for = ~np.isnan(question.reference.inside(60)["the gradient of x"])
    assert (asked_for == (x > 0)).all() and asked_for.any()


@np.errstate(all="ignore")
def test_padding_that_is_multiplied_is_accepted_and_told_and_nothing_else_is():
    made = questions(cases("conv2d"), base_problem(cases("conv2d")), DOUBLE)
    face = Face(candidate("conv2d").plain, cases("conv2d"))
    padded = [q for q in made if difference(face, q).conventions]
    assert padded and all(difference(face, q) == Outcome(conventions=frozenset({PADDING})) for q in padded)
    assert all("K" in q.extreme.about or "cotangent of Y" in q.extreme.about for q in padded)
    question = padded[0]
    for name in question.reference.padded:
        question.reference.padded[name][...] = 0.0
    assert " is nan, not " in difference(face, question).fault


@op(title="reciprocals", source="these tests")
def reciprocals(s):
    N = s.batch("N", "n")
    n, x, w, y = s.index("n", N), s.data("x", N), s.data("w", N), s.let("y", N)
    y[n] = w[n] / x[n] + w[n]
    s.returns(y)


@np.errstate(all="ignore")
def test_the_sign_of_a_zero_that_divides_is_left_open_and_no_other_sign():
    made = Candidate(write_module(lower(derive(reciprocals[0]))))
    own = Cases(made.plan.derivation)
    asked = questions(own, base_problem(own), DOUBLE)

    def outcomes(old, new):
        text = made.text.replace(old, new)
        assert text != made.text or old == new
        face = Face(load_plain("reciprocals", text), own)
        return {q.extreme.about: difference(face, q) for q in asked}

    assert set(outcomes("", "").values()) == {Outcome()}
    other = outcomes("w[n] / x[n]", "w[n] / (x[n] + 0.0)")
    assert set(other.values()) == {Outcome(), Outcome(conventions=frozenset({ZEROS}))}
    wrong = outcomes("w[n] / x[n]", "(w[n] if w[n] - w[n] == 0 else -w[n]) / x[n]")
    assert [about for about, o in wrong.items() if o.fault] == ["inf in w", "-inf in w"]


def test_what_padding_may_make_nan_is_not_demanded_and_everything_else_is():
    """An infinity that is lost there is not missed; one that is lost elsewhere, or a NaN, is."""
    problem = of_cases("dense_tanh").smallest_float
    reference = Reference(of_cases("dense_tanh"), Extreme("nothing", problem), np.float64)
    inf, nan = np.inf, np.nan
    reference.__dict__.update(
        wanted={"Y": np.array([inf, inf, nan, 1.0])}, padded={"Y": np.array([nan, inf, nan, 1.0])}
    )
    assert np.array_equal(reference.demanded["Y"], [0.0, inf, nan, 1.0], equal_nan=True)


def test_where_numbers_stand_is_drawn_again_while_a_mask_drops_them():
    reached = [np.isnan(a).any() for q in asked("dropout") for a in q.reference.wanted.values()]
    assert any(reached) and seen("dropout", "NaN lost in y")


# what is compared ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("found", "wanted", "same"),
    [
        (np.nan, np.nan, True),
        (np.nan, 1.0, False),
        (1.0, np.nan, False),
        (np.inf, np.inf, True),
        (np.inf, -np.inf, False),
        (1e308, np.inf, False),
        (-0.0, 0.0, True),
        (1.0 + 1e-10, 1.0, True),
        (1.0 + 1e-8, 1.0, False),
    ],
)
def test_entries_are_compared_as_declared(found, wanted, same):
    extreme = Extreme("one number", replace(base_problem(cases("dense_tanh")), inputs={}, cotangents={}))
    assert unlike(np.array([found]), np.array([wanted]), extreme, DOUBLE).any() != same


@pytest.mark.parametrize(("found", "same"), [(1e-9, True), (1e-5, False)])
def test_at_large_numbers_a_rounding_of_their_product_is_excused_in_float64_and_no_more(found, same):
    large = {"x": np.array([1e4])}
    extreme = Extreme("+-1e4", replace(base_problem(cases("dense_tanh")), inputs=large, cotangents={}))
    assert unlike(np.array([found]), np.array([0.0]), extreme, DOUBLE).any() != same


@pytest.mark.parametrize(
    ("found", "exact", "accepted"),
    [(2.0, 2.0, True), (2.001, 2.0, False), (2.0, np.inf, False), (np.inf, 2.0, False)],
)
def test_a_number_stands_for_an_infinity_only_where_mpmath_has_it(found, exact, accepted):
    extreme = Extreme("a subnormal", replace(base_problem(cases("dense_tanh")), inputs={}, cotangents={}))
    reference = SimpleNamespace(
        exact=lambda digits: {"y": np.array([exact])}, wanted={"y": np.array([np.inf])}, dtype=DOUBLE
    )
    asked = SimpleNamespace(extreme=extreme, reference=reference)
    assert extreme_differences.better(np.array([found]), "y", asked).all() == accepted


@op(title="hard sigmoid", source="these tests")
def hard_sigmoid(s):
    N = s.batch("N", "n")
    n = s.index("n", N)
    x, y = s.data("x", N), s.let("y", N)
    y[n] = where(x[n], ">", 3, 1, where(x[n], ">", -3, x[n] / 6 + Fraction(1, 2), 0))
    s.returns(y)


def test_a_wrong_number_in_a_comparison_is_noticed_at_that_number_and_nowhere_else():
    made = Candidate(write_module(lower(derive(hard_sigmoid[0]))))
    own = Cases(made.plan.derivation)
    near = [q for q in questions(own, base_problem(own), DOUBLE) if not q.extreme.saturated]
    wrong = made.text.replace("number(x, 3)", "number(x, 3 + 1)")
    assert wrong != made.text and noticed(made.text, made, own, near) == ""
    assert noticed(wrong, made, own, near) == "above kinks"
    assert noticed(made.text.replace("x[n] > number_3", "x[n] >= number_3"), made, own, near) == "kinks"
    assert kinks(own.forward) == (-3, 0, 3) and kinks(cases("dense_relu").forward) == ()


def test_every_array_meets_nan_and_infinity_and_problems_are_the_same_every_time():
    base = base_problem(cases("max_pool2d"))
    made = extremes(base, np.float64, "seed")
    about = [e.about for e in made]
    for what in ("X", "the cotangent of Y"):
        assert f"NaN in {what}" in about and f"inf in {what}" in about
    assert next(e for e in made if e.saturated).problem.inputs["X"].flat[0] == 1e4
    again = extremes(base, np.float64, "seed")
    pairs = zip(made, again, strict=True)
    assert all(np.array_equal(a.problem.inputs["X"], b.problem.inputs["X"], equal_nan=True) for a, b in pairs)
    single = extremes(base, np.float32, "seed")
    assert all(e.problem.inputs["X"].dtype == np.float32 for e in single)
    tiny = next(e for e in single if e.about.startswith("a subnormal in X"))
    assert (np.abs(tiny.problem.inputs["X"]) == np.finfo(np.float32).smallest_subnormal).any()


@pytest.mark.parametrize("name", sorted(_FLOATS))
def test_the_oracle_stays_in_single_precision(name):
    made = apply(name, Singles().of(0.3))
    assert type(made) is np.float32
    assert abs(float(made) - float(apply(name, Floats().of(0.3)))) < 1e-6


def test_the_oracle_in_single_precision_overflows_where_float32_does():
    with np.errstate(over="ignore"):
        assert np.isinf(apply("exp", Singles().of(100.0))) and np.isfinite(apply("exp", Floats().of(100.0)))
