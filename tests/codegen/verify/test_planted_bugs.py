"""Bugs planted in every stage of the pipeline, each with the rung that must notice it.

A row changes one function of a stage as a slip of the pen would, makes an op with it, and asks the rung
that is named: it fails. Without the change the same rung passes on the same op, so that the row shows
the bug and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from types import FunctionType
from typing import Any

import numpy as np
import pytest
from numba import njit

import codegen.runtime
from codegen.dependence import direction
from codegen.expressions import Expressions
from codegen.legality import IllegalPlan
from codegen.lower import lower
from codegen.module import write_module
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.ladder import RUNGS
from derive.algebra import domains, index
from derive.algebra.expr import ONE, Read, transform
from derive.algebra.index import In
from derive.combine import collect
from derive.combine.combine import combine
from derive.derivation import derive
from derive.language import log, op, sigmoid, tanh
from derive.ops.average_pool2d import average_pool2d
from derive.ops.conv2d import conv2d
from derive.ops.dense import dense
from derive.ops.lstm import lstm
from derive.ops.rnn import rnn
from derive.ops.softmax_categorical_cross_entropy import softmax_categorical_cross_entropy
from derive.stable import region, rewriting, stabilise, written_out
from derive.stable.rewrites import REWRITES, Rewrite

DENSE_TANH = next(o for o in dense if o.name == "dense_tanh")
CHECKS = {rung.number: rung.check for rung in RUNGS}


@op(title="difference of neighbours", source="a user's file")
def neighbours(s):
    N = s.size("N", "n")
    n, x, y, z = s.index("n", N), s.data("x", N), s.let("y", N), s.let("z", N)
    y[n] = tanh(x[n])
    z[n] = y[n + 1] - (y[n - 1] - x[n])
    s.returns(z, y)


@op(title="logarithm of a logistic", source="a user's file")
def log_logistic(s):
    N = s.size("N", "n")
    n, x, y = s.index("n", N), s.data("x", N), s.let("y", N)
    y[n] = log(sigmoid(x[n]))
    s.returns(y)


@op(title="every second input", source="a user's file")
def every_second(s):
    N, M = s.size("N", "n"), s.size("M", "m")
    m, x, w, y = s.index("m", M), s.data("x", N), s.parameter("w", M), s.let("y", M)
    y[m] = w[m] * x[2 * m]
    s.returns(y)


@op(title="two products", source="a user's file")
def two_products(s):
    N, K, M = s.size("N", "n"), s.size("K", "k"), s.size("M", "m")
    x, z, W = s.data("x", K), s.data("z", M), s.parameter("W", N, K)
    V, y = s.parameter("V", N, M), s.let("y", N)
    y[:] = W @ x + V @ z
    s.returns(y)


# the bugs -------------------------------------------------------------------------------------------
Patch = pytest.MonkeyPatch


def one_contribution(patch: Patch) -> None:
    """The gradient of what is read twice has the first contribution only."""
    patch.setattr("derive.adjoint._merge_equal", lambda terms: tuple(terms[:1]))


def shifted_solution(patch: Patch) -> None:
    """delta(m, J(v)) is solved for an index one too far."""

    def solve(delta, name):
        found = SOLVE(delta, name)
        return None if found is None or found.is_integer() else found + 1

    patch.setattr("derive.algebra.domains.solve", solve)


def forgotten_domain(patch: Patch) -> None:
    """An eliminated index leaves no guard behind."""

    def eliminate(*given):
        made = ELIMINATE(*given)
        return replace(made, guards=tuple(g for g in made.guards if not isinstance(g, In)))

    patch.setattr("derive.algebra.domains.eliminate", eliminate)


def labels_that_add_up_to_one(patch: Patch) -> None:
    """p sum(y) - y as p - y, which holds only where the labels add up to 1."""

    def sums_dropped(*given):
        made = COMBINE(*given)
        changed = tuple(_sum_is_one(e) for e in made.equations if e.tensor != "s_y")
        return made.with_equations(changed, made.tensors)

    patch.setattr("derive.derivation.combine", sums_dropped)


def _sum_is_one(equation):
    terms = tuple(replace(t, body=transform(t.body, _one)) for t in equation.terms)
    return replace(equation, terms=terms)


def _one(node):
    return ONE if isinstance(node, Read) and node.tensor == "s_y" else node


def rule_for_large_numbers(patch: Patch) -> None:
    """log(sigmoid(x)) = x: right far below 0 only."""
    wrong = Rewrite("planted", lambda x: log(sigmoid(x)), lambda x: x, "x far below 0", (-50, -40), (-1e3,))
    right = rewriting.rewrite.__wrapped__  # what was rewritten before is not asked again
    planted = lru_cache(FunctionType(right.__code__, right.__globals__, "rewrite", ((wrong, *REWRITES),)))
    for module in (rewriting, stabilise, region, collect, written_out):
        patch.setattr(module, "rewrite", planted)
    patch.setattr(rewriting, "REWRITES", (wrong, *REWRITES))  # what a page quotes


def wrong_distance(patch: Patch) -> None:
    """Every recurrence runs the other way."""
    patch.setattr("codegen.schedule.direction", lambda *given: -DIRECTION(*given))


def wrong_distance_and_no_legality_table(patch: Patch) -> None:
    """The same, where nothing looks at the plan."""
    wrong_distance(patch)
    for enforce in ("enforce_schedule", "enforce_kernel"):
        patch.setattr(f"codegen.lower.{enforce}", lambda system, plan: plan)


def any_merge(patch: Patch) -> None:
    """Neighbouring loops become one without asking what they touch."""
    patch.setattr("codegen.fuse._independent", lambda *_: True)


def no_parentheses(patch: Patch) -> None:
    """(1 - a) b printed as 1 - a b."""
    patch.setattr(Expressions, "value", lambda self, node, level=0: self._value(node)[0])


def divided_as_integers(patch: Patch) -> None:
    """1/N printed as 1//N."""

    def number(self, top, bottom, decimal=False):
        self.used.add("number")
        return f"number({self.like}, {self.affine(top, 4)}//{self.affine(bottom, 6)})"

    patch.setattr(Expressions, "number", number)


