"""Shared by the tests of rung 11's equivalences: kernels in which a mutant changes nothing."""

import ast
from dataclasses import dataclass
from textwrap import dedent, indent
from types import SimpleNamespace

from codegen.nodes import Kernel
from codegen.verify.mutation.equivalence import reason
from codegen.verify.mutation.mutate import mutants
from derive.algebra.index import Affine, Quotient
from derive.algebra.system import Size, System, Tensor

N, M, P, T = map(Affine.of, ("N", "M", "P", "T"))
ONE = Affine.of(1)
SIZES = (
    Size("N", ("n",)),
    Size("M", ("m",), least=2),
    Size("P", ("p",), formula=Quotient(M - 2, Affine.of(2), ONE), least=1),  # pooling by two
    Size("K", ("k",), formula=Quotient(N * M, ONE, Affine())),  # flattened
    Size("D", ("d",), formula=Quotient(M, Affine.of(2), Affine())),  # half of an axis
    Size("T", ("t",), formula=Quotient(ONE, ONE, Affine())),  # one step
)
TENSORS = (
    Tensor("x", (N, M), "data"),
    Tensor("q", (N, P), "data", integer=True),
    Tensor("s", (T, P), "data"),
    Tensor("dx", (N, M), "computed"),
    Tensor("dw", (N,), "computed"),
    Tensor("y", (Affine.of("K"),), "computed"),
    Tensor("buf", (N, M), "computed"),
    Tensor("z", (), "computed"),
    Tensor("A", (N, N), "data"),
    Tensor("f", (P, N, M), "data"),
    Tensor("G", (N, N), "computed"),
    Tensor("H", (N, N), "computed"),
    Tensor("S", (P, N, N), "computed"),
)
SYSTEM = System("toy", SIZES, TENSORS, ("x", "q", "s", "A", "f"), ("dx", "dw"), ())
KERNEL = Kernel(
    "backward",
    ("x", "A", "f"),
    ("q", "s"),
    (),
    (),
    ("c",),
    ("dx", "dw"),
    (),
    ("buf", "y", "z", "G", "H", "S"),
    (),
)
PLAN = SimpleNamespace(backward=KERNEL, backward_system=SYSTEM)
SHAPES = """
N = x.shape[0]
M = x.shape[1]
P = q.shape[1]
K = y.shape[0]
T = s.shape[0]
zero = number(x, 0)
one = number(x, 1)
two = number(x, 2)
"""


@dataclass(frozen=True)
class Planted:
    """A row's words, the mutant looked for, a text in which it changes nothing and texts in which it does."""

    words: str
    operator: str
    was: str
    text: str
    faults: tuple[str | tuple[str, str], ...]  # a pair: with what is looked for there instead


def kernel(text):
    body = indent(SHAPES + dedent(text), "    ")
    return ast.parse(f"def _backward(x, q, s, A, f, c, dx, dw, buf, y, z, G, H, S):{body}\n").body[0]


def reasons(text, operator, was):
    made = [m for m in mutants(kernel(text), None) if m.operator == operator and m.was == was]
    assert made, [(m.operator, m.was) for m in mutants(kernel(text), None)]
    return [reason(PLAN, m) for m in made]


def check(case):
    """That its mutant is excused in its text, and in none of the others."""
    found = reasons(case.text, case.operator, case.was)
    assert any(case.words in why for why in found), found
    for fault in case.faults:
        text, was = fault if isinstance(fault, tuple) else (fault, case.was)
        assert not any(reasons(text, case.operator, was)), text
