# Copied by gradsmith from its runtime; do not edit. What follows has the digest 28daf3d9b84721e94c4ba986234b22441b43c64e0f46c1d280ea114a460f935e
"""LLVM instructions that the scalar functions are made of; each works on float32 and on float64.

They are here because Numba has no name for them, or because what it would make of the Python
spelling does not vectorise: `a if test else b` is a branch, and an int32 sum is an int64.
"""

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


def constant(value: float, single: float | None = None) -> Callable[..., Any]:
    """`f(x)`: the number `value` in the dtype of x (`single` if that is float32)."""

    @intrinsic
    def typed(typing, x):
        chosen = single if single is not None and x == types.float32 else value

        def generate(context, builder, signature, arguments):
            return ir.Constant(arguments[0].type, chosen)

        return (x(x), generate) if isinstance(x, types.Float) else None

    return typed


def polynomial(double: Sequence[float], single: Sequence[float]) -> Callable[..., Any]:
    """`f(x)`: the sum of coefficients[i] * x**i, by Horner's rule with fused operations."""

    @intrinsic
    def horner(typing, x):
        coefficients = single if x == types.float32 else double

        def generate(context, builder, signature, arguments):
            (value,) = arguments
            total = ir.Constant(value.type, coefficients[-1])
            for coefficient in reversed(coefficients[:-1]):
                total = _fma(builder, total, value, ir.Constant(value.type, coefficient))
            return total

        return (x(x), generate) if isinstance(x, types.Float) else None

    return horner


def _fma(builder, a, b, c):
    kind = ir.FunctionType(a.type, [a.type] * 3)
    return builder.call(builder.module.declare_intrinsic("llvm.fma", [a.type], kind), [a, b, c])


@intrinsic
def fma(typing, a, b, c):
    """a*b + c with one rounding."""

    def generate(context, builder, signature, arguments):
        return _fma(builder, *arguments)

    return a(a, a, a), generate


@intrinsic
def choose(typing, test, a, b):
    """a where `test` is true, else b, without a branch."""

    def generate(context, builder, signature, arguments):
        return builder.select(*arguments)

    return a(types.boolean, a, a), generate


def _of_two(name: str) -> Callable[..., Any]:
    """The LLVM operation `name` on two numbers of one dtype."""

    @intrinsic
    def operation(typing, a, b):
        def generate(context, builder, signature, arguments):
            kind = arguments[0].type
            both = ir.FunctionType(kind, [kind, kind])
            function = builder.module.declare_intrinsic(name, [kind], both)
            return builder.call(function, arguments)

        return (a(a, a), generate) if isinstance(a, types.Float) else None

    return operation


# |a| with the sign of b
copysign = _of_two("llvm.copysign")
# NaN if either is; unlike a comparison and a choice, these vectorise in reductions
larger = _of_two("llvm.maximum")
smaller = _of_two("llvm.minimum")


@intrinsic
def magnitude(typing, x):
    """|x|."""

    def generate(context, builder, signature, arguments):
        function = builder.module.declare_intrinsic("llvm.fabs", [arguments[0].type])
        return builder.call(function, arguments)

    return x(x), generate


def _layout(kind):
    """The integer type of a float's width, its exponent's bias, its mantissa's bits."""
    if isinstance(kind, ir.FloatType):
        return ir.IntType(32), 127, 23
    return ir.IntType(64), 1023, 52


@intrinsic
def scale(typing, value, shifted):
    """value * 2**n, n being the integer in the low bits of `shifted` = n + 1.5 * 2**mantissa.

    In two exact steps, so that the result may be subnormal, or overflow to infinity, with one
    rounding. `shifted` may be NaN: the power is then some finite number.
    """

    def generate(context, builder, signature, arguments):
        number, carrier = arguments
        integer, bias, mantissa = _layout(number.type)
        # the bits of 1.5 * 2**mantissa: exponent bias + mantissa, and the half
        origin = ((bias + mantissa) << mantissa) | (1 << (mantissa - 1))
        n = builder.sub(builder.bitcast(carrier, integer), integer(origin))
        half = builder.ashr(n, integer(1))
        for part in (half, builder.sub(n, half)):
            bits = builder.shl(builder.add(part, integer(bias)), integer(mantissa))
            number = builder.fmul(number, builder.bitcast(bits, number.type))
        return number

    return value(value, value), generate


@intrinsic
def exponent(typing, x, middle):
    """The n for which x / 2**n lies in [middle, 2 * middle), as a float; x normal, > 0."""

    def generate(context, builder, signature, arguments):
        integer, _, mantissa = _layout(arguments[0].type)
        bits, origin = (builder.bitcast(a, integer) for a in arguments)
        n = builder.ashr(builder.sub(bits, origin), integer(mantissa))
        return builder.sitofp(n, arguments[0].type)

    return x(x, x), generate


@intrinsic
def significand(typing, x, middle):
    """x / 2**n for the n that `exponent` gives."""

    def generate(context, builder, signature, arguments):
        integer, _, mantissa = _layout(arguments[0].type)
        bits, origin = (builder.bitcast(a, integer) for a in arguments)
        excess = builder.sub(bits, origin)
        whole = builder.and_(excess, integer(-1 << mantissa))
        return builder.bitcast(builder.sub(bits, whole), arguments[0].type)

    return x(x, x), generate
