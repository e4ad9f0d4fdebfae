"""Faults of shapes and strides, planted in a module's text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from codegen.nodes import Kernel
from codegen.verify.execution import Candidate
from codegen.verify.sabotage import with_statements
from codegen.verify.shapes import Shape
from derive.algebra.system import System

AS_IT_LIES = """

def _as_it_lies(value):
    array = np.asarray(value)
    return array.ravel(order="K").reshape(array.shape)
"""
WRONG_CHECKS = {
    "inputs taken as they lie in memory": (
        "check_inputs",
        AS_IT_LIES
        + """
_inputs = check_inputs
def check_inputs(op, tensors, values):
    return _inputs(op, tensors, [_as_it_lies(v) for v in values])
""",
    ),
    "cotangents taken as they lie in memory": (
        "check_cotangents",
        AS_IT_LIES
        + """
_cotangents = check_cotangents
def check_cotangents(op, tensors, values, sizes, dtype):
    return _cotangents(op, tensors, {n: _as_it_lies(v) for n, v in values.items()}, sizes, dtype)
""",
    ),
    "cotangents of any dtype": (
        "check_cotangents",
        """
_cotangents = check_cotangents
def check_cotangents(op, tensors, values, sizes, dtype):
    return _cotangents(op, tensors, {n: np.real(v).astype(dtype) for n, v in values.items()}, sizes, dtype)
""",
    ),
    "sizes that nobody checks": (
        "check_size(",
        """
def check_size(op, name, value, formula, least=0, why=""):
    return value
""",
    ),
    "labels that nobody checks": (
        "check_labels(",
        """
def check_labels(op, name, labels, lo, hi, rule, ignored=None):
    pass
""",
    ),
    "an empty sum that leaves what was there": (
        "gemm(",
        """
_product = gemm
def gemm(c, a, b, transpose_a, transpose_b, accumulate):
    if a.size and b.size:
        _product(c, a, b, transpose_a, transpose_b, accumulate)
""",
    ),
}
CERTAIN = ("cotangents of any dtype", "labels that nobody checks")


@dataclass(frozen=True, slots=True)
class ShapeFault:
    """A text with one fault; `certain`: a fixed case certainly shows it."""

    about: str
    text: str
    certain: bool


def shape_faults(candidate: Candidate, asked: list[Shape]) -> list[ShapeFault]:
    """Texts that mistake layouts, take what they must refuse, or stumble over sizes 0 and 1.

    `asked` are the shapes at which every element is compared.
    """
    checks = [
        ShapeFault(about, candidate.text + wrong, about in CERTAIN)
        for about, (needed, wrong) in WRONG_CHECKS.items()
        if needed in candidate.text
    ]
    return [*checks, *_in_kernels(candidate, asked)]


def _in_kernels(candidate: Candidate, asked: list[Shape]) -> Iterator[ShapeFault]:
    plan = candidate.plan
    kernels: tuple[tuple[str, Kernel, System], ...] = (
        ("_forward", plan.forward, plan.forward_system),
        ("_backward", plan.backward, plan.backward_system),
    )
    for kernel, node, system in kernels:
        name = next((n for n in node.outputs if system.tensor(n).dims and not system.tensor(n).integer), None)
        if name is None:
            continue
        extents = [shape.called(plan.called).of(system, name) for shape in asked]
        first, last = (", ".join([at] * len(system.tensor(name).dims)) for at in ("0", "-1"))
        touching = [f"{name}[{first}] = {name}[{first}]"]
        text = with_statements(candidate.text, kernel, touching)
        yield ShapeFault(f"{name}: an element of an empty array", text, any(0 in e for e in extents))
        rest = [
            f"if {name}.size and {name}.shape[0] % 4 == 1:",
            f"    {name}[{last}] = {name}[{last}] + number({name}, 1)",
        ]
        text = with_statements(candidate.text, kernel, rest)
        certain = any(e[0] % 4 == 1 and 0 not in e for e in extents)
        yield ShapeFault(f"{name}: what is left of a tile of 4", text, certain)
