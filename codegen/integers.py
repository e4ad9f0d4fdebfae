"""What a module's face says and checks of integers: labels in their range, room for arithmetic with them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from codegen.apart import Renaming
from codegen.lower import Plan
from codegen.reach import Magnitudes, Printed, Reach
from derive.algebra.system import Tensor
from derive.authoring.label_ranges import LabelRange, LabelUses
from derive.authoring.labels import ERROR
from derive.derivation import Derivation


def checked_labels(derivation: Derivation) -> dict[str, LabelRange]:
    """The ranges of the label inputs of which one outside is an error."""
    ranges, system = LabelUses(derivation.spec).ranges(), derivation.forward
    return {n: ranges[n] for n in system.inputs if n in ranges and system.tensor(n).outside == ERROR}


@dataclass
class Integers:
    """The lines about integers in one op's module; `printed` are the index expressions of its kernels."""

    plan: Plan
    printed: list[Printed]

    @cached_property
    def checked(self) -> dict[str, LabelRange]:
        return checked_labels(self.plan.derivation)

    @cached_property
    def ignored(self) -> dict[str, int]:
        """The value that counts as nothing, by label input."""
        found = {t.name: t.ignore_label for t in self._inputs()}
        return {name: value for name, value in found.items() if value is not None}

    @cached_property
    def reach(self) -> Reach:
        """How far the index arithmetic of both kernels goes."""
        near = {self._name(n): self._inside(r) for n, r in self.checked.items() if n not in self.ignored}
        return Magnitudes(self.plan.forward_system, near).reach(self.printed)

    def lines(self) -> list[str]:
        """The checks, before anything is calculated with labels or integer parameters."""
        op = self.plan.derivation.op.name
        lines = [self._check_reach(op)] if self.reach.bounds else []
        for name, ends in self.checked.items():
            value = f", {self.ignored[name]}" if name in self.ignored else ""
            lo, hi = self._inside(ends).ends
            lines.append(
                f'check_labels("{op}", "{name}", {self._name(name)}, {lo}, {hi}, "{ends.text(name)}"{value})'
            )
        far = ", far" if self._says_how_far else ""
        named = [(self._name(n), value) for n, value in self.ignored.items()]
        lines += [f"{n} = ignore_labels({n}, {value}{far})" for n, value in named]
        names = (t.name for t in self._inputs() if t.name not in self.checked)
        free = (n for n in names if self._name(n) in self.reach.labels)
        return [*lines, *(self._near(op, name) for name in free)]

    def _name(self, author: str) -> str:
        """What the inside of a function calls what its author calls so."""
        return self.plan.called.get(author, author)

    def _inside(self, ends: LabelRange) -> LabelRange:
        quotient = Renaming(self.plan.called).quotient
        return LabelRange(tuple(map(quotient, ends.lo)), tuple(map(quotient, ends.hi)))

    @property
    def _says_how_far(self) -> bool:
        return len(self.reach.bounds) > 1

    def _check_reach(self, op: str) -> str:
        bounds = ", ".join(map(str, self.reach.bounds))
        given = "".join(f", {p.name}={self._name(p.name)}" for p in self.plan.derivation.forward.integers)
        return f'{"far = " if self._says_how_far else ""}check_reach("{op}", {bounds}{given})'

    def _near(self, op: str, name: str) -> str:
        """A label that may be anything: it is put nearer, or refused where it counts what it is."""
        text = self._name(name)
        if name not in LabelUses(self.plan.derivation.spec).fixed():
            return f"{text} = clip_labels({text}{', far' if self._says_how_far else ''})"
        far = "far" if self._says_how_far else "FAR"
        return f'check_labels("{op}", "{name}", {text}, -{far}, {far} + 1, "less than leaves 64 bits")'

    def doc(self) -> list[str]:
        """What each label may be."""
        ranges = LabelUses(self.plan.derivation.spec).ranges()
        return [self._doc(t, ranges[t.name]) for t in self._inputs() if t.name in ranges]

    def _doc(self, tensor: Tensor, ends: LabelRange) -> str:
        ignored = f"; {self.ignored[tensor.name]} counts as nothing" if tensor.name in self.ignored else ""
        strict = tensor.outside == ERROR
        other = "any other is a LabelError" if strict else "any other is nowhere: what is read there is 0"
        return f"Labels:   {ends.text(tensor.name)}{ignored}; {other}"

    def raw(self) -> str:
        """What the docstrings of the kernels add, which check nothing themselves."""
        words = "Integers are not checked here: give such as `forward` passes on, or positions may wrap."
        return f"\n\n    {words}\n    " if self.lines() else ""

    def errors(self) -> str:
        """The error that the checks of labels raise, with a comma in front."""
        return ", LabelError" if any(line.startswith("check_labels(") for line in self.lines()) else ""

    def _inputs(self) -> list[Tensor]:
        tensors = map(self.plan.derivation.forward.tensor, self.plan.derivation.forward.inputs)
        return [t for t in tensors if t.integer]
