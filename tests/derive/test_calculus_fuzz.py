"""Random equations: windows with any step, sign and offset, borders, guards, functions and maxima."""

from fractions import Fraction
from typing import Any

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, reject, settings

from derive.adjoint import adjoint
from derive.errors import SpecError
from derive.language import (
    Spec,
    between,
    equal,
    exp,
    identity,
    largest,
    op,
    relu,
    tanh,
    total,
    where,
)
from derive.oracle.reference import evaluate
from derive.oracle.reference_spec import evaluate_spec
from derive.oracle.residues import PrimeField
from derive.steps import Recorder
from tests.derive.calculus import Pair, example, forward_system, pairing, setting
from tests.derive.calculus_specs import Case

small = st.integers(-2, 3)
places = st.tuples(small, small, small, small)
functions = st.sampled_from((identity, identity, exp, tanh, relu))


class Draw:
    """Expressions over x (N, M), k (P) and, in the second equation, y (A)."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data

    def pick(self, *options: Any) -> Any:
        return self.data.draw(st.sampled_from(options))

    def place(self, names: dict[str, Any]) -> Any:
        a, b, c, d = self.data.draw(places)
        return a * names["i"] + b * names["p"] + c + d * (names["N"] - names["A"])

    def factor(self, names: dict[str, Any], tensors: list[str]) -> Any:
        match self.pick(*tensors):
            case "x":
                read = names["x"][self.place(names), self.place(names)]
            case name:
                read = names[name][self.place(names)]
        return self.data.draw(functions)(read)

    def product(self, names: dict[str, Any], tensors: list[str]) -> Any:
        made = self.factor(names, tensors)
        for _ in range(self.pick(0, 1, 2)):
            made = made * self.factor(names, tensors)
        match self.pick("plain", "plain", "ratio", "square", "choice", "sum"):
            case "ratio":
                return made / exp(self.factor(names, tensors))
            case "square":
                return (made + 1) ** 2
            case "choice":
                return where(self.factor(names, tensors), ">", 0, made, Fraction(1, 2) * made)
            case "sum":
                return made - self.factor(names, tensors)
        return made

    def guards(self, names: dict[str, Any]) -> tuple[Any, ...]:
        match self.pick("none", "none", "range", "delta"):
            case "range":
                return (between(self.place(names), 0, names["N"]),)
            case "delta":
                return (equal(self.place(names), self.place({**names, "p": 0})),)
        return ()

    def reduced(self, names: dict[str, Any], tensors: list[str]) -> Any:
        reduce = self.pick(total, total, largest)
        made = reduce(names["p"], self.product(names, tensors), where=self.guards(names))
        bare = {**names, "p": 0}
        match self.pick("alone", "alone", "inside", "times", "plus"):
            case "inside":
                return tanh(made)
            case "times":
                return made * self.factor(bare, tensors)
            case "plus":
                return self.factor(bare, tensors) + made
        return made


def build(draw: Draw, s: Spec) -> None:
    N, M, P, A = s.size("N", "n"), s.size("M", "m"), s.size("P", "p"), s.size("A", "i")
    names: dict[str, Any] = {"N": N, "A": A, "i": s.index("i", A), "p": s.index("p", P)}
    names |= {"x": s.data("x", N, M), "k": s.parameter("k", P), "a": s.data("a", A)}
    y, z = s.let("y", A), s.let("z", A)
    y[names["i"]] = draw.reduced(names, ["x", "k", "a"])
    z[names["i"]] = draw.reduced({**names, "y": y}, ["x", "y", "y"])
    s.returns(z, y)


def is_proper(arrays: dict[str, Any]) -> bool:
    """Whether no maximum of nothing is among them: the lowest number is none to calculate with."""
    lowest = PrimeField().lowest()
    return not any(np.any(array == lowest) for array in arrays.values())


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_random_equations_elaborate_and_transpose_exactly(data: st.DataObject) -> None:
    def random_equations(s: Spec) -> None:
        build(Draw(data), s)

    (made,) = op(title="random", source="fuzz")(random_equations)
    spec = made.spec()
    try:
        forward = forward_system(spec)
    except SpecError as fault:
        assert "two ranges" in str(fault) or "delta of an index with itself" in str(fault)
        reject()
    sizes = {n: data.draw(st.integers(1, 5)) for n in ("N", "M", "P", "A")}
    at = setting(Case(made, sizes), forward)
    inputs = at.residues()
    found = evaluate(forward, inputs, at.sizes, {}, {}, PrimeField())
    if is_proper({e.tensor: found[e.tensor] for e in forward.equations}):
        assert pairing(Pair(spec, forward, adjoint(forward, Recorder([]))), at) == 0
    wanted = evaluate_spec(spec, example(forward, inputs, 0), at.sizes, {}, {}, PrimeField())
    for name, array in example(forward, {n: found[n] for n in ("y", "z")}, 0).items():
        assert np.all(array == wanted[name]), name
