"""OpSpec -> Derivation: the stages of the symbolic half, in order."""

from __future__ import annotations

from dataclasses import dataclass

from derive import conventions
from derive.adjoint import adjoint, name_witnesses
from derive.algebra.system import System
from derive.authoring.batch import batch
from derive.authoring.elaborate import elaborate
from derive.authoring.given import unread
from derive.authoring.pack import pack
from derive.combine.combine import combine
from derive.combine.merge import merge
from derive.language import OpSpec, Spec
from derive.stable.stabilise import stabilise
from derive.steps import Recorder, Step


@dataclass(frozen=True, slots=True)
class Derivation:
    """An op's equations, its adjoint, and every step between them.

    `forward` and `backward` are the plain calculus; `combined` is the adjoint with what cancels cancelled;
    `stable_forward` and `stable_backward` are what kernels are made of: the same functions without
    overflow.
    """

    op: OpSpec
    spec: Spec
    forward: System
    backward: System
    combined: System
    stable_forward: System
    stable_backward: System
    steps: tuple[Step, ...]
    unstable: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What its author should know: inputs that nothing reads, and what overflows."""
        return self.unread + self.unstable

    @property
    def conventions(self) -> tuple[str, ...]:
        """What the author chose, and what the calculus did where there is no derivative."""
        return (*self.op.conventions, *conventions.chosen(self.forward))

    @property
    def without_gradient(self) -> tuple[str, ...]:
        """Where the gradient is NaN though the value is a number, each a line with its place in the spec."""
        return conventions.without_gradient(self.forward)


def derive(op: OpSpec) -> Derivation:
    """OpSpec -> Derivation. Raises SpecError for a spec that is not well formed."""
    recorder = Recorder([])
    spec = op.spec()
    system = elaborate(spec, recorder)
    ignored = unread(spec, system)
    system = pack(spec, system, recorder)
    system = batch(system)
    forward = name_witnesses(system, recorder)
    backward = adjoint(forward, recorder)
    combined = combine(forward, merge(backward, recorder), recorder)
    stable = stabilise(forward, combined, recorder)
    return Derivation(
        op,
        spec,
        forward,
        backward,
        combined,
        stable.forward,
        stable.backward,
        tuple(recorder.steps),
        stable.warnings,
        ignored,
    )
