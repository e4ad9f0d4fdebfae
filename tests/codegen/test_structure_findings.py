"""Each structure that a user's op ever had and the engine got wrong, as small as it shows the fault, by the
fault's name: the kernels' text over a finite field, exactly."""

import numpy as np
import pytest

from codegen.lower import lower
from codegen.module import write_module
from codegen.runtime.errors import ShapeError
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.load import load_fast
from codegen.verify.rung3_execution import check
from derive.derivation import derive
from derive.language import between, delta, inside, largest, op, tanh, total
from tests.codegen import emitted

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


@found
def zeros_in_a_column(s):
    """A step of a loop along the last axis cleared a row of h, not its column."""
    C, D, T = s.size("C", "c"), s.size("D", "d"), s.sequence("T", "t")
    c, d, t = s.index("c", C), s.index("d", D), s.index("t", T)
    x, W, h, g = s.data("x", C, T), s.parameter("W", C, D), s.let("h", D, T), s.let("g", C, T)
    h[d, t] = total(c, W[c, d] * g[c, t - 1])
    g[c, t] = total(d, W[c, d] * h[d, t]) + x[c, t]
    s.returns(h)


@found
def a_sum_over_the_index_of_the_loop(s):
    """g[u] is computed in the loop over t, and sums over t: the one was taken for the other."""
    T = s.sequence("T", "tu")
    t, u = s.index("t", T), s.index("u", T)
    x, h, g, q = s.data("x", T), s.let("h", T), s.let("g", T), s.let("q", T, T)
    h[t] = tanh(g[t - 1]) + x[t]
    q[u, t] = h[u - 1] * x[t] + x[u]
    g[u] = total(t, q[u, t] * x[t])
    s.returns(g)


@found
def a_maximum_over_the_index_of_the_loop(s):
    T = s.sequence("T", "tu")
    t, u = s.index("t", T), s.index("u", T)
    x, h, g, q = s.data("x", T), s.let("h", T), s.let("g", T), s.let("q", T, T)
    h[t] = tanh(g[t - 1]) + x[t]
    q[u, t] = h[u - 1] * x[t] + x[u]
    g[u] = largest(t, q[u, t] * x[t])
    s.returns(g)


@found
def a_recurrence_along_the_second_of_two_equal_axes(s):
    """Only the first axis of a dimension was looked at: a cycle without a step, its author was told."""
    N = s.sequence("N", "ij")
    i, j = s.index("i", N), s.index("j", N)
    x, y, z = s.data("x", N, N), s.let("y", N, N), s.let("z", N, N)
    y[i, j] = x[i, j] + z[i, j - 1]
    z[j, i] = x[i, j] * y[j, i] + y[j, i - 1]
    s.returns(z)


@found
def a_recurrence_along_both_axes_of_a_square(s):
    N = s.sequence("N", "ij")
    i, j = s.index("i", N), s.index("j", N)
    x, c = s.data("x", N), s.let("c", N, N)
    c[i, j] = delta(i, j) * x[i] + inside(j, i + 1, N) * (c[i + 1, j] * x[i] + c[i, j - 1] * x[j])
    s.returns(c)


@found
def steps_further_and_further_back(s):
    """An IIR filter: refused, for its reads go back a varying number of steps."""
    T, P, Q = s.sequence("T", "t"), s.size("P", "p"), s.size("Q", "q")
    t, p, q = s.index("t", T), s.index("p", P), s.index("q", Q)
    x, a, b, y = s.data("x", T), s.parameter("a", P), s.parameter("b", Q), s.let("y", T)
    y[t] = total(q, b[q] * x[t - q]) - total(p, a[p] * y[t - 1 - p])
    s.returns(y)


@found
def steps_as_far_back_as_a_call_says(s):
    T, k = s.sequence("T", "t"), s.integer("k", 2, least=1)
    t = s.index("t", T)
    x, a, y, z = s.data("x", T), s.parameter("a"), s.let("y", T), s.let("z", T)
    y[t] = x[t] + a * z[t - k]
    z[t] = y[t] * x[t]
    s.returns(y)


