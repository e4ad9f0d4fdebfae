# Copied by gradsmith from its runtime; do not edit. What follows has the digest c43af6f7b7295dead1e1481a014bf3ced98828f6c0933375e9795c23e3f924db
"""The plain-Python meaning of every name that kernels call.

With these names in place of the compiled ones a kernel's text runs as ordinary Python: over floats,
and over exact numbers in object arrays (`ExactArray`), such as Fractions or elements of a finite
field. A number with a method `apply` says itself what functions make of it:
``x.apply("tanh")``, ``x.apply("maximum", y)``.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import special

Function = Callable[..., Any]

# Any number of terms makes the same sum: a small one, so that a few terms fill several blocks.
BLOCK = 2

__all__ = [
    "BLOCK",
    "absolute",
    "beats",
    "clear",
    "cos",
    "divided",
    "erf",
    "exp",
    "expm1",
    "gemm",
    "kernel",
    "log",
    "log1p",
    "lowest",
    "matrix",
    "maximum",
    "minimum",
    "narrow",
    "normal_cdf",
    "normal_pdf",
    "number",
    "power",
    "relu",
    "relu_right",
    "sigmoid",
    "sign",
    "sin",
    "softplus",
    "sqrt",
    "step",
    "step_right",
    "tanh",
    "wide",
]


class ExactArray(np.ndarray):
    """An object array of exact numbers; `field` makes numbers of their kind, views keep it.

    `field` has ``number(p, q)``, the number p/q, and ``lowest()``, below every number.
    """

    field: Any

    def __array_finalize__(self, source: object) -> None:
        self.field = getattr(source, "field", None)


def exact_array(values: object, field: object) -> ExactArray:
    """A C-contiguous `ExactArray` of the given numbers (nested lists, or an array)."""
    array = np.array(values, dtype=object, order="C").view(ExactArray)
    array.field = field
    return array


def kernel(function: Function) -> Function:
    """The function itself."""
    return function


def number(like: np.ndarray, p: int | str, q: int = 1) -> Any:
    """The scalar p/q of the kind that `like` holds; "0.1" and "1/3" are the numbers that they say."""
    if isinstance(p, str):
        return _exactly(like, Fraction(p))
    if isinstance(like, ExactArray):
        return like.field.number(p, q)
    with np.errstate(all="ignore"):
        return like.dtype.type(np.float64(p) / np.float64(q))


def _exactly(like: np.ndarray, value: Fraction) -> Any:
    if isinstance(like, ExactArray):
        return like.field.number(value.numerator, value.denominator)
    return nearest(value, like.dtype.type)


def nearest(value: Fraction, dtype: type[np.floating]) -> Any:
    """The number of a dtype that is nearest to an exact one."""
    with np.errstate(all="ignore"):
        found = dtype(float(value))  # rounded twice where the dtype is narrower than a float
        around = [found, *(np.nextafter(found, dtype(to)) for to in (-math.inf, math.inf))]
    if not np.isfinite(around).all():
        return found
    return min(around, key=lambda each: abs(Fraction(float(each)) - value))  # of two as near the first


def lowest(like: np.ndarray) -> Any:
    """The scalar below all others of the kind that `like` holds."""
    return like.field.lowest() if isinstance(like, ExactArray) else like.dtype.type(-math.inf)


def clear(a: np.ndarray) -> None:
    """Set every element to zero."""
    a[...] = number(a, 0, 1)


def wide(a: Any) -> Any:
    """A number or an array in float64, where it is of NumPy's; a copy."""
    if isinstance(a, np.ndarray):
        return a.copy() if a.dtype == object else a.astype(np.float64)
    return np.float64(a) if isinstance(a, np.floating) else a


def narrow(a: np.ndarray, sums: np.ndarray) -> None:
    """a = sums, rounded to what `a` holds."""
    a[...] = sums


def divided(total: Any, count: int) -> Any:
    """total/count, or the total where the count is 0."""
    return total / count if count else total


def matrix(a: np.ndarray, k: int) -> np.ndarray:
    """`a` seen as a matrix whose rows are its first k dimensions."""
    view = a.reshape(math.prod(a.shape[:k]), math.prod(a.shape[k:]))
    if a.size and not np.shares_memory(a, view):
        raise ValueError("matrix: the array is not C-contiguous")
    return view


