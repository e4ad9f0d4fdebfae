"""Ops under other names: what an author calls a thing changes no value and no gradient.

    python -m tests.codegen.renaming [count] [seed]

Every declared name and every letter of ten ops becomes another, out of a pool of the nastiest: those of
other things, those that the calculus gives to cotangents, sums and states, those of the emitted text's own
locals and constants. The emitted text is run and compared with that of the neutral names, bit for bit.
"""

from __future__ import annotations

import ast
import random
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from inspect import signature
from types import ModuleType
from typing import Any

import numpy as np

from codegen.lower import lower
from codegen.module import write_module
from codegen.names import WORDS
from codegen.verify.load import load_fast, load_plain
from derive.algebra.index import Letter, Quotient
from derive.algebra.system import Tensor
from derive.authoring.spec import OpSpec, Spec
from derive.authoring.translation import Translation
from derive.derivation import derive
from derive.errors import SpecError
from derive.names import check_name
from tests.codegen.emitted import OPS, derivation, random_problem, text

SIZES: dict[str, dict[str, int]] = {
    "lstm": {"T": 3, "I": 2, "H": 2, "B": 2},
    "gru": {"T": 3, "I": 2, "H": 2, "B": 2},
    "conv2d": {"C": 2, "O": 2, "H": 4, "W": 3, "P": 2, "Q": 2, "B": 2},
    "max_pool2d": {"C": 2, "H": 4, "W": 5, "B": 2},
    "softmax_cross_entropy": {"N": 3, "K": 3},
    "huber": {"N": 3, "K": 2},
    "embedding": {"V": 3, "D": 2, "B": 2},
    "dense_relu": {"I": 3, "H": 2, "B": 2},
    "leaky_integrator": {"T": 3, "I": 2, "H": 2, "B": 2},
    "residual_block": {"C": 1, "H": 3, "W": 3, "B": 2},
}
POOL = """
b n t T H B N i j k g e m x y L p l O I z dh gh h_prev z_h z_L h_dot zero one two half number_4 number_1_3
tanh_ lo hi size_ dx dW dL dh2 h2 gc c_prev best value candidate candidate2 shared i_h k_Y max_z max_L ties_s
rest_s others_p X_patches s_y batch nn bb tt ii x_ o_ f_o z2 dz dz2 gz one2 zero2 half2 B2 T2 n2 b2 lambda_
list id sum len type float int print abs zip any dict set str iter next map all open input object
"""
NASTY = frozenset(POOL.split())
FORMS = "d{} g{} z_{} {}_prev {}_dot max_{} ties_{} rest_{} others_{} {}_patches i_{} s_{} {}2 {}_"
MADE = tuple(FORMS.split())  # what the calculus calls what it makes for a tensor


# renaming -----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Names:
    """What is called how: declared names, letters of the sizes and members of the packs."""

    of: dict[str, str]
    letters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Renamed(OpSpec):
    """An op whose spec's names are others."""

    names: Names | None = None

    def spec(self) -> Spec:
        assert self.names is not None
        return Replay(OpSpec.spec(self), Spec(self), self.names).run()


