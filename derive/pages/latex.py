"""Equations as LaTeX, as a textbook sets them.

Indices are subscripts; a member of a packed tensor is a superscript, `W^{(f)}_{j,k}`; a guard is an
Iverson bracket. The author's matrix sugar keeps its form: `f_{t} = \\sigma(W_{f}\\, x_{t} + b_{f})`, with
\\odot between two factors that are vectors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from derive.algebra.expr import Expr
from derive.algebra.index import Affine, Guard, In, Index, Letter, Name
from derive.algebra.monoids import MONOIDS
from derive.algebra.scalars import SCALARS
from derive.algebra.system import Equation, System, Tensor
from derive.language import Authored, Spec
from derive.pages.marks import Signed, join_signed
from derive.pages.symbols import by_name, decorated, latex_label, placed, script, symbols_of
from derive.pages.typeset import Typeset, openness, split_member

POWER_ON_NAME = ("tanh", "sin", "cos")
RELATIONS = {"<": "<", "<=": r"\le", ">": ">", ">=": r"\ge"}
TALL = re.compile(r"\\frac|\\sum|\\max|\\begin|\\operatorname\*")


@dataclass(frozen=True, slots=True)
class LatexWriter(Typeset):
    """LaTeX for amsmath."""

    # names ------------------------------------------------------------------------------------
    def name(self, name: Name) -> str:
        return latex_label(by_name(str(name)))

    def integer(self, value: int) -> str:
        return str(value)

    def decimal(self, digits: str, exponent: int) -> str:
        return rf"{digits} \cdot 10^{{{exponent}}}" if exponent else digits

    def read(self, tensor: str, at: tuple[Affine, ...]) -> str:
        symbol = self.symbols.of(tensor)
        member, rest = split_member(self.symbols, tensor, at)
        tag = self.member(tensor, member) if member is not None else ""
        above, below = placed(symbol, tag, bool(rest))
        return script(decorated(symbol), above, (*below, *map(self.affine, rest)))

    # operators --------------------------------------------------------------------------------
    def total(self, parts: Sequence[Signed]) -> str:
        return join_signed(parts, " + ", " - ")

    def index_total(self, parts: Sequence[Signed]) -> str:
        return join_signed(parts, "+", "-")

    def product(self, parts: Sequence[str]) -> str:
        return r"\,".join(parts)

    scale = product

    def hadamard(self, parts: Sequence[str]) -> str:
        return r" \odot ".join(parts)

    def ratio(self, top: str, bottom: str) -> str:
        return rf"\frac{{{top}}}{{{bottom}}}"

    def slash(self, top: str, bottom: str) -> str:
        return f"{top} / {bottom}"

    def parens(self, inner: str) -> str:
        return rf"\left({inner}\right)" if TALL.search(inner) else f"({inner})"

    def power(self, base: str, exponent: int) -> str:
        for name in POWER_ON_NAME:
            if base.startswith(f"\\{name}"):
                return rf"\{name}^{{{exponent}}}" + base.removeprefix(f"\\{name}")
        if "^" in base and not base.startswith(("(", r"\left(")):
            base = self.parens(
                base
            )  # what has a mark above already, as a part's tensor, is no place for another
        return f"{{{base}}}^{{{exponent}}}"

    def call(self, function: str, args: Sequence[str]) -> str:
        if function == "maximum":
            return rf"\max{self.parens(', '.join(args))}"
        template = SCALARS[function].latex
        if not TALL.search(args[0]):
            template = template.replace(r"\left|", r"\lvert ").replace(r"\right|", r"\rvert ")
            template = template.replace(r"\left", "").replace(r"\right", "")
        return template.replace(r"\left", r"\mathopen{}\left") % tuple(args)

    def choice(self, left: str, relation: str, right: str, then: str, otherwise: str) -> str:
        condition = rf"\text{{if }} {left} {RELATIONS[relation]} {right}"
        return rf"\begin{{cases}} {then} & {condition} \\ {otherwise} & \text{{otherwise}} \end{{cases}}"

    def matmul(self, left: str, right: str) -> str:
        return rf"{left}\,{right}"

    def transpose(self, arg: str) -> str:
        return rf"{{{arg}}}^{{\top}}"

    # guards and reductions --------------------------------------------------------------------
    def guard(self, guard: Guard) -> str:
        return f"[{self.condition(guard)}]"

    def condition(self, guard: Guard) -> str:
        """What a guard says; an index over members is compared with their labels."""
        if isinstance(guard, In):
            lo, hi = self.affine(guard.lo), self.affine(guard.hi)
            return rf"{lo} \le {self.affine(guard.e)} < {hi}"
        return f"{self.affine(guard.a)} = {self.named_member(guard) or self.affine(guard.b)}"

    def reduction(self, monoid: str, binders: Sequence[Index], guards: Sequence[Guard], body: str) -> str:
        plain, packed = self.split_binders(binders)
        under = [",".join(map(self.name, plain))] if plain else []
        under += [rf"{self.name(b.name)}\in{self.set_of(b.name)}" for b in packed]
        if monoid == "sum" and not guards:
            return "".join(rf"\sum_{{{part}}}" for part in reversed(under)) + (
                rf"\, {body}" if body.startswith("[") else f" {body}"
            )
        rows = r" \\ ".join([",".join(under), *map(self.condition, guards)])
        low = rf"\substack{{{rows}}}" if guards else rows
        return rf"{_big(monoid)}_{{{low}}} {body}"

    def set_of(self, index: Letter) -> str:
        """The members that an index runs over."""
        return r"\{" + ",".join(self.member_labels(index)) + r"\}"

    def component(self, reduction: str, witness: Letter) -> str:
        return rf"\Bigl({reduction}\Bigr)_{{\!{self.name(witness)}}}"

    def floor(self, inner: str) -> str:
        return rf"\lfloor {inner} \rfloor"

    # lines ------------------------------------------------------------------------------------
    def relation(self, left: str, right: str) -> str:
        return f"{left} = {right}"

    def lead(self, sign: str, written: str) -> str:
        return (r"\qquad\times " if sign == "*" else f"{sign} ") + written

    def width(self, written: str) -> float:
        """Characters of normal size, about; what stands in a script counts for less."""
        text = re.sub(r"\\substack\{.*?(\\\\|\})", "", written)
        text = re.sub(r"\\(left|right|mathrm|mathopen|operatorname\*?|begin\{\w+\}|end\{\w+\})", "", text)
        text = re.sub(r"\\(bar|tilde|hat|text|frac|[,!;{}])", "", text)
        return _weigh(re.sub(r"\\[a-zA-Z]+", "m", text))


def _weigh(text: str) -> float:
    total, scale, outer = 0.0, 1.0, [1.0]
    for before, character in pairwise(f" {text}"):
        if character == "{":
            outer.append(scale)
            scale *= 0.75 if before in "^_" else 1.0
        elif character == "}":
            scale = outer.pop() if len(outer) > 1 else 1.0
        elif character not in "^_ ":
            total += scale * (2.0 if character in "=+-<" and scale == 1.0 else 1.0)
    return total


def _big(monoid: str) -> str:
    return MONOIDS[monoid].latex.replace(r"\operatorname{", r"\operatorname*{")


# one call each ----------------------------------------------------------------------------------
def index_writer(tensors: Sequence[Tensor]) -> LatexWriter:
    """The writer for equations over these tensors."""
    return LatexWriter(symbols_of(tensors))


def matrix_writer(spec: Spec) -> LatexWriter:
    """The writer for the equations as their author wrote them."""
    return LatexWriter(symbols_of(spec.tensors), opens=openness(spec))


def expr_latex(node: Expr, system: System) -> str:
    """A scalar expression over the system's tensors."""
    return index_writer(system.tensors).expr(node)


def equation_latex(equation: Equation, system: System) -> str:
    """An equation of the system on one line."""
    return index_writer(system.tensors).equation(equation)


def authored_latex(authored: Authored, spec: Spec) -> str:
    """An equation as its author wrote it, matrix sugar and all."""
    writer = matrix_writer(spec)
    return writer.relation(writer.read(authored.tensor, authored.at), writer.expr(authored.value))


def symbol_latex(tensor: str, system: System) -> str:
    """A tensor without indices."""
    return index_writer(system.tensors).read(tensor, ())
