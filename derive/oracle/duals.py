"""Dual numbers over any kind of numbers: a value and its derivative (forward mode)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from derive.algebra.scalars import SCALARS
from derive.oracle.numbers import ORDERED, NumberType, apply


class Plain:
    """A number without `apply` of its own, such as a float, in the shape that rule rows expect."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __add__(self, other: Any) -> Plain:
        return Plain(self.value + _plain(other))

    def __sub__(self, other: Any) -> Plain:
        return Plain(self.value - _plain(other))

    def __rsub__(self, other: Any) -> Plain:
        return Plain(other - self.value)

    def __mul__(self, other: Any) -> Plain:
        return Plain(self.value * _plain(other))

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other: Any) -> Plain:
        return Plain(self.value / _plain(other))

    def __rtruediv__(self, other: Any) -> Plain:
        return Plain(other / self.value)

    def __neg__(self) -> Plain:
        return Plain(-self.value)

    def __pow__(self, exponent: int) -> Plain:
        return Plain(self.value**exponent)

    def apply(self, name: str, *others: Any) -> Plain:
        """The scalar function `name` of it."""
        return Plain(apply(name, self.value, *map(_plain, others)))


def _plain(x: Any) -> Any:
    return x.value if isinstance(x, Plain) else x


def _slope(rule: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
    """A rule row's derivative, at numbers with or without `apply`."""
    return rule(x, y) if hasattr(x, "apply") else _plain(rule(Plain(x), Plain(y)))


class Dual:
    """value + slope*e with e*e = 0; ordered by its value."""

    __slots__ = ("slope", "value")

    def __init__(self, value: Any, slope: Any) -> None:
        self.value, self.slope = value, slope

    def __add__(self, other: Any) -> Dual:
        value, slope = _parts(other)
        return Dual(self.value + value, self.slope + slope)

    def __sub__(self, other: Any) -> Dual:
        value, slope = _parts(other)
        return Dual(self.value - value, self.slope - slope)

    def __rsub__(self, other: Any) -> Dual:
        return Dual(other - self.value, -self.slope)

    def __mul__(self, other: Any) -> Dual:
        value, slope = _parts(other)
        return Dual(self.value * value, self.slope * value + self.value * slope)

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other: Any) -> Dual:
        value, slope = _parts(other)
        ratio = self.value / value
        return Dual(ratio, (self.slope - ratio * slope) / value)

    def __rtruediv__(self, other: Any) -> Dual:
        ratio = other / self.value
        return Dual(ratio, -ratio * self.slope / self.value)

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.slope)

    def __pow__(self, exponent: int) -> Dual:
        if exponent == 0:
            return Dual(self.value**0, self.slope * 0)
        return Dual(self.value**exponent, exponent * self.value ** (exponent - 1) * self.slope)

    def __eq__(self, other: object) -> bool:
        return bool(self.value == _parts(other)[0])

    def __lt__(self, other: Any) -> bool:
        return bool(self.value < _parts(other)[0])

    def __le__(self, other: Any) -> bool:
        return bool(self.value <= _parts(other)[0])

    def __gt__(self, other: Any) -> bool:
        return bool(self.value > _parts(other)[0])

    def __ge__(self, other: Any) -> bool:
        return bool(self.value >= _parts(other)[0])

    def __hash__(self) -> int:
        raise TypeError("a dual number is no key: two with one value may differ in their slopes")

    def __repr__(self) -> str:
        return f"Dual({self.value}, {self.slope})"

    def apply(self, name: str, *others: Any) -> Dual:
        """The function of the value; its slope by the rule table."""
        if name in ("maximum", "minimum"):
            chosen: Dual = ORDERED[name](self, *others)
            return chosen
        y = apply(name, self.value)
        rule = SCALARS[name].derivative
        return Dual(y, self.slope * 0 if rule is None else _slope(rule, self.value, y) * self.slope)


def _parts(x: Any) -> tuple[Any, Any]:
    return (x.value, x.slope) if isinstance(x, Dual) else (x, 0)


class Duals:
    """Dual numbers over another kind of numbers."""

    def __init__(self, base: NumberType) -> None:
        self.base = base

    def number(self, p: int, q: int = 1) -> Dual:
        return Dual(self.base.number(p, q), self.base.number(0))

    def lowest(self) -> Dual:
        return Dual(self.base.lowest(), self.base.number(0))

    def of(self, value: Any) -> Dual:
        return value if isinstance(value, Dual) else Dual(self.base.of(value), self.base.number(0))