def rounded_down(patch: Patch) -> None:
    """The limit of a loop rounded down instead of up."""
    patch.setattr(
        Expressions, "limit", lambda self, c: f"({self.affine(c.numerator)})//{self.affine(c.denominator, 6)}"
    )


def stale_buffers(patch: Patch) -> None:
    """The room for gradients is made once and given out again and again."""
    kept: dict[Any, Any] = {}

    def gradient(wanted, shape, dtype):
        shape = shape if wanted else (0,) * len(shape)
        return kept.setdefault((shape, np.dtype(dtype)), np.empty(shape, dtype))

    patch.setattr(codegen.runtime, "gradient", gradient)


def clears_nothing(patch: Patch) -> None:
    """Arrays that are added to are not set to 0 first."""
    patch.setattr(codegen.runtime, "clear", njit(lambda a: None))


def products_that_replace(patch: Patch) -> None:
    """The matrix product forgets to add to what is there."""
    gemm = codegen.runtime.gemm

    @njit
    def replacing(c, a, b, transpose_a, transpose_b, accumulate):
        gemm(c, a, b, transpose_a, transpose_b, False)

    patch.setattr(codegen.runtime, "gemm", replacing)


def writes_to_its_operand(patch: Patch) -> None:
    """The matrix product leaves another number in its first operand."""
    gemm = codegen.runtime.gemm

    @njit
    def aliasing(c, a, b, transpose_a, transpose_b, accumulate):
        gemm(c, a, b, transpose_a, transpose_b, accumulate)
        if a.size:
            a[0, 0] = a[0, 0] + 1

    patch.setattr(codegen.runtime, "gemm", aliasing)