@found
def all_steps_before_and_all_steps_after(s):
    """The adjoint of a sum over all earlier steps is one over all later ones: no plan was found."""
    T, H = s.sequence("T", "tu"), s.size("H", "ij")
    t, u, i, j = s.index("t", T), s.index("u", T), s.index("i", H), s.index("j", H)
    x, W, h = s.data("x", T, H), s.parameter("W", H, H), s.let("h", T, H)
    h[t, i] = tanh(x[t, i] + total((u, j), W[i, j] * h[u, j], where=(between(u, 0, t),)))
    s.returns(h)


@found
def the_best_of_all_steps_before(s):
    """Of t == u_z[s] and u_z[s] < s nothing said that t < s: no plan for the gradient."""
    T = s.sequence("T", "tu")
    t, u = s.index("t", T), s.index("u", T)
    x, w, f = s.data("x", T), s.data("w", T, T), s.let("f", T)
    f[t] = x[t] + largest(u, f[u] + w[u, t], where=(between(u, 0, t),)) * inside(t, 1, T)
    s.returns(f)


@found
def a_next_state_on_the_left(s):
    """x[t + 1] of what x[t] is: refused, a cycle without a step."""
    T, N = s.sequence("T", "t"), s.size("N", "ij")
    t, i, j = s.index("t", T), s.index("i", N), s.index("j", N)
    u, A, x = s.data("u", T, N), s.parameter("A", N, N), s.let("x", T + 1, N)
    x[t + 1, i] = total(j, A[i, j] * tanh(x[t, j])) + u[t, i]
    s.returns(x)


@found
def two_deltas_that_contradict_each_other(s):
    """j == i - 1 and j == i + 1: the second was solved for an index that no loop had any more."""
    N, M = s.size("N", "n"), s.size("M", "m")
    i, j = s.index("i", N), s.index("j", M)
    x, y = s.data("x", N, M), s.let("y", N, M)
    y[i, j] = tanh(delta(j, i - 1) * (delta(j, i + 1) * x[i, j]) + x[i, j])
    s.returns(y)


