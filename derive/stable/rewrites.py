"""Rule table: local rewrites that keep digits or prevent an overflow. Rows, no control flow.

A row says `old(x, ...) = new(x, ...)` wherever `valid`. Both sides are written once and read three
ways: as a pattern over expressions, as SymPy expressions that a test proves equal, and as numbers:
inside `sample` both sides agree, at `hard` the old side loses digits or overflows and the new does not.
The first row that matches wins, so a row stands before those that match a part of it; one that is
`late` waits until no other matches; the last variable of one about a `label` stands for an element of
a tensor and nothing else. The rows of SATURATING cost another exponential where the function's value is
at hand, so they are used only where x is what the op is given (written_out.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from derive.algebra.scalars import call

exp, expm1, log, log1p = (partial(call, name) for name in ("exp", "expm1", "log", "log1p"))
sigmoid, softplus, tanh = (partial(call, name) for name in ("sigmoid", "softplus", "tanh"))
relu, step = (partial(call, name) for name in ("relu", "step"))


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One identity: its name, both sides, where it is valid, and points for its tests."""

    name: str
    old: Callable[..., Any]
    new: Callable[..., Any]
    valid: str
    sample: tuple[float, float]
    hard: tuple[float, ...]
    arity: int = 1
    late: bool = False
    label: bool = False


REWRITES: tuple[Rewrite, ...] = (
    # a factor that is 1 wherever the other is not 0
    Rewrite("slope of a ReLU", lambda x: relu(x) * step(x), lambda x: relu(x), "all x", (-5, 5), ()),
    Rewrite(
        "slope of a squared ReLU",
        lambda x: relu(x) ** 2 * step(x),
        lambda x: relu(x) ** 2,
        "all x",
        (-5, 5),
        (),
    ),
    # quotients of exponentials: inf / inf where they are large
    Rewrite(
        "hyperbolic tangent",
        lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x)),
        lambda x: tanh(x),
        "all x",
        (-5, 5),
        (1e3,),
    ),
    Rewrite(
        "growing part of the hyperbolic tangent",
        lambda x: exp(x) / (exp(x) + exp(-x)),
        lambda x: sigmoid(2 * x),
        "all x",
        (-5, 5),
        (1e3,),
    ),
    Rewrite(
        "falling part of the hyperbolic tangent",
        lambda x: exp(-x) / (exp(x) + exp(-x)),
        lambda x: sigmoid(-2 * x),
        "all x",
        (-5, 5),
        (-1e3,),
    ),
    Rewrite(
        "hyperbolic cotangent",
        lambda x: (exp(x) + exp(-x)) / (exp(x) - exp(-x)),
        lambda x: 1 / tanh(x),
        "x not 0",
        (0.1, 5),
        (1e3,),
    ),
    Rewrite(
        "hyperbolic tangent by one exponential",
        lambda x: (1 - exp(-(2 * x))) / (1 + exp(-(2 * x))),
        lambda x: tanh(x),
        "all x",
        (-5, 5),
        (-1e3, 1e-12),
    ),
    Rewrite(
        "hyperbolic tangent by one growing exponential",
        lambda x: (exp(2 * x) - 1) / (exp(2 * x) + 1),
        lambda x: tanh(x),
        "all x",
        (-5, 5),
        (1e3, 1e-12),
    ),
    Rewrite(
        "hyperbolic tangent of half",
        lambda x: (1 - exp(-x)) / (1 + exp(-x)),
        lambda x: tanh(x / 2),
        "all x",
        (-5, 5),
        (-1e3, 1e-12),
    ),
    Rewrite(
        "hyperbolic tangent of half by a growing exponential",
        lambda x: (exp(x) - 1) / (exp(x) + 1),
        lambda x: tanh(x / 2),
        "all x",
        (-5, 5),
        (1e3, 1e-12),
    ),
    Rewrite(
        "equal sums of 1 and an exponential",
        lambda x: (1 + exp(x)) / (1 + exp(x)),
        lambda x: 1,
        "all x",
        (-5, 5),
        (1e3,),
    ),
    Rewrite("logistic", lambda x: exp(x) / (1 + exp(x)), lambda x: sigmoid(x), "all x", (-9, 9), (1e3,)),
    Rewrite("logistic of -x", lambda x: 1 / (1 + exp(-x)), lambda x: sigmoid(x), "all x", (-9, 9), ()),
    Rewrite("logistic of x", lambda x: 1 / (1 + exp(x)), lambda x: sigmoid(-x), "all x", (-9, 9), ()),
    Rewrite(
        "logistic of a difference",
        lambda x, y: exp(x) / (exp(x) + exp(y)),
        lambda x, y: sigmoid(x - y),
        "all x and y",
        (-5, 5),
        (1e3, 2.0),
        arity=2,
    ),
    Rewrite(
        "exponential over itself and more",
        lambda x, y: exp(x) / (exp(x) + y),
        lambda x, y: 1 / (1 + y * exp(-x)),
        "y is not -exp(x)",
        (0.1, 5),
        (1e3, 2.0),
        arity=2,
        late=True,
    ),
    Rewrite(
        "exponential over its difference from 1",
        lambda x: exp(x) / expm1(x),
        lambda x: -1 / expm1(-x),
        "x not 0",
        (0.1, 5),
        (1e3,),
    ),
    Rewrite("equal exponentials", lambda x: exp(x) / exp(x), lambda x: 1, "all x", (-5, 5), (1e3,)),
    Rewrite("equal logistics", lambda x: sigmoid(x) / sigmoid(x), lambda x: 1, "all x", (-9, 9), (-1e3,)),
    # logarithms: log 0 or log inf where the value is moderate
    Rewrite("softplus", lambda x: log(1 + exp(x)), lambda x: softplus(x), "all x", (-9, 9), (1e3, -40)),
    Rewrite(
        "log of a logistic", lambda x: log(sigmoid(x)), lambda x: -softplus(-x), "all x", (-9, 9), (-1e3, 40)
    ),
    Rewrite(
        "log of 1 - logistic",
        lambda x: log(1 - sigmoid(x)),
        lambda x: -softplus(x),
        "all x",
        (-9, 9),
        (1e3, -40),
    ),
    Rewrite("log of an exponential", lambda x: log(exp(x)), lambda x: x, "all x", (-5, 5), (1e3, -1e3)),
    Rewrite(
        "log of an exponential, divided",
        lambda x, y: log(exp(x) / y),
        lambda x, y: x - log(y),
        "y > 0",
        (0.1, 5),
        (-1e3, 2.0),
        arity=2,
    ),
    Rewrite(
        "log of a hyperbolic cosine",
        lambda x, y: log((exp(x) + exp(-x)) / y),
        lambda x, y: x + softplus(-(2 * x)) - log(y),
        "y > 0",
        (0.1, 5),
        (-1e3, 2.0),
        arity=2,
    ),
    Rewrite(
        "log of two exponentials",
        lambda x, y: log(exp(x) + exp(y)),
        lambda x, y: x + softplus(y - x),
        "all x and y",
        (-5, 5),
        (1e3, 2.0),
        arity=2,
    ),
    # differences from 1: cancellation where the difference is small
    Rewrite("1 - logistic", lambda x: 1 - sigmoid(x), lambda x: sigmoid(-x), "all x", (-9, 9), (40,)),
    Rewrite("expm1", lambda x: exp(x) - 1, lambda x: expm1(x), "all x", (-5, 5), (1e-12,)),
    Rewrite("log1p", lambda x: log(1 + x), lambda x: log1p(x), "x > -1", (-0.9, 9), (1e-12,), late=True),
)

