"""Shared by the tests of the rungs: sources of small ops, made once."""

import importlib
from dataclasses import replace
from functools import cache

from codegen.lower import lower
from codegen.module import Source, write_module
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from derive.derivation import derive
from derive.language import OpSpec, normal_cdf, op, tanh, total

CATALOGUE = {
    "dense_tanh": "dense",
    "conv2d": "conv2d",
    "max_pool2d": "max_pool2d",
    "lstm": "lstm",
    "softmax_cross_entropy": "softmax_cross_entropy",
}


@op(title="GELU-gated linear unit", source="a user's file")
def gelu_gated(s):
    I, H = s.size("I", "k"), s.size("H", "i")
    x, W, V = s.data("x", I), s.parameter("W", H, I), s.parameter("V", H, I)
    a, y = s.let("a", H), s.let("y", H)
    a[:] = W @ x
    y[:] = a * normal_cdf(a) * (V @ x)
    s.returns(y)


@op(title="leaky integrator", source="a user's file")
def leaky(s):
    T, I, H = s.sequence("T", "t"), s.size("I", "k"), s.size("H", "ij")
    t, rate = s.index("t", T), s.real("rate", 0.25)
    x, W, h = s.data("x", T, I), s.parameter("W", H, I), s.let("h", T, H)
    h[t] = (1 - rate) * h[t - 1] + rate * tanh(W @ x[t])
    s.returns(h)


@op(title="average pooling", source="a user's file")
def average_pool(s):
    N, M = s.size("N", "u"), s.size("M", "i", formula=None)
    k, stride = s.integer("k", 2, least=1), s.integer("stride", 3, least=1)
    i, p = s.index("i", M), s.index("p", k)
    x, y = s.data("x", N), s.let("y", M)
    w = s.parameter("w", M)
    y[i] = w[i] * total(p, x[stride * i + p])
    s.returns(y)


USERS = {o.name: o for (o,) in (gelu_gated, leaky, average_pool)}


def spec(name: str) -> OpSpec:
    """An op of the catalogue or of this file."""
    if name in USERS:
        return USERS[name]
    module = importlib.import_module(f"derive.ops.{CATALOGUE[name]}")
    return next(o for o in getattr(module, CATALOGUE[name]) if o.name == name)


@cache
def source(name: str) -> Source:
    return write_module(lower(derive(spec(name))))


@cache
def candidate(name: str) -> Candidate:
    return Candidate(source(name))


@cache
def cases(name: str) -> Cases:
    return Cases(source(name).plan.derivation)


def changed(name: str, text: str) -> Candidate:
    """The op's plan with another text."""
    return Candidate(replace(source(name), text=text))
