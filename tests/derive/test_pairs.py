"""An output function and its loss: what must cancel does, what must not does not; the rest is as it was."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from codegen.catalogue import catalogue
from codegen.verify.cases import Cases
from codegen.verify.rung2_derivation import pairings
from derive.adjoint import join
from derive.algebra.expr import ONE, Expr, Read, minus, over, plus, times
from derive.algebra.index import Affine, Delta, In, Letter
from derive.algebra.nodes import Number
from derive.algebra.system import Equation, System, Term
from derive.combine import attempt, reduce
from derive.combine.measure import Work, equation_work, ordered
from derive.combine.monomials import Monomial, monomial, multiplied_out
from derive.combine.ranges import Place
from derive.combine.views import Sums
from derive.derivation import derive
from derive.language import OpSpec
from derive.ops.binary_cross_entropy_logits import binary_cross_entropy_logits
from derive.ops.multi_label_cross_entropy import multi_label_cross_entropy
from derive.ops.sigmoid_binary_cross_entropy import sigmoid_binary_cross_entropy
from derive.ops.softmax import softmax
from derive.ops.softmax_categorical_cross_entropy import softmax_categorical_cross_entropy
from derive.oracle.numbers import Floats, Precise
from derive.oracle.reference import evaluate
from derive.pages.forms import FORMS
from derive.pages.page import render
from derive.pages.text import equation_text, expr_text
from tests.derive import pairs_specs as specs
from tests.derive.calculus import with_equation
from tests.derive.derived import derived
from tests.indices import index

PAIRS = (*sigmoid_binary_cross_entropy, *softmax_categorical_cross_entropy, *multi_label_cross_entropy)
SPECS = (*specs.SHORTER, *specs.KEPT, *specs.CAREFUL)

every_pair = pytest.mark.parametrize("op", PAIRS, ids=lambda op: op.name)


def at(tensor: str, *indices: str) -> Read:
    return Read(tensor, tuple(map(index, indices)))


def one_over(*sizes: str) -> Expr:
    return over(ONE, times(*(Number(Affine.of(size)) for size in sizes)))


def bodies(equation: Equation) -> list[Expr]:
    assert not any(t.binders or t.guards for t in equation.terms)
    return [t.body for t in equation.terms]


# the famous forms ---------------------------------------------------------------------------------
LOGISTIC = plus((at("y_hat", "n", "i"), minus(at("y", "n", "i"))))
SOFTMAX = plus((times(at("p", "n", "k"), at("s_y", "n")), minus(at("y", "n", "k"))))
KEPT = "((1 - y[n,i])*sigmoid(z[n,i]) - y[n,i]*sigmoid(-z[n,i]))"
FAMOUS = {
    "sigmoid_binary_cross_entropy": times(at("dL"), one_over("N", "K"), LOGISTIC),
    "sigmoid_binary_cross_entropy_sum": times(at("dL"), LOGISTIC),
    "sigmoid_binary_cross_entropy_none": times(at("dL", "n", "i"), LOGISTIC),
    "softmax_categorical_cross_entropy": times(at("dL"), one_over("N"), SOFTMAX),
    "softmax_categorical_cross_entropy_sum": times(at("dL"), SOFTMAX),
    "softmax_categorical_cross_entropy_none": times(at("dL", "n"), SOFTMAX),
    "multi_label_cross_entropy": times(at("dL", "n"), one_over("K"), LOGISTIC),
    "multi_label_cross_entropy_sum": times(at("dL", "n"), LOGISTIC),
}


@every_pair
def test_the_gradient_is_the_famous_one(op: OpSpec) -> None:
    d = derived(op)
    assert bodies(d.combined.equation("dz")) == [FAMOUS[op.name]]
    assert bodies(d.backward.equation("dz")) != [FAMOUS[op.name]]


@every_pair
def test_the_kernel_keeps_the_digits_of_a_logistic_at_its_labels(op: OpSpec) -> None:
    (body,) = bodies(derived(op).stable_backward.equation("dz"))
    assert expr_text(body) == expr_text(FAMOUS[op.name]).replace("(y_hat[n,i] - y[n,i])", KEPT)


@pytest.mark.parametrize("op", softmax_categorical_cross_entropy, ids=lambda op: op.name)
def test_the_labels_are_added_up_once_for_an_example(op: OpSpec) -> None:
    (term,) = derived(op).combined.equation("s_y").terms
    assert [str(b.name) for b in term.binders] == ["k"] and term.body == at("y", "n", "k")


def test_softmax_by_itself_needs_one_sum() -> None:
    combined = derived(softmax[0]).combined
    assert [equation_text(e) for e in combined.equations] == [
        "s_dp_p[b] = sum_{k} dp[b,k]*p[b,k]",
        "dx[b,k] = p[b,k]*(dp[b,k] - s_dp_p[b])",
    ]


GRADIENTS = {
    specs.turned_round: "dz[n,i] = dL*(p[n,i] - y[n,i])",
    specs.returned: "dz[n,i] = gp[n,i]*p[n,i]*(1 - p[n,i]) + dL*(p[n,i] - y[n,i])",
    specs.class_numbers: "dz[n,k] = [0 <= y[n] < K]*dL*(1/N)*p[n,k] - [k == y[n]]*dL*(1/N)",
    specs.named_twice: "dz[n,i] = dL*(p[n,i] - y[n,i])",
    specs.shifted: "dz[n,i] = [0 <= i-1 < K-1]*dL*y[n,i-1]*(p[n,i] - 1)",
    specs.half_guarded: "dz[n,i] = [0 <= i < n+1]*dL*y[n,i]*(p[n,i] - 1) + dL*p[n,i]*(1 - y[n,i])",
}


@pytest.mark.parametrize("op", GRADIENTS, ids=lambda op: op[0].name)
def test_what_cancels_cancels_under_its_guards(op: tuple[OpSpec, ...]) -> None:
    assert equation_text(derived(op[0]).combined.equation("dz")) == GRADIENTS[op]


def test_a_linear_layer_with_mse_is_twice_the_error() -> None:
    (body,) = bodies(derived(specs.linear_and_mse[0]).combined.equation("dy_hat"))
    error = plus((at("y_hat", "n", "i"), minus(at("y", "n", "i"))))
    famous = times(Number(Affine.of(2)), at("dloss_L"), one_over("N", "K"), error)
    assert polynomial(body) == polynomial(famous) != polynomial(minus(famous))
    assert polynomial(body) != polynomial(times(at("dloss_L"), minus(error)))  # as document 003 has it


def polynomial(node: Expr) -> set[tuple[Any, ...]]:
    """The expression multiplied out, whatever its order."""
    parts = multiplied_out(monomial(node))
    return {(p.coefficient, frozenset(p.above), frozenset(p.below)) for p in parts}


# what must not get shorter ------------------------------------------------------------------------
@pytest.mark.parametrize("op", specs.KEPT, ids=lambda op: op.name)
def test_what_does_not_cancel_stays_as_it_is(op: OpSpec) -> None:
    d = derived(op)
    assert d.combined == d.backward
    assert not {s.rule for s in d.steps} & {"factor", "substitute", "cancel", "fold", "sort"}


def test_a_factor_that_may_be_0_would_cancel_if_nobody_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    careful = derived(specs.may_be_zero[0]).combined.equation("dx")
    assert equation_text(careful) == "dx[n] = dL/(x[n]*w[n])*w[n]"
    monkeypatch.setattr(reduce, "never_zero", lambda node, place: True)
    careless = derive(specs.may_be_zero[0]).combined.equation("dx")
    assert equation_text(careless) == "dx[n] = dL*(1/x[n])"


def test_one_minus_a_softmax_is_never_cancelled() -> None:
    steps = derived(specs.softmax_of_units[0]).steps
    one_minus = plus((ONE, minus(at("p", "n", "k"))))
    assert not any(one_minus in s.parts for s in steps if s.rule == "cancel")


def test_a_sum_that_may_be_empty_would_be_opened_if_nobody_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Place, "not_empty", lambda self, binders: True)
    opened = derive(specs.may_be_empty[0]).combined
    assert equation_text(opened.equation("dv")) == "dv[n] = dL*s_y[n]"


def test_a_place_knows_what_is_inside_and_what_is_not_empty() -> None:
    d = derived(specs.shifted[0])
    (n, i), (term,) = d.forward.equation("p").indices, d.forward.equation("L").terms
    place = Place(d.forward, {}, (n, i))
    assert place.inside(at("p", "n", "i")) and not place.inside(Read("p", (n.symbol, i.symbol + 1)))
    guarded = Place(d.forward, {}, (n, i), term.guards)
    assert guarded.inside(Read("p", (n.symbol, i.symbol + 1)))
    assert not guarded.inside(Read("p", (n.symbol, i.symbol + 2)))
    assert place.some(Affine.of("K")) and not Place(d.forward, {}, (n,)).some(Affine.of("K"))


def test_a_sum_with_a_guard_keeps_its_factors() -> None:
    d = derived(softmax[0])
    equation = d.backward.equation("dz_p")
    (term,) = equation.terms
    guarded = replace(term, guards=(In(index("k"), Affine(), index("b")),))
    assert Sums(set()).view(equation) is not None
    assert Sums(set()).view(replace(equation, terms=(guarded,))) is None


def test_digits_that_the_rule_table_keeps_are_not_multiplied_away() -> None:
    d = derived(binary_cross_entropy_logits[0])
    assert equation_text(d.stable_backward.equation("dx")).endswith(
        "((1 - y[n,i])*sigmoid(x[n,i]) - y[n,i]*sigmoid(-x[n,i]))"
    )
    values = evaluate(
        join(d.stable_forward, d.stable_backward),
        {"x": np.array([[40.0]]), "y": np.ones((1, 1)), "dL": np.ones(())},
        {"N": 1, "K": 1},
        {},
        {},
        Floats(),
    )
    np.testing.assert_allclose(float(values["dx"][0, 0]), -np.exp(-40), rtol=1e-15)


# the same functions -------------------------------------------------------------------------------
def changed() -> list[OpSpec]:
    """The catalogue's ops and the specs that came out different; not LeNet-5, which is as its loss is."""
    ops = [op for op in (*catalogue(), *SPECS) if op.name != "lenet5"]
    return [op for op in ops if derived(op).combined != derived(op).backward]


