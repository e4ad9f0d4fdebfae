"""The numbers of a derivation's equations, and a sheet to put them on."""

from __future__ import annotations

from dataclasses import dataclass

from derive.algebra.system import Equation, Tensor
from derive.derivation import Derivation
from derive.pages.forms import Form
from derive.pages.writer import Writer


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it, each block a ready string."""

    title: str
    blocks: tuple[str, ...]


def equation_numbers(derivation: Derivation) -> dict[str, int]:
    """Tensor name -> the number of its equation: forward, adjoint, what combining and stabilising added."""
    d = derivation
    plain = [e for system in (d.forward, d.backward, d.combined) for e in system.equations]
    stable = {e.tensor for system in (d.stable_forward, d.stable_backward) for e in system.equations}
    added = (e for step in d.steps for e in step.made if e.tensor in stable)
    names = dict.fromkeys(e.tensor for e in (*plain, *added))
    return {name: number for number, name in enumerate(names, 1)}


def all_tensors(derivation: Derivation) -> tuple[Tensor, ...]:
    """Every tensor of the plain and of the stable systems, once."""
    d = derivation
    systems = (d.backward, d.stable_forward, d.stable_backward)
    return tuple({t.name: t for system in systems[::-1] for t in system.tensors}.values())


class Sheet:
    """A derivation with the marks of one form and its numbers."""

    def __init__(self, derivation: Derivation, form: Form) -> None:
        self.derivation, self.form = derivation, form
        self.numbers = equation_numbers(derivation)
        self.writer: Writer = form.index(all_tensors(derivation))
        spec = derivation.spec
        declared = {t.name for t in spec.tensors}
        more = (t for t in derivation.forward.tensors if t.name not in declared and not t.members)
        self.early: Writer = form.index((*spec.tensors, *more))
        """The writer for equations from before packing and batching."""

    def symbol(self, tensor: str) -> str:
        """A tensor's symbol in a sentence."""
        return self.form.math(self.writer.read(tensor, ()))

    def symbols(self, tensors: tuple[str, ...]) -> str:
        """Several symbols, the last behind an "and"."""
        return listed([self.symbol(name) for name in tensors])

    def reference(self, tensor: str) -> str:
        return f"({self.numbers[tensor]})"

    def equation(self, equation: Equation, mark: str = "") -> str:
        """A numbered equation on its own lines."""
        tag = f"{self.numbers[equation.tensor]}{mark}"
        return self.form.display(self.writer.rows(equation), tag)


def listed(parts: list[str]) -> str:
    """a, b and c."""
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def sentence(words: str) -> str:
    """The words with a capital letter in front."""
    return words[:1].upper() + words[1:]
