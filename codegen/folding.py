"""Long lines of emitted source, broken where Python's own tokens allow it: no string or comment is cut.

What is longer than WIDTH is broken behind commas in parentheses, as its reader would. What is then still
longer than LONGEST is broken wherever a line may end: before operators, in brackets of any kind, and
between the words of docstrings and comments.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TypeAlias

WIDTH = 100
LONGEST = 400
HANG = "    "
OPENING, CLOSING = "([{", ")]}"
OPERATORS = ("and", "or", "if", "else", "+", "-", "*", "/", "//", "==", "<", "<=", ">", ">=")

Places: TypeAlias = dict[int, str]
"""Columns where a line may be broken, with what then ends it: nothing, or outside of brackets a backslash."""


@dataclass(slots=True)
class Row:
    """A line of the text: where it may be broken, and what of it is no code."""

    text: str
    places: Places = field(default_factory=dict)  # where a token may begin a line
    commas: list[int] = field(default_factory=list)  # those behind a comma in parentheses of this line
    brackets: str = ""  # of this line, open so far
    comment: int | None = None  # the column of its comment
    words: bool = False  # it stands in a docstring

    @property
    def margin(self) -> str:
        return self.text[: len(self.text) - len(self.text.lstrip())]


def fold_lines(text: str) -> str:
    """The text of a module with every line that is too long broken, where it has a place for it."""
    if all(len(line) <= WIDTH for line in text.split("\n")):
        return text
    return "\n".join(line for row in _rows(text) for line in _folded(row))


def _rows(text: str) -> list[Row]:
    """Every line, with what its tokens say."""
    rows = [Row(line) for line in text.split("\n")]
    around, before = "", ""  # brackets that are open here, the token before
    for token in tokenize.generate_tokens(io.StringIO(text, newline="\n").readline):
        (first, column), (last, _) = token.start, token.end
        row = rows[first - 1]
        if token.type == tokenize.COMMENT:
            row.comment = column
        elif token.type == tokenize.STRING and last > first:
            for line in rows[first - 1 : last]:
                line.words = True
        elif column > len(row.margin) and _begins_well(token, before):
            row.places[column] = "" if around else " \\"
            if before == "," and row.brackets.endswith("("):
                row.commas.append(column)
        around, row.brackets = _nested(around, token), _nested(row.brackets, token)
        before = token.string
    return rows


def _begins_well(token: tokenize.TokenInfo, before: str) -> bool:
    """Whether a reader would put the token on a new line: an operator, or what stands behind a comma."""
    if token.type in (tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER):
        return False
    return before == "," or token.string in OPERATORS


def _nested(brackets: str, token: tokenize.TokenInfo) -> str:
    """The brackets that are open behind a token."""
    if token.type != tokenize.OP or token.string not in (*OPENING, *CLOSING):
        return brackets
    return brackets + token.string if token.string in OPENING else brackets[:-1]


def _folded(row: Row) -> list[str]:
    """The lines that a row becomes."""
    if len(row.text) <= WIDTH:
        return [row.text]
    if row.words:
        return _longest(_filled(row.text, _commas_of_words(row.text)), _between_words)
    if row.comment is not None:
        return _with_comment(row, row.comment)
    lines = _filled(row.text, dict.fromkeys(row.commas, ""))
    return lines if max(map(len, lines)) <= LONGEST else _filled(row.text, row.places)


def _with_comment(row: Row, column: int) -> list[str]:
    """A comment of its own stays on one line up to LONGEST; one behind code goes below it."""
    code, comment = row.text[:column].rstrip(), row.margin + row.text[column:]
    if not code:
        return _longest([comment], _between_words, "# ")
    lines = _folded(replace(row, text=code, comment=None))
    return [*lines, *_filled(comment, _between_words(comment), "# ")]


def _longest(lines: list[str], places: Callable[[str], Places], hang: str = HANG) -> list[str]:
    """The lines, those that are longer than any may be broken once more."""
    parts = [[line] if len(line) <= LONGEST else _filled(line, places(line), hang) for line in lines]
    return [line for part in parts for line in part]


def _filled(text: str, places: Places, hang: str = HANG) -> list[str]:
    """The text broken at as few of the places as WIDTH allows."""
    margin = text[: len(text) - len(text.lstrip())]
    limit = WIDTH - max(map(len, places.values()), default=0)
    cuts = [len(margin), *places, len(text)]
    lines, line = [], margin
    for start, end in pairwise(cuts):
        if len(line) + len(text[start:end].rstrip()) > limit and line.strip():
            lines.append(line.rstrip() + places[start])
            line = margin + hang
        line += text[start:end]
    return [*lines, line]


def _between_words(text: str) -> Places:
    """Before every word but the first."""
    return dict.fromkeys((found.end() for found in re.finditer(r"(?<=\S) +", text)), "")


def _commas_of_words(text: str) -> Places:
    """Behind every comma that stands inside parentheses and outside quotes."""
    places: list[int] = []
    open_brackets, quote = "", ""
    for n, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in OPENING:
            open_brackets += character
        elif character in CLOSING:
            open_brackets = open_brackets[:-1]
        elif text[n : n + 2] == ", " and open_brackets.endswith("("):
            places.append(n + 2)
    return dict.fromkeys(places, "")
