"""No integer that an op is given reaches memory unchecked: positions never wrap, no write is outside."""

import numpy as np
import pytest

from codegen.integers import Integers
from codegen.pipeline import write
from codegen.runtime import ArgumentError, LabelError
from codegen.verify.load import load_fast, load_plain
from derive.language import Spec, between, delta, op, total
from tests.codegen.emitted import OPS, plain
from tests.codegen.extreme_integers import Int64, Left64Bits, examine, fenced, guard

LEAST, MOST = -(2**63), 2**63 - 1


def far(**more):
    @op(title="every fourth element", source="test")
    def fourth(s: Spec) -> None:
        N, M = s.batch("N", "n"), s.size("M", "m")
        n = s.index("n", N)
        x, y, L = s.parameter("x", M), s.data("y", N, integer=True, **more), s.let("L", N)
        L[n] = x[4 * y[n]]
        s.returns(L)

    return write(fourth[0]).text


def test_a_product_with_a_label_does_not_wrap_into_memory_before_the_array():
    """x[4*y[n]] with a label of 2**63 - 1: dx was written at -4."""
    x, labels = np.arange(1.0, 17.0), np.array([1, MOST, -(2**61), 2**62])
    module = load_fast("fourth", far(outside="zero"))
    fences = fenced(module)
    outputs, pullback = module.vjp(x, labels)
    assert outputs.L.tolist() == [5, 0, 0, 0]
    assert pullback(L=np.ones(4)).x.tolist() == [0, 0, 0, 0, 1, *[0] * 11]
    assert len(fences.fences) > 1 and not fences.broken()
    with pytest.raises(LabelError, match=rf"y\[1\] is {MOST}, expected 0 <= y < \(M - 1\)//4 \+ 1"):
        load_plain("fourth", far()).forward(x, labels)


def test_the_fences_see_what_the_old_text_wrote():
    """The same without its check, from the text: the fault is there to be seen."""
    text = "\n".join(line for line in far(outside="zero").splitlines() if "clip_labels(y" not in line)
    module = load_fast("fourth", text)
    fences = fenced(module)
    module.vjp(np.ones(16), np.array([1, MOST]))[1](L=np.ones(2))
    assert fences.broken()
    with pytest.raises(Left64Bits):
        guard(load_plain("fourth", text)).forward(np.ones(16), np.array([1, MOST]))


@pytest.mark.parametrize("name", ("stride", "window", "pad"))
@pytest.mark.parametrize("value", (2**60, 2**62, MOST, 2**63, 2**64, 10**30))
def test_integer_parameters_that_leave_64_bits_are_refused(name, value):
    given = {"window": 2, "stride": 2, "pad": 0, name: value}
    with pytest.raises(
        (ArgumentError, ValueError), match=r"index arithmetic may leave 64 bits|expected at lea"
    ):
        plain(OPS["max_pool2d"]).forward(np.ones((1, 1, 4, 4)), **given)


def test_a_large_but_harmless_parameter_is_taken():
    assert plain(OPS["conv2d"]).forward(
        np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3)), np.zeros(1), stride=2**40
    )


def test_limits_of_guards_may_be_anything_and_mean_what_they_say():
    @op(title="a sum up to a length", source="test")
    def up_to(s: Spec) -> None:
        N, T = s.batch("N", "n"), s.size("T", "t")
        n, t = s.index("n", N), s.index("t", T)
        x, lengths, L = s.data("x", N, T), s.data("lengths", N, integer=True), s.let("L", N)
        L[n] = total(t, x[n, t], where=(between(t, 0, lengths[n] + 1),))
        s.returns(L)

    module = guard(load_plain("up_to", write(up_to[0]).text))
    found = module.forward(np.ones((6, 3)), np.array([MOST, LEAST, -1, 0, 1, 2**62])).L
    assert found.tolist() == [3, 0, 0, 1, 2, 3]


def test_labels_that_count_what_they_are_are_not_moved_but_refused():
    @op(title="equal neighbours", source="test")
    def alike(s: Spec) -> None:
        N, K = s.batch("N", "n"), s.size("K", "k")
        n, k = s.index("n", N), s.index("k", K)
        x, y, L = s.parameter("x", K), s.data("y", N, integer=True), s.let("L", N)
        L[n] = total(k, delta(2 * y[n], y[n - 1] - 1) * x[k])
        s.returns(L)

    module = guard(load_plain("alike", write(alike[0]).text))
    assert module.forward(np.ones(1), np.array([2**40, 2**41, 2**40 - 1])).L.tolist() == [0, 0, 0]
    with pytest.raises(LabelError, match=r"y\[1\] is 9223372036854775807, expected less than leaves 64 bits"):
        module.forward(np.ones(1), np.array([0, MOST]))


def test_labels_that_are_only_compared_or_converted_may_be_anything():
    """Hashes of 64 bits, times in nanoseconds: nothing is calculated with them as integers."""

    @op(title="groups", source="test")
    def groups(s: Spec) -> None:
        N = s.size("N", "nm")
        n, m = s.index("n", N), s.index("m", N)
        x, key, L = s.parameter("x", N), s.data("key", N, integer=True), s.let("L", N)
        L[n] = total(m, x[m], where=(between(m, 0, N),)) * 0 + total(m, delta(key[n], key[m]) * x[m]) + key[n]
        s.returns(L)

    module = guard(load_plain("groups", write(groups[0]).text))
    keys = np.array([[MOST, MOST - 1, LEAST, MOST]])
    assert np.allclose(module.forward(np.ones(4), keys).L - keys, [[2, 1, 1, 2]], atol=2048)


def test_arithmetic_that_leaves_64_bits_is_noticed():
    assert Int64(3) * 4 - 5 == 7 and -Int64(2) // 2 == -1
    for wrong in (
        lambda: Int64(MOST) + 1,
        lambda: 4 * Int64(MOST),
        lambda: -Int64(LEAST),
        lambda: 1 - Int64(LEAST),
    ):
        with pytest.raises(Left64Bits):
            wrong()


def test_random_ops_with_extreme_labels_and_parameters_are_exact_or_refused():
    found = [examine(seed) for seed in range(80)]  # the language refuses some of them
    assert not [fault for _, faults in found for fault in faults]
    assert sum(c[""] for c, _ in found) > 100 and sum(c["refused"] for c, _ in found) > 50


def test_random_ops_compiled_write_nothing_outside_of_their_arrays():
    assert not examine(0, 60, compiled=True)[1]


def test_the_same_ops_without_their_checks_leave_64_bits(monkeypatch):
    monkeypatch.setattr(Integers, "lines", lambda self: [])
    faults = [fault for seed in range(25) for fault in examine(seed)[1]]
    assert sum("Left64Bits" in fault for fault in faults) > 5
