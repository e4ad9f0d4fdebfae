"""What the author of a spec imports: declarations, equations, matrix sugar and index notation.

from derive.language import op, sigmoid

@op(title="fully connected layer", source="document 000, 'Mathematical Representation'")
def layer(s):
    I, H = s.size("I", "k"), s.size("H", "i")
    x, W, b = s.data("x", I), s.parameter("W", H, I), s.parameter("b", H)
    h = s.let("h", H)
    h[:] = sigmoid(W @ x + b)                            # or h[i] = sigmoid(total(k, W[i, k]*x[k]) + b[i])
    s.returns(h)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from derive.authoring.arguments import declares, refuse
from derive.authoring.compose import use
from derive.authoring.functions import (
    absolute,
    between,
    cos,
    delta,
    equal,
    exp,
    expm1,
    identity,
    inside,
    largest,
    log,
    log1p,
    norm,
    normal_cdf,
    normal_pdf,
    relu,
    relu_right,
    sigmoid,
    sin,
    softplus,
    sqrt,
    tanh,
    total,
    where,
)
from derive.authoring.handles import Handle, Symbol
from derive.authoring.spec import Authored, Family, OpSpec, Spec
from derive.names import RESERVED, check_name, location

__all__ = [
    "RESERVED",
    "Authored",
    "Family",
    "Handle",
    "OpSpec",
    "Spec",
    "Symbol",
    "absolute",
    "between",
    "check_name",
    "cos",
    "delta",
    "equal",
    "exp",
    "expm1",
    "identity",
    "inside",
    "largest",
    "location",
    "log",
    "log1p",
    "norm",
    "normal_cdf",
    "normal_pdf",
    "op",
    "relu",
    "relu_right",
    "sigmoid",
    "sin",
    "softplus",
    "sqrt",
    "tanh",
    "total",
    "use",
    "where",
]


@declares
def op(
    *, title: str, source: str, conventions: tuple[str, ...] = (), **choices: tuple[Any, ...]
) -> Callable[[Callable[..., None]], Family]:
    """Make an op of a function that fills a `Spec`.

    A choice, `activation=(identity, tanh)`, makes an op of each of its values: the first has the
    function's name, the others have the value's name behind it.
    """

    named = {key: _choices(key, values) for key, values in choices.items()}

    def make(function: Callable[..., None]) -> Family:
        if not inspect.isfunction(function):
            raise refuse("what @op stands before", function, "a function that fills a spec")
        path, where = inspect.getsourcefile(function) or "", location()
        variants: list[tuple[str, str, dict[str, Any]]] = [(function.__name__, title, {})]
        for key, values in named.items():
            variants = [
                (*_labelled(name, words, label), {**chosen, key: value})
                for name, words, chosen in variants
                for label, value in values
            ]
        line = function.__code__.co_firstlineno
        return Family(
            OpSpec(check_name(name, where), _bound(function, chosen), words, source, path, conventions, line)
            for name, words, chosen in variants
        )

    return make


def _choices(key: str, values: Any) -> list[tuple[str, Any]]:
    """The values of a choice with their labels; the first has none."""
    called = f"the choice {key}="
    if not isinstance(values, (tuple, list)) or not values:
        raise refuse(called, values, "a tuple of functions, such as (identity, tanh)")
    return [(_name_of(called, value) if n else "", value) for n, value in enumerate(values)]


def _name_of(called: str, value: Any) -> str:
    name = getattr(value, "__name__", None) if callable(value) else None
    if not isinstance(name, str):
        raise refuse(called, value, "functions, which have names")
    return name


def _labelled(name: str, title: str, choice: str) -> tuple[str, str]:
    """A variant's name and title; the first choice keeps the family's."""
    return (f"{name}_{choice}", f"{title}, {choice.replace('_', ' ')}") if choice else (name, title)


def _bound(function: Callable[..., None], chosen: dict[str, Any]) -> Callable[[Spec], None]:
    return lambda spec: function(spec, **chosen)
