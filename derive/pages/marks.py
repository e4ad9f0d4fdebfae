"""What a notation has to say: how a name, a product, a fraction, a guard is marked on the page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeAlias

from derive.algebra.expr import Expr
from derive.algebra.index import Affine, Guard, Index, Letter, Name

Signed: TypeAlias = tuple[bool, str]
"""A summand and whether a minus sign stands in front of it."""


class Marks(ABC):
    """The marks of one notation.

    `bars` says that a ratio is set with a bar, which groups without parentheses; `line` is the width at
    which a displayed equation is broken.
    """

    bars = False
    line = 100

    @abstractmethod
    def name(self, name: Name) -> str:
        """An index, a size or a parameter."""

    @abstractmethod
    def integer(self, value: int) -> str: ...

    @abstractmethod
    def decimal(self, digits: str, exponent: int) -> str:
        """A decimal times a power of ten."""

    @abstractmethod
    def read(self, tensor: str, at: tuple[Affine, ...]) -> str: ...

    @abstractmethod
    def total(self, parts: Sequence[Signed]) -> str:
        """A sum of signed parts."""

    @abstractmethod
    def index_total(self, parts: Sequence[Signed]) -> str:
        """A sum of signed parts inside an index."""

    @abstractmethod
    def product(self, parts: Sequence[str]) -> str: ...

    @abstractmethod
    def hadamard(self, parts: Sequence[str]) -> str:
        """A product of vectors, element by element."""

    def is_open(self, node: Expr) -> bool:
        """Whether an author's tree stands for a vector or a matrix."""
        return False

    @abstractmethod
    def scale(self, parts: Sequence[str]) -> str:
        """A product inside an index."""

    @abstractmethod
    def ratio(self, top: str, bottom: str) -> str: ...

    @abstractmethod
    def parens(self, inner: str) -> str: ...

    @abstractmethod
    def power(self, base: str, exponent: int) -> str: ...

    @abstractmethod
    def call(self, function: str, args: Sequence[str]) -> str: ...

    @abstractmethod
    def choice(self, left: str, relation: str, right: str, then: str, otherwise: str) -> str: ...

    @abstractmethod
    def matmul(self, left: str, right: str) -> str: ...

    @abstractmethod
    def transpose(self, arg: str) -> str: ...

    @abstractmethod
    def guard(self, guard: Guard) -> str:
        """A guard as a factor: 1 where it holds."""

    @abstractmethod
    def condition(self, guard: Guard) -> str:
        """What a guard says."""

    @abstractmethod
    def reduction(self, monoid: str, binders: Sequence[Index], guards: Sequence[Guard], body: str) -> str:
        """A reduction sign with what stands under it, in front of its body."""

    @abstractmethod
    def component(self, reduction: str, witness: Letter) -> str:
        """The component `witness` of an argmax over several indices."""

    @abstractmethod
    def slash(self, top: str, bottom: str) -> str:
        """A ratio on one line."""

    @abstractmethod
    def floor(self, inner: str) -> str:
        """A ratio rounded down."""

    @abstractmethod
    def width(self, written: str) -> float:
        """How wide it is, about, in the unit of `line`."""

    @abstractmethod
    def lead(self, sign: str, written: str) -> str:
        """A line of a displayed equation that begins with a sign."""

    @abstractmethod
    def relation(self, left: str, right: str) -> str:
        """left = right."""


def join_signed(parts: Sequence[Signed], plus: str, minus: str) -> str:
    """Signed parts, one behind the other; 0 if there is none."""
    written = ""
    for n, (negative, part) in enumerate(parts):
        written += ("-" if negative else "") + part if n == 0 else (minus if negative else plus) + part
    return written or "0"
