"""What a program must know of an op to call it: shapes, parameters, equations, sources."""

from __future__ import annotations

from typing import Any

from derive.algebra.system import System, Tensor
from derive.authoring.batch import batch
from derive.authoring.elaborate import elaborate
from derive.authoring.pack import pack
from derive.authoring.spec import Spec
from derive.language import OpSpec
from derive.pages.text import affine_text, expr_text
from derive.steps import Recorder


def spec_equations(spec: Spec) -> list[str]:
    """The equations as their author wrote them."""
    lines = []
    for e in spec.equations:
        at = f"[{', '.join(map(affine_text, e.at))}]" if e.at else ""
        lines.append(f"{e.tensor}{at} = {expr_text(e.value)}")
    return lines


def system_of(op: OpSpec) -> System:
    """The forward system, parameters packed, over a batch. Raises SpecError for a malformed spec."""
    spec = op.spec()
    return batch(pack(spec, elaborate(spec, Recorder([])), Recorder([])))


def describe(op: OpSpec) -> dict[str, Any]:
    """The op's face as plain data. Raises SpecError for a spec that is not well formed."""
    return describe_system(op, op.spec(), system_of(op))


def describe_system(op: OpSpec, spec: Spec, system: System) -> dict[str, Any]:
    """The same, from the system that has been built already."""
    inputs = [system.tensor(n) for n in system.inputs]
    return {
        "name": op.name,
        "title": op.title,
        "source": op.source,
        "equations": tuple(spec_equations(spec)),
        "inputs": tuple(map(_tensor, inputs)),
        "outputs": tuple(_tensor(system.tensor(n)) for n in system.outputs),
        "sizes": {s.name: str(s.formula) if s.formula else s.about for s in system.sizes},
        "integers": {p.name: {"default": p.default, "least": p.least} for p in system.integers},
        "reals": {p.name: {"default": p.default} for p in system.reals},
        "packs": {t.name: t.members for t in inputs if t.members},
        "conventions": op.conventions,
    }


def _tensor(tensor: Tensor) -> dict[str, Any]:
    shape = tuple(d.integer() if d.is_integer() else str(d) for d in tensor.dims)
    return {"name": tensor.name, "shape": shape, "integer": tensor.integer, "about": tensor.about}
