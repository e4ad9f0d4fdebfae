"""What a spec's author is told when an equation cannot be used: always one line, whatever is in it."""

from derive.words import one_line


class SpecError(ValueError):
    """A spec that is not well formed: one line that names the op, the place, the fault and a mend."""

    def __init__(self, message: str, where: str = "") -> None:
        message, where = one_line(message), one_line(where)
        super().__init__(f"{where}: {message}" if where else message)
        self.message = message
        self.where = where

    def of(self, op: str, where: str = "") -> "SpecError":
        """The same fault with its op's name in front, and a place if it had none."""
        named = self.message if not op or self.message.startswith(f"{op}: ") else f"{op}: {self.message}"
        return SpecError(named, self.where or where)


class DerivationError(ValueError):
    """A well-formed spec that the calculus or the scheduler cannot carry further."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))
