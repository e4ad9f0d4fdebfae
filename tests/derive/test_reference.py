"""The slow oracle: what the equations mean, over every kind of numbers."""

import math
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from derive.adjoint import name_witnesses
from derive.algebra.scalars import SCALARS
from derive.algebra.system import System
from derive.authoring import elaborate as elaboration
from derive.authoring.elaborate import elaborate
from derive.errors import DerivationError
from derive.language import between, exp, inside, largest, log, op, sqrt, tanh, total, where
from derive.oracle.duals import Dual, Duals
from derive.oracle.numbers import Complex, Floats, Fractions, Precise, apply
from derive.oracle.reference import evaluate, sizes_of
from derive.oracle.residues import PRIME, PrimeField, Residue
from derive.steps import Recorder
from tests.derive.calculus import close, drawn, gradients, pair, setting
from tests.derive.calculus_specs import CASES, Case


def system_of(build: Any) -> System:
    """A small spec without a batch, with its argmax tensors."""
    (made,) = op(title="test", source="test")(build)
    return name_witnesses(elaborate(made.spec(), Recorder([])), Recorder([]))


def run(build: Any, numbers: Any = None, sizes: Any = None, **inputs: Any) -> dict[str, Any]:
    system = system_of(build)
    shapes = {n: np.shape(a) for n, a in inputs.items()}
    return evaluate(system, inputs, sizes or sizes_of(system, shapes, {}), {}, {}, numbers or Floats())


# zero extension, guards, choices ------------------------------------------------------------------------
def test_a_read_outside_its_domain_is_zero_and_counts_inside_a_function() -> None:
    def shifted(s):
        N = s.size("N", "i")
        i, x, y = s.index("i", N), s.data("x", N), s.let("y", N)
        y[i] = exp(x[i + 1])
        s.returns(y)

    assert run(shifted, x=[0.0, 1.0])["y"].tolist() == [math.e, 1.0]


def test_a_factor_outside_its_domain_leaves_the_other_factors_unevaluated() -> None:
    def guarded(s):
        N = s.size("N", "i")
        i, x, w, y = s.index("i", N), s.data("x", N), s.data("w", N), s.let("y", N)
        y[i] = x[i - 1] * log(w[i]) / w[i]
        s.returns(y)

    assert run(guarded, x=[1.0, 2.0], w=[0.0, 1.0])["y"].tolist() == [0.0, 0.0]


def test_a_false_guard_leaves_its_term_unevaluated() -> None:
    def guarded(s):
        N = s.size("N", "i")
        i, w, y = s.index("i", N), s.data("w", N), s.let("y", N)
        y[i] = inside(i, 1, N) / w[i]
        s.returns(y)

    assert run(guarded, Fractions(), w=[0, 4])["y"].tolist() == [0, Fraction(1, 4)]


def test_a_choice_evaluates_one_branch() -> None:
    def chosen(s):
        N = s.size("N", "i")
        i, w, y = s.index("i", N), s.data("w", N), s.let("y", N)
        y[i] = where(w[i], ">", 0, 1 / w[i], 7)
        s.returns(y)

    assert run(chosen, Fractions(), w=[0, 4])["y"].tolist() == [7, Fraction(1, 4)]


def test_an_integer_read_outside_its_domain_is_nowhere() -> None:
    def gathered(s):
        N = s.size("N", "i")
        i, x, y = s.index("i", N), s.data("x", N), s.let("y", N)
        ids = s.data("ids", N, integer=True)
        y[i] = x[ids[i - 1]]
        s.returns(y)

    assert run(gathered, x=[5.0, 6.0], ids=[1, 0])["y"].tolist() == [0.0, 6.0]


# maxima ---------------------------------------------------------------------------------------------------
def row_maximum(s):
    N, K = s.size("N", "i"), s.size("K", "k")
    i, k, x, y = s.index("i", N), s.index("k", K), s.data("x", N, K), s.let("y", N)
    y[i] = largest(k, x[i, k], where=(between(k, 0, i),))
    s.returns(y)


def test_the_maximum_of_nothing_is_minus_infinity_and_its_argmax_minus_one() -> None:
    found = run(row_maximum, x=np.zeros((2, 3)))
    assert (found["y"].tolist(), found["k_y"].tolist()) == ([-math.inf, 0.0], [-1, 0])