def differs(op: OpSpec, system: System) -> bool:
    """Whether a gradient is another one, over GF(2^61-1), than forward mode says."""
    cases = Cases(derived(op))
    found = pairings(cases)
    assert found
    return any(p.difference(cases, system) for p in found)


@pytest.mark.parametrize("op", changed(), ids=lambda op: op.name)
def test_the_gradients_are_those_of_forward_mode_over_a_prime_field(op: OpSpec) -> None:
    assert not differs(op, derived(op).combined)


def work(equations: tuple[Equation, ...]) -> Work:
    counts = sum(map(equation_work, equations), Counter())
    return (*ordered(counts), len(equations))


@pytest.mark.parametrize("op", changed(), ids=lambda op: op.name)
def test_it_is_less_work(op: OpSpec) -> None:
    d = derived(op)
    assert work(d.combined.equations) < work(d.backward.equations)


@every_pair
def test_a_gradient_that_is_off_by_a_little_is_noticed(op: OpSpec) -> None:
    system = derived(op).combined
    gradient = system.equation("dz")
    body = times(over(Number(Affine.of(2001)), Number(Affine.of(2000))), gradient.terms[0].body)
    wrong = replace(gradient, terms=(replace(gradient.terms[0], body=body),))
    assert differs(op, with_equation(system, wrong))


