"""Faults at the edges of floating point, planted in a module's text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from codegen.lower import lower
from codegen.module import write_module
from codegen.nodes import Kernel
from codegen.verify.cases import Cases
from codegen.verify.execution import Array, Candidate
from codegen.verify.sabotage import with_statements
from derive.algebra.system import System

# name of a function -> what is wrong, and a definition that is wrong in plain Python
WRONG_FUNCTIONS = {
    "relu": ("relu loses NaN", "def relu(x):\n    return x if x > 0 else type(x)(0)"),
    "step": ("relu'(0) = 1", "def step(x):\n    return type(x)(0) if x < 0 else type(x)(1)"),
    "sign": ("|x|'(0) = 1", "def sign(x):\n    return type(x)(-1) if x < 0 else type(x)(1)"),
    "beats": ("the last of equal maxima", "def beats(x, best):\n    return bool(x != x or x >= best)"),
    "maximum": ("maximum loses NaN", "def maximum(x, y):\n    return y if y >= x or x != x else x"),
    "minimum": ("minimum loses NaN", "def minimum(x, y):\n    return y if y <= x or x != x else x"),
    "softplus": ("softplus overflows", "def softplus(x):\n    return np.log1p(np.exp(x))"),
    "sigmoid": ("sigmoid overflows", "def sigmoid(x):\n    return np.exp(x) / (1 + np.exp(x))"),
    "tanh": ("tanh overflows", "def tanh(x):\n    return np.expm1(2 * x) / (np.expm1(2 * x) + 2)"),
}


@dataclass(frozen=True, slots=True)
class NonfiniteFault:
    """A text with one fault; `certain`: an extreme problem certainly shows it."""

    about: str
    text: str
    certain: bool


def nonfinite_faults(
    candidate: Candidate, cases: Cases, shown: Sequence[Mapping[str, Array]]
) -> list[NonfiniteFault]:
    """Texts that lose NaN or infinity, break ties the other way, or overflow.

    `shown` is what the oracle wants at each extreme problem: what never happens there cannot be lost.
    """
    return [*_losing(candidate, cases, shown), *_wrong_functions(candidate), *_unstable(candidate)]


def _losing(
    candidate: Candidate, cases: Cases, shown: Sequence[Mapping[str, Array]]
) -> Iterator[NonfiniteFault]:
    """NaN that becomes 0, infinities that are clipped, array by array."""
    plan = candidate.plan
    pairs = zip(cases.forward.floating_inputs(), cases.backward.outputs, strict=True)
    gradients = {g: f"the gradient of {n}" for n, g in pairs}
    kernels: tuple[tuple[str, Kernel, System], ...] = (
        ("_forward", plan.forward, plan.forward_system),
        ("_backward", plan.backward, plan.backward_system),
    )
    for kernel, node, system in kernels:
        for name in (n for n in node.outputs if not system.tensor(n).integer):
            axes = len(system.tensor(name).dims)
            author = plan.authors.get(name, name)
            asked = [wanted[gradients.get(author, author)] for wanted in shown]
            if any(np.isnan(a).any() for a in asked):
                yield _lost(candidate, kernel, name, axes, "NaN", "{e} != {e}", "number({a}, 0)")
            if any(np.isinf(a).any() for a in asked):
                test, clipped = "{e} - {e} != 0 and {e} == {e}", "number({a}, 1)"
                yield _lost(candidate, kernel, name, axes, "infinity", test, clipped)


def _lost(
    candidate: Candidate, kernel: str, name: str, axes: int, what: str, test: str, value: str
) -> NonfiniteFault:
    """A kernel that replaces some elements of an array when all is done."""
    places = [f"i{k}_" for k in range(axes)]
    element = f"{name}[{', '.join(places) or '()'}]"
    loops = [f"{'    ' * k}for {p} in range({name}.shape[{k}]):" for k, p in enumerate(places)]
    lines = [
        *loops,
        f"{'    ' * axes}if {test.format(e=element)}:",
        f"{'    ' * (axes + 1)}{element} = {value.format(a=name)}",
    ]
    return NonfiniteFault(f"{what} lost in {name}", with_statements(candidate.text, kernel, lines), True)


def _wrong_functions(candidate: Candidate) -> Iterator[NonfiniteFault]:
    """The functions that the kernels call, each with a typical mistake at its edge."""
    for name, (about, definition) in WRONG_FUNCTIONS.items():
        if f"{name}(" in candidate.text:
            yield NonfiniteFault(about, f"{candidate.text}\n\n{definition}\n", certain=False)


def _unstable(candidate: Candidate) -> Iterator[NonfiniteFault]:
    """The module of the equations before they were made stable, if that changed them."""
    d = candidate.plan.derivation
    if (d.stable_forward, d.stable_backward) != (d.forward, d.backward):
        plain = replace(d, stable_forward=d.forward, stable_backward=d.backward)
        yield NonfiniteFault("not made stable", write_module(lower(plain)).text, certain=False)
