# Copied by gradsmith from its runtime; do not edit. What follows has the digest 5352a079f8fd7dc4a1364d7856247549a2d48ebb7cd9564a230a68e0a09d293d
"""What an emitted op raises: one line naming the op, the argument, what was expected, what came."""


class OpError(ValueError):
    """An emitted op was called with something that it cannot take."""


class ShapeError(OpError):
    """An argument, or a size computed from arguments, does not fit the op's dimensions."""


class DtypeError(OpError):
    """An argument has a dtype that the op does not take, or one that differs from the others."""


class ArgumentError(OpError):
    """A number or a name given to an op is not one that it takes."""


class LabelError(ArgumentError):
    """A label lies outside of the range that its uses leave it, or beyond 64 bits."""
