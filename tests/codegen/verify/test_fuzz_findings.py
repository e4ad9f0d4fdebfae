"""Each system that the fuzzer ever found to fail, as small as it was shrunk, under the fault's name."""

import pytest

from codegen.verify.fuzz.compare import difference
from derive.language import between, equal, exp, largest, log1p, op, tanh, total, where

FOUND = []


def found(build):
    (made,) = op(title=build.__name__.replace("_", " "), source="the fuzzer")(build)
    FOUND.append(made)
    return made


@found
def a_maximum_over_an_index_that_begins_below_0(s):
    """-2, where the maximum was, was taken for 'nothing yet': kernel and oracle went on to -1 and 0."""
    N, M = s.size("N", "n"), s.size("M", "m")
    d, i = s.index("d", 3, -2), s.index("i", N)
    x, y = s.data("x", N, M), s.let("y", N)
    y[i] = largest(d, x[i, i + d])
    s.returns(y)


@found
def a_recurrence_that_nothing_reads(s):
    """It was scheduled all the same, for a kernel without an array for it: an illegal plan."""
    T, M = s.sequence("T", "t"), s.size("M", "m")
    t, j = s.index("t", T), s.index("j", M)
    xs, g, h, z = s.data("xs", T, M), s.parameter("g"), s.let("h", T, M), s.let("z", T)
    h[t, j] = xs[t, j] + g * h[t - 1, j]
    z[t] = g
    s.returns(z)


@found
def a_fused_loop_that_serves_more_than_what_it_reads(s):
    """dy served dw and dg, the loop that reads it dx as well: dy was skipped where only dx was wanted."""
    N, M, P = s.size("N", "n"), s.size("M", "m"), s.size("P", "p")
    C = s.size("C", "c", formula=N + M - 1)
    i, j, q, r = s.index("i", N), s.index("j", M), s.index("q", N), s.index("r", M)
    x, w, g = s.data("x", N, M), s.parameter("w", P), s.parameter("g")
    y, z, o = s.let("y", N, M), s.let("z", C), s.let("o")
    chosen = where(x[-2 * q + 3, j], "<=", 0, w[-2 * i + -1 * i + 1], g)
    y[i, j] = largest(q, chosen, (equal(i, N - 1),)) + largest(q, largest(r, w[i - 1]))
    z[i + j] = (total(r, x[i + 2, 0], (equal(j, M - 1 - r),)) + 1) ** 3
    o[:] = log1p(exp(y[N - 1, 0]))
    s.returns(o, y, z)


@found
def a_product_inside_a_function_with_one_factor_outside_and_one_infinite(s):
    """Each factor was 0 outside by itself, and 0 times the maximum of nothing is NaN: the product is 0."""
    N, M, P = s.size("N", "n"), s.size("M", "m"), s.size("P", "p")
    T = s.sequence("T", "t")
    i, j, p, t = s.index("i", N), s.index("j", M), s.index("p", P), s.index("t", T)
    x, w, g = s.data("x", N, M), s.parameter("w", P), s.parameter("g")
    xs, h, o = s.data("xs", T, M), s.let("h", T, M), s.let("o", N)
    h[t, j] = largest(p, w[p], (between(t, 0, 2),)) * g + xs[t, j]
    o[i] = tanh(h[i + 1, i + 1] * x[i, i + 2])
    s.returns(o)


@found
def a_sum_whose_letter_is_bound_once_more_in_the_sum_it_is_compared_with(s):
    """Called r, as in the other one, q was captured by the r inside: no kernel, but an assertion."""
    N, M, P = s.size("N", "n"), s.size("M", "m"), s.size("P", "p")
    i, q, r = s.index("i", N), s.index("q", N), s.index("r", M)
    x, w, z, o = s.data("x", N, M), s.parameter("w", P), s.let("z", N), s.let("o", N)
    z[i] = w[i + 1] * total(r, x[i, r])
    o[i] = x[i + 1, i + 1] * total(q, total(r, x[q, r]))
    s.returns(o, z)


@pytest.mark.parametrize("made", FOUND, ids=lambda made: made.name)
def test_it_agrees_with_every_oracle_now(made):
    assert difference(made) == ""