@found
def the_two_halves_of_an_axis(s):
    """x[i] of the first half was refused: an index over a smaller range than the axis."""
    M = s.size("M", "m")
    N = s.size("N", "i", formula=M // 2)
    i, x, y = s.index("i", N), s.data("x", M), s.let("y", N)
    y[i] = x[i] * tanh(x[i + N])
    s.returns(y)


@found
def two_maxima_of_one_body(s):
    """Under other guards, over other ranges: all three took the winner of the first."""
    N, M = s.size("N", "i"), s.size("M", "m")
    i, m, k = s.index("i", N), s.index("m", M), s.index("k", N)
    x, y, z, w = s.data("x", N, M + N), s.let("y", N), s.let("z", N), s.let("w", N)
    v = s.data("v", M)
    y[i] = largest(m, x[i, m] * v[m], where=(between(m, 0, i + 1),))
    z[i] = largest(m, x[i, m] * v[m], where=(between(m, i, M),))
    w[i] = largest(m, x[i, m] * v[m]) + largest(k, x[i, k])
    s.returns(y, z, w)


def _patches(s, guard):
    """A sum of products with one affine factor, under a guard."""
    N, I, C, P = s.batch("N", "n"), s.size("I", "u"), s.size("C", "c"), s.size("P", "p")
    O, J = s.size("O", "o"), s.size("J", "j")
    n, c, p = s.index("n", N), s.index("c", C), s.index("p", P)
    o, j = s.index("o", O), s.index("j", J)
    x, w, v, y = s.data("x", N, C, I), s.parameter("w", O, C, P), s.data("v", J), s.let("y", N, O, J)
    y[n, o, j] = total((c, p), x[n, c, j + p] * w[o, c, p], where=(guard(s, N, n, o, p, j),)) + v[j]
    s.returns(y)


@found
def patches_that_are_others_for_every_channel(s):
    """The guard named an index that no loop around the patches had."""
    _patches(s, lambda s, N, n, o, p, j: between(p, 0, o + 1))


@found
def patches_that_are_others_for_every_example(s):
    """What the example before had put into the patches stayed there."""
    _patches(s, lambda s, N, n, o, p, j: between(p, 0, N - n))


@found
def patches_as_long_as_a_label_says(s):
    def guard(s, N, n, o, p, j):
        return between(j, 0, s.data("length", N, integer=True)[n])

    _patches(s, guard)


@found
def patches_that_are_others_at_every_step(s):
    T, I, C, P = s.sequence("T", "t"), s.size("I", "u j"), s.size("C", "c o"), s.size("P", "p")
    t, c, o, j, p = s.index("t", T), s.index("c", C), s.index("o", C), s.index("j", I), s.index("p", P)
    x, w, y = s.data("x", T, C, I), s.parameter("w", C, C, P), s.let("y", T, C, I)
    shifted = y[t - 1, c, j + p - 1] * w[o, c, p]
    y[t, o, j] = total((c, p), shifted, where=(between(p, 0, T - t),)) + x[t, o, j]
    s.returns(y)


def axes_of_computed_sizes(s):
    """No size, but a number or a sum: KeyError for the cotangent of y, and w was read beyond its end."""
    N, k = s.size("N", "i"), s.integer("k", 3, least=1)
    j, p = s.index("j", N + 2), s.index("p", k)
    x, w, v, y = s.data("x", N), s.parameter("w", k), s.parameter("v", N + 2), s.let("y", N + 2, k)
    y[j, p] = v[j] * w[p] * x[j - p]
    s.returns(y)


found(axes_of_computed_sizes)


@pytest.mark.parametrize("made", FOUND, ids=lambda made: made.name)
def test_the_emitted_text_computes_it_exactly_now(made):
    source = write_module(lower(derive(made)))
    result = check(Candidate(source), Cases(source.plan.derivation))
    assert result.points >= 3
    assert (result.verdict, result.detail) == ("passed", "")


def test_each_of_two_maxima_has_its_own_winner():
    module = emitted.plain(two_maxima_of_one_body)
    x = np.array([[[3.0, 9, 5, 0, 0], [8, 2, 7, 0, 9]]])
    (y, z, w), pullback = module.vjp(x, np.ones((1, 3)))
    assert np.array_equal([y, z, w], [[[3, 8]], [[9, 7]], [[18, 16]]])
    gradients = [pullback(**{name: np.ones((1, 2))}).x[0, :, :3].tolist() for name in "yzw"]
    assert gradients[0] == [[1, 0, 0], [1, 0, 0]]
    assert gradients[1] == [[0, 1, 0], [0, 0, 1]]
    assert gradients[2] == [[0, 2, 0], [2, 0, 0]]


def test_axes_of_computed_sizes_are_checked_at_a_call():
    (made,) = op(title="computed sizes", source="a user")(axes_of_computed_sizes)
    module = load_fast(made.name, write_module(lower(derive(made))).text)
    x, w, v = np.ones((2, 4)), np.arange(1.0, 4), np.ones(6)
    y, pullback = module.vjp(x, w, v)
    assert y.y.shape == (2, 6, 3)
    assert np.allclose(pullback(np.ones((2, 6, 3))).w, [8, 8, 8])
    with pytest.raises(ShapeError, match="w has k = 3, expected k = 2"):
        module.forward(x, w, v, k=2)
    with pytest.raises(ShapeError, match=r"v has N \+ 2 = 5, expected N \+ 2 = 6"):
        module.forward(x, w, v[:5])
    with pytest.raises(ShapeError, match="cotangent of y has shape"):
        pullback(np.ones((2, 6, 2)))