def test_a_lost_guard_is_noticed() -> None:
    system = derived(specs.half_guarded[0]).combined
    gradient = system.equation("dz")
    bare = replace(gradient, terms=tuple(replace(t, guards=()) for t in gradient.terms))
    assert differs(specs.half_guarded[0], with_equation(system, bare))


def test_p_less_y_is_noticed_where_labels_do_not_add_up_to_1() -> None:
    op = softmax_categorical_cross_entropy.sum
    system = derived(op).combined
    careless = times(at("dL"), plus((at("p", "n", "k"), minus(at("y", "n", "k")))))
    wrong = replace(system.equation("dz"), terms=(Term((), (), careless),))
    assert differs(op, with_equation(system, wrong))


def test_a_sign_lost_where_something_cancels_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = attempt.reduce

    def careless(part: Monomial, *context: Any) -> reduce.Reduced:
        found = honest(part, *context)
        return replace(found, monomial=found.monomial.scaled(Fraction(-1 if found.cancelled else 1)))

    monkeypatch.setattr(attempt, "reduce", careless)
    assert differs(specs.shifted[0], derive(specs.shifted[0]).combined)


# without overflow ---------------------------------------------------------------------------------
@every_pair
def test_the_loss_is_stable_through_the_names(op: OpSpec) -> None:
    d = derived(op)
    assert d.warnings == ()
    text = " ".join(equation_text(e) for s in (d.stable_forward, d.stable_backward) for e in s.equations)
    assert "log(y_hat" not in text and "log(p" not in text and "log1p(-" not in text


