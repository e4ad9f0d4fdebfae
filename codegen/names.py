"""Names for what a kernel adds to the equations' own names."""

from __future__ import annotations

from dataclasses import dataclass, field

from derive.system import fresh


@dataclass(slots=True)
class Names:
    """Hands out local names that nothing else in the kernel has."""

    taken: set[str] = field(default_factory=set)

    def like(self, stem: str) -> str:
        """`stem`, or with a number behind it."""
        return fresh(stem, self.taken)
