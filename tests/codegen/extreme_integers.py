"""Random ops whose positions, guards and numbers are made of labels and integer parameters, given extreme
ones.

The emitted text runs as plain Python with integers that refuse to leave 64 bits (`Int64`) and arrays that
refuse positions outside of them (`Guarded`), behind its own face; the slow oracle, over Python's integers,
says what is right. Compiled, inputs and outputs lie inside larger arrays whose edges must not change
(`fenced`).

    python -m tests.codegen.extreme_integers COUNT [COMPILED]
"""

from __future__ import annotations

import operator
import random
import sys
from collections import Counter
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from codegen.lower import lower
from codegen.module import write_module
from codegen.runtime import ArgumentError, OpError
from codegen.verify.load import load_fast, load_plain
from derive.algebra.expr import When
from derive.authoring.label_ranges import LabelUses
from derive.authoring.labels import ERROR
from derive.derivation import Derivation, derive
from derive.errors import DerivationError, SpecError
from derive.language import OpSpec, between, delta, equal, op, total
from derive.oracle.numbers import Floats
from derive.oracle.reference import evaluate, sizes_of

LEAST, MOST = -(2**63), 2**63 - 1
POOL = (
    0,
    1,
    -1,
    2,
    3,
    4,
    5,
    -2,
    2**31 - 1,
    2**31,
    -(2**31),
    2**62,
    -(2**62),
    MOST,
    MOST - 1,
    LEAST,
    LEAST + 1,
)
ORDINARY = 2**28  # what is smaller must be taken
FENCE, MARK = 16, 77


# what must not happen -------------------------------------------------------------------------------
class Left64Bits(ArithmeticError):
    """Arithmetic that compiled code would wrap."""


class Int64(int):
    """An integer of 64 bits whose arithmetic refuses to leave them."""


def _checked(name: str) -> Any:
    plain = getattr(operator, name)

    def forward(a: int, b: int) -> Any:
        return bounded(plain(int(a), int(b))) if isinstance(b, int) else NotImplemented

    def backward(a: int, b: int) -> Any:
        return bounded(plain(int(b), int(a))) if isinstance(b, int) else NotImplemented

    return forward, backward


def bounded(value: int) -> Int64:
    if not LEAST <= value <= MOST:
        raise Left64Bits(f"{value}")
    return Int64(value)


for _name in ("add", "sub", "mul", "floordiv"):
    _forward, _backward = _checked(_name)
    setattr(Int64, f"__{_name}__", _forward)
    setattr(Int64, f"__r{_name}__", _backward)
Int64.__neg__ = lambda self: bounded(-int(self))  # type: ignore[method-assign, assignment]


class Guarded(np.ndarray):
    """An array whose integers are `Int64`, and which refuses positions outside of it, also those below 0."""

    @property
    def shape(self) -> Any:
        return tuple(map(Int64, np.ndarray.shape.__get__(self)))

    def __getitem__(self, at: Any) -> Any:
        self._refuse(at)
        found = super().__getitem__(at)
        return Int64(found) if isinstance(found, np.integer) else found

    def __setitem__(self, at: Any, value: Any) -> None:
        self._refuse(at)
        super().__setitem__(at, int(value) if isinstance(value, Int64) else value)

    def _refuse(self, at: Any) -> None:
        places = at if isinstance(at, tuple) else (at,)
        for place, extent in zip(places, np.ndarray.shape.__get__(self), strict=False):
            if isinstance(place, int) and not 0 <= place < extent:
                raise IndexError(f"position {place} of an axis of {extent}")


def guard(module: ModuleType) -> ModuleType:
    """The module, its kernels in plain Python over such integers and arrays."""

    def wrap(kernel: Any) -> Any:
        def run(*arguments: Any) -> None:
            given = [
                a.view(Guarded) if isinstance(a, np.ndarray) else bounded(a) if isinstance(a, int) else a
                for a in arguments
            ]
            kernel(*given)

        return run

    names = module.__dict__
    names.update(_forward=wrap(names["_forward"]), _backward=wrap(names["_backward"]))
    names["range"] = lambda *ends: map(Int64, range(*ends))
    return module