class Replay:
    """A spec declared and written down once more, in its own order, under other names."""

    def __init__(self, old: Spec, new: Spec, names: Names) -> None:
        self.old, self.new, self.names = old, new, names
        self.put = Translation(new, old, "", None)
        self.declared = {
            **{s.name: self.size for s in old.sizes},
            **{i.name.text: self.index for i in old.ranges.values()},
            **{p.name: self.integer for p in old.integers},
            **{p.name: self.real for p in old.reals},
            **{t.name: self.tensor for t in old.tensors},
            **{n: self.pack for n in old.packs},
        }

    def run(self) -> Spec:
        for name in self.old.places:
            self.declared[name](name)
        tensors = {n: h.tensor.name for n, h in self.put.tensors.items()}
        self.new.starts = {tensors[a]: tensors[b] for a, b in self.old.starts.items()}
        for e in self.old.equations:
            at = tuple(map(self.put.affine, e.at))
            self.new.assign(self.put.tensors[e.tensor], at, self.put.expr(e.value), e.where)
        self.new.returns(*(self.put.tensors[n] for n in self.old.outputs))
        self.new.finish()
        return self.new

    def size(self, name: str) -> None:
        size = next(s for s in self.old.sizes if s.name == name)
        formula = size.formula
        if formula is not None:
            parts = (formula.numerator, formula.denominator, formula.offset)
            formula = Quotient(*map(self.put.affine, parts))
        letters = " ".join((*self.names.letters[name], ""))
        made = self.new.size(
            self.names.of[name],
            letters,
            size.about,
            formula=formula,
            least=size.least,
            sequence=size.sequence,
            batch=size.batch,
        )
        self.put.atoms[name] = made

    def index(self, name: str) -> None:
        index = self.old.ranges[Letter(name)]
        made = self.new.index(self.names.of[name], self.put.affine(index.hi), self.put.affine(index.lo))
        self.put.atoms[index.name] = made

    def integer(self, name: str) -> None:
        p = next(p for p in self.old.integers if p.name == name)
        self.put.atoms[name] = self.new.integer(self.names.of[name], p.default, p.least, p.about)

    def real(self, name: str) -> None:
        p = next(p for p in self.old.reals if p.name == name)
        self.put.reals[name] = self.new.real(self.names.of[name], p.default, p.about)

    def tensor(self, name: str) -> None:
        if name in self.put.tensors:  # a pack's member
            return
        tensor = next(t for t in self.old.tensors if t.name == name)
        dims, words = self.put.dims(tensor), {"latex": tensor.latex, "about": tensor.about}
        make = {"parameter": self.new.parameter, "computed": self.new.let}
        if tensor.role == "data":
            more = {**words, **self.labels(tensor)}
            made = self.new.data(self.names.of[name], *dims, **more)
        else:
            made = make[tensor.role](self.names.of[name], *dims, **words)
        self.put.stand_in(name, made)

    def labels(self, tensor: Tensor) -> dict[str, Any]:
        """What is said of labels outside of their range."""
        if not tensor.integer:
            return {}
        ignored = {} if tensor.ignore_label is None else {"ignore_label": tensor.ignore_label}
        return {"integer": True, "outside": tensor.outside, **ignored}

    def pack(self, name: str) -> None:
        members = self.old.packs[name]
        first = next(t for t in self.old.tensors if t.name == members[0])
        letters = " ".join(self.names.members[name])
        made = self.new.pack(self.names.of[name], letters, *self.put.dims(first), about=first.about)
        for member, handle in zip(members, made, strict=True):
            self.put.stand_in(member, handle)


@cache
def pool(op: OpSpec) -> tuple[str, ...]:
    """The nastiest names: those above, and every one that the op's own text or systems have."""
    d = derivation(op)
    systems = (d.forward, d.backward, d.stable_forward, d.stable_backward)
    own = {t.name for system in systems for t in system.tensors}
    own |= {node.id for node in ast.walk(ast.parse(text(op))) if isinstance(node, ast.Name)}
    return tuple(name for name in sorted({*NASTY, *WORDS, *own}) if may_be(name))


def may_be(name: str) -> bool:
    try:
        return bool(check_name(name))
    except SpecError:
        return False


def random_names(op: OpSpec, rng: random.Random) -> Names:
    """Each declared name another, no two the same; letters are anything, also what another kind is called."""
    spec, names = op.spec(), [*pool(op)]
    members = {m for of in spec.packs.values() for m in of}
    declared = [n for n in spec.places if n not in members]
    rng.shuffle(declared)
    of: dict[str, str] = {}
    for name in declared:
        of[name] = another(rng, names, [*of.values()])
    letters = {s.name: tuple(rng.choices([*names, *of.values()], k=rng.randint(1, 3))) for s in spec.sizes}
    packed = {n: tuple(rng.sample(names, len(of_pack))) for n, of_pack in spec.packs.items()}
    return Names(of, letters, packed)


