"""A claim of a document, the evidence for or against it, and the verdict that follows from the evidence.

The evidence decides. What a document computes is compared with what is found; a statement is observed to
hold or not; and where a document leaves something open, the ways to read it are computed side by side: if
they agree, nothing was open, and the claim is right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from codegen.catalogue import find
from codegen.errata.kernels import Kernels, Load
from derive.derivation import derive
from derive.pages.text import equation_text

# documents print few digits, and formulas of float64 numbers agree to 1e-14 or not at all
RELATIVE, ABSOLUTE = 1e-9, 1e-12

VERDICTS = ("wrong", "incomplete", "ambiguous", "convention", "right")
OPEN = ("incomplete", "ambiguous", "convention")

Value: TypeAlias = Any
"""A number, a text, a shape (a tuple of integers), an array, or a tuple of arrays."""


def same(a: Value, b: Value) -> bool:
    """Whether two values are the same: texts exactly, numbers up to rounding, arrays shape by shape."""
    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and a == b
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    x, y = np.asarray(a, float), np.asarray(b, float)
    return x.shape == y.shape and np.allclose(x, y, rtol=RELATIVE, atol=ABSOLUTE)


def show(value: Value) -> str:
    """A value as the page prints it: four digits, 28×28×6 for a shape, rows of a matrix between slashes."""
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return "×".join(map(str, value))
    if np.ndim(value) == 2:
        return " / ".join(" ".join(map(show, row)) for row in value)
    if np.ndim(value) == 1:
        return " ".join(map(show, value))
    number = float(value)
    whole = number.is_integer() and abs(number) < 1e12
    return f"{int(number):,}" if whole else f"{number:.4g}"


@dataclass(frozen=True, slots=True)
class Compared:
    """What a document says, beside what is found; `shown` stands for values too long to print."""

    document: Value
    found: Value
    how: str
    shown: str = ""

    @property
    def verdict(self) -> str:
        return "right" if same(self.document, self.found) else "wrong"

    @property
    def account(self) -> str:
        long = self.shown if self.verdict == "right" else "other numbers"
        return f"{long if self.shown else show(self.found)} ({self.how})"


@dataclass(frozen=True, slots=True)
class Observed:
    """Whether a statement holds in a computation, and the numbers that say so."""

    holds: bool
    account: str

    @property
    def verdict(self) -> str:
        return "right" if self.holds else "wrong"


@dataclass(frozen=True, slots=True)
class Readings:
    """What a document leaves open, of which kind, and what each way to read it gives."""

    kind: str
    values: Mapping[str, Value]
    how: str

    def __post_init__(self) -> None:
        assert self.kind in OPEN and len(self.values) > 1, "an open question has a kind and two answers"

    @property
    def verdict(self) -> str:
        first, *others = self.values.values()
        return "right" if all(same(first, other) for other in others) else self.kind

    @property
    def account(self) -> str:
        answers = "; ".join(f"{name}: {show(value)}" for name, value in self.values.items())
        return f"{self.how}: {answers}"


Evidence: TypeAlias = Compared | Observed | Readings


@dataclass(frozen=True, slots=True)
class Claim:
    """What a document says at one place, and the computation that judges it.

    `id` is the document's number and a name for the place; `line` is the line of the document's text;
    `quote` its formula, its numbers or a few of its words; `says` what is claimed, where the quote alone
    does not tell; `remedy` what to write or to think instead, where that is not simply the value found;
    `derived` an op and the tensor of its adjoint whose equation belongs to the claim.
    """

    id: str
    place: str
    line: int
    quote: str
    evidence: Callable[[Kernels], Evidence]
    says: str = ""
    remedy: str = ""
    derived: tuple[str, str] | None = None

    @property
    def document(self) -> str:
        return self.id[:3]


@dataclass(frozen=True, slots=True)
class Unchecked:
    """What a document says that no computation judges, and why."""

    document: str
    lines: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A claim that has been judged: its evidence, the ops that were run for it, and the equation derived."""

    claim: Claim
    evidence: Evidence
    ops: tuple[str, ...]
    derivation: str = ""

    @property
    def verdict(self) -> str:
        return self.evidence.verdict

    @property
    def correct(self) -> str:
        """What is true instead; nothing for a claim that is right."""
        if self.verdict == "right":
            return ""
        value = show(self.evidence.found) if isinstance(self.evidence, Compared) else ""
        hidden = isinstance(self.evidence, Compared) and self.evidence.shown
        return self.claim.remedy or ("" if hidden else value)


def judge(claim: Claim, load: Load) -> Finding:
    """Claim and a way to load published modules -> the finding."""
    kernels = Kernels(load)
    evidence = claim.evidence(kernels)
    derivation = derived_equation(*claim.derived) if claim.derived else ""
    return Finding(claim, evidence, tuple(dict.fromkeys(kernels.used)), derivation)


def derived_equation(op: str, tensor: str) -> str:
    """The equation that the symbolic engine derives for a tensor of an op's adjoint, as text."""
    return equation_text(derive(find((op,))[0]).backward.equation(tensor))


# rows --------------------------------------------------------------------------------------------
Evaluate: TypeAlias = Callable[[Kernels], Value]


def compared(document: Value, evaluate: Evaluate, how: str) -> Callable[[Kernels], Evidence]:
    """The evidence that compares a printed value with a computed one."""
    return lambda kernels: Compared(document, evaluate(kernels), how)


def read_as(kind: str, ways: Mapping[str, Evaluate], how: str) -> Callable[[Kernels], Evidence]:
    """The evidence that computes every way to read what a document leaves open."""
    return lambda kernels: Readings(kind, {name: way(kernels) for name, way in ways.items()}, how)


def fixed(value: Value) -> Evaluate:
    """A value that needs no kernel."""
    return lambda kernels: value
