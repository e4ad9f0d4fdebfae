"""How a loss reduces its elements: to their mean, to their sum, or not at all. No op, a choice of many."""

from math import prod

from derive.language import total


def mean(s, at, loss):
    """The sum over the indices `at`, divided by the number of elements."""
    L = s.let("L", about="loss")
    L[:] = 1 / prod(_dims(s, at)) * total(at, loss)
    s.returns(L)


def sum(s, at, loss):
    """The sum over the indices `at`."""
    L = s.let("L", about="loss")
    L[:] = total(at, loss)
    s.returns(L)


def none(s, at, loss):
    """Every element by itself."""
    L = s.let("L", *_dims(s, at), about="losses")
    L[at] = loss
    s.returns(L)


def _dims(s, at):
    return [s.range_of(index).hi for index in at]
