"""What an op's inputs must say by themselves: every size, and what to differentiate by."""

from __future__ import annotations

from derive.algebra.system import System
from derive.authoring.spec import Spec
from derive.errors import SpecError


def unread(spec: Spec, system: System) -> tuple[str, ...]:
    """A warning, with its line, for each input on which no output depends."""
    known, todo = set(system.outputs), list(system.outputs)
    reads = {e.tensor: {name for term in e.terms for name in term.tensors()} for e in system.equations}
    while todo:
        new = reads.get(todo.pop(), set()) - known
        known |= new
        todo += new
    return tuple(
        f"{spec.places[name]}: {spec.op.name}: no output depends on {name}: use it, or drop it"
        for name in system.inputs
        if name not in known
    )


def check_given(spec: Spec) -> None:
    """Raise SpecError where a size cannot be known from the inputs, or no input is floating."""
    inputs = [t for t in spec.tensors if t.role != "computed"]
    known = {dim.plain() for t in inputs for dim in t.dims}
    for size in spec.sizes:
        if size.formula is None and size.name not in known:
            fault = (
                f"size {size.name} is no axis of an input, so nothing says what it is: give it a formula, "
                "or make it a number with s.integer"
            )
            raise SpecError(fault, spec.places.get(size.name, "")).of(spec.op.name, spec.op.where)
    if all(t.integer for t in inputs):
        fault = "no input is floating, so there is nothing to differentiate by: declare one"
        raise SpecError(fault).of(spec.op.name, spec.op.where)
