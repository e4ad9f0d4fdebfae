"""Integers modulo 2**61 - 1, with uninterpreted scalar functions.

They have no tanh; they get one: a keyed hash of the function's name and its argument, the same for
everybody who asks. An identity that holds for such functions holds for all functions.
"""

from __future__ import annotations

import functools
import hashlib
import operator
from typing import Any

from derive.oracle.numbers import ORDERED

PRIME = 2**61 - 1
_KEY = b"gradsmith"


@functools.total_ordering
class Residue:
    """An integer modulo 2**61 - 1, ordered by its representative nearest to 0."""

    __slots__ = ("value",)

    def __init__(self, value: int) -> None:
        self.value = int(value) % PRIME

    @property
    def signed(self) -> int:
        """The representative nearest to 0."""
        return self.value if self.value <= PRIME // 2 else self.value - PRIME

    def __add__(self, other: Residue | int) -> Residue:
        return Residue(self.value + _integer(other))

    def __sub__(self, other: Residue | int) -> Residue:
        return Residue(self.value - _integer(other))

    def __rsub__(self, other: int) -> Residue:
        return Residue(other - self.value)

    def __mul__(self, other: Residue | int) -> Residue:
        return Residue(self.value * _integer(other))

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other: Residue | int) -> Residue:
        return Residue(self.value * _inverse(_integer(other)))

    def __rtruediv__(self, other: int) -> Residue:
        return Residue(other * _inverse(self.value))

    def __neg__(self) -> Residue:
        return Residue(-self.value)

    def __abs__(self) -> Residue:
        return Residue(abs(self.signed))

    def __pow__(self, exponent: int) -> Residue:
        base = self.value if exponent >= 0 else _inverse(self.value)
        return Residue(pow(base, abs(exponent), PRIME))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Residue, int)):
            return NotImplemented
        return (self.value - _integer(other)) % PRIME == 0

    def __lt__(self, other: Residue | int) -> bool:
        return self.signed < (other.signed if isinstance(other, Residue) else Residue(other).signed)

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return f"Residue({self.signed})"

    def apply(self, name: str, *others: Any) -> Residue:
        """A function defined by comparisons, or an uninterpreted one."""
        if name in ORDERED:
            return abs(self) if name == "absolute" else ORDERED[name](self, *others)
        text = " ".join((name, str(self.value), *(str(_integer(other)) for other in others)))
        digest = hashlib.blake2b(text.encode(), key=_KEY, digest_size=16).digest()
        return Residue(int.from_bytes(digest, "big"))


def _integer(other: Residue | int) -> int:
    return other.value if isinstance(other, Residue) else operator.index(other)


def _inverse(value: int) -> int:
    if value % PRIME == 0:
        raise ZeroDivisionError("division by 0 modulo 2**61 - 1")
    return pow(value, -1, PRIME)


class PrimeField:
    """Integers modulo 2**61 - 1: exact, and a wrong identity survives with probability 2**-61 a degree."""

    def number(self, p: int, q: int = 1) -> Residue:
        return Residue(p) / q

    def lowest(self) -> Residue:
        return Residue(-(PRIME // 2))

    def of(self, value: Any) -> Residue:
        return value if isinstance(value, Residue) else Residue(operator.index(value))
