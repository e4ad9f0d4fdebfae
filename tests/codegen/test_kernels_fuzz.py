"""Random equations as kernels: windows of any step and sign, borders, guards, functions and maxima."""

from typing import Any

import hypothesis.strategies as st
from hypothesis import given, reject, settings

from codegen.lower import lower
from codegen.module import write_module
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.rung3_execution import check
from derive.authoring.spec import Spec
from derive.derivation import Derivation, derive
from derive.errors import SpecError
from derive.language import identity, op, tanh
from tests.derive.test_calculus_fuzz import Draw, build


@settings(max_examples=20, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_random_equations_become_kernels_that_compute_them_exactly(data: st.DataObject) -> None:
    def random_equations(s: Spec) -> None:
        build(Draw(data), s)

    (made,) = op(title="random", source="fuzz")(random_equations)
    try:
        derivation = derive(made)
    except SpecError:
        reject()
    assert fault(derivation) == ""


def fault(derivation: Derivation) -> str:
    """How the kernels' text differs from the oracle, with the equations; nothing where it does not."""
    source = write_module(lower(derivation))
    result = check(Candidate(source), Cases(derivation))
    equations = source.text.split("Source:")[0]
    return "" if result.verdict == "passed" else f"{result}\n{equations}"


def recurrences(data: st.DataObject, s: Spec) -> None:
    """Two sequences that read each other's and their own past, or future, through weights or gates."""

    def pick(*options: Any) -> Any:
        return data.draw(st.sampled_from(options))

    T, H = s.sequence("T", "t"), s.size("H", "ij")
    t, back = s.index("t", T), pick(1, -1)
    x, U, V, a = s.data("x", T, H), s.parameter("U", H, H), s.parameter("V", H, H), s.parameter("a", H)
    g, h, y = s.let("g", T, H), s.let("h", T, H), s.let("y", T, H)

    def past(tensor: Any) -> Any:
        return tensor[t - back * pick(1, 1, 2, 3)]

    def addend(tensor: Any) -> Any:
        read = past(tensor)
        return pick(lambda: U @ read, lambda: a * read, lambda: read * x[t], lambda: tanh(V @ read))()

    g[t] = pick(tanh, identity)(V @ x[t - pick(0, 1)] + addend(pick(g, h)) + pick(0, 1) * addend(h))
    h[t] = g[t] * pick(x[t], a) + addend(pick(g, h, h))
    y[t] = U @ g[t] + h[t - pick(-1, 0, 2)] * x[t]
    s.returns(*pick((h, y), (y,), (g, y)))


@settings(max_examples=8, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_random_recurrences_become_kernels_that_compute_them_exactly(data: st.DataObject) -> None:
    def random_recurrence(s: Spec) -> None:
        recurrences(data, s)

    (made,) = op(title="random", source="fuzz")(random_recurrence)
    assert fault(derive(made)) == ""
