"""Words from outside (titles, files, exceptions) as they may be shown: what steers a terminal is spelt."""

from __future__ import annotations

import unicodedata

MOST = 300  # characters of an exception's text
SHORT = 80  # characters of a value
UNSEEN = frozenset({"Cc", "Cs"})  # control characters, halves of characters
TURNING = frozenset(
    {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
)  # turn the reading direction


def steers(character: str) -> bool:
    """Whether a character is not shown itself, but changes how others are."""
    return unicodedata.category(character) in UNSEEN or unicodedata.bidirectional(character) in TURNING


def visible(text: str) -> str:
    """The text with every character that steers spelt out, as in \\x1b."""
    if text.isprintable():
        return text
    return "".join(ascii(c)[1:-1] if steers(c) else c for c in text)


def one_line(text: str) -> str:
    """The text on one line, whatever its characters."""
    return visible(" ".join(text.split()))


def cut(text: str, most: int) -> str:
    """The beginning of a text that is too long."""
    return text if len(text) <= most else f"{text[:most]}..."


def shown(value: object) -> str:
    """A value as it may stand in a sentence, even one that cannot be printed."""
    try:
        text = repr(value)
    except Exception:  # the value's own code, or a number of more digits than Python prints
        text = f"a value of type {type(value).__name__}"
    return cut(one_line(text), SHORT)


def said(fault: BaseException) -> str:
    """What an exception says; the name of its type in front where an author made the type."""
    try:
        text = cut(one_line(str(fault)), MOST)
    except Exception:  # its own code
        text = ""
    name = type(fault).__name__
    if not text:
        return name
    return text if isinstance(fault, PLAIN) and type(fault).__module__ == "builtins" else f"{name}: {text}"


# exceptions whose text says enough: `name 'x' is not defined`
PLAIN = (TypeError, ValueError, AttributeError, NameError, LookupError, ImportError, OSError)