def test_nan_wins_then_the_first_of_the_largest() -> None:
    found = run(row_maximum, x=np.array([[0.0] * 4, [0.0] * 4, [1, 1, 9, 9], [2, math.nan, 9, math.nan]]))
    assert found["k_y"].tolist() == [-1, 0, 0, 1]
    assert found["y"][2] == 1 and math.isnan(found["y"][3])


def test_a_row_of_minus_infinity_has_its_first_element_as_argmax() -> None:
    assert run(row_maximum, x=np.full((2, 3), -math.inf))["k_y"].tolist() == [-1, 0]


# recurrences ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("step", [-1, 1])
def test_a_long_recurrence_runs_in_either_direction(step: int) -> None:
    def long(s):
        T = s.sequence("T", "t")
        t, x, h = s.index("t", T), s.data("x", T), s.let("h", T)
        h[t] = 2 * h[t + step] + x[t]
        s.returns(h)

    found = run(long, Fractions(), x=[1] * 2000)["h"]
    assert found[-1 if step < 0 else 0] == 2**2000 - 1


def test_a_cycle_without_a_step_names_its_tensors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a system is refused long before; were it not, the evaluator would see it."""
    monkeypatch.setattr(elaboration, "check_cycles", lambda system: None)

    def circular(s):
        N = s.size("N", "i")
        i, x, a, b = s.index("i", N), s.data("x", N), s.let("a", N), s.let("b", N)
        j = s.index("j", N)
        a[i] = total(j, b[j], where=(between(j, 0, i + 1),))  # fault: i + 1 is one too many
        b[i] = a[i] + x[i]
        s.returns(b)

    with pytest.raises(DerivationError, match="a -> b -> a"):
        run(circular, x=[1.0])


# inputs ---------------------------------------------------------------------------------------------------
def test_a_missing_input_and_a_wrong_shape_are_named() -> None:
    system = system_of(row_maximum)
    with pytest.raises(DerivationError, match="no value for its input x"):
        evaluate(system, {}, {"N": 1, "K": 2}, {}, {}, Floats())
    with pytest.raises(DerivationError, match=r"x has shape \(2, 2\), not \(1, 2\)"):
        evaluate(system, {"x": np.zeros((2, 2))}, {"N": 1, "K": 2}, {}, {}, Floats())


def test_sizes_come_from_shapes_and_formulas() -> None:
    case = next(c for c in CASES if c.name == "convolution-stride2-pad1")
    system = pair(case.op).forward
    shapes = {"X": (3, 2, 6, 5), "K": (4, 2, 3, 2)}
    sizes = {"B": 3, "C": 2, "H": 6, "W": 5, "O": 4, "P": 3, "Q": 2, "U": 3, "V": 3}
    assert sizes_of(system, shapes, case.integers) == sizes
    with pytest.raises(DerivationError, match="C is 2, but K has 7"):
        sizes_of(system, {**shapes, "K": (4, 7, 3, 2)}, case.integers)


# kinds of numbers -----------------------------------------------------------------------------------------
def test_a_residue_is_ordered_by_its_nearest_representative() -> None:
    assert Residue(-1) < 0 < Residue(1) < Residue(PRIME // 2) and PrimeField().lowest() < Residue(-(10**9))
    assert [Residue(-3).apply(n) for n in ("relu", "step", "sign", "absolute")] == [0, 0, -1, 3]
    assert [Residue(0).apply(n) for n in ("relu_right", "step_right", "step")] == [0, 1, 0]


def test_residues_are_a_field() -> None:
    a, b = Residue(10**18 + 7), Residue(-(10**17) - 3)
    assert a / b * b == a and a**-2 * a * a == 1 and 1 / a * a == 1 and (3 - a) + a == 3 and -a + a == 0
    assert PrimeField().number(1, 3) * 3 == 1


def test_uninterpreted_functions_depend_on_name_and_argument() -> None:
    x = Residue(5)
    assert x.apply("tanh") == Residue(5).apply("tanh") != x.apply("exp")
    assert x.apply("tanh") != Residue(6).apply("tanh")


def test_fractions_refuse_what_is_not_rational() -> None:
    assert apply("relu", Fraction(-1, 2)) == 0 and apply("absolute", Fraction(-1, 2)) == Fraction(1, 2)
    with pytest.raises(TypeError, match="no exact value"):
        apply("tanh", Fraction(1, 2))


@pytest.mark.parametrize("name", SCALARS)
def test_every_scalar_function_agrees_over_every_kind_of_numbers(name: str) -> None:
    lo, hi = SCALARS[name].sample
    for x in np.linspace(lo, hi, 5):
        wanted = apply(name, mpmath.mpf(x))
        assert float(apply(name, Floats().of(x))) == pytest.approx(float(wanted), rel=1e-14)
        assert complex(apply(name, Complex().of(x))) == pytest.approx(complex(wanted), rel=1e-13)


@pytest.mark.parametrize("name", SCALARS)
def test_the_slope_of_a_dual_number_is_the_derivative(name: str) -> None:
    lo, hi = SCALARS[name].sample
    for x in np.linspace(lo + 0.01, hi - 0.01, 5):
        wanted = mpmath.diff(lambda z: apply(name, z), mpmath.mpf(x), h=mpmath.mpf(10) ** -6)
        for base in (Floats(), Precise()):
            slope = Dual(base.of(x), base.number(1)).apply(name).slope
            assert float(slope) == pytest.approx(float(wanted), rel=1e-5, abs=1e-8)


def test_floats_follow_the_standard_at_the_edges() -> None:
    inf = Floats().of(math.inf)
    with np.errstate(all="ignore"):
        assert [apply("relu", -inf), apply("sigmoid", -inf), apply("sigmoid", inf)] == [0, 0, 1]
        assert apply("softplus", -inf) == 0 and apply("exp", inf) == inf and Floats().number(1, 0) == inf
        assert all(math.isnan(apply(n, Floats().of(math.nan))) for n in SCALARS)


def test_dual_numbers_divide_and_take_powers() -> None:
    base = Fractions()
    x, y = Dual(base.of(3), base.of(1)), Dual(base.of(2), base.of(0))
    assert ((x / y).slope, (y / x).slope) == (Fraction(1, 2), Fraction(-2, 9))
    assert ((x**3).slope, (x**-1).slope, (1 / x).slope, (5 - x).slope) == (
        27,
        Fraction(-1, 9),
        Fraction(-1, 9),
        -1,
    )
    assert (x**0).slope == 0 and x > y and not x < y and x >= 3 and x <= 3


def numbers_case() -> Case:
    return next(c for c in CASES if c.name == "leaky_integrator")


def test_the_complex_step_gives_the_gradient_to_the_last_digits() -> None:
    given, case = pair(numbers_case().op), numbers_case()
    at = setting(case, given.forward)
    inputs, bars = drawn(given, at)
    found = gradients(given, at, inputs, bars)
    step = 1e-30
    for name in ("W", "x"):
        moved = np.asarray(inputs[name], dtype=complex)
        moved.flat[1] += 1j * step
        values = evaluate(given.forward, {**inputs, name: moved}, *at.arguments, Complex())["h"]
        wanted = sum(b * v.imag for b, v in zip(bars["h"].flat, values.flat, strict=True)) / step
        assert found[name].flat[1] == pytest.approx(wanted, rel=1e-13)


def test_forward_mode_over_floats_is_that_of_high_precision() -> None:
    given, case = pair(numbers_case().op), numbers_case()
    at = setting(case, given.forward)
    inputs, _ = drawn(given, at)
    tangents = at.floats()
    with mpmath.workdps(40):
        slopes = []
        for base in (Floats(), Precise()):
            duals = {
                n: np.vectorize(lambda v, d, base=base: Dual(base.of(v), base.of(d)), otypes=[object])(
                    inputs[n], tangents[n]
                )
                for n in inputs
            }
            found = evaluate(given.forward, duals, *at.arguments, Duals(base))["h"]
            slopes.append([float(v.slope) for v in found.flat])
    assert close(slopes[0], slopes[1], 1e-14)


def test_precise_numbers_reach_digits_that_floats_do_not() -> None:
    def roots(s):
        N = s.size("N", "i")
        i, x, y = s.index("i", N), s.data("x", N), s.let("y")
        y[:] = total(i, sqrt(x[i]) * tanh(x[i]))
        s.returns(y)

    with mpmath.workdps(60):
        found = run(roots, Precise(), x=[2, 3])["y"][()]
        assert mpmath.nstr(found, 50) == mpmath.nstr(
            mpmath.sqrt(2) * mpmath.tanh(2) + mpmath.sqrt(3) * mpmath.tanh(3), 50
        )