SATURATING: tuple[Rewrite, ...] = (
    # slopes in terms of the value: they lose all digits where the value has rounded to 1 or -1
    Rewrite(
        "1 - squared tanh, by logistics",
        lambda x: 1 - tanh(x) ** 2,
        lambda x: 4 * sigmoid(2 * x) * sigmoid(-(2 * x)),
        "all x",
        (-5, 5),
        (18.0, -18.0, 300.0),
    ),
    Rewrite(
        "1 - tanh, by a logistic",
        lambda x: 1 - tanh(x),
        lambda x: 2 * sigmoid(-(2 * x)),
        "all x",
        (-5, 5),
        (18.0, 300.0),
    ),
    Rewrite(
        "1 + tanh, by a logistic",
        lambda x: 1 + tanh(x),
        lambda x: 2 * sigmoid(2 * x),
        "all x",
        (-5, 5),
        (-18.0, -300.0),
    ),
    # at a label of 0 or 1 one of the two terms is 0, and the other keeps its digits
    Rewrite(
        "a logistic less a label",
        lambda x, y: sigmoid(x) - y,
        lambda x, y: (1 - y) * sigmoid(x) - y * sigmoid(-x),
        "all x and y",
        (-5, 5),
        (40.0, 1.0),
        arity=2,
        label=True,
    ),
)

SCALES: tuple[Rewrite, ...] = (
    # what region.py does to any number of factors and terms, said of two
    Rewrite("product", lambda x, y: exp(x) * exp(y), lambda x, y: exp(x + y), "all x and y", (-5, 5), (), 2),
    Rewrite(
        "sum",
        lambda x, y: exp(x) + exp(y),
        lambda x, y: exp(x) * (1 + exp(y - x)),
        "all x and y",
        (-5, 5),
        (),
        2,
    ),
    Rewrite("logarithm", lambda x, y: log(exp(x) * y), lambda x, y: x + log(y), "y > 0", (0.1, 5), (), 2),
)
