"""Equations as plain text: `dU[g,j,l] = sum_{t,n} dz[t,n,g,j]*h_prev[t,n,l]`.

Used in the headers of generated modules and wherever only characters are at hand. A guard is a factor,
`[0 <= e < n]` or `[a == b]`; under a maximum it stands behind a colon, `max_{p,q: 0 <= e < n} x`.
A sum or maximum extends over the product behind it and ends at the next + or -.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derive.algebra.expr import Expr
from derive.algebra.index import Affine, Guard, Index, Letter, Name
from derive.algebra.system import Equation, Size, System, Term
from derive.pages.marks import Signed, join_signed
from derive.pages.writer import Writer


@dataclass(frozen=True, slots=True)
class TextWriter(Writer):
    """Plain ASCII; operators as in Python."""

    def name(self, name: Name) -> str:
        return str(name)

    def integer(self, value: int) -> str:
        return str(value)

    def decimal(self, digits: str, exponent: int) -> str:
        return f"{digits}e{exponent}" if exponent else digits

    def read(self, tensor: str, at: tuple[Affine, ...]) -> str:
        return f"{tensor}[{','.join(map(self.affine, at))}]" if at else tensor

    def total(self, parts: Sequence[Signed]) -> str:
        return join_signed(parts, " + ", " - ")

    def index_total(self, parts: Sequence[Signed]) -> str:
        return join_signed(parts, "+", "-")

    def product(self, parts: Sequence[str]) -> str:
        return "*".join(parts)

    scale = hadamard = product

    def ratio(self, top: str, bottom: str) -> str:
        return f"{top}/{bottom}"

    slash = ratio

    def parens(self, inner: str) -> str:
        return f"({inner})"

    def power(self, base: str, exponent: int) -> str:
        return f"{base}**{exponent}" if exponent >= 0 else f"{base}**({exponent})"

    def call(self, function: str, args: Sequence[str]) -> str:
        name = "max" if function == "maximum" else function
        return f"{name}({', '.join(args)})"

    def choice(self, left: str, relation: str, right: str, then: str, otherwise: str) -> str:
        return f"{then} if {left} {relation} {right} else {otherwise}"

    def matmul(self, left: str, right: str) -> str:
        return f"{left} @ {right}"

    def transpose(self, arg: str) -> str:
        return f"{arg}.T"

    def guard(self, guard: Guard) -> str:
        return f"[{self.condition(guard)}]"

    def condition(self, guard: Guard) -> str:
        """What a guard says."""
        parts = [self.affine(e) for e in guard.parts()]
        return f"{parts[1]} <= {parts[0]} < {parts[2]}" if len(parts) == 3 else f"{parts[0]} == {parts[1]}"

    def reduction(self, monoid: str, binders: Sequence[Index], guards: Sequence[Guard], body: str) -> str:
        under = ",".join(str(b.name) for b in binders)
        given = ": " + ", ".join(map(self.condition, guards)) if guards else ""
        return f"{monoid}_{{{under}{given}}} {body}"

    def component(self, reduction: str, witness: Letter) -> str:
        return f"({reduction}).{witness}"

    def floor(self, inner: str) -> str:
        return f"floor({inner})"

    def relation(self, left: str, right: str) -> str:
        return f"{left} = {right}"

    def width(self, written: str) -> float:
        return len(written)

    def lead(self, sign: str, written: str) -> str:
        return f"{sign} {written}"


WRITER = TextWriter()


def affine_text(e: Affine) -> str:
    """An index expression: `stride*i+p-pad`."""
    return WRITER.affine(e)


def expr_text(node: Expr) -> str:
    """A scalar expression, or an author's tree with matrix sugar."""
    return WRITER.expr(node)


def term_text(term: Term) -> str:
    """One term of an equation, its sign in front."""
    return WRITER.term(term)


def equation_text(equation: Equation) -> str:
    """An equation on one line."""
    return WRITER.equation(equation)


def range_text(index: Index) -> str:
    """An index and its domain: `0 <= t < T`."""
    return f"{affine_text(index.lo)} <= {index.name} < {affine_text(index.hi)}"


def size_text(size: Size) -> str:
    """A size, with its formula if it is derived: `U = floor((H + 2*pad - P)/stride) + 1`."""
    return size.name if size.formula is None else f"{size.name} = {WRITER.quotient(size.formula)}"


def system_text(system: System) -> str:
    """A system: one equation a line, with the ranges of its left indices."""
    lines = []
    for equation in system.equations:
        ranges = ", ".join(map(range_text, equation.indices))
        lines.append(equation_text(equation) + (f"    ({ranges})" if ranges else ""))
    return "\n".join(lines)
