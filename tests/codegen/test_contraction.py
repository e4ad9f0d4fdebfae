"""Which sums become matrix products, with which transposes, slices and loops, and with which values."""

import re

import numpy as np
import pytest

import codegen.contraction
import codegen.schedule
from codegen.lower import lower
from codegen.module import write_module
from codegen.verify.load import load_plain
from derive.language import op, tanh, total
from tests.codegen.emitted import OPS, derivation, differences, kernel_text, plain

SIZES = {"N": 3, "M": 4, "K": 5, "T": 6, "I": 3, "H": 2, "D": 4}


def calls(spec, kernel: str = "forward") -> list[str]:
    return re.findall(r"gemm\(.*\)", kernel_text(spec, kernel))


def spec(build):
    (made,) = op(title=build.__name__, source="test")(build)
    return made


# one product --------------------------------------------------------------------------------------
@spec
def transposes(s):
    N, M, K = s.size("N", "n"), s.size("M", "m"), s.size("K", "k")
    A, B = s.parameter("A", N, M), s.parameter("B", M, K)
    c, d, e, f = s.let("c", N, K), s.let("d", M, M), s.let("e", N, N), s.let("f", K, N)
    c[:] = A @ B
    d[:] = A.T @ A
    e[:] = A @ A.T
    f[:] = B.T @ A.T
    s.returns(c, d, e, f)


def test_transposes_are_flags_and_no_copies():
    assert set(calls(transposes)) == {
        "gemm(matrix(c, 1), matrix(A, 1), matrix(B, 1), False, False, False)",
        "gemm(matrix(d, 1), matrix(A, 1), matrix(A, 1), True, False, False)",
        "gemm(matrix(e, 1), matrix(A, 1), matrix(A, 1), False, True, False)",
        "gemm(matrix(f, 1), matrix(B, 1), matrix(A, 1), True, True, False)",
    }


def test_a_layer_over_a_batch_is_one_product():
    assert calls(OPS["dense"]) == ["gemm(matrix(h, 1), matrix(x, 1), matrix(W, 1), False, True, True)"]
    assert calls(OPS["dense"], "backward") == [
        "gemm(matrix(dW, 1), matrix(dh, 1), matrix(x, 1), True, False, False)",
        "gemm(matrix(dx, 1), matrix(dh, 1), matrix(W, 1), False, False, False)",
    ]


# members ------------------------------------------------------------------------------------------
MEMBER_SIZES = {"N": 3, "I": 4, "H": 2, "B": 2}


def members(used: tuple[int, ...]):
    """Layers that share a stack of three weight matrices, of which they use these."""

    def build(s):
        I, H, N = s.size("I", "k"), s.size("H", "i"), s.size("N", "n")
        n, i, k = s.index("n", N), s.index("i", H), s.index("k", I)
        x, W = s.data("x", N, I), s.parameter("W", 3, H, I)
        made = []
        for m in used:
            y = s.let(f"y{'abc'[m]}", N, H)
            y[n, i] = tanh(total(k, W[m, i, k] * x[n, k]))
            made.append(y)
        s.returns(*made)

    build.__name__ = f"members_of_{''.join(map(str, used))}"
    return spec(build)


def test_gradients_of_members_of_are_products_into_each():
    whole = members((0, 2, 1))
    text = kernel_text(whole, "backward")
    assert [c for c in calls(whole, "backward") if "dW" in c] == [
        f"gemm(matrix(dW[{m}], 1), matrix(dz_y{'abc'[m]}, 2), matrix(x, 2), True, False, False)"
        for m in (0, 2, 1)
    ]
    assert "clear" not in text and "patches" not in text
    assert differences(whole, plain(whole), MEMBER_SIZES) == []


def test_a_member_that_nothing_reads_has_no_gradient():
    part = members((0, 2))
    assert "clear(dW)" in kernel_text(part, "backward")
    assert all(c.endswith("True)") for c in calls(part, "backward") if "dW" in c)
    assert differences(part, plain(part), MEMBER_SIZES) == []


def test_a_member_that_is_never_set_is_seen(monkeypatch):
    """Planted fault: nobody asks whether every member is written."""
    part = members((0, 2))
    monkeypatch.setattr(codegen.schedule, "_by_member", lambda system, nodes: frozenset({"dW"}))
    module = load_plain("unset", write_module(lower(derivation(part))).text)
    monkeypatch.setattr(module, "gradient", lambda wanted, shape, dtype: np.full(shape, 7.0, dtype))
    assert differences(part, module, MEMBER_SIZES) == ["W"]


# slices -------------------------------------------------------------------------------------------
@spec
def plain_recurrence(s):
    """No initial state: the gradient of U is one product of slices one step apart."""
    T, H = s.sequence("T", "t"), s.size("H", "ij")
    t = s.index("t", T)
    x, U, h = s.data("x", T, H), s.parameter("U", H, H), s.let("h", T, H)
    h[t] = tanh(x[t] + U @ h[t - 1])
    s.returns(h)


