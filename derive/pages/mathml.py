"""Equations as presentation MathML, which browsers set without help from a network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from html.entities import html5

from derive.algebra.index import Affine, Guard, In, Index, Letter, Name
from derive.algebra.scalars import SCALARS
from derive.algebra.system import Tensor
from derive.language import Spec
from derive.pages.marks import Signed
from derive.pages.symbols import ACCENTS, Symbol, by_name, placed, symbols_of
from derive.pages.typeset import Typeset, openness, split_member

TIMES = "<mo>&#x2062;</mo>"
SPACE = '<mspace width="0.17em"/>'
PRIME = "&#x2032;"
WORD_FIRST, WORD_LAST = re.compile(r"(<mrow>)*<mi>\w{2,}</mi>"), re.compile(r"<mi>\w{2,}</mi>$")
"""A name of several letters, such as `exp` or `stride`: beside another factor it needs a space."""
MARKS = {"tilde": "~", "hat": "^", "bar": "&#xAF;", "dot": "&#x2D9;", "vec": "&#x2192;"}
RELATIONS = {"<": "&lt;", "<=": "&#x2264;", ">": "&gt;", ">=": "&#x2265;"}
OPERATORS = {"sum": "&#x2211;", "max": "max", "argmax": "arg max"}
IGNORED = ("left", "right", "mathrm", "operatorname", "text")
TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|[a-zA-Z]{2,}\d+[a-zA-Z]*|[a-zA-Z]+'*|\d+|[^\s{}]")


def row(*parts: str) -> str:
    """Several elements as one."""
    return parts[0] if len(parts) == 1 else f"<mrow>{''.join(parts)}</mrow>"


def operator(mark: str) -> str:
    return f"<mo>{mark}</mo>"


def fragment(latex: str) -> str:
    """A piece of LaTeX without arguments, such as `\\sigma`, `(0)` or `\\mathrm{out}`."""
    accent = re.fullmatch(rf"\\({'|'.join(ACCENTS)})\{{(.*)\}}", latex)
    return over(fragment(accent[2]), accent[1]) if accent else row(*pieces(latex))


def pieces(latex: str) -> tuple[str, ...]:
    """The same as elements that stand side by side."""
    return tuple(part for token in TOKEN.findall(latex) if (part := _token(token)))


def _token(token: str) -> str:
    stem = token.rstrip("'")
    if not stem:
        return operator(PRIME * len(token))
    if stem != token:
        return f"<msup>{_token(stem)}{operator(PRIME * (len(token) - len(stem)))}</msup>"
    word = token.removeprefix("\\")
    if (token.startswith("\\") and not word.isalpha()) or (token.startswith("\\") and word in IGNORED):
        return ""
    if token.startswith("\\"):
        return f"<mi>{escape(html5.get(f'{word};', word))}</mi>"
    if word.isdigit():
        return f"<mn>{word}</mn>"
    return f"<mi>{word}</mi>" if word[0].isalpha() else f"<mo{_size(word)}>{escape(word)}</mo>"


def _size(mark: str) -> str:
    """Brackets around a label keep its size."""
    return ' stretchy="false"' if mark in "()" else ""


def over(inner: str, accent: str) -> str:
    return f'<mover accent="true">{inner}<mo>{MARKS[accent]}</mo></mover>'


def symbol(found: Symbol, above: Sequence[str], below: Sequence[str]) -> str:
    """A letter with its accents, and elements above and below it."""
    inner = fragment(found.base)
    for accent in found.accents:
        inner = over(inner, accent)
    high, low = (row(*_listed(parts)) for parts in (above, below))
    if above and below:
        return f"<msubsup>{inner}{low}{high}</msubsup>"
    return f"<msup>{inner}{high}</msup>" if above else f"<msub>{inner}{low}</msub>" if below else inner


def _listed(parts: Sequence[str]) -> list[str]:
    """The parts with commas between them."""
    return [piece for n, part in enumerate(parts) for piece in ((operator(","), part) if n else (part,))] or [
        ""
    ]


@dataclass(frozen=True, slots=True)
class MathWriter(Typeset):
    """Presentation MathML; what is written is one element or several that stand side by side."""

    # names ------------------------------------------------------------------------------------
    def name(self, name: Name) -> str:
        found = by_name(str(name))
        return symbol(found, tuple(map(fragment, found.above)), tuple(map(fragment, found.below)))

    def integer(self, value: int) -> str:
        return f"<mn>{value}</mn>"

    def decimal(self, digits: str, exponent: int) -> str:
        number = f"<mn>{digits}</mn>"
        return f"{number}<mo>&#8901;</mo>{self.power('<mn>10</mn>', exponent)}" if exponent else number

    def read(self, tensor: str, at: tuple[Affine, ...]) -> str:
        found = self.symbols.of(tensor)
        member, rest = split_member(self.symbols, tensor, at)
        tag = self.member(tensor, member) if member is not None else ""
        above, below = placed(found, tag, bool(rest))
        lower = (*map(fragment, below), *(row(self.affine(e)) for e in rest))
        return symbol(found, tuple(map(fragment, above)), lower)

    # operators --------------------------------------------------------------------------------
    def total(self, parts: Sequence[Signed]) -> str:
        written = ""
        for n, (negative, part) in enumerate(parts):
            sign = operator("&#x2212;") if negative else operator("+") if n else ""
            written += sign + part
        return written or self.integer(0)

    index_total = total

    def product(self, parts: Sequence[str]) -> str:
        written = "".join(parts[:1])
        for part in parts[1:]:
            space = SPACE if WORD_LAST.search(written) or WORD_FIRST.match(part) else ""
            written += TIMES + space + part
        return written

    scale = product

    def hadamard(self, parts: Sequence[str]) -> str:
        return operator("&#x2299;").join(parts)

    def ratio(self, top: str, bottom: str) -> str:
        return f"<mfrac><mrow>{top}</mrow><mrow>{bottom}</mrow></mfrac>"

    def slash(self, top: str, bottom: str) -> str:
        return f"{top}<mo>/</mo>{bottom}"

    def parens(self, inner: str) -> str:
        return f"<mrow><mo>(</mo>{inner}<mo>)</mo></mrow>"

    def power(self, base: str, exponent: int) -> str:
        base = self.parens(base) if base.startswith(("<msup", "<msubsup")) else base
        return f"<msup><mrow>{base}</mrow>{self.total([(exponent < 0, self.integer(abs(exponent)))])}</msup>"

    def call(self, function: str, args: Sequence[str]) -> str:
        if function == "maximum":
            return f"<mi>max</mi>{self.parens('<mo>,</mo>'.join(args))}"
        head, _, tail = SCALARS[function].latex.partition("%s")
        if head == r"\sqrt{":
            return f"<msqrt>{args[0]}</msqrt>"
        around = ("".join(pieces(part)).replace(_size("("), "") for part in (head, tail))
        return f"<mrow>{args[0].join(around)}</mrow>"

    def choice(self, left: str, relation: str, right: str, then: str, otherwise: str) -> str:
        condition = f"<mtext>if&#xA0;</mtext>{left}{operator(RELATIONS[relation])}{right}"
        rows = _table_row(then, condition) + _table_row(otherwise, "<mtext>otherwise</mtext>")
        return f"<mrow><mo>{{</mo><mtable>{rows}</mtable></mrow>"

    def matmul(self, left: str, right: str) -> str:
        return left + TIMES + right

    def transpose(self, arg: str) -> str:
        return f"<msup><mrow>{arg}</mrow><mo>&#x22A4;</mo></msup>"

    # guards and reductions --------------------------------------------------------------------
    def guard(self, guard: Guard) -> str:
        return f"<mrow><mo>[</mo>{self.condition(guard)}<mo>]</mo></mrow>"

    def condition(self, guard: Guard) -> str:
        """What a guard says; an index over members is compared with their labels."""
        if isinstance(guard, In):
            lo, e, hi = (self.affine(part) for part in (guard.lo, guard.e, guard.hi))
            return lo + operator(RELATIONS["<="]) + e + operator(RELATIONS["<"]) + hi
        named = self.named_member(guard)
        return self.affine(guard.a) + operator("=") + (fragment(named) if named else self.affine(guard.b))

    def reduction(self, monoid: str, binders: Sequence[Index], guards: Sequence[Guard], body: str) -> str:
        plain, packed = self.split_binders(binders)
        listed = _listed([self.name(name) for name in plain])
        under = [row(*listed)] if plain else []
        under += [row(self.name(b.name), operator("&#x2208;"), self.set_of(b.name)) for b in packed]
        sign = operator(OPERATORS[monoid])
        if monoid == "sum" and not guards:
            return "".join(f"<munder>{sign}{part}</munder>" for part in reversed(under)) + body
        rows = "".join(f"<mtr><mtd>{part}</mtd></mtr>" for part in (*under, *map(self.condition, guards)))
        return f"<munder>{sign}<mtable>{rows}</mtable></munder>{body}"

    def set_of(self, index: Letter) -> str:
        """The members that an index runs over."""
        members = _listed([fragment(part) for part in self.member_labels(index)])
        return row(operator("{"), *members, operator("}"))

    def component(self, reduction: str, witness: Letter) -> str:
        return f"<msub>{self.parens(reduction)}{self.name(witness)}</msub>"

    def floor(self, inner: str) -> str:
        return f"<mrow><mo>&#x230A;</mo>{inner}<mo>&#x230B;</mo></mrow>"

    # lines ------------------------------------------------------------------------------------
    def relation(self, left: str, right: str) -> str:
        return left + operator("=") + right

    def lead(self, sign: str, written: str) -> str:
        mark = {"*": "&#xD7;", "-": "&#x2212;"}.get(sign, sign)
        return operator(mark) + written

    def width(self, written: str) -> float:
        return 0.85 * len(re.sub(r"<[^>]*>|&#x2062;", "", written).replace("&#x", "").replace(";", ""))


def _table_row(*cells: str) -> str:
    return "<mtr>" + "".join(f"<mtd>{cell}</mtd>" for cell in cells) + "</mtr>"


def index_mathml(tensors: Sequence[Tensor]) -> MathWriter:
    """The writer for equations over these tensors."""
    return MathWriter(symbols_of(tensors))


def matrix_mathml(spec: Spec) -> MathWriter:
    """The writer for the equations as their author wrote them."""
    return MathWriter(symbols_of(spec.tensors), opens=openness(spec))
