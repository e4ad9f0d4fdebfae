"""Indices and constants for tests that build expressions by hand."""

from derive.algebra.index import Affine, Letter


def index(letter: str) -> Affine:
    """An index as an expression."""
    return Affine.of(Letter(letter))


def indices(letters: str) -> tuple[Affine, ...]:
    """Indices of one letter each, as expressions."""
    return tuple(map(index, letters))