class Fenced(ModuleType):
    """NumPy for a compiled module: what it makes lies inside a larger array, whose edges are kept."""

    def __init__(self) -> None:
        super().__init__("numpy")
        self.fences: list[np.ndarray[Any, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def empty(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
        count = int(np.prod(shape, dtype=int))
        whole = np.full(count + 2 * FENCE, MARK).astype(dtype)
        self.fences.append(whole)
        return whole[FENCE : FENCE + count].reshape(shape)

    def copied(self, array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        made = self.empty(array.shape, array.dtype)
        made[...] = array
        return made

    def broken(self) -> bool:
        edges = (np.concatenate([w[:FENCE], w[len(w) - FENCE :]]) for w in self.fences)
        return any((edge != np.array(MARK).astype(edge.dtype)).any() for edge in edges)


def fenced(module: ModuleType) -> Fenced:
    """The compiled module with fences around all that it allocates."""
    fences = Fenced()
    empty = fences.empty
    module.__dict__.update(np=fences, gradient=lambda w, s, d: empty(s if w else (0,) * len(s), d))
    return fences


# random ops -----------------------------------------------------------------------------------------
@dataclass
class Writer:
    """Writes one random op."""

    rng: random.Random

    def build(self, s: Any) -> None:
        rng = self.rng
        N, K, M = s.batch("N", "n"), s.size("K", "k"), s.size("M", "m")
        n, k = s.index("n", N), s.index("k", K)
        a = s.integer("a", 1, least=rng.choice((0, 1, LEAST)))
        b = s.integer("b", 0, least=rng.choice((0, LEAST)))
        y = s.data("y", N, integer=True, **self.policy())
        z = s.data("z", M, integer=True, **self.policy())
        x, w, L = s.parameter("x", K), s.data("w", N, K), s.let("L", N)
        labels = (y[n], z[y[n]], z[self.position(y[n], (k,), (a, b))])
        self.labels, self.indices, self.numbers = labels, (k, n), (a, b, K, M)
        terms = [self.term(x, w, n, k) for _ in range(rng.randint(1, 3))]
        L[n] = total(k, sum(terms[1:], terms[0])) + total(k, x[k] * w[n, k])
        s.returns(L)

    def policy(self) -> dict[str, Any]:
        rng = self.rng
        ignored = {"ignore_label": rng.choice((-100, 0, LEAST))} if rng.random() < 0.25 else {}
        return {"outside": rng.choice((ERROR, "zero", "zero")), **ignored}

    def position(self, label: Any, indices: Any, numbers: Any) -> Any:
        """c*label + rest."""
        rng = self.rng
        c = rng.choice((1, 1, 1, -1, 2, 4, 3, rng.choice(numbers), 2**20))
        rest = rng.choice((0, 0, 1, -1, 5, rng.choice(numbers), -1 * rng.choice(numbers)))
        index = rng.choice((0, 1, -1, 2, rng.choice(numbers))) * rng.choice(indices)
        return c * label + rest + (index if rng.random() < 0.6 else 0)

    def term(self, x: Any, w: Any, n: Any, k: Any) -> Any:
        rng = self.rng
        label = rng.choice(self.labels)
        e = self.position(label, self.indices, self.numbers)
        f = self.position(rng.choice(self.labels), self.indices, self.numbers)
        match rng.randrange(9):
            case 0:
                return x[e]
            case 1:
                return x[e] * w[n, f]
            case 2:
                return delta(e, k) * x[k]
            case 3:
                return delta(label, rng.choice(self.labels)) * w[n, k]
            case 4:
                return under(between(k, 0, e), x[k])
            case 5:
                return under(between(k, e, rng.choice((f, 5))), w[n, k])
            case 6:
                return under(between(e, rng.choice((0, self.numbers[0])), rng.choice((k, 4))), x[k])
            case 7:
                return label * x[k]
            case _:
                return under(equal(e, f), x[k] * w[n, k])


def under(condition: Any, body: Any) -> Any:
    return When((condition,), body)


def random_op(seed: int) -> OpSpec:
    @op(title="extreme integers", source="test")
    def extreme(s: Any) -> None:
        Writer(random.Random(seed)).build(s)

    return extreme[0]


# problems ------------------------------------------------------------------------------------------
@dataclass
class Problem:
    inputs: dict[str, Any]
    integers: dict[str, int]
    cotangent: Any


def problem_of(d: Derivation, rng: random.Random) -> Problem:
    sizes = {"N": rng.randint(1, 3), "K": rng.randint(1, 4), "M": rng.randint(1, 3)}
    numbers = np.random.default_rng(rng.randrange(2**32))
    extreme = rng.random() < 0.5
    inputs = {}
    for tensor in map(d.forward.tensor, d.forward.inputs):
        shape = tuple(sizes[str(e)] for e in tensor.dims)
        inputs[tensor.name] = _labels(rng, shape, extreme) if tensor.integer else numbers.normal(size=shape)
    integers = {p.name: max(p.least, _parameter(rng, extreme)) for p in d.forward.integers}
    return Problem(inputs, integers, numbers.normal(size=sizes["N"]))


def _labels(rng: random.Random, shape: tuple[int, ...], extreme: bool) -> Any:
    dtype = rng.choice((np.int64,) * 4 + (np.int8, np.uint8, np.int32, np.uint64, np.bool_))
    pool = [*POOL, 2**63, 2**64 - 1, -100] if extreme else [*range(-3, 6), -100]
    ends = (0, 1) if dtype is np.bool_ else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    pool = [v for v in pool if ends[0] <= v <= ends[1]]
    return np.array([rng.choice(pool) for _ in range(int(np.prod(shape)))], dtype).reshape(shape)


def _parameter(rng: random.Random, extreme: bool) -> int:
    return rng.choice((*POOL, 2**63, 2**64, 10**30)) if extreme and rng.random() < 0.4 else rng.randint(0, 4)


def wanted(d: Derivation, problem: Problem) -> tuple[Any, list[Any]]:
    """The slow oracle's output and gradients, a label to ignore being nowhere."""
    system = d.forward
    inputs = {n: _nowhere(a, system.tensor(n).ignore_label) for n, a in problem.inputs.items()}
    sizes = sizes_of(system, {n: a.shape for n, a in inputs.items()}, problem.integers)
    more = (sizes, problem.integers, {}, Floats())
    values = evaluate(system, inputs, *more)
    known = {*system.inputs, *(e.tensor for e in system.equations)}
    (name,) = (n for n in d.backward.inputs if n not in known)
    gradients = evaluate(d.backward, {**inputs, **values, name: problem.cotangent}, *more)
    return values["L"], [gradients[n] for n in d.backward.outputs]


def _nowhere(array: Any, ignored: int | None) -> Any:
    return array if ignored is None else np.where(array == ignored, 2**61 + 1, array.astype(np.int64))


def must_be_taken(d: Derivation, problem: Problem) -> bool:
    """Whether nothing is so large, and no label outside of its range, that the face may refuse it."""
    ranges, symbols = LabelUses(d.spec).ranges(), dict(problem.integers)
    symbols |= sizes_of(d.forward, {n: a.shape for n, a in problem.inputs.items()}, problem.integers)
    for name, array in problem.inputs.items():
        tensor = d.forward.tensor(name)
        values = [int(v) for v in array.flat if int(v) != tensor.ignore_label] if tensor.integer else []
        if any(abs(v) > ORDINARY for v in values):
            return False
        if tensor.outside == ERROR and name in ranges:
            allowed = ranges[name].at(symbols)
            if any(v not in allowed for v in values):
                return False
    return all(abs(v) < 2**10 for v in problem.integers.values())


def run(module: ModuleType, problem: Problem, inputs: dict[str, Any]) -> tuple[Any, list[Any]]:
    outputs, pullback = module.vjp(*inputs.values(), **problem.integers)
    return outputs.L, list(pullback(L=problem.cotangent))


def fault(d: Derivation, module: ModuleType, problem: Problem, fences: Fenced | None = None) -> str:
    """Nothing, "refused", or what is wrong at one problem."""
    inputs = problem.inputs
    if fences is not None:
        fences.fences.clear()
        inputs = {n: fences.copied(a) for n, a in inputs.items()}
    before = [a.tobytes() for a in inputs.values()]
    try:
        found = run(module, problem, inputs)
    except OpError as error:
        expected = isinstance(error, ArgumentError) and not must_be_taken(d, problem)
        return "refused" if expected else f"refused what it must take: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if [a.tobytes() for a in inputs.values()] != before:
        return "an input changed"
    if fences is not None and fences.broken():
        return "written outside of an array"
    right = wanted(d, problem)
    pairs = [(found[0], right[0]), *zip(found[1], right[1], strict=True)]
    return "" if all(_close(a, b) for a, b in pairs) else f"differs: {found} for {right}"


def _close(found: Any, right: Any) -> bool:
    found, right = np.asarray(found, float), np.asarray(right, float)
    return found.shape == right.shape and bool(
        np.all(np.abs(found - right) <= 1e-9 * np.max(np.abs(right), initial=1e-300))
    )


@np.errstate(all="ignore")
def examine(seed: int, problems: int = 12, compiled: bool = False) -> tuple[Counter[str], list[str]]:
    """What happened at some problems of one random op, and its faults."""
    try:
        d = derive(random_op(seed))
        text = write_module(lower(d)).text
    except (SpecError, DerivationError) as error:
        return Counter([f"no op: {str(error)[:60]}"]), []
    module = load_fast("extreme", text) if compiled else guard(load_plain("extreme", text))
    fences = fenced(module) if compiled else None
    rng, counts, faults = random.Random(f"{seed} problems"), Counter[str](), []
    for _ in range(problems):
        problem = problem_of(d, rng)
        found = fault(d, module, problem, fences)
        counts[found if found in ("", "refused") else "fault"] += 1
        if found not in ("", "refused"):
            faults.append(f"seed {seed}: {found} at {problem.inputs} {problem.integers}")
    return counts, faults


def main(count: int, compiled: int) -> None:
    counts, faults = Counter[str](), []
    for seed in range(count):
        made, wrong = examine(seed)
        counts += made
        faults += wrong[:1]
    for seed in range(count, count + compiled):
        made, wrong = examine(seed, 40, compiled=True)
        counts += made
        faults += wrong[:1]
    print(*faults[:20], sep="\n")
    print(counts, len(faults), "ops with faults")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
