"""Rule table: the scalar functions. One row each, no control flow; a test runs over every row.

A derivative is written in x (the argument) and y (the value), in terms of y where that is possible:
the backward pass then saves outputs, not pre-activations. The rows are generic: the same lambda
works on expressions, on SymPy symbols, on floats' exact stand-ins and on finite-field elements.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

import sympy


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar function.

    `sympy` is its definition; `derivative` its derivative in (x, y), None
    where it is locally constant; `latex` has a hole for the
    argument; `sample` is an interval on which it is defined and smooth enough to be tested;
    `at_kink` states the convention where the derivative jumps; `values` is an open interval that holds
    every value of a real argument. `in_argument` is the derivative in x alone, for a value that no tensor
    holds, where that is shorter than with the function itself put in for y.
    """

    name: str
    sympy: Callable[[sympy.Expr], sympy.Expr]
    derivative: Callable[[Any, Any], Any] | None
    latex: str
    sample: tuple[float, float]
    at_kink: str = ""
    values: tuple[float, float] = (-inf, inf)
    in_argument: Callable[[Any], Any] | None = None


def call(name: str, x: Any) -> Any:
    """The function `name` of an expression, of an exact number or of a SymPy expression."""
    return SCALARS[name].sympy(x) if isinstance(x, sympy.Basic) else x.apply(name)


SCALARS: dict[str, Scalar] = {
    row.name: row
    for row in (
        # smooth, derivative in the value
        Scalar("exp", sympy.exp, lambda x, y: y, r"\exp\left(%s\right)", (-5, 5), values=(0, inf)),
        Scalar("tanh", sympy.tanh, lambda x, y: 1 - y**2, r"\tanh\left(%s\right)", (-5, 5), values=(-1, 1)),
        Scalar(
            "sigmoid",
            lambda x: 1 / (1 + sympy.exp(-x)),
            lambda x, y: y * (1 - y),
            r"\sigma\left(%s\right)",
            (-9, 9),
            values=(0, 1),
        ),
        Scalar("sqrt", sympy.sqrt, lambda x, y: 1 / (2 * y), r"\sqrt{%s}", (0.1, 9)),
        Scalar(
            "expm1",
            lambda x: sympy.exp(x) - 1,
            lambda x, y: y + 1,
            r"\operatorname{expm1}\left(%s\right)",
            (-5, 5),
            values=(-1, inf),
        ),
        # smooth, derivative in the argument
        Scalar("log", sympy.log, lambda x, y: 1 / x, r"\log\left(%s\right)", (0.1, 9)),
        Scalar(
            "log1p",
            lambda x: sympy.log(1 + x),
            lambda x, y: 1 / (1 + x),
            r"\operatorname{log1p}\left(%s\right)",
            (-0.9, 9),
        ),
        Scalar("sin", sympy.sin, lambda x, y: call("cos", x), r"\sin\left(%s\right)", (-5, 5)),
        Scalar("cos", sympy.cos, lambda x, y: -call("sin", x), r"\cos\left(%s\right)", (-5, 5)),
        Scalar(
            "softplus",
            lambda x: sympy.log(1 + sympy.exp(x)),
            lambda x, y: call("sigmoid", x),
            r"\operatorname{softplus}\left(%s\right)",
            (-9, 9),
            values=(0, inf),
        ),
        Scalar(
            "normal_cdf",
            lambda x: (1 + sympy.erf(x / sympy.sqrt(2))) / 2,
            lambda x, y: call("normal_pdf", x),
            r"\Phi\left(%s\right)",
            (-5, 5),
            values=(0, 1),
        ),
        Scalar(
            "normal_pdf",
            lambda x: sympy.exp(-(x**2) / 2) / sympy.sqrt(2 * sympy.pi),
            lambda x, y: -x * y,
            r"\varphi\left(%s\right)",
            (-5, 5),
            values=(0, 1),
        ),
        # with kinks
        Scalar(
            "relu",
            lambda x: sympy.Max(x, 0),
            lambda x, y: call("step", y),
            r"\operatorname{ReLU}\left(%s\right)",
            (0.1, 5),
            "ReLU'(0) = 0",
            in_argument=lambda x: call("step", x),
        ),
        Scalar(
            "absolute",
            sympy.Abs,
            lambda x, y: call("sign", x),
            r"\left|%s\right|",
            (0.1, 5),
            "|x|' is 0 at 0",
        ),
        Scalar(
            "step", lambda x: sympy.Heaviside(x, 0), None, r"\left[%s > 0\right]", (0.1, 5), "step(0) = 0"
        ),
        Scalar(
            "relu_right",
            lambda x: sympy.Max(x, 0),
            lambda x, y: call("step_right", x),
            r"\operatorname{ReLU}\left(%s\right)",
            (0.1, 5),
            "ReLU'(0) = 1, the derivative from the right",
        ),
        Scalar(
            "step_right",
            lambda x: sympy.Heaviside(x, 1),
            None,
            r"\left[%s \ge 0\right]",
            (0.1, 5),
            "step_right(0) = 1",
        ),
        Scalar("sign", sympy.sign, None, r"\operatorname{sign}\left(%s\right)", (0.1, 5), "sign(0) = 0"),
    )
}
