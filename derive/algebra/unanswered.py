"""What Python asks of numbers and lists, and a tensor or an index cannot answer before its op is run.

Without these, `sum(x)` would never end (Python would ask for x[0], x[1], ...), and `math.exp(x)` would say
nothing of what to write.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from derive.errors import SpecError
from derive.names import location

GO_THROUGH = (
    "nothing here has elements to go through before it is run: sum with total(i, x[i]), take the largest "
    "with largest(i, x[i]), and write what holds for every i as an equation"
)
NO_VALUE = (
    "nothing here has a value before it is run: use the functions of derive.language (exp, log, sqrt, ...), "
    "not those of math"
)
NO_COUNT = (
    "a size or an index has no value before it is run: declare an index with s.index('i', N), not range(N)"
)
NUMPY = (
    "numpy computes with numbers, and nothing here has a value before it is run: use the functions of "
    "derive.language (exp, total, absolute, ...)"
)
ROUNDED = "rounding has no gradient: leave it out, or take what is rounded as an input with integer=True"
BITS = "there is no & | ^ ~ here: a power is x**2, a choice where(a, '>', b, then, otherwise)"

ANSWERS = {
    **dict.fromkeys(("__iter__", "__reversed__"), GO_THROUGH),
    "__contains__": "`in` has no answer before the op is run: delta(a, b) is 1 where two indices are equal",
    "__len__": "len() has no answer before the op is run: use the sizes that s.size(...) made",
    **dict.fromkeys(("__float__", "__complex__"), NO_VALUE),
    **dict.fromkeys(("__int__", "__index__"), NO_COUNT),
    **dict.fromkeys(("__round__", "__trunc__", "__floor__", "__ceil__"), ROUNDED),
    "__abs__": "the absolute value is absolute(x)",
    **dict.fromkeys(
        ("__mod__", "__rmod__", "__divmod__", "__rdivmod__"),
        "there is no remainder here: write what it stands for, as total(k, delta(2*k, i) * x[k]) for even i",
    ),
    "__rpow__": "an exponent is an integer: a**x is exp(x*log(a))",
    **dict.fromkeys(("__and__", "__rand__", "__or__", "__ror__", "__xor__", "__rxor__", "__invert__"), BITS),
    **dict.fromkeys(("__array__", "__array_function__"), NUMPY),
}
# numpy's name of an operator: what Python asks of the right operand, where the left one is numpy's
REFLECTED = {"add": "__radd__", "subtract": "__rsub__", "multiply": "__rmul__", "divide": "__rtruediv__"}


def refuses(message: str) -> Callable[..., Any]:
    """A method that says what to write instead."""

    def refuse(self: object, *given: Any, **named: Any) -> Any:
        raise SpecError(message, location())

    return refuse


class Unanswered:
    """Python's questions, each with what its author should write."""

    __slots__ = ()

    def __array_ufunc__(self, function: Any, method: str, *given: Any, **named: Any) -> Any:
        """A number of numpy's on the left is a number; numpy's functions are refused."""
        reflected = REFLECTED.get(function.__name__)
        whole = bool(getattr(given[0], "shape", ()))
        if method == "__call__" and reflected and len(given) == 2 and given[1] is self and not whole:
            return getattr(self, reflected)(given[0])
        raise SpecError(NUMPY, location())


for _name, _message in ANSWERS.items():
    setattr(Unanswered, _name, refuses(_message))
