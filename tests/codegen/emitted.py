"""Shared by the tests of code generation: plans, texts and loaded modules of ops, made once."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from codegen.catalogue import catalogue, find
from codegen.lower import Plan, lower
from codegen.module import write_module
from codegen.nodes import Blocks, Gemm, If, Kernel, Loop, Section, Statement, Wide, inner
from codegen.verify.load import load_plain
from derive.algebra.system import System
from derive.authoring.spec import OpSpec
from derive.derivation import Derivation, derive
from derive.oracle.numbers import Floats
from derive.oracle.reference import evaluate, sizes_of

ROOT = Path(__file__).parents[2]
CATALOGUE = catalogue()
SPECS = ("leaky_integrator", "gelu_gated", "attention", "recurrences")
EXAMPLES = find(tuple(str(ROOT / "examples" / f"{name}.py") for name in SPECS))
OPS = {op.name: op for op in (*CATALOGUE, *EXAMPLES)}


@cache
def derivation(op: OpSpec) -> Derivation:
    return derive(op)


@cache
def plan(op: OpSpec) -> Plan:
    return lower(derivation(op))


@cache
def text(op: OpSpec) -> str:
    return write_module(plan(op)).text


@cache
def plain(op: OpSpec) -> ModuleType:
    """The op's module with kernels in plain Python."""
    return load_plain(op.name, text(op))


def kernel_text(op: OpSpec, name: str) -> str:
    """The body of one of the emitted kernels, formatted by `ast`: no comments, no folded lines."""
    functions = (s for s in ast.parse(text(op)).body if isinstance(s, ast.FunctionDef))
    found = next(s for s in functions if s.name == f"_{name}")
    return "\n".join(map(ast.unparse, found.body[1:]))


def visit(
    body: tuple[Statement, ...], loops: tuple[str, ...] = ()
) -> Iterator[tuple[Statement, tuple[str, ...]]]:
    """Every statement with the indices of the loops around it, in order."""
    for statement in body:
        yield statement, loops
        around = (*loops, str(statement.index)) if isinstance(statement, Loop) else loops
        if isinstance(statement, (Loop, Blocks, If, Wide, Section)):
            yield from visit(inner(statement), around)


def products(kernel: Kernel) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Each matrix product, in order: what it makes of which two arrays, inside which loops."""
    return [
        (s.out.array, s.a.array, s.b.array, loops) for s, loops in visit(kernel.body) if isinstance(s, Gemm)
    ]


# values -------------------------------------------------------------------------------------------
def oracle(op: OpSpec, inputs: dict[str, Any], cotangents: dict[str, Any], integers: dict[str, int]) -> Any:
    """Outputs and gradients by the slow oracle, from the equations as they were derived."""
    d = derivation(op)
    arguments = _arguments(d.forward, inputs, integers)
    values = evaluate(d.forward, inputs, *arguments)
    given = {**inputs, **values, **_cotangents(d, cotangents)}
    gradients = evaluate(d.backward, given, *arguments)
    return [values[n] for n in d.forward.outputs], [gradients[n] for n in d.backward.outputs]


def _arguments(system: System, inputs: dict[str, Any], integers: dict[str, int]) -> tuple[Any, ...]:
    defaults = {p.name: p.default for p in system.integers} | integers
    sizes = sizes_of(system, {n: np.shape(a) for n, a in inputs.items()}, defaults)
    return sizes, defaults, {p.name: p.default for p in system.reals}, Floats()


def _cotangents(d: Derivation, cotangents: dict[str, Any]) -> dict[str, Any]:
    """By the names of the adjoint's inputs, which say whose cotangents they are."""
    known = {*d.forward.inputs, *(e.tensor for e in d.forward.equations)}
    names = [n for n in d.backward.inputs if n not in known]
    return {n: cotangents[d.backward.tensor(n).of] for n in names}


def random_problem(op: OpSpec, sizes: dict[str, int], seed: int = 0, **integers: int) -> Any:
    """Inputs by name, and cotangents of the outputs, of the shapes that the sizes give."""
    rng = np.random.default_rng(seed)
    system = derivation(op).forward
    known = {**{p.name: p.default for p in system.integers}, **sizes, **integers}
    for size in system.sizes:
        if size.formula is not None:
            known[size.name] = size.formula.evaluate(known)

    def numbers(name: str) -> Any:
        shape = tuple(d.evaluate(known, lambda *_: 0) for d in system.tensor(name).dims)
        return rng.normal(size=shape) if not system.tensor(name).integer else rng.integers(0, 2, shape)

    return {n: numbers(n) for n in system.inputs}, {n: numbers(n) for n in system.outputs}


def differences(
    op: OpSpec, module: ModuleType, sizes: dict[str, int], seed: int = 0, **integers: int
) -> list[str]:
    """The outputs and gradients of a loaded module that are not the oracle's."""
    inputs, cotangents = random_problem(op, sizes, seed, **integers)
    outputs, gradients = oracle(op, inputs, cotangents, integers)
    made, pullback = module.vjp(*inputs.values(), **integers)
    found = pullback(**cotangents)
    pairs = [*zip(made._fields, made, outputs, strict=True)]
    pairs += [*zip(found._fields, found, gradients, strict=True)]
    return [name for name, a, b in pairs if not close(a, b)]


def close(found: Any, wanted: Any, bar: float = 1e-11) -> bool:
    """Whether two arrays agree, relative to the largest entry."""
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    if found.shape != wanted.shape:
        return False
    scale = np.max(np.abs(wanted), initial=0.0)
    return bool(np.all(np.abs(found - wanted) <= bar * scale))
