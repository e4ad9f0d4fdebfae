"""Formulas as users write them: activations, losses, densities. None was chosen because it works.

Each is an op of one axis: y = f(x), or a loss L = mean f(x, t). Two that were tried are not here, as their
digits are lost beyond rung 4's bound: GELU by tanh, and log(1 - exp(-exp(x))).
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from derive.language import (
    OpSpec,
    Spec,
    absolute,
    cos,
    exp,
    log,
    op,
    relu,
    sigmoid,
    sqrt,
    tanh,
    total,
    where,
)

FORMULAS: list[OpSpec] = []


def unary(name: str, f: Callable[..., Any], parameters: str = "", **reals: float) -> None:
    """y = f(x, ...), element by element."""

    def build(s: Spec) -> None:
        N = s.batch("N", "n")
        n, x, y = s.index("n", N), s.data("x", N), s.let("y", N)
        y[n] = f(x[n], *map(s.parameter, parameters), *(s.real(p, v) for p, v in reals.items()))
        s.returns(y)

    add(name, build)


def binary(name: str, f: Callable[..., Any], **reals: float) -> None:
    """L = mean f(x, t, ...)."""

    def build(s: Spec) -> None:
        N = s.batch("N", "n")
        n, x, t, L = s.index("n", N), s.data("x", N), s.data("t", N), s.let("L")
        L[:] = total(n, f(x[n], t[n], *(s.real(p, v) for p, v in reals.items()))) / N
        s.returns(L)

    add(name, build)


def add(name: str, build: Callable[[Spec], None]) -> None:
    build.__name__ = name
    FORMULAS.extend(op(title=name.replace("_", " "), source="a user's file")(build))


unary("bose_einstein", lambda x: 1 / (exp(x) - 1))
unary("exponential_share", lambda x: exp(x) / (exp(x) + 2))
unary("half_tanh", lambda x: (1 - exp(-x)) / (1 + exp(-x)))
unary("one_less_exponential", lambda x: 1 - exp(-x))
unary("root_less_one", lambda x: sqrt(1 + x**2) - 1)
unary("one_less_cosine", lambda x: 1 - cos(x))
unary("log_cosh", lambda x: log((exp(x) + exp(-x)) / 2))
unary("logistic_of_twice", lambda x: exp(2 * x) / (exp(2 * x) + 1))
unary("softplus_with_sharpness", lambda x, b: log(1 + exp(b * x)) / b, b=2.0)
unary("slope_of_a_logistic", lambda x: sigmoid(x) * (1 - sigmoid(x)))
unary("tanh_by_one_exponential", lambda x: (1 - exp(-2 * x)) / (1 + exp(-2 * x)))
unary("log_of_one_and_a_square", lambda x: log(1 + x**2))
unary("sinh", lambda x: (exp(x) - exp(-x)) / 2)
unary("gumbel_density", lambda x: exp(-x - exp(-x)))
unary("gumbel_distribution", lambda x: exp(-exp(-x)))
binary("poisson_likelihood", lambda x, t: exp(x) - t * x)
binary("log_cosh_loss", lambda x, t: log((exp(x - t) + exp(t - x)) / 2))
unary("selu", lambda x, a, b: b * where(x, ">", 0, x, a * (exp(x) - 1)), a=1.6733, b=1.0507)
unary("hard_sigmoid", lambda x: where(x, ">", 3, 1, where(x, ">", -3, x / 6 + Fraction(1, 2), 0)))
unary("hard_sigmoid_by_relu", lambda x: relu(x + 3) / 6 - relu(x - 3) / 6)
unary("pseudo_huber", lambda x, d: d**2 * (sqrt(1 + (x / d) ** 2) - 1), d=1.5)
binary("charbonnier", lambda x, t, e: sqrt((x - t) ** 2 + e**2), e=0.001)
binary("log_of_two_exponentials", lambda x, t: log(exp(x) + exp(t)))
binary("log_ratio", lambda x, t: log(x / t))
binary("squared_hinge", lambda x, t: relu(1 - x * t) ** 2)
binary("insensitive", lambda x, t, e: relu(absolute(x - t) - e), e=0.1)
binary("focal", lambda x, t: -t * (1 - sigmoid(x)) ** 2 * log(sigmoid(x)))
binary(
    "cross_entropy_written_out",
    lambda x, t: -t * log(1 / (1 + exp(-x))) - (1 - t) * log(1 - 1 / (1 + exp(-x))),
)
binary("logistic_loss", lambda x, t: log(1 + exp(-x * t)))
unary("swish", lambda x, b: x / (1 + exp(-b * x)), parameters="b")
unary("softsign", lambda x: x / (1 + absolute(x)))
unary("weibull", lambda x, k: 1 - exp(-(x**2) / k), k=1.5)
unary("tanhshrink", lambda x: x - tanh(x))
unary("cosh", lambda x: (exp(x) + exp(-x)) / 2)
unary("sech", lambda x: 2 / (exp(x) + exp(-x)))
binary("softmax_of_two", lambda x, t: exp(x) / (exp(x) + exp(t)))
unary("relu6", lambda x: relu(x) - relu(x - 6))
unary("exponential_difference_quotient", lambda x: (exp(x) - 1) / x)
unary("logit", lambda x: log(x / (1 - x)))
unary("leaky_relu", lambda x: where(x, ">", 0, x, x / 100))
unary("relu_of_relu_less_one", lambda x: relu(relu(x) - 1))
unary("celu", lambda x, a: relu(x) - relu(a * (1 - exp(x / a))), a=1.3)
unary("logarithmic_unit", lambda x: where(x, ">", 0, log(1 + x), -log(1 - x)))
unary("planck", lambda x: x**3 / (exp(x) - 1))
binary("quantile_loss", lambda x, t, q: relu(t - x) * q + relu(x - t) * (1 - q), q=0.3)
unary("mish_by_squares", lambda x: x * ((1 + exp(x)) ** 2 - 1) / ((1 + exp(x)) ** 2 + 1))
unary("squareplus", lambda x: (x + sqrt(x**2 + 4)) / 2)
unary("cubed_relu", lambda x: relu(x) ** 3)
unary("gaussian", lambda x: exp(-(x**2) / 2))
unary("log_of_a_logistic", lambda x: -log(1 + exp(-x)))
binary("gamma_likelihood", lambda x, t: t * exp(-x) + x)
unary("squared_absolute", lambda x: absolute(x) ** 2)
unary("coth", lambda x: (exp(x) + exp(-x)) / (exp(x) - exp(-x)))
unary("log_of_one_and_an_absolute", lambda x: log(absolute(x) + 1))
unary("slope_of_a_logistic_written_out", lambda x: exp(-x) / (1 + exp(-x)) ** 2)
unary("squared_sech", lambda x: 4 / (exp(x) + exp(-x)) ** 2)
unary("swish_by_growing_exponentials", lambda x: x * exp(x) / (1 + exp(x)))
unary("logistic_growth", lambda x, a: a / (1 + a * exp(-x)), a=2.0)
binary("cross_entropy_by_softplus", lambda x, t: log(1 + exp(x)) - t * x)
binary(
    "huber", lambda x, t: where(absolute(x - t), "<", 1, (x - t) ** 2 / 2, absolute(x - t) - Fraction(1, 2))
)
binary("divergence_of_rates", lambda x, t: exp(t) * (t - x))
binary("smooth_hinge", lambda x, t: log(1 + exp(5 * (1 - x * t))) / 5)
unary("serf_like", lambda x: x * tanh(exp(x)))
unary("hard_tanh", lambda x: where(x, ">", 1, 1, where(x, "<", -1, -1, x)))
unary("hard_swish", lambda x: x * (relu(x + 3) - relu(x - 3)) / 6)
unary("soft_shrink", lambda x: relu(x - Fraction(1, 2)) - relu(-x - Fraction(1, 2)))
unary("parametric_relu", lambda x, a: relu(x) - a * relu(-x), parameters="a")
binary("tukey", lambda x, t: where(absolute(x - t), "<", 2, 1 - (1 - (x - t) ** 2 / 4) ** 3, 1))
unary("elu", lambda x, a: where(x, ">", 0, x, a * (exp(x) - 1)), a=1.0)
unary("bent_identity", lambda x: (sqrt(x**2 + 1) - 1) / 2 + x)
unary("threshold", lambda x: where(x, ">", 1, x, 0))
binary("divergence_of_logistics", lambda x, t: sigmoid(x) * log(sigmoid(x) / sigmoid(t)))
unary("relu_of_relu", lambda x: relu(relu(x)))
unary("absolute_of_relu", lambda x: absolute(relu(x) - 1))
