"""More recurrences: filters, memories, oscillators, gradient descent."""

from derive.language import delta, sigmoid, tanh, total
from tests.zoo.collect import zoo_of

zoo, OPS = zoo_of()


@zoo
def with_start(s):
    T, H = s.sequence("T", "t"), s.size("H", "ij")
    t = s.index("t", T)
    x, h0, c0, W = s.data("x", T, H), s.data("h0", H), s.parameter("c0", H), s.parameter("W", H, H)
    h, c = s.let("h", T, H, start=h0), s.let("c", T, H, start=c0)
    c[t] = c[t - 1] * sigmoid(W @ h[t - 1]) + x[t]
    h[t] = tanh(c[t]) * c[t - 1]
    s.returns(h)


@zoo
def label_recurrence(s):
    T, V, H = s.sequence("T", "t"), s.size("V", "v"), s.size("H", "ij")
    t, i, j = s.index("t", T), s.index("i", H), s.index("j", H)
    ids, E, U, h = (
        s.data("ids", T, integer=True),
        s.parameter("E", V, H),
        s.parameter("U", H, H),
        s.let("h", T, H),
    )
    h[t, i] = tanh(E[ids[t], i] + total(j, U[i, j] * h[t - 1, j]))
    s.returns(h)


@zoo
def kalman(s):
    T = s.sequence("T", "t")
    t = s.index("t", T)
    z, q, r, P, K, x = (
        s.data("z", T),
        s.parameter("q"),
        s.parameter("r"),
        s.let("P", T),
        s.let("K", T),
        s.let("x", T),
    )
    K[t] = (P[t - 1] + q * q) / (P[t - 1] + q * q + r * r)
    P[t] = (1 - K[t]) * (P[t - 1] + q * q)
    x[t] = x[t - 1] + K[t] * (z[t] - x[t - 1])
    s.returns(x, P)


@zoo
def gradient_descent_unrolled(s):
    T, N, D = s.sequence("T", "t"), s.size("N", "n"), s.size("D", "de")
    t, n, d = s.index("t", T), s.index("n", N), s.index("d", D)
    X, y, w0, lr, w, r, L = (
        s.parameter("X", N, D),
        s.parameter("y", N),
        s.parameter("w0", D),
        s.parameter("lr", T),
        s.let("w", T, D),
        s.let("r", T, N),
        s.let("L"),
    )
    r[t, n] = total(d, X[n, d] * w[t - 1, d]) - y[n]
    w[t, d] = w[t - 1, d] - lr[t] * total(n, X[n, d] * r[t, n]) + delta(t, 0) * w0[d]
    L[()] = total(d, w[T - 1, d] ** 2)
    s.returns(L)


@zoo
def square_lattice(s):
    N = s.sequence("N", "ij")
    i, j = s.index("i", N), s.index("j", N)
    x, h = s.data("x", N, N), s.let("h", N, N)
    h[i, j] = tanh(x[i, j] + h[i - 1, j] * h[i, j - 1])
    s.returns(h)


@zoo
def other_axis_coupled(s):
    N = s.sequence("N", "ij")
    i, j = s.index("i", N), s.index("j", N)
    x, y, z = s.parameter("x", N, N), s.let("y", N, N), s.let("z", N, N)
    y[i, j] = x[i, j] + z[i, j - 1]
    z[j, i] = x[i, j] * y[j, i] + y[j, i - 1]
    s.returns(z)


@zoo
def axis_last(s):
    """A time axis that is not first."""
    B, C, T = s.batch("B", "b"), s.size("C", "cd"), s.sequence("T", "t")
    b, c, d, t = s.index("b", B), s.index("c", C), s.index("d", C), s.index("t", T)
    x, U, h = s.data("x", B, C, T), s.parameter("U", C, C), s.let("h", B, C, T)
    h[b, c, t] = tanh(x[b, c, t] + total(d, U[c, d] * h[b, d, t - 1]))
    s.returns(h)


@zoo
def mgu(s):
    T, I, H = s.sequence("T", "t"), s.size("I", "k"), s.size("H", "ij")
    t = s.index("t", T)
    x, W, U, V, R = (
        s.data("x", T, I),
        s.parameter("W", H, I),
        s.parameter("U", H, H),
        s.parameter("V", H, I),
        s.parameter("R", H, H),
    )
    f, h = s.let("f", T, H), s.let("h", T, H)
    f[t] = sigmoid(W @ x[t] + U @ h[t - 1])
    h[t] = (1 - f[t]) * h[t - 1] + f[t] * tanh(V @ x[t] + R @ (f[t] * h[t - 1]))
    s.returns(h)


@zoo
def oscillator(s):
    T = s.sequence("T", "t")
    t = s.index("t", T)
    u, x, v = s.data("u", T), s.let("x", T), s.let("v", T)
    k, c = s.parameter("k"), s.parameter("c")
    dt = s.real("dt", 0.1)
    v[t] = v[t - 1] + dt * (u[t] - k * x[t - 1] - c * v[t - 1])
    x[t] = x[t - 1] + dt * v[t - 1]
    s.returns(x)
