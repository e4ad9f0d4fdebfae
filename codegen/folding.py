"""Long lines of emitted source, broken behind commas as its reader would."""

from __future__ import annotations

WIDTH = 100


def fold_lines(text: str) -> str:
    """The text with every line that is too long broken inside its parentheses, where it has any."""
    return "".join(fold(line) for line in text.splitlines(keepends=True))


def fold(line: str) -> str:
    """One line; pieces hang four columns further in. A line without a comma in parentheses stays."""
    if len(line.rstrip("\n")) <= WIDTH:
        return line
    margin = " " * (len(line) - len(line.lstrip()))
    rows, row = [], margin
    for piece in _pieces(line[len(margin) :]):
        if len(row) + len(piece.rstrip()) > WIDTH and row.strip():
            rows.append(row.rstrip())
            row = margin + "    "
        row += piece
    return "\n".join([*rows, row])


def _pieces(text: str) -> list[str]:
    """The text cut behind every comma that stands inside parentheses and outside quotes."""
    pieces, start, open_brackets, quote = [], 0, "", ""
    for n, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character in "([{":
            open_brackets += character
        elif character in ")]}":
            open_brackets = open_brackets[:-1]
        elif text[n : n + 2] == ", " and open_brackets.endswith("("):
            pieces.append(text[start : n + 2])
            start = n + 2
    return [*pieces, text[start:]]