def overflowing_softplus(patch: Patch) -> None:
    """log(1 + exp(x)) as it is written."""
    patch.setattr(codegen.runtime, "softplus", njit(lambda x: np.log(1 + np.exp(x))))


def arguments_as_they_come(patch: Patch) -> None:
    """Arrays reach the kernels in the order of memory that the caller has, seen as if it were C."""

    def check_inputs(op, tensors, given):
        dtype, arrays, sizes = CHECK_INPUTS(op, tensors, given)
        bare = [np.asarray(g) for g in given]
        kept = [
            b.T.reshape(b.shape) if b.ndim > 1 and b.flags.f_contiguous and b.dtype == a.dtype else a
            for a, b in zip(arrays, bare, strict=True)
        ]
        return dtype, [np.ascontiguousarray(k) for k in kept], sizes

    patch.setattr(codegen.runtime, "check_inputs", check_inputs)


SOLVE, ELIMINATE, COMBINE, DIRECTION = index.solve, domains.eliminate, combine, direction
CHECK_INPUTS = codegen.runtime.check_inputs


@dataclass(frozen=True)
class Bug:
    """A stage, its bug, an op that shows it, and the rung that must notice."""

    stage: str
    plant: Callable[[Patch], None]
    op: Any
    rung: int

    def __str__(self) -> str:
        return f"{self.stage}-{self.plant.__name__}-rung{self.rung}"


BUGS = (
    Bug("adjoint", one_contribution, rnn[0], 1),
    Bug("adjoint", one_contribution, rnn[0], 2),
    Bug("adjoint", shifted_solution, conv2d[0], 1),
    Bug("adjoint", shifted_solution, every_second[0], 2),
    Bug("adjoint", forgotten_domain, average_pool2d[0], 1),
    Bug("stabilisation", labels_that_add_up_to_one, softmax_categorical_cross_entropy[0], 2),
    Bug("stabilisation", rule_for_large_numbers, log_logistic[0], 4),
    Bug("stabilisation", rule_for_large_numbers, log_logistic[0], 5),
    Bug("schedule", wrong_distance_and_no_legality_table, lstm[0], 3),
    Bug("schedule", any_merge, neighbours[0], 3),
    Bug("printing", no_parentheses, lstm[0], 3),
    Bug("printing", divided_as_integers, softmax_categorical_cross_entropy[0], 3),
    Bug("printing", rounded_down, average_pool2d[0], 3),
    Bug("runtime", stale_buffers, DENSE_TANH, 9),
    Bug("runtime", stale_buffers, DENSE_TANH, 10),
    Bug("runtime", clears_nothing, every_second[0], 9),
    Bug("runtime", products_that_replace, two_products[0], 5),
    Bug("runtime", writes_to_its_operand, DENSE_TANH, 9),
    Bug("runtime", overflowing_softplus, log_logistic[0], 8),
    Bug("runtime", arguments_as_they_come, DENSE_TANH, 7),
)


def verdict(bug: Bug) -> str:
    """What the named rung says of the op as it is made now."""
    source = write_module(lower(derive(bug.op)))
    check = CHECKS[bug.rung]
    assert check is not None
    return check(Candidate(source), Cases(source.plan.derivation)).verdict


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_the_rung_notices_the_bug(bug, monkeypatch):
    assert verdict(bug) == "passed"
    bug.plant(monkeypatch)
    assert verdict(bug) in ("failed", "unproved")


def test_the_legality_table_notices_a_wrong_order_before_any_rung(monkeypatch):
    wrong_distance(monkeypatch)
    with pytest.raises(IllegalPlan, match="dh_prev before it is computed"):
        lower(derive(lstm[0]))


def test_every_stage_has_bugs():
    assert {b.stage for b in BUGS} == {"adjoint", "stabilisation", "schedule", "printing", "runtime"}
