"""Each structure that a user's op ever had and the engine got wrong, as small as it shows the fault, by the
fault's name: the kernels' text over a finite field, exactly."""

import pytest

from codegen.lower import lower
from codegen.module import write_module
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.rung3_execution import check
from derive.derivation import derive
from derive.language import op, total

FOUND = []


def found(build):
    (made,) = op(title=build.__name__.replace("_", " "), source="a user")(build)
    FOUND.append(made)
    return made


@found
def a_gradient_that_only_its_own_next_step_reads(s):
    """dx was stored for nobody, it seemed, and read at t + 1: an illegal plan."""
    T = s.sequence("T", "t")
    t = s.index("t", T)
    u, k, v, x = s.data("u", T), s.parameter("k"), s.let("v", T), s.let("x", T)
    v[t] = v[t - 1] + u[t] - k * x[t - 1]
    x[t] = x[t - 1] + v[t - 1]
    s.returns(x)


@found
def a_product_of_patches_that_adds_up(s):
    """One product for each p, each added to dx, which nothing had cleared."""
    B, T, C, D = s.batch("B", "b"), s.size("T", "t"), s.size("C", "c"), s.size("D", "d")
    P, r = s.size("P", "p"), s.integer("dilation", 2)
    b, t, c, d, p = s.index("b", B), s.index("t", T), s.index("c", C), s.index("d", D), s.index("p", P)
    x, w, y = s.data("x", B, T, C), s.parameter("w", P, C, D), s.let("y", B, T, D)
    y[b, t, d] = total((p, c), w[p, c, d] * x[b, t - r * p, c])
    s.returns(y)


@pytest.mark.parametrize("made", FOUND, ids=lambda made: made.name)
def test_the_emitted_text_computes_it_exactly_now(made):
    source = write_module(lower(derive(made)))
    result = check(Candidate(source), Cases(source.plan.derivation))
    assert result.points >= 3
    assert (result.verdict, result.detail) == ("passed", "")
