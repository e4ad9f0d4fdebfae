"""Parts that are given values of every form, drawn at random, and what they are to compute: the part's own
module, called with the values made by NumPy."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from derive.authoring.spec import OpSpec, Spec
from derive.language import op, tanh, use
from derive.ops.conv2d import conv2d
from derive.ops.dense import dense
from derive.ops.gru import gru
from derive.ops.lstm import lstm
from derive.ops.max_pool2d import max_pool2d
from derive.ops.softmax import softmax
from tests.codegen import emitted

PARTS = (dense[0], dense.tanh, lstm[0], gru[0], conv2d.same, softmax[0], max_pool2d[0])
SIZES = {"T": 3, "I": 2, "H": 3, "K": 3, "C": 2, "O": 2, "P": 2, "Q": 2, "W": 4, "N": 2}


@dataclass(frozen=True)
class Base:
    """A tensor of the whole that a form is made of: its dimensions, by name or number, and its role."""

    name: str
    dims: tuple[Any, ...]
    role: str


@dataclass(frozen=True)
class Form:
    """What an input is given: as an author writes it, as NumPy computes it, and of which tensors."""

    called: str
    bases: tuple[Base, ...]
    author: Callable[..., Any]
    value: Callable[..., Any]


@cache
def inner(part: OpSpec) -> Spec:
    return part.spec()


def forms(name: str, dims: tuple[str, ...], role: str) -> dict[str, Form]:
    """Every form that an input of these dimensions may be given in."""
    a, b = Base(f"{name}_a", dims, role), Base(f"{name}_b", dims, role)
    more = Base(f"{name}_m", (3, *dims), role)
    found = [
        Form("tensor", (a,), lambda v: v, lambda v: v),
        Form("slice", (more,), lambda v: v[2], lambda v: v[2]),
        Form("twice", (a,), lambda v: 2 * v, lambda v: 2 * v),
        Form("minus", (a,), lambda v: -v, lambda v: -v),
        Form("sum", (a, b), lambda v, w: v + 0.5 * w, lambda v, w: v + 0.5 * w),
        Form("product", (a, b), lambda v, w: v * w, lambda v, w: v * w),
        Form("function", (more,), lambda v: tanh(v[0]) - v[1], lambda v: np.tanh(v[0]) - v[1]),
        Form("zero", (), lambda: 0, lambda: 0.0),
        Form("number", (), lambda: 0.5, lambda: 0.5),
    ]
    if len(dims) == 2:
        turned = Base(f"{name}_t", dims[::-1], role)
        square = Base(f"{name}_s", (dims[1], dims[1]), "parameter")
        found += [
            Form("transpose", (turned,), lambda v: v.T, lambda v: v.T),
            Form("product of matrices", (a, square), lambda v, w: v @ w, lambda v, w: v @ w),
            Form(
                "transposed slice",
                (Base(f"{name}_u", (2, *dims[::-1]), role),),
                lambda v: v[1].T,
                lambda v: v[1].T,
            ),
        ]
    return {form.called: form for form in found}


@dataclass(frozen=True)
class Trial:
    """A part with a form for each input that is given; `over` repeats it for every n."""

    part: OpSpec
    given: tuple[tuple[str, Form], ...]
    over: str  # "", or how the repeated inputs are written: by the index, or with the axis

    def __str__(self) -> str:
        told = ", ".join(f"{name}={form.called}" for name, form in self.given)
        return f"{self.part.name}({told}{', over n: ' + self.over if self.over else ''})"


def draw(seed: int) -> Trial:
    """A trial; at least one input is data and a tensor, so that there is a batch."""
    chosen = random.Random(seed)
    part = chosen.choice(PARTS)
    spec = inner(part)
    given = []
    over = chosen.choice(["", "", "index", "axis"])
    for tensor in (t for t in spec.tensors if t.role != "computed"):
        dims = tuple(str(d) for d in tensor.dims)
        known = forms(tensor.name, dims, tensor.role)
        plain = tensor.name in ("x", "X")
        names = [n for n in known if not (plain and n in ("zero", "number"))]
        if over == "axis" and tensor.role == "data":
            names = [
                n for n in names if n in ("tensor", "twice", "minus", "sum", "product", "zero", "number")
            ]
        if plain or chosen.random() < 0.8:
            given.append((tensor.name, known[chosen.choice(names)]))
    return Trial(part, tuple(given), over)


def whole(trial: Trial) -> OpSpec:
    """The spec of a trial."""

    def trial_op(s: Spec) -> None:
        declare = Declared(s, trial)
        values = {name: declare.value(name, form) for name, form in trial.given}
        over = declare.n if trial.over else None
        made = use(s, trial.part, "part", over=over, **values)
        s.returns(*(getattr(made, name) for name in inner(trial.part).outputs))

    return op(title="a trial", source="drawn")(trial_op)[0]


class Declared:
    """The sizes and tensors of a trial's spec."""

    def __init__(self, s: Spec, trial: Trial) -> None:
        self.s, self.trial = s, trial
        self.n = s.index("n", s.batch("N", "n")) if trial.over else None
        self.sizes: dict[str, Any] = {"N": self.n and s.sizes and _symbol("N")}
        for size in inner(trial.part).sizes:
            if size.formula is None:
                letters = " ".join((*size.letters, ""))
                make = s.sequence if size.sequence else s.size
                self.sizes[size.name] = make(size.name, letters)

    def value(self, name: str, form: Form) -> Any:
        made = []
        for base in form.bases:
            dims = [self.sizes.get(d, d) for d in base.dims]
            if self.repeated(base):
                at = 1 if self.trial.over == "axis" and base.dims[0] == "T" else 0
                dims.insert(at, self.sizes["N"])
            handle = getattr(self.s, base.role)(base.name, *dims)
            if self.repeated(base) and self.trial.over == "index":
                handle = handle[self.n] if isinstance(base.dims[0], str) else Rows(handle, self.n)
            made.append(handle)
        return form.author(*made)

    def repeated(self, base: Base) -> bool:
        return bool(self.trial.over) and base.role == "data"


