"""The identity of an index."""

from __future__ import annotations

from typing import ClassVar, TypeAlias
from weakref import WeakValueDictionary


class Letter:
    """The identity of an index: an object, which no size, parameter or tensor ever is, whatever it is called.

    Two indices with one text are one index, as bound names are within an equation.
    """

    __slots__ = ("__weakref__", "text")
    text: str
    _known: ClassVar[WeakValueDictionary[str, Letter]] = WeakValueDictionary()

    def __new__(cls, text: str | Letter) -> Letter:
        if isinstance(text, Letter):
            return text
        made = cls._known.get(text)
        if made is None:
            made = object.__new__(cls)
            made.text = text
            made = cls._known.setdefault(text, made)
        return made

    def marked(self, mark: str = "'") -> Letter:
        """Another index, whose text is this one's with a mark behind it."""
        return Letter(self.text + mark)

    def __lt__(self, other: str | Letter) -> bool:
        return (str(self), 1) < (str(other), isinstance(other, Letter))

    def __gt__(self, other: str | Letter) -> bool:
        return (str(self), 1) > (str(other), isinstance(other, Letter))

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Letter({self.text!r})"

    def __reduce__(self) -> tuple[type[Letter], tuple[str]]:
        return Letter, (self.text,)


Name: TypeAlias = str | Letter  # of a constant, of an index
