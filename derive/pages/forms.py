"""The four forms of a page: plain text, LaTeX, Markdown, HTML. A row each; what differs is only marks."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from html import escape
from textwrap import fill

from derive.algebra.system import Tensor
from derive.authoring.spec import Spec
from derive.pages.latex import index_writer, matrix_writer
from derive.pages.mathml import index_mathml, matrix_mathml
from derive.pages.text import WRITER
from derive.pages.writer import Row, Writer
from derive.words import one_line

PAGE_WIDTH = 110


class Form(ABC):
    """How formulas, sentences, tables and lists are put on a page of one form."""

    template = ""
    cotangent = "A bar over a tensor"

    @abstractmethod
    def index(self, tensors: Sequence[Tensor]) -> Writer:
        """The writer for equations over these tensors."""

    @abstractmethod
    def matrix(self, spec: Spec) -> Writer:
        """The writer for the author's equations."""

    @abstractmethod
    def math(self, formula: str) -> str:
        """A formula in a sentence."""

    def prose(self, words: str) -> str:
        """An author's words, which may hold any character, on one line."""
        return self.escaped(one_line(words))

    @abstractmethod
    def escaped(self, words: str) -> str:
        """The words with what is a mark of this form made plain."""

    def paragraph(self, text: str) -> str:
        """Sentences that stand by themselves."""
        return text

    def reasons(self, lines: Sequence[str]) -> str:
        """Sentences that lead to the equation below them."""
        return self.paragraph(lines[0]) if len(lines) == 1 else self.items(lines)

    @abstractmethod
    def display(self, rows: Sequence[Row], tag: str) -> str:
        """Formulas on lines of their own, numbered if `tag` says so."""

    @abstractmethod
    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str: ...

    @abstractmethod
    def items(self, lines: Sequence[str]) -> str: ...

    def shape(self, sizes: Sequence[str]) -> str:
        """The sizes of a tensor's axes."""
        return f"({', '.join(sizes)})"

    @abstractmethod
    def partial(self, value: str, by: str, slope: str) -> str:
        """The derivative of `value` by `by` is `slope`."""


class TextForm(Form):
    """Plain characters."""

    template = "page.txt.j2"
    cotangent = "A d before the name of a tensor"

    def index(self, tensors: Sequence[Tensor]) -> Writer:
        return WRITER

    def matrix(self, spec: Spec) -> Writer:
        return WRITER

    def math(self, formula: str) -> str:
        return formula

    def escaped(self, words: str) -> str:
        return words

    def display(self, rows: Sequence[Row], tag: str) -> str:
        wide = max(len(left) for left, _ in rows)
        lines = [f"    {left:<{wide}} {right}".rstrip() for left, right in rows]
        lines[-1] = f"{lines[-1]:<{PAGE_WIDTH - 6}}  ({tag})" if tag else lines[-1]
        return "\n".join(lines)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        columns = zip(head, *rows, strict=True)
        widths = [max(map(len, column)) for column in columns]
        padded = (zip(cells, widths, strict=True) for cells in (head, *rows))
        return "\n".join("    " + "  ".join(f"{c:<{w}}" for c, w in cells).rstrip() for cells in padded)

    def items(self, lines: Sequence[str]) -> str:
        return "\n".join(
            fill(line, PAGE_WIDTH, initial_indent="  - ", subsequent_indent="    ") for line in lines
        )

    def paragraph(self, text: str) -> str:
        return fill(text, PAGE_WIDTH)

    def partial(self, value: str, by: str, slope: str) -> str:
        return f"d {value} / d {by} = {slope}"


