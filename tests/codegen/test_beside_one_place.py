"""[k < j]*v + [k > j]*v + [k == j]*w is stored as v everywhere and w over it. Each with a planted fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

import codegen.pointwise
from codegen.lower import lower
from codegen.module import write_module
from codegen.pointwise import Placed
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.rung3_execution import check
from derive.language import OpSpec, Spec, between, equal, op, total
from derive.ops.softmax_cross_entropy import softmax_cross_entropy
from tests.codegen.emitted import derivation, kernel_text


def split_at_a_label(s: Spec, gap: int, least: int) -> None:
    """The gradient by x is q below the label and from `gap` above it, and w at it if that is k >= least."""
    N, K = s.batch("N", "n"), s.size("K", "k")
    n, k = s.index("n", N), s.index("k", K)
    x, q, w = s.data("x", N, K), s.data("q", N, K), s.data("w", N, K)
    y, L = s.data("y", N, integer=True), s.let("L", N)
    below = total(k, x[n, k] * q[n, k], where=(between(k, 0, y[n]),))
    above = total(k, x[n, k] * q[n, k], where=(between(k, y[n] + gap, K),))
    L[n] = below + above + total(k, x[n, k] * w[n, k], where=(equal(k, y[n]), between(k, least, K)))
    s.returns(L)


@op(title="another number at the label", source="test")
def everywhere(s: Spec) -> None:
    split_at_a_label(s, 1, 0)


@op(title="another number at the label, 0 where the label is 0", source="test")
def not_at_0(s: Spec) -> None:
    split_at_a_label(s, 1, 1)


@op(title="another number at the label, none above it", source="test")
def with_a_gap(s: Spec) -> None:
    split_at_a_label(s, 2, 0)


def fault(spec: OpSpec) -> str:
    result = check(Candidate(write_module(lower(derivation(spec)))), Cases(derivation(spec)))
    return "" if result.verdict == "passed" else str(result)


@pytest.mark.parametrize("spec", [softmax_cross_entropy[0], everywhere[0]], ids=lambda s: s.name)
def test_no_element_is_asked_on_which_side_it_is(spec: OpSpec) -> None:
    assert "dx_ =" not in kernel_text(spec, "backward")
    assert fault(spec) == ""


def test_where_w_does_not_count_0_is_put_over_v() -> None:
    assert "dx[n, y[n]] = dx_" in kernel_text(not_at_0[0], "backward")
    assert fault(not_at_0[0]) == ""


def test_a_gap_is_left_open() -> None:
    assert "dx[n, k] = dx_" in kernel_text(with_a_gap[0], "backward")
    assert fault(with_a_gap[0]) == ""


def test_a_gap_that_is_filled_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: v stored everywhere, whatever the two conditions are."""

    def careless(system: object, task: object, placed: list[Placed]) -> tuple[Placed, Placed] | None:
        if [p.moved for p in placed] != [False, False, True]:
            return None
        return replace(placed[0], guards=()), placed[2]

    monkeypatch.setattr(codegen.pointwise, "_beside_one_place", careless)
    assert fault(everywhere[0]) == ""
    assert "differs" in fault(with_a_gap[0])