@spec
def three_steps_back(s):
    T, H = s.sequence("T", "t"), s.size("H", "ij")
    t = s.index("t", T)
    x, U, h = s.data("x", T, H), s.parameter("U", H, H), s.let("h", T, H)
    h[t] = tanh(x[t] + U @ h[t - 3])
    s.returns(h)


def test_a_shift_by_a_step_is_a_product_of_slices():
    forward, backward = calls(plain_recurrence), calls(plain_recurrence, "backward")
    assert forward == ["gemm(matrix(z_h[t], 1), matrix(h[t - 1], 1), matrix(U, 1), False, True, True)"]
    assert "if t >= 1:" in kernel_text(plain_recurrence, "forward")
    (weight,) = [c for c in backward if "dU" in c]
    assert weight == "gemm(matrix(dU, 1), matrix(dz_h[1:T], 2), matrix(h[0:T - 1], 2), True, False, False)"


@pytest.mark.parametrize("T", (1, 2, 3, 4, 7))
def test_slices_of_sequences_shorter_than_the_shift_are_empty(T):
    """h[0:T - 3] would count from behind where T < 3."""
    assert differences(three_steps_back, plain(three_steps_back), {"T": T, "H": 2, "B": 2}) == []


def test_a_slice_that_begins_a_step_too_late_is_seen(monkeypatch):
    """Planted fault: both factors cut one step later, so that a step is lost."""
    right = codegen.contraction._span
    late = lambda *a: (s := right(*a)) and (s[0] + 1, s[1])
    monkeypatch.setattr(codegen.contraction, "_span", late)
    module = load_plain("late", write_module(lower(derivation(plain_recurrence))).text)
    assert differences(plain_recurrence, module, {"T": 5, "H": 2, "B": 3}) == ["U"]


# loops around products ----------------------------------------------------------------------------
@spec
def attention(s):
    N, M, D = s.size("N", "i"), s.size("M", "j"), s.size("D", "d")
    i, j, d = s.index("i", N), s.index("j", M), s.index("d", D)
    q, k, a, y = s.data("q", N, D), s.data("k", M, D), s.let("a", N, M), s.let("y", N, D)
    a[i, j] = total(d, q[i, d] * k[j, d])
    y[i, d] = total(j, tanh(a[i, j]) * k[j, d])
    s.returns(a, y)


def test_what_both_factors_have_is_a_loop_around_products():
    assert (
        calls(attention)[0] == "gemm(matrix(a[b], 1), matrix(q[b], 1), matrix(k[b], 1), False, True, False)"
    )
    assert "for b in range(B):\n    gemm(" in kernel_text(attention, "forward")


@spec
def sum_of_products(s):
    """Summed over the leading axes of both factors too."""
    N, M, D = s.size("N", "n"), s.size("M", "m"), s.size("D", "d")
    n, m, d, e = s.index("n", N), s.index("m", M), s.index("d", D), s.index("e", D)
    A, B, y = s.parameter("A", M, N, D), s.parameter("F", M, D, D), s.let("y", N, D)
    y[n, e] = total((m, d), A[m, n, d] * B[m, d, e])
    s.returns(y)


def test_a_summed_index_that_leads_both_factors_is_a_loop_that_adds_products():
    made = kernel_text(sum_of_products, "forward")
    assert "clear(y)\ny_ = wide(y)\nfor m in range(M):\n" in made and made.endswith("\nnarrow(y, y_)")
    assert calls(sum_of_products) == [
        "gemm(matrix(y_, 1), matrix(A[m], 1), matrix(F[m], 1), False, False, True)"
    ]


@spec
def no_products(s):
    """Sums of products that are none: a weighted sum of squares, and one of three factors."""
    N, M = s.size("N", "n"), s.size("M", "m")
    n, m = s.index("n", N), s.index("m", M)
    x, w = s.data("x", N, M), s.parameter("w", N, M)
    y, z = s.let("y", N), s.let("z")
    y[n] = total(m, x[n, m] * w[n, m])
    z[:] = total((n, m), x[n, m] * w[n, m] * x[n, m])
    s.returns(y, z)


def test_sums_that_are_no_products_become_loops():
    assert calls(no_products) == []
    assert calls(no_products, "backward") == []


SPECS = (transposes, plain_recurrence, three_steps_back, attention, sum_of_products, no_products)


@pytest.mark.parametrize("made", SPECS, ids=lambda o: o.name)
@pytest.mark.parametrize("ones", (False, True))
def test_products_have_the_values_of_the_sums_they_stand_for(made, ones):
    sizes = {n: 1 for n in SIZES} | {"B": 1} if ones else {**SIZES, "B": 2}
    assert differences(made, plain(made), sizes) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [("False, True, True)", "False, False, True)"), ("dz_h[1:T]", "dz_h[0:T - 1]")],
    ids=("transpose", "slice"),
)
def test_a_wrong_transpose_or_slice_is_seen(old, new):
    """Planted fault: the emitted text edited."""
    body = write_module(lower(derivation(plain_recurrence))).text
    assert body.count(old) == 1
    module = load_plain("edited", body.replace(old, new))
    assert differences(plain_recurrence, module, {"T": 5, "H": 2, "B": 1}) != []
