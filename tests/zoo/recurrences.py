"""Recurrences as users write them: coupled, of second order, both ways, along lines of a grid."""

from derive.language import between, delta, largest, relu, tanh, total
from tests.zoo.collect import zoo_of

zoo, OPS = zoo_of()


@zoo
def lotka(s):
    T = s.sequence("T", "t")
    t = s.index("t", T)
    u, x, y, z = s.data("u", T), s.let("x", T), s.let("y", T), s.let("z", T)
    a, b, c = s.parameter("a"), s.parameter("b"), s.parameter("c")
    x[t] = x[t - 1] + a * (y[t - 1] - x[t - 1]) + u[t]
    y[t] = y[t - 1] + x[t - 1] * (b - z[t - 1])
    z[t] = z[t - 1] + x[t - 1] * y[t - 1] - c * z[t - 1]
    s.returns(z)


@zoo
def second_order(s):
    T = s.sequence("T", "t")
    t = s.index("t", T)
    u, a, b, c, h = s.data("u", T), s.parameter("a"), s.parameter("b"), s.parameter("c"), s.let("h", T)
    h[t] = a * h[t - 1] + b * h[t - 2] + c * u[t - 1] + u[t]
    s.returns(h)


@zoo
def coupled_second(s):
    T, H = s.sequence("T", "t"), s.size("H", "ij")
    t = s.index("t", T)
    u, W, h, g = s.data("u", T, H), s.parameter("W", H, H), s.let("h", T, H), s.let("g", T, H)
    h[t] = tanh(W @ h[t - 2] + g[t - 1] + u[t])
    g[t] = h[t - 1] * h[t - 2]
    s.returns(h)


@zoo
def image_recurrence(s):
    T, S, I, H = s.sequence("T", "t"), s.sequence("S", "s"), s.size("I", "k"), s.size("H", "ij")
    t, q = s.index("t", T), s.index("q", S)
    x, W, U, V, h = (
        s.data("x", T, S, I),
        s.parameter("W", H, I),
        s.parameter("U", H, H),
        s.parameter("V", H, H),
        s.let("h", T, S, H),
    )
    h[t, q] = tanh(W @ x[t, q] + U @ h[t - 1, q] + V @ h[t, q - 1])
    s.returns(h)


@zoo
def both_ways(s):
    T, H = s.sequence("T", "t"), s.size("H", "ij")
    t = s.index("t", T)
    x, U, V, f, b, y = (
        s.data("x", T, H),
        s.parameter("U", H, H),
        s.parameter("V", H, H),
        s.let("f", T, H),
        s.let("b", T, H),
        s.let("y", T, H),
    )
    f[t] = tanh(U @ f[t - 1] + x[t])
    b[t] = tanh(V @ b[t + 1] + f[t])
    y[t] = f[t] * b[t]
    s.returns(y, b)


@zoo
def pingpong(s):
    """Forward recurrence reading a backward one at a step, and a backward reading the forward."""
    T = s.sequence("T", "t")
    t = s.index("t", T)
    x, a, f, b = s.data("x", T), s.parameter("a"), s.let("f", T), s.let("b", T)
    f[t] = a * f[t - 1] + x[t]
    b[t] = a * b[t + 1] + f[t - 1]
    s.returns(b)


@zoo
def delta_rule(s):
    T, D, E = s.sequence("T", "t"), s.size("D", "d"), s.size("E", "e")
    t, d, e = s.index("t", T), s.index("d", D), s.index("e", E)
    k, v, M, y, r = (
        s.data("k", T, D),
        s.data("v", T, E),
        s.let("M", T, D, E),
        s.let("y", T, E),
        s.let("r", T, E),
    )
    r[t, e] = v[t, e] - total(d, k[t, d] * M[t - 1, d, e])
    M[t, d, e] = M[t - 1, d, e] + k[t, d] * r[t, e]
    y[t, e] = total(d, k[t, d] * M[t, d, e])
    s.returns(y)


@zoo
def conv_recurrent(s):
    """A convolutional recurrence: state is a line, read at neighbours."""
    T, N, P = s.sequence("T", "t"), s.size("N", "i"), s.size("P", "p")
    t, i, p = s.index("t", T), s.index("i", N), s.index("p", P)
    x, w, h = s.data("x", T, N), s.parameter("w", P), s.let("h", T, N)
    h[t, i] = tanh(x[t, i] + total(p, w[p] * h[t - 1, i + p - 1]))
    s.returns(h)


@zoo
def heat(s):
    T, N = s.sequence("T", "t"), s.size("N", "i")
    t, i = s.index("t", T), s.index("i", N)
    u0, k, u, q = s.data("u0", N), s.parameter("k", N), s.let("u", T, N), s.data("q", T, N)
    u[t, i] = (
        u[t - 1, i]
        + k[i] * (u[t - 1, i - 1] - 2 * u[t - 1, i] + u[t - 1, i + 1])
        + delta(t, 0) * u0[i]
        + q[t, i]
    )
    s.returns(u)


@zoo
def iir_filter(s):
    T, P, Q = s.sequence("T", "t"), s.size("P", "p"), s.size("Q", "q")
    t, p, q = s.index("t", T), s.index("p", P), s.index("q", Q)
    x, a, b, y = s.data("x", T), s.parameter("a", P), s.parameter("b", Q), s.let("y", T)
    y[t] = total(q, b[q] * x[t - q]) - total(p, a[p] * y[t - 1 - p])
    s.returns(y)


@zoo
def dilated_rnn(s):
    T, I, H, k = s.sequence("T", "t"), s.size("I", "k"), s.size("H", "ij"), s.integer("dilation", 2, least=1)
    t = s.index("t", T)
    x, W, U, h = s.data("x", T, I), s.parameter("W", H, I), s.parameter("U", H, H), s.let("h", T, H)
    h[t] = tanh(W @ x[t] + U @ h[t - k])
    s.returns(h)


@zoo
def all_before(s):
    """Every state reads all earlier ones."""
    T, H = s.sequence("T", "tu"), s.size("H", "ij")
    t, u, i, j = s.index("t", T), s.index("u", T), s.index("i", H), s.index("j", H)
    x, W, h = s.data("x", T, H), s.parameter("W", H, H), s.let("h", T, H)
    h[t, i] = tanh(x[t, i] + total((u, j), W[i, j] * h[u, j], where=(between(u, 0, t),)))
    s.returns(h)


@zoo
def best_before(s):
    """A segment model: the best place to have begun, of all earlier ones."""
    T = s.sequence("T", "tu")
    t, u = s.index("t", T), s.index("u", T)
    x, w, f = s.data("x", T), s.data("w", T, T), s.let("f", T)
    f[t] = x[t] + relu(largest(u, f[u] + w[u, t], where=(between(u, 0, t),)))
    s.returns(f)
