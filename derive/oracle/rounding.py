"""Numbers that know how far rounding can take them from their value: running error analysis.

Beside its exact value (mpmath's, at the precision that is set) a number carries, to first order and in
units of one rounding (2^-53 in float64, 2^-24 in float32, relative):

* `error`: how far the operations that made it may be off, each rounding once, in any order of a sum;
* `inherent`: how far it moves if every input moves by one rounding, which no formula can avoid;
* `mass`: the sum of the magnitudes of the terms that it is a sum of, products multiplied out.

N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, sections 1.5, 3.3 and 4.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import mpmath

from derive.algebra.scalars import SCALARS
from derive.oracle.meaning import Position
from derive.oracle.numbers import ORDERED, apply
from derive.oracle.reference import Evaluator

ROUNDINGS = 8.0  # what the runtime's functions are off by: 4 units in the last place
OF_ARGUMENT = {"normal_cdf": 4.0, "normal_pdf": 4.0}  # and roundings of the argument: steep in their tails
CLOSE = 2.0**-20  # nearer than this times the errors, a comparison could go the other way in float32


class Undecided(ArithmeticError):
    """Two numbers whose order rounding may change, or a number that is not real: nothing can be said of
    what depends on it."""


class _Argument(mpmath.mpf):
    """What a derivative of the rule table is evaluated at."""

    def apply(self, name: str) -> Any:
        return apply(name, mpmath.mpf(self))


@dataclass(frozen=True, slots=True, eq=False)
class Rounded:
    """A number with its error, its inherent error and its mass."""

    value: Any
    error: float = 0.0
    inherent: float = 0.0
    mass: float = 0.0

    def settled(self) -> Rounded:
        """The number as another equation reads it: one magnitude."""
        return replace(self, mass=_size(self.value))

    def __add__(self, other: Any) -> Rounded:
        other, mass = _rounded(other), self.mass + _rounded(other).mass
        error = self.error + other.error + mass
        return Rounded(self.value + other.value, error, self.inherent + other.inherent, mass)

    __radd__ = __add__

    def __neg__(self) -> Rounded:
        return replace(self, value=-self.value)

    def __sub__(self, other: Any) -> Rounded:
        return self + -_rounded(other)

    def __rsub__(self, other: Any) -> Rounded:
        return _rounded(other) + -self

    def __mul__(self, other: Any) -> Rounded:
        other = _rounded(other)
        value, a, b = self.value * other.value, _size(self.value), _size(other.value)
        error = a * other.error + b * self.error + _size(value)
        return Rounded(value, error, a * other.inherent + b * self.inherent, self.mass * other.mass)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Rounded:
        other = _rounded(other)
        value = self.value / other.value
        a, b = _size(value), _size(other.value)
        error = (self.error + a * other.error) / b + a
        return Rounded(value, error, (self.inherent + a * other.inherent) / b, self.mass / b)

    def __rtruediv__(self, other: Any) -> Rounded:
        return _rounded(other) / self

    def __pow__(self, exponent: int) -> Rounded:
        value = self.value**exponent
        slope = _size(exponent * self.value ** (exponent - 1))
        return self._through(value, slope, float(abs(exponent)))

    def _through(self, value: Any, slope: float, roundings: float) -> Rounded:
        size = _size(value)
        return Rounded(value, slope * self.error + roundings * size, slope * self.inherent, size)

    def apply(self, name: str, *others: Any) -> Rounded:
        """A scalar function: by comparisons exact, any other with the runtime's own error."""
        if name in ORDERED:
            found: Rounded = ORDERED[name](self, *others)
            return replace(found, value=mpmath.mpf(found.value))  # the 0 of relu is a number like any other
        value, derivative = apply(name, self.value), SCALARS[name].derivative
        if isinstance(value, mpmath.mpc):
            raise Undecided(f"{name} of {self.value} is not real")
        if mpmath.isinf(value) and self.value == self.error == self.inherent == 0:
            return Rounded(value)  # log of a 0 that no rounding made, as of a sum without terms
        assert derivative is not None, f"{name} is made of comparisons"
        slope = _size(derivative(_Argument(self.value), value))
        moved = OF_ARGUMENT[name] * _size(self.value) if name in OF_ARGUMENT else 0.0
        return replace(self, error=self.error + moved)._through(value, slope, ROUNDINGS)

    # comparisons --------------------------------------------------------------------------------
    def __eq__(self, other: object) -> bool:
        return bool(self.value == _rounded(other).value)

    __hash__ = None  # type: ignore[assignment]

    def _decide(self, other: Any, compare: Callable[[Any, Any], bool]) -> bool:
        other = _rounded(other)
        if not self._is(other) and _size(self.value - other.value) < CLOSE * (self.error + other.error):
            raise Undecided("two numbers are too close for their order to be certain")
        return bool(compare(self.value, other.value))

    def _is(self, other: Rounded) -> bool:
        """Whether both are one number that was read twice, as a maximum is one of the numbers it is of."""
        mine, theirs = ((n.value, n.error, n.inherent) for n in (self, other))
        return mine == theirs

    def __lt__(self, other: Any) -> bool:
        return self._decide(other, lambda a, b: a < b)

    def __le__(self, other: Any) -> bool:
        return self._decide(other, lambda a, b: a <= b)

    def __gt__(self, other: Any) -> bool:
        return self._decide(other, lambda a, b: a > b)

    def __ge__(self, other: Any) -> bool:
        return self._decide(other, lambda a, b: a >= b)


def _rounded(other: Any) -> Rounded:
    return other if isinstance(other, Rounded) else Rounded(mpmath.mpf(other), mass=float(abs(other)))


def _size(value: Any) -> float:
    return abs(float(value))


class Roundings:
    """Inputs are exact and each may move by one rounding; a fraction is rounded once."""

    def number(self, p: int, q: int = 1) -> Rounded:
        value = mpmath.mpf(p) / q
        return Rounded(value, _size(value) if q > 1 else 0.0, 0.0, _size(value))

    def lowest(self) -> Rounded:
        return Rounded(mpmath.mpf("-inf"))

    def of(self, value: Any) -> Rounded:
        if isinstance(value, Rounded):
            return value
        size = abs(float(value))
        return Rounded(mpmath.mpf(float(value)), 0.0, size, size)


class RoundingEvaluator(Evaluator):
    """Counts mass within one equation: what is read from another one is rounded already, one magnitude."""

    def read(self, tensor: str, at: Position) -> Any:
        found: Rounded = super().read(tensor, at)
        return found.settled()
