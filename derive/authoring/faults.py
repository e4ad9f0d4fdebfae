"""The one place where what an author's code raises becomes a line that says where and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from derive.errors import SpecError
from derive.names import line_of
from derive.words import said

DEEP = "this goes too deep for Python: give parts of it names, each with an equation of its own"


@contextmanager
def authored(name: str, where: str, doing: str = "") -> Iterator[None]:
    """An author's code runs in here: whatever it raises is a SpecError, at `where` if no line of it shows.

    Ctrl-C goes through; sys.exit() does not, as a spec is nothing that ends a program.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise
    except SpecError as fault:
        raise fault.of(name, where) from None
    except BaseException as fault:
        raise SpecError(doing + _told(fault), line_of(fault)).of(name, where) from fault


def _told(fault: BaseException) -> str:
    if isinstance(fault, SystemExit):
        return "it calls sys.exit(): raise an error that says what is wrong"
    return DEEP if isinstance(fault, RecursionError) else said(fault)