@dataclass(frozen=True)
class Rows:
    """A tensor for every n, of which a form takes slices."""

    handle: Any
    n: Any

    def __getitem__(self, place: int) -> Any:
        return self.handle[self.n, place]


def _symbol(name: str) -> Any:
    from derive.authoring.handles import symbol

    return symbol(name)


# values ---------------------------------------------------------------------------------------------
class Bench:
    """Arrays for a trial's tensors, and the outputs that the part's own module makes of them."""

    def __init__(self, trial: Trial, seed: int) -> None:
        self.trial = trial
        self.random = np.random.default_rng(seed)
        self.spec = inner(trial.part)
        self.module = emitted.plain(trial.part)
        self.packs = {m: (pack, n) for pack, ms in self.spec.packs.items() for n, m in enumerate(ms)}

    def shape(self, dims: tuple[Any, ...]) -> tuple[int, ...]:
        return tuple(SIZES[d] if isinstance(d, str) else d for d in dims)

    def one(self, arrays: dict[str, Any]) -> list[Any]:
        """The outputs for one example: `arrays` by the names of the whole's inputs, without a batch."""
        forms_of = dict(self.trial.given)
        found: dict[str, Any] = {}
        for tensor in (t for t in self.spec.tensors if t.role != "computed"):
            dims = tuple(map(str, tensor.dims))
            if tensor.name in forms_of:
                form = forms_of[tensor.name]
                value = form.value(*(arrays[b.name] for b in form.bases))
            else:
                value = self.declared(tensor.name, arrays)
            found[tensor.name] = np.broadcast_to(value, self.shape(dims)).copy()
        packed: dict[str, Any] = {}
        for tensor in (t for t in self.spec.tensors if t.role != "computed"):
            if tensor.name in self.packs:
                packed.setdefault(self.packs[tensor.name][0], []).append(found[tensor.name])
                continue
            sequence = bool(tensor.dims) and str(tensor.dims[0]) == "T"
            value = found[tensor.name]
            packed[tensor.name] = np.expand_dims(value, int(sequence)) if tensor.role == "data" else value
        made = self.module.forward(
            **{n: np.stack(v) if isinstance(v, list) else v for n, v in packed.items()}
        )
        return [self.alone(name, array) for name, array in zip(self.spec.outputs, made, strict=True)]

    def declared(self, name: str, arrays: dict[str, Any]) -> Any:
        """An input that was not given, a member of a pack perhaps."""
        if f"part_{name}" in arrays:
            return arrays[f"part_{name}"]
        pack, number = self.packs[name]
        return arrays[f"part_{pack}"][number]

    def alone(self, name: str, array: Any) -> Any:
        dims = next(t.dims for t in self.spec.tensors if t.name == name)
        return np.take(array, 0, axis=int(bool(dims) and str(dims[0]) == "T"))


def fault(trial: Trial, seed: int = 0) -> str:
    """Nothing, or what of the composed op's outputs and gradients is wrong, as plain Python."""
    bench = Bench(trial, seed)
    made = whole(trial)
    module = emitted.plain(made)
    system = emitted.derivation(made).forward
    count = 2
    arrays, batch = {}, {}
    for name in system.inputs:
        tensor = system.tensor(name)
        axes = [str(d) for d in tensor.dims]
        where = next((k for k, d in enumerate(axes) if d in ("B", "N")), None)
        sizes = SIZES | {"B": count, "N": count}
        shape = tuple(sizes[d] if d in sizes else int(d) for d in axes)
        arrays[name], batch[name] = bench.random.normal(size=shape), where

    def outputs(values: dict[str, Any]) -> list[list[Any]]:
        single = [
            {n: a if batch[n] is None else np.take(a, k, axis=batch[n]) for n, a in values.items()}
            for k in range(count)
        ]
        return [bench.one(each) for each in single]

    wanted = outputs(arrays)
    found, pullback = module.vjp(**arrays)
    cotangents, total = {}, {}
    for k, name in enumerate(bench.spec.outputs):
        got = np.asarray(getattr(found, f"part_{name}"))
        axes = [str(d) for d in system.tensor(f"part_{name}").dims]
        where = next((i for i, d in enumerate(axes) if d in ("B", "N")), None)
        right = wanted[0][k] if where is None else np.stack([w[k] for w in wanted], axis=where)
        if got.shape != right.shape or not np.allclose(got, right, rtol=1e-10, atol=1e-11):
            return f"{trial}: {name} is wrong"
        cotangents[f"part_{name}"] = bench.random.normal(size=got.shape)
        total[name] = (k, where)
    gradients = pullback(**cotangents)

    def loss(values: dict[str, Any]) -> float:
        made_ = outputs(values)
        parts = []
        for name, (k, where) in total.items():
            value = made_[0][k] if where is None else np.stack([w[k] for w in made_], axis=where)
            parts.append(float(np.sum(value * cotangents[f"part_{name}"])))
        return sum(parts)

    for name in arrays:
        direction, step = bench.random.normal(size=arrays[name].shape), 1e-5
        ahead = loss(arrays | {name: arrays[name] + step * direction})
        behind = loss(arrays | {name: arrays[name] - step * direction})
        slope, ours = (ahead - behind) / (2 * step), float(np.sum(getattr(gradients, name) * direction))
        if abs(slope - ours) > 1e-6 * (1 + abs(slope)):
            return f"{trial}: the gradient of {name} is {ours}, not {slope}"
    return ""
