"""Equal sums inside functions get one name; those that are equal only at a glance do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from derive.algebra.expr import Read, Reduce
from derive.algebra.index import Affine, Index
from derive.algebra.instances import instance
from derive.authoring import elaborate
from derive.derivation import derive
from derive.language import OpSpec, Spec, exp, inside, op, tanh, total
from tests.derive.calculus_specs import CASES
from tests.indices import index


def names(spec: OpSpec) -> list[str]:
    """The tensors that were named on the way."""
    return [e.tensor for e in derive(spec).forward.equations if e.tensor.startswith("z_")]


def reads(spec: OpSpec, tensor: str, of: str) -> list[str]:
    """Where an equation reads a tensor, in its own axes: the batch stands before them."""
    terms = derive(spec).forward.equation(tensor).terms
    return [", ".join(map(str, r.at[-2:])) for t in terms for r in t.reads() if r.tensor == of]


@op(title="a memory that is read", source="test")
def memory(s: Spec) -> None:
    N, M, K = s.size("N", "n"), s.size("M", "ml"), s.size("K", "k")
    n, m, l, k = s.index("n", N), s.index("m", M), s.index("l", M), s.index("k", K)
    q, c, w = s.data("q", N, K), s.parameter("c", M, K), s.let("w", N, M)
    w[n, m] = exp(total(k, q[n, k] * c[m, k])) / total(l, exp(total(k, q[n, k] * c[l, k])))
    s.returns(w)


@op(title="sums that only look equal", source="test")
def lookalikes(s: Spec) -> None:
    N, K = s.size("N", "ij"), s.size("K", "k")
    i, j, k = s.index("i", N), s.index("j", N, 1), s.index("k", K)
    x, y, z, v = s.data("x", N, K), s.let("y", N), s.let("z", N), s.let("v")
    y[i] = tanh(total(k, x[i, k]))
    z[i] = inside(i, 1, N) * tanh(total(k, x[i, k]))
    v[:] = total(j, tanh(total(k, x[j, k])))
    s.returns(y, z, v)


def test_equal_sums_have_one_name_and_the_exponentials_are_rescaled() -> None:
    product, whole = names(memory[0])
    assert reads(memory[0], "w", product) == ["n, m"] and reads(memory[0], whole, product) == ["n, l"]
    assert derive(memory[0]).warnings == ()
    assert f"max_{whole}" in {e.tensor for e in derive(memory[0]).stable_forward.equations}


def test_a_diagonal_is_a_read_of_the_whole() -> None:
    spec = next(c.op for c in CASES if c.op.name == "equal_sums_in_several_places")
    assert reads(spec, "z", "z_y") == ["j, l"]
    assert reads(spec, "v", "z_v") == ["i, j"] and reads(spec, "u", "z_v") == ["i, i"]
    assert reads(spec, "w", "z_v") == []


def test_another_range_or_guard_is_another_sum() -> None:
    assert len(names(lookalikes[0])) == 3


def test_without_the_comparison_of_ranges_and_guards_it_would_be_taken_for_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def careless(self, node, guards, scope):  # type: ignore[no-untyped-def]
        values = elaborate.instance(self.node, node, (i.name for i in self.indices))
        return (
            None
            if values is None
            else replace(
                self.read,
                at=tuple(e.substitute(values) if isinstance(e, Affine) else e for e in self.read.at),
            )
        )

    monkeypatch.setattr(elaborate.Named, "at", careless)
    assert len(names(lookalikes[0])) == 1


@op(title="sums under other letters", source="test")
def letters(s: Spec) -> None:
    N, K, M = s.size("N", "n"), s.size("K", "kl"), s.size("M", "m")
    n, k, l, m = s.index("n", N), s.index("k", K), s.index("l", K), s.index("m", M)
    x, y, L = s.data("x", N, K), s.data("y", N, M), s.let("L", N)
    L[n] = tanh(total(k, exp(x[n, k]))) * tanh(total(l, exp(x[n, l]))) * tanh(total(m, exp(y[n, m])))
    s.returns(L)


def test_the_letter_that_is_summed_over_makes_no_other_sum() -> None:
    assert len(names(letters[0])) == 2


def test_a_letter_that_is_free_in_the_other_is_not_taken_for_its_own() -> None:
    def x(a: str, b: str) -> Read:
        return Read("x", (index(a), index(b)))

    over, other = (Index(name, Affine(), Affine.of("N")) for name in "ij")
    mine, theirs = Reduce("sum", (over,), (), x("i", "i")), Reduce("sum", (other,), (), x("i", "j"))
    assert instance(mine, theirs, []) is None
    assert instance(mine, Reduce("sum", (other,), (), x("j", "j")), []) == {}


def test_letters_that_are_bound_one_inside_the_other_are_told_apart() -> None:
    def sums(outer: str, inner: str, *at: str) -> Reduce:
        made = [Index(name, Affine(), Affine.of("N")) for name in (outer, inner)]
        within = Reduce("sum", (made[1],), (), Read("x", tuple(map(index, at))))
        return Reduce("sum", (made[0],), (), within)

    one = sums("p", "q", "p", "q")
    assert instance(one, sums("q", "p", "q", "p"), []) == {}
    assert instance(one, sums("q", "p", "p", "q"), []) is None
    assert instance(one, sums("r", "p", "r", "p"), []) == {}
