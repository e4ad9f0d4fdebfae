"""What a spec's author is told when an equation cannot be used."""


class SpecError(ValueError):
    """A spec that is not well formed: one line that names the op, the place, the fault and a mend."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.message = message
        self.where = where


class DerivationError(ValueError):
    """A well-formed spec that the calculus or the scheduler cannot carry further."""