class LatexForm(Form):
    """A document for article and amsmath."""

    template = "page.tex.j2"

    def index(self, tensors: Sequence[Tensor]) -> Writer:
        return index_writer(tensors)

    def matrix(self, spec: Spec) -> Writer:
        return matrix_writer(spec)

    def math(self, formula: str) -> str:
        breakable = formula.replace(r"\,", r"\,\allowbreak ").replace(" / ", r" / \allowbreak ")
        return f"${breakable}$"

    def escaped(self, words: str) -> str:
        words = re.sub(r"([&%$#_{}])", r"\\\1", words.replace("\\", r"\textbackslash "))
        words = words.replace("^", r"\textasciicircum{}").replace("~", r"\textasciitilde{}")
        return re.sub(r"'([^' ][^']*)'", r"`\1'", words).replace("<", "$<$").replace(">", "$>$")

    def display(self, rows: Sequence[Row], tag: str) -> str:
        lines = " \\\\\n  ".join(f"{left} &{right}" for left, right in rows)
        number = rf"\tag{{{tag}}}" if tag else ""
        aligned = f"\\begin{{aligned}}\n  {lines}\n\\end{{aligned}}"
        return f"\\begin{{equation*}}\\fitting{{{aligned}}}{number}\\end{{equation*}}"

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        lines = " \\\\\n".join(" & ".join(cells) for cells in rows)
        columns = "l" * (len(head) - 1) + r">{\raggedright\arraybackslash}X"
        return (
            f"\n\\begin{{tabularx}}{{\\linewidth}}{{{columns}}}\n\\toprule\n{' & '.join(head)} \\\\\n"
            f"\\midrule\n{lines} \\\\\n\\bottomrule\n\\end{{tabularx}}"
        )

    def items(self, lines: Sequence[str]) -> str:
        return "\n" + "\n\n".join(rf"$\bullet$\enspace {line}" for line in lines)

    def paragraph(self, text: str) -> str:
        return f"\n{text}"

    def partial(self, value: str, by: str, slope: str) -> str:
        return rf"\partial {value} / \partial {by} = {slope}"


class MarkdownForm(LatexForm):
    """GitHub's Markdown, formulas in dollars; backslashed punctuation is spelt out, as Markdown eats it."""

    template = "page.md.j2"

    def math(self, formula: str) -> str:
        return f"${_spelt(formula)}$"

    def escaped(self, words: str) -> str:
        words = re.sub(r"([\\`*_{}\[\]<>$|])", r"\\\1", words)
        return re.sub(r"&(?=#?\w+;)", "&amp;", words)

    def display(self, rows: Sequence[Row], tag: str) -> str:
        lines = " \\\\\n".join(f"{_spelt(left)} &{_spelt(right)}" for left, right in rows)
        number = rf" \tag{{{tag}}}" if tag else ""
        return f"$$\n\\begin{{aligned}}\n{lines}\n\\end{{aligned}}{number}\n$$"

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        lines = [head, ["---"] * len(head), *rows]
        return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)

    def items(self, lines: Sequence[str]) -> str:
        return "\n".join(f"- {line}" for line in lines)

    def paragraph(self, text: str) -> str:
        return text


class HtmlForm(Form):
    """A page that stands alone: MathML, no script, no network."""

    template = "page.html.j2"

    def index(self, tensors: Sequence[Tensor]) -> Writer:
        return index_mathml(tensors)

    def matrix(self, spec: Spec) -> Writer:
        return matrix_mathml(spec)

    def math(self, formula: str) -> str:
        return f"<math><mrow>{formula}</mrow></math>"

    def escaped(self, words: str) -> str:
        return escape(words, quote=False)

    def display(self, rows: Sequence[Row], tag: str) -> str:
        cells = "".join(
            f'<mtr><mtd style="text-align:right"><mrow>{left}</mrow></mtd>'
            f'<mtd style="text-align:left"><mrow>{right}</mrow></mtd></mtr>'
            for left, right in rows
        )
        number = f'<span class="tag">({tag})</span>' if tag else ""
        return (
            f'<div class="equation"><math display="block"><mtable displaystyle="true">{cells}</mtable></math>'
            f"{number}</div>"
        )

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
        body = "\n".join(_cells("td", cells) for cells in rows)
        return f"<table>\n{_cells('th', head)}\n{body}\n</table>"

    def paragraph(self, text: str) -> str:
        return f"<p>{text}</p>"

    def items(self, lines: Sequence[str]) -> str:
        return "<ul>\n" + "\n".join(f"<li>{line}</li>" for line in lines) + "\n</ul>"

    def shape(self, sizes: Sequence[str]) -> str:
        return f"<mo>(</mo>{'<mo>,</mo>'.join(sizes)}<mo>)</mo>"

    def partial(self, value: str, by: str, slope: str) -> str:
        d = "<mo>&#x2202;</mo>"
        return f"{d}{value}<mo>/</mo>{d}{by}<mo>=</mo>{slope}"


def _spelt(formula: str) -> str:
    return re.sub(r"\\([,!{}])", lambda found: SPELT[found[1]], formula)


SPELT = {",": r"\thinspace ", "!": r"\negthinspace ", "{": r"\lbrace ", "}": r"\rbrace "}


def _cells(tag: str, cells: Sequence[str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"


FORMS: dict[str, Form] = {
    "text": TextForm(),
    "latex": LatexForm(),
    "md": MarkdownForm(),
    "html": HtmlForm(),
}
