"""Random pairs of equations whose gradients cancel here and there: the same gradients before and after."""

from typing import Any

import hypothesis.strategies as st
from hypothesis import given, reject, settings

from derive.adjoint import adjoint, join
from derive.combine.combine import combine
from derive.errors import SpecError
from derive.language import Spec, between, equal, exp, log, op, sigmoid, softplus, total
from derive.steps import Recorder
from tests.derive.calculus import Pair, forward_system, pairing, setting
from tests.derive.calculus_specs import Case

changed: list[str] = []


def build(data: st.DataObject, s: Spec) -> None:
    """Probabilities of some kind, a copy or product of them, and a loss of their logarithms."""

    def pick(*options: Any) -> Any:
        return options[data.draw(st.integers(0, len(options) - 1))]

    N, K = s.size("N", "n"), s.size("K", "kl")
    n, k, l = s.index("n", N), s.index("k", K), s.index("l", K)
    z, y, label = s.data("z", N, K), s.data("y", N, K), s.data("label", N, integer=True)
    S, p, q, L = s.let("S", N), s.let("p", N, K), s.let("q", N, K), s.let("L", N)
    f = pick(exp, sigmoid, softplus)
    S[n] = total(l, f(z[n, l]))
    p[n, k] = pick(lambda: f(z[n, k]) / S[n], lambda: sigmoid(z[n, k]), lambda: f(z[n, k]) * S[n])()
    q[n, k] = pick(lambda: p[n, k], lambda: p[n, k] * y[n, k], lambda: 1 - p[n, k], lambda: p[n, k + 1])()

    def read(tensor: Any) -> Any:
        return tensor[n, pick(k, k, k, k + 1, label[n])]

    def part() -> Any:
        made = pick(log, lambda x: x, lambda x: 1 / x)(pick(read(p), read(q), 1 - read(p), read(p) / S[n]))
        return made * pick(read(y), 1 - read(y), 1, S[n])

    guards = pick((), (), (between(k, 0, n + 1),), (equal(k, label[n]),))
    L[n] = total(k, part(), where=guards) + pick(-1, 2) * total(k, part() - part())
    s.returns(L, p) if pick(True, False) else s.returns(L)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_random_pairs_keep_their_gradients(data: st.DataObject) -> None:
    def random_pair(s: Spec) -> None:
        build(data, s)

    (made,) = op(title="random", source="fuzz")(random_pair)
    try:
        spec = made.spec()
        forward = forward_system(spec)
    except SpecError as fault:
        assert "label" in str(fault) or "declared" in str(fault) or "two ranges" in str(fault), fault
        reject()
    backward = adjoint(forward, Recorder([]))
    combined = combine(forward, backward, Recorder([]))
    if combined == backward:
        return

    sizes = {n: data.draw(st.integers(1, 3)) for n in ("N", "K")}
    at = setting(Case(made, sizes, labels={"label": (-1, sizes["K"] + 1)}), forward)
    given_pair = Pair(spec, forward, backward)
    try:
        plain = pairing(given_pair, at)
    except ZeroDivisionError:
        return  # a read outside its domain below a line: there is nothing to compare
    assert plain == 0
    at = setting(at.case, forward)
    changed.append(made.name)
    assert pairing(given_pair, at, join(forward, combined)) == 0


def test_the_random_pairs_were_worth_it() -> None:
    if not changed:
        test_random_pairs_keep_their_gradients()
    assert len(changed) > 8, len(changed)
