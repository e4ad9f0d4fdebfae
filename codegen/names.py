"""Names for what a kernel adds to the equations' own names."""

from __future__ import annotations

from dataclasses import dataclass, field

from codegen import runtime
from derive.algebra.system import Names as Taken
from derive.algebra.system import fresh

# what the text of a module says itself, beside the names of the runtime and of the op
WORDS = frozenset(runtime.__all__) | {
    "Gradients",
    "Outputs",
    "Packed",
    "Pullback",
    "abs",
    "dtype",
    "far",
    "given",
    "max",
    "min",
    "np",
    "outputs",
    "range",
    "saved",
    "self",
    "size",
    "wanted",
}


@dataclass(slots=True)
class Names:
    """Hands out local names that nothing else in the kernel has."""

    taken: Taken = field(default_factory=set)

    def like(self, stem: str) -> str:
        """`stem`, or with a number behind it."""
        return fresh(stem, self.taken)
