"""Shared by the tests of the calculus: systems of a case, its inputs, and comparisons."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from codegen.verify.grids import load_jax
from codegen.verify.jax_oracle import jax_function, jax_gradients
from derive.adjoint import adjoint, join, name_witnesses
from derive.algebra.system import Equation, System, Tensor
from derive.authoring.batch import batch
from derive.authoring.elaborate import elaborate
from derive.authoring.pack import pack
from derive.authoring.spec import Spec
from derive.oracle.duals import Dual, Duals
from derive.oracle.numbers import Floats
from derive.oracle.reference import evaluate, sizes_of
from derive.oracle.residues import PRIME, PrimeField, Residue
from derive.steps import Recorder
from tests.derive.calculus_specs import Case


@dataclass(frozen=True)
class Pair:
    """The forward system of a spec, its adjoint, and both as one."""

    spec: Spec
    forward: System
    backward: System

    @property
    def joined(self) -> System:
        return join(self.forward, self.backward)

    @property
    def cotangents(self) -> dict[str, str]:
        """Outputs -> the inputs of the adjoint that hold their cotangents."""
        known = set(self.forward.inputs) | {e.tensor for e in self.forward.equations}
        given = [n for n in self.backward.inputs if n not in known]
        named = {self.backward.tensor(n).of: n for n in given}
        return {out: named[out] for out in self.forward.outputs if out in named}


def forward_system(spec: Spec) -> System:
    """The stages of derive/derivation.py, up to the forward system."""
    recorder = Recorder([])
    return name_witnesses(batch(pack(spec, elaborate(spec, recorder), recorder)), recorder)


@cache
def pair(op: Any) -> Pair:
    spec = op.spec()
    forward = forward_system(spec)
    return Pair(spec, forward, adjoint(forward, Recorder([])))


@dataclass(frozen=True)
class Setting:
    """Random inputs of a case, as floats or as elements of a prime field."""

    case: Case
    system: System
    sizes: dict[str, int]
    rng: np.random.Generator

    @property
    def arguments(self) -> tuple[dict[str, int], dict[str, int], dict[str, float]]:
        return self.sizes, self.case.integers, self.case.reals

    @property
    def exact_reals(self) -> dict[str, int]:
        return {name: 7 for name in self.case.reals}

    def shape(self, tensor: Tensor) -> tuple[int, ...]:
        known = {**self.sizes, **self.case.integers}
        return tuple(d.evaluate(known, lambda *_: 0) for d in tensor.dims)

    def integers(self) -> dict[str, Any]:
        labels = [self.system.tensor(n) for n in self.system.inputs if self.system.tensor(n).integer]
        return {t.name: self.rng.integers(*self.case.labels[t.name], self.shape(t)) for t in labels}

    def floats(self, names: Any = None) -> dict[str, Any]:
        """Normally distributed numbers, positive where the case says so."""
        made = {}
        for name in names or self.system.floating_inputs():
            made[name] = self.rng.normal(size=self.shape(self.system.tensor(name)))
            if name in self.case.positive:
                made[name] = abs(made[name]) + 0.1
        return made

    def residues(self, names: Any = None) -> dict[str, Any]:
        """Uniform elements of the prime field."""
        made = {}
        for name in names or self.system.floating_inputs():
            numbers = self.rng.integers(PRIME, size=self.shape(self.system.tensor(name)))
            made[name] = np.vectorize(lambda n: Residue(int(n)), otypes=[object])(numbers)
        return made


def setting(case: Case, system: System, seed: int = 0) -> Setting:
    """Sizes of a case; its batch has three examples."""
    batched = {"B": 3} if any(s.name == "B" for s in system.sizes) else {}
    known = {**case.sizes, **batched}
    sizes = dict(known)
    for size in system.sizes:
        if size.formula is not None:
            sizes[size.name] = size.formula.evaluate({**sizes, **case.integers})
    assert sizes_of(system, _shapes(system, sizes, case), case.integers) == {
        s.name: sizes[s.name] for s in system.sizes
    }
    return Setting(case, system, sizes, np.random.default_rng(seed))


def _shapes(system: System, sizes: dict[str, int], case: Case) -> dict[str, tuple[int, ...]]:
    known = {**sizes, **case.integers}
    return {n: tuple(d.evaluate(known, lambda *_: 0) for d in system.tensor(n).dims) for n in system.inputs}


def close(found: Any, wanted: Any, tolerance: float) -> bool:
    """Equal to within the tolerance of the largest entry; NaN nowhere, infinities the same."""
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    if found.shape != wanted.shape:
        return False
    finite = np.isfinite(wanted)
    if np.isnan(found).any() or not np.array_equal(found[~finite], wanted[~finite]):
        return False
    if not finite.any():
        return True
    error, scale = abs(found[finite] - wanted[finite]), abs(wanted[finite])
    return bool(error.max() <= tolerance * max(scale.max(), 1e-3))


def with_equation(system: System, equation: Equation) -> System:
    """The system with one equation replaced: how faults are planted."""
    equations = tuple(equation if e.tensor == equation.tensor else e for e in system.equations)
    return replace(system, equations=equations)


def example(system: System, arrays: dict[str, Any], number: int) -> dict[str, Any]:
    """One example of a batch: every array with its batch axis taken away."""
    made = {}
    for name, array in arrays.items():
        axes = [d.plain() for d in system.tensor(name).dims]
        made[name] = np.take(array, number, axes.index("B")) if "B" in axes else array
    return made


def unpacked(spec: Spec, arrays: dict[str, Any]) -> dict[str, Any]:
    """Packed parameters as their members."""
    made = {n: a for n, a in arrays.items() if n not in spec.packs}
    for name, members in spec.packs.items():
        made.update({member: arrays[name][k] for k, member in enumerate(members)})
    return made


def cotangents(given: Pair, drawn: dict[str, Any]) -> dict[str, Any]:
    """Cotangents by output name, as inputs of the adjoint."""
    return {given.cotangents[out]: value for out, value in drawn.items()}


def pairing(given: Pair, at: Setting, joined: System | None = None) -> Residue:
    """sum ybar*ydot - sum abar*adot over the prime field: 0 for the true adjoint, whatever the functions."""
    integers, reals = at.integers(), at.exact_reals
    values, tangents, bars = at.residues(), at.residues(), at.residues(given.cotangents)
    duals = {n: np.vectorize(Dual, otypes=[object])(values[n], tangents[n]) for n in values}
    known = (at.sizes, at.case.integers, reals)
    moved = evaluate(given.forward, {**duals, **integers}, *known, Duals(PrimeField()))
    inputs = {**values, **integers, **cotangents(given, bars)}
    found = evaluate(joined or given.joined, inputs, *known, PrimeField())
    gradients = dict(zip(given.forward.floating_inputs(), given.backward.outputs, strict=True))
    total = Residue(0)
    for name, bar in bars.items():
        total += sum((b * y.slope for b, y in zip(bar.flat, moved[name].flat, strict=True)), Residue(0))
    for name, tangent in tangents.items():
        bar = found[gradients[name]]
        total -= sum((b * a for b, a in zip(bar.flat, tangent.flat, strict=True)), Residue(0))
    return total


def by_jax(given: Pair, at: Setting, inputs: Any, bars: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Outputs and gradients of the forward system by JAX alone, compiled (which is quicker than not)."""
    floating = {n: inputs[n] for n in given.forward.floating_inputs()}
    rest = {n: v for n, v in inputs.items() if n not in floating}

    def both(values: Any, bars: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        whole = {**rest, **values}
        made = jax_function(given.forward)(whole, *at.arguments)
        return made, jax_gradients(given.forward, whole, bars, *at.arguments)

    return load_jax().jit(both)(floating, bars)


def gradients(
    given: Pair, at: Setting, inputs: Any, bars: Any, joined: System | None = None
) -> dict[str, Any]:
    """Gradients by input name, from our adjoint by the reference evaluator."""
    whole = {**inputs, **cotangents(given, bars)}
    found = evaluate(joined or given.joined, whole, *at.arguments, Floats())
    return {n: found[d] for n, d in zip(given.forward.floating_inputs(), given.backward.outputs, strict=True)}


def drawn(given: Pair, at: Setting) -> tuple[dict[str, Any], dict[str, Any]]:
    """Random inputs and cotangents of the outputs."""
    return {**at.floats(), **at.integers()}, at.floats(given.cotangents)
