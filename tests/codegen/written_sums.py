"""Random formulas of logarithms and quotients of sums of exponentials, and what they are by mpmath.

python -m tests.codegen.written_sums [count] [first seed]
"""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np

from codegen.lower import lower
from codegen.module import write_module
from codegen.verify.load import load_plain
from derive.adjoint import join
from derive.algebra.expr import Call, Expr, Sum
from derive.algebra.index import Affine
from derive.algebra.system import Equation, System
from derive.authoring.spec import OpSpec
from derive.derivation import Derivation, derive
from derive.language import Spec, exp, log, op
from derive.oracle.numbers import Precise
from derive.oracle.reference import evaluate

DIGITS = 1200  # exponentials of 1e3 beside those of -1e3 cancel to so many
NAMES = "abcd"
BARS = {np.float64: 2.0**-42, np.float32: 2.0**-16}


def random_op(seed: int) -> OpSpec:
    """y[n] = a random formula of four inputs."""

    @op(title="a random formula", source="test")
    def formula(s: Spec) -> None:
        N = s.size("N", "n")
        n = s.index("n", N)
        given = [s.data(name, N)[n] for name in NAMES]
        y = s.let("y", N)
        y[n] = _formula(random.Random(seed), given)
        s.returns(y)

    return formula[0]


def _formula(rng: random.Random, given: list[Expr]) -> Expr:
    def linear() -> Any:
        x, y = rng.sample(given, 2)
        scale = rng.choice((1, 1, 1, 2, 3))
        return rng.choice((x, -x, x - y, x / scale, scale * x, x + y, log(total(2)), log(1 + exp(y))))

    def term() -> Any:
        coefficient = rng.choice((1, 1, 2, 5))
        return exp(linear()) if coefficient == 1 else coefficient * exp(linear())

    def total(most: int) -> Any:
        made = rng.choice((exp(rng.choice(given)), term() if most > 2 else exp(given[0])))
        for _ in range(rng.randrange(most)):
            made = made + (term() if most > 2 else exp(rng.choice(given)))
        return made + rng.choice((1, 2)) if rng.random() < 0.2 else made

    kinds = (
        lambda: log(total(6)),
        lambda: log(total(4) / total(4)),
        lambda: term() / total(5),
        lambda: exp(linear()) * exp(linear()) / (total(3) * exp(linear())),
        lambda: rng.choice(given) * exp(linear()) / total(4),
        lambda: log(total(3)) - log(total(3)) * rng.choice(given),
        lambda: exp(linear()) / exp(linear()),
    )
    return rng.choice(kinds)()  # type: ignore[no-any-return]


def faults(
    spec: OpSpec, given: dict[str, Any], sizes: dict[str, int], bar: float, **reals: float
) -> list[str]:
    """Where the emitted text, in plain Python, is not what the plain equations are over mpmath's numbers.

    Errors are relative to the largest of 1 and the terms that the plain equation of a gradient adds up, times
    the inputs' own size. A result of which such a term is no number of the dtype is not compared: terms that
    cancel are the formula's own loss, whatever its text. The stable equations have no say in it.
    """
    d = derive(spec)
    found = _found(d, given, reals)
    plain = join(d.forward, d.backward)
    exact, terms = (_exact(system, given, sizes, reals) for system in (plain, _magnitudes(plain)))
    dtype = next(iter(given.values())).dtype
    size = max(1.0, *(float(np.max(np.abs(a))) for a in given.values() if a.dtype == dtype))
    wrong = []
    for name, array in found.items():
        for at in np.ndindex(array.shape):
            wanted = exact[name][at]
            largest = max(abs(wanted), abs(terms[name][at]))
            if not mpmath.isfinite(largest) or largest > 0.01 * float(np.finfo(dtype).max):
                continue
            error = abs(mpmath.mpf(float(array[at])) - wanted) if np.isfinite(array[at]) else mpmath.inf
            if error > bar * size * max(1, largest):
                wrong.append(f"{name}{list(at)} is {array[at]}, not {mpmath.nstr(wanted, 12)}")
    return wrong


def _found(d: Derivation, given: dict[str, Any], reals: dict[str, float]) -> dict[str, Any]:
    module = load_plain(d.op.name, write_module(lower(d)).text)
    with np.errstate(all="ignore"):
        outputs, pullback = module.vjp(*given.values(), **reals)
        gradients = pullback(**{n: np.ones_like(a) for n, a in outputs._asdict().items()})
    named = zip(d.backward.outputs, gradients, strict=True)
    return {n: np.asarray(a) for n, a in (*outputs._asdict().items(), *named)}


def _magnitudes(system: System) -> System:
    """The system, its gradients as sums of the magnitudes of what their equations add up."""

    def sizes(node: Expr) -> Expr:
        return Sum(tuple(map(sizes, node.args))) if isinstance(node, Sum) else Call("absolute", (node,))

    def sized(equation: Equation) -> Equation:
        if any(t.monoid == "max" for t in equation.terms) or equation.tensor not in system.outputs:
            return equation
        return replace(equation, terms=tuple(replace(t, body=sizes(t.body)) for t in equation.terms))

    return system.with_equations(tuple(map(sized, system.equations)), system.tensors)


def _exact(system: System, given: dict[str, Any], sizes: dict[str, int], reals: dict[str, float]) -> Any:
    known = {Affine.of(n) for n in sizes}
    assert all(dim.is_integer() or dim in known for n in system.inputs for dim in system.tensor(n).dims)
    shapes = {
        n: tuple(dim.evaluate(sizes, lambda *_: 0) for dim in system.tensor(n).dims) for n in system.inputs
    }
    ones = {n: np.ones(shape) for n, shape in shapes.items() if n not in given}
    with mpmath.workdps(DIGITS):
        precise = {n: mpmath.mpf(value) for n, value in reals.items()}
        return evaluate(system, {**given, **ones}, sizes, {}, precise, Precise())


def asked(seed: int, size: float) -> list[str]:
    """What is wrong with a random formula at random inputs up to a size, two seeds of three in float64."""
    kind = np.float64 if seed % 3 else np.float32
    rng = np.random.default_rng(seed)
    given = {n: (size * rng.uniform(-1, 1, (2, 2))).astype(kind) for n in NAMES}
    return faults(random_op(seed), given, {"N": 2, "B": 2}, BARS[kind])


def main(count: int = 100, first: int = 100) -> None:
    """Ask `count` formulas, each at inputs of four sizes; print what is wrong."""
    found = {
        (seed, size): wrong
        for seed in range(first, first + count)
        for size in (1, 30, 300, 1000)
        if (wrong := asked(seed, size))
    }
    for (seed, size), wrong in found.items():
        print(f"seed {seed}, inputs up to {size}: {'; '.join(wrong[:2])}")
    print(f"{count} formulas, 4 sizes each: {len(found)} findings")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