def another(rng: random.Random, names: list[str], taken: list[str]) -> str:
    """A name that is not taken; one time in three that which the calculus would make of one that is."""
    made = [form.format(n) for n in taken for form in MADE]
    free = [n for n in (made if made and rng.random() < 1 / 3 else names) if n not in taken and may_be(n)]
    return rng.choice(free or [f"{n}3" for n in names if f"{n}3" not in taken])


def renamed(op: OpSpec, names: Names) -> Renamed:
    known = {n: getattr(op, n) for n in OpSpec.__dataclass_fields__}
    return Renamed(**known, names=names)


# comparing ----------------------------------------------------------------------------------------
Load = Callable[[str, str], ModuleType]


@cache
def problem(name: str) -> tuple[list[Any], list[Any]]:
    """Inputs and cotangents, by their places."""
    inputs, cotangents = random_problem(OPS[name], SIZES[name])
    return [*inputs.values()], [*cotangents.values()]


def results(name: str, module: ModuleType) -> list[bytes]:
    """Outputs and gradients, by their places, to the bit."""
    inputs, cotangents = problem(name)
    outputs, pullback = module.vjp(*inputs)
    given = dict(zip(outputs._fields, cotangents, strict=True))
    _, *asked = signature(type(pullback).__call__).parameters
    made = (*outputs, *pullback(**{n: given[n] for n in asked}), *packed(module, inputs))
    return [np.asarray(a).tobytes() for a in made]


def packed(module: ModuleType, inputs: list[Any]) -> tuple[Any, ...]:
    """The members of the packs, and the packs that they make."""
    if not hasattr(module, "pack"):
        return ()
    fields = [t.name for t in module._INPUTS]
    packs = [inputs[fields.index(n)] for n in module.Packed._fields]
    members = module.unpack(*packs)
    return (*members, *module.pack(**members._asdict()))


@cache
def neutral(name: str, load: Load) -> list[bytes]:
    return results(name, load(name, text(OPS[name])))


def finding(name: str, names: Names, load: Load = load_plain) -> str:
    """What is wrong with an op under other names: "" for nothing."""
    try:
        source = write_module(lower(derive(renamed(OPS[name], names))))
        found = results(name, load(name, source.text))
    except Exception as fault:
        place = traceback.extract_tb(fault.__traceback__)[-1]
        return f"{type(fault).__name__} in {place.name}: {fault}"
    wrong = [n for n, pair in enumerate(zip(found, neutral(name, load), strict=True)) if pair[0] != pair[1]]
    if wrong:
        return f"other numbers at the places {wrong}"
    other = statements(source.text) != statements(text(OPS[name]))
    return "other statements, which may be slower" if other else ""


def statements(text: str) -> Counter[str]:
    """How often a module's functions loop, ask, assign and call."""
    functions = [n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)]
    return Counter(
        type(n).__name__ for f in functions for n in ast.walk(f) if isinstance(n, ast.stmt | ast.Call)
    )


def renamings(count: int, seed: int) -> Iterator[tuple[str, Names]]:
    """The ops in turn, each under names drawn from the seed."""
    for n in range(count):
        name = (*SIZES,)[n % len(SIZES)]
        yield name, random_names(OPS[name], random.Random(f"{seed} {n}"))


def findings(count: int, seed: int, load: Load = load_plain) -> Iterator[tuple[str, str, Names]]:
    """Every renaming that is wrong: the op, what is wrong, and the names."""
    tried = ((name, finding(name, names, load), names) for name, names in renamings(count, seed))
    return (each for each in tried if each[1])


def main(count: int = 2000, seed: int = 0) -> int:
    compiled = max(count // 40, 1)
    found = [*findings(count, seed), *findings(compiled, seed + 1, load_fast)]
    for name, fault, names in found:
        print(f"{name}: {fault}\n    {names}")
    print(f"{count} renamings as plain Python, {compiled} compiled: {len(found)} findings")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
