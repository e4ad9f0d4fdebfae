"""What a declaration may be given: each argument is checked by its name, the same in every declaration."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from fractions import Fraction
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from derive.authoring.handles import LARGEST
from derive.errors import SpecError
from derive.names import check_name, location
from derive.pages.symbols import written
from derive.words import shown, steers

P = ParamSpec("P")
R = TypeVar("R")
NOT_IN_LATEX = frozenset("$%#&~")  # they would end the formula, or hide the rest of it


def declares(declaration: Callable[P, R]) -> Callable[P, R]:
    """A declaration whose arguments are looked at before it is made. Raises SpecError with the line."""
    signature = inspect.signature(declaration)

    @wraps(declaration)
    def checked(*given: P.args, **named: P.kwargs) -> R:
        try:
            bound = signature.bind(*given, **named)
        except TypeError as fault:
            raise SpecError(f"{declaration.__name__}(...): {fault}", location()) from None
        for argument, value in bound.arguments.items():
            if argument in CHECKS:
                bound.arguments[argument] = CHECKS[argument](value, _called(argument, bound.arguments))
        return declaration(*bound.args, **bound.kwargs)

    return checked


def _called(argument: str, arguments: dict[str, Any]) -> str:
    """How an argument is called in a sentence."""
    return (
        f"the {argument} of {arguments['name']}"
        if argument != "name" and "name" in arguments
        else f"the {argument}"
    )


def refuse(called: str, value: object, mend: str) -> SpecError:
    return SpecError(f"{called} is {shown(value)}: give {mend}", location())


def words(value: Any, called: str) -> str:
    """A sentence or a name: any characters but those that steer a terminal; line breaks are spaces."""
    if not isinstance(value, str):
        raise refuse(called, value, "text, in quotes")
    if any(steers(c) and not c.isspace() for c in value):
        raise refuse(called, value, "text without control characters")
    return str(value)


def sentences(value: Any, called: str) -> tuple[str, ...]:
    if not isinstance(value, (tuple, list)):
        raise refuse(called, value, "a tuple of sentences, such as ('the mean is over the batch',)")
    return tuple(words(sentence, called) for sentence in value)


def letters(value: Any, called: str) -> str:
    if not isinstance(value, str):
        raise refuse(called, value, "letters, such as 'ij' or 'i j'")
    return value


def latex(value: Any, called: str) -> str:
    """A symbol: a letter or word with accents, and at most one superscript and subscript in braces."""
    text = words(value, called)
    mend = r"a symbol with closed braces, such as '\hat{W}' or 'x_{in}'"
    if NOT_IN_LATEX & set(text) or not text.isascii() or not _is_closed(text):
        raise refuse(called, value, mend)
    try:
        written(text or "x")
        return text
    except ValueError:
        raise refuse(called, value, mend) from None


def _is_closed(text: str) -> bool:
    """Whether every brace has its other one, and no backslash stands alone."""
    depth, plain = 0, text.replace(r"\{", "").replace(r"\}", "")
    for character in plain:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0 and not plain.endswith("\\") and "\\\\" not in plain


def flag(value: Any, called: str) -> bool:
    if not isinstance(value, bool):
        raise refuse(called, value, "True or False")
    return value


def whole(value: Any, called: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise refuse(called, value, "an integer")
    if abs(value) > LARGEST:
        raise refuse(called, value, "one of 64 bits")
    return int(value)


def real(value: Any, called: str) -> float:
    """A finite number; integers stay such, as they are printed."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Fraction)):
        raise refuse(called, value, "a number")
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise refuse(called, value, "a finite number")
    return int(value) if isinstance(value, int) else float(value)


CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "name": lambda value, called: check_name(value, location()),
    "title": words,
    "source": words,
    "about": words,
    "conventions": sentences,
    "letters": letters,
    "members": letters,
    "latex": latex,
    "integer": flag,
    "sequence": flag,
    "batch": flag,
    "least": whole,
    "default": real,
}