def gemm(
    c: np.ndarray,
    a: np.ndarray,
    b: np.ndarray,
    transpose_a: bool,
    transpose_b: bool,
    accumulate: bool,
) -> None:
    """c = op(a) op(b), or c += op(a) op(b); element by element, so that it is exact if they are."""
    a = a.T if transpose_a else a
    b = b.T if transpose_b else b
    if a.shape[1] != b.shape[0] or c.shape != (a.shape[0], b.shape[1]):
        raise ValueError("gemm: the shapes do not match")
    for i in range(c.shape[0]):
        for j in range(c.shape[1]):
            total = c[i, j] if accumulate else number(c, 0, 1)
            for k in range(a.shape[1]):
                total = total + a[i, k] * b[k, j]
            c[i, j] = total


def _function(name: str, on_floats: Function) -> Function:
    """The plain function `name`: the number's own meaning, or `on_floats` in the float's dtype."""

    def apply(x: Any, *others: Any) -> Any:
        if hasattr(x, "apply"):
            return x.apply(name, *others)
        if not isinstance(x, (float, np.floating)):
            raise TypeError(f"{name}: {type(x).__name__} is neither a float nor has it 'apply'")
        kind = np.float64 if isinstance(x, float) else type(x)
        with np.errstate(all="ignore"):
            return kind(on_floats(kind(x), *others))

    apply.__name__ = name
    apply.__doc__ = on_floats.__doc__
    return apply


def _ordered(on_numbers: Function) -> Function:
    """A plain function defined by comparisons: the number's own meaning, or `on_numbers`."""
    name = on_numbers.__name__

    def apply(x: Any, *others: Any) -> Any:
        return x.apply(name, *others) if hasattr(x, "apply") else on_numbers(x, *others)

    apply.__name__ = name
    apply.__doc__ = on_numbers.__doc__
    return apply


exp = _function("exp", np.exp)
expm1 = _function("expm1", np.expm1)
log = _function("log", np.log)
log1p = _function("log1p", np.log1p)
sqrt = _function("sqrt", np.sqrt)
sin = _function("sin", np.sin)
cos = _function("cos", np.cos)
tanh = _function("tanh", np.tanh)
sigmoid = _function("sigmoid", special.expit)
softplus = _function("softplus", lambda x: np.logaddexp(x, type(x)(0)))
erf = _function("erf", special.erf)
normal_cdf = _function("normal_cdf", special.ndtr)
normal_pdf = _function("normal_pdf", lambda x: np.exp(-x * x / 2) / math.sqrt(2 * math.pi))


def _zero(x: Any) -> Any:
    # a product keeps exact numbers in their field, but makes NaN of an infinity
    return type(x)(0) if isinstance(x, (float, np.floating)) else x * 0


@_ordered
def relu(x: Any) -> Any:
    """x where it is positive, else 0; NaN stays."""
    return _zero(x) if x <= 0 else x


@_ordered
def step(x: Any) -> Any:
    """1 where x is positive, else 0; NaN stays."""
    return _zero(x) + 1 if x > 0 else relu(x)


@_ordered
def relu_right(x: Any) -> Any:
    """x where it is positive, else 0; NaN stays."""
    return relu(x)


@_ordered
def step_right(x: Any) -> Any:
    """1 where x is positive or 0, else 0; NaN stays."""
    return _zero(x) + 1 if x >= 0 else relu(x)


@_ordered
def sign(x: Any) -> Any:
    """1, 0 or -1; NaN stays."""
    return _zero(x) - 1 if x < 0 else step(x)


@_ordered
def absolute(x: Any) -> Any:
    """|x|."""
    return abs(x)


@_ordered
def maximum(x: Any, y: Any) -> Any:
    """The larger of x and y; NaN if either is."""
    return x if x > y or x != x else y


@_ordered
def minimum(x: Any, y: Any) -> Any:
    """The smaller of x and y; NaN if either is."""
    return x if x < y or x != x else y


def power(x: Any, n: int) -> Any:
    """x**n for an integer n."""
    return x**n


def beats(x: Any, best: Any) -> bool:
    """Whether x takes a maximum's lead from `best`: NaN wins, then the larger, then the first."""
    return bool(best == best and not x <= best)