def extreme(system: System, logits: float) -> dict[str, Any]:
    """Weighted sums far apart, labels 0 and 1, cotangents of one."""
    shapes = {n: tuple(d.evaluate(SIZES, lambda *_: 0) for d in system.tensor(n).dims) for n in system.inputs}
    made = {n: np.ones(shape) for n, shape in shapes.items()}
    made["z"] = logits * np.array([[1.0, 1.0, -1.0], [-1.0, 0.001, 0.5]])
    made["y"] = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])
    return made


SIZES = {"N": 2, "K": 3}


@every_pair
@pytest.mark.parametrize("logits", [3.0, 1e4])
def test_values_and_gradients_are_exact_however_large_the_inputs(op: OpSpec, logits: float) -> None:
    d = derived(op)
    given = extreme(join(d.forward, d.backward), logits)
    stable = evaluate(join(d.stable_forward, d.stable_backward), given, SIZES, {}, {}, Floats())
    with mpmath.workdps(4500 if logits > 100 else 60):  # 1 - sigmoid(1e4) is 10**-4343
        exact = evaluate(join(d.forward, d.backward), given, SIZES, {}, {}, Precise())
    for name in ("L", "dz", "dy"):
        found, wanted = (np.asarray(a, dtype=float) for a in (stable[name], exact[name]))
        assert np.isfinite(found).all()
        np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-13 * np.abs(wanted).max())


def test_the_plain_equations_do_overflow() -> None:
    for op in (sigmoid_binary_cross_entropy[0], softmax_categorical_cross_entropy[0]):
        d = derived(op)
        system = join(d.forward, d.backward)
        plain = evaluate(system, extreme(system, 1e4), SIZES, {}, {}, Floats())
        assert not np.isfinite(np.asarray(plain["dz"], dtype=float)).all()


# pages --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("form", FORMS)
def test_the_page_tells_what_cancels(form: str) -> None:
    page = render(derived(sigmoid_binary_cross_entropy[0]), form)
    assert "What cancels" in page and "never 0, cancel" in page
    assert "What cancels" not in render(derived(specs.tanh_and_mse[0]), form)


def test_the_last_step_has_the_equations_number() -> None:
    lines = render(derived(sigmoid_binary_cross_entropy[0])).splitlines()
    (line,) = (x for x in lines if x.endswith("(5*)"))
    assert line.split("  (")[0].strip() == "dz[n,i] = dL*(1/(N*K))*(y_hat[n,i] - y[n,i])"


def test_under_a_delta_one_index_stands_for_both() -> None:
    change = attempt._one_letter
    label = index("y")
    body, delta = Read("p", (index("n"), label)), Delta(index("k"), label)
    assert change(body, delta, {Letter("n"), Letter("k")}) == at("p", "n", "k")
    assert change(body, delta, {Letter("n")}) == body
