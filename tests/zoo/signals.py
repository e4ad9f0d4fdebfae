"""Signals, sequences and graphs: filters, scans, attention, likelihoods, messages along edges."""

from derive.language import between, delta, equal, exp, log, relu, sigmoid, sqrt, tanh, total
from tests.zoo.collect import zoo_of

zoo, OPS = zoo_of()


@zoo
def biquads(s):
    T, K = s.sequence("T", "t"), s.sequence("K", "k")
    t, k = s.index("t", T), s.index("k", K)
    x, y = s.data("x", T), s.let("y", K, T)
    b0, b1, b2, a1, a2 = (s.parameter(n, K) for n in ("b0", "b1", "b2", "a1", "a2"))
    u = s.let("u", K, T)
    u[k, t] = delta(k, 0) * x[t] + y[k - 1, t]
    y[k, t] = (
        b0[k] * u[k, t]
        + b1[k] * u[k, t - 1]
        + b2[k] * u[k, t - 2]
        - a1[k] * y[k, t - 1]
        - a2[k] * y[k, t - 2]
    )
    s.returns(y)


@zoo
def selective_scan(s):
    T, D, N = s.sequence("T", "t"), s.size("D", "d"), s.size("N", "n")
    t, d, n = s.index("t", T), s.index("d", D), s.index("n", N)
    x, dt, Bm, C = s.data("x", T, D), s.data("dt", T, D), s.data("Bm", T, N), s.data("C", T, N)
    A, Ds = s.parameter("A", D, N), s.parameter("Ds", D)
    h, y = s.let("h", T, D, N), s.let("y", T, D)
    h[t, d, n] = exp(dt[t, d] * A[d, n]) * h[t - 1, d, n] + dt[t, d] * Bm[t, n] * x[t, d]
    y[t, d] = total(n, C[t, n] * h[t, d, n]) + Ds[d] * x[t, d]
    s.returns(y)


@zoo
def gated_delta(s):
    T, D, V = s.sequence("T", "t"), s.size("D", "d"), s.size("V", "v")
    t, d, v = s.index("t", T), s.index("d", D), s.index("v", V)
    q, k, x = s.data("q", T, D), s.data("k", T, D), s.data("x", T, V)
    al, be = s.data("al", T), s.data("be", T)
    S, p, y = s.let("S", T, D, V), s.let("p", T, V), s.let("y", T, V)
    p[t, v] = total(d, k[t, d] * S[t - 1, d, v])
    S[t, d, v] = sigmoid(al[t]) * S[t - 1, d, v] + sigmoid(be[t]) * k[t, d] * (
        x[t, v] - sigmoid(al[t]) * p[t, v]
    )
    y[t, v] = total(d, q[t, d] * S[t, d, v])
    s.returns(y)


@zoo
def rotary_pairs(s):
    B, T, D = s.batch("B", "b"), s.size("T", "t"), s.size("D", "d")
    b, t, d, r = s.index("b", B), s.index("t", T), s.index("d", D), s.index("r", 2)
    c, n = s.parameter("c", T, D), s.parameter("n", T, D)
    x, y = s.data("x", B, T, 2 * D), s.let("y", B, T, 2 * D)
    y[b, t, 2 * d + r] = c[t, d] * x[b, t, 2 * d + r] + n[t, d] * (
        delta(r, 1) * x[b, t, 2 * d] - delta(r, 0) * x[b, t, 2 * d + 1]
    )
    s.returns(y)


@zoo
def relative_bias(s):
    B, A, T, D = s.batch("B", "b"), s.size("A", "a"), s.size("T", "ijm"), s.size("D", "d")
    b, a, i, j, m, d = (
        s.index("b", B),
        s.index("a", A),
        s.index("i", T),
        s.index("j", T),
        s.index("m", T),
        s.index("d", D),
    )
    Q, K, V, r = (
        s.data("Q", B, A, T, D),
        s.data("K", B, A, T, D),
        s.data("V", B, A, T, D),
        s.parameter("r", A, 2 * T - 1),
    )
    e, P, Y = s.let("e", B, A, T, T), s.let("P", B, A, T, T), s.let("Y", B, A, T, D)
    e[b, a, i, j] = total(d, Q[b, a, i, d] * K[b, a, j, d]) / sqrt(D) + r[a, j - i + T - 1]
    P[b, a, i, j] = exp(e[b, a, i, j]) / total(m, exp(e[b, a, i, m]))
    Y[b, a, i, d] = total(j, P[b, a, i, j] * V[b, a, j, d])
    s.returns(Y)


@zoo
def sliding_attention(s):
    B, T, D = s.batch("B", "b"), s.size("T", "tu"), s.size("D", "d")
    w = s.integer("w", 3, least=1)
    b, t, u, m, d = s.index("b", B), s.index("t", T), s.index("u", T), s.index("m", T), s.index("d", D)
    Q, K, V = s.data("Q", B, T, D), s.data("K", B, T, D), s.data("V", B, T, D)
    e, Y = s.let("e", B, T, T), s.let("Y", B, T, D)
    e[b, t, u] = total(d, Q[b, t, d] * K[b, u, d]) / sqrt(D)
    Y[b, t, d] = total(u, exp(e[b, t, u]) * V[b, u, d], where=(between(u, t - w, t + 1),)) / total(
        m, exp(e[b, t, m]), where=(between(m, t - w, t + 1),)
    )
    s.returns(Y)


@zoo
def grouped_queries(s):
    B, G, R, T, D = (
        s.batch("B", "b"),
        s.size("G", "g"),
        s.size("R", "r"),
        s.size("T", "ijm"),
        s.size("D", "d"),
    )
    b, g, r, i, j, m, d = (
        s.index("b", B),
        s.index("g", G),
        s.index("r", R),
        s.index("i", T),
        s.index("j", T),
        s.index("m", T),
        s.index("d", D),
    )
    Q, K, V = s.data("Q", B, G, R, T, D), s.data("K", B, G, T, D), s.data("V", B, G, T, D)
    e, P, Y = s.let("e", B, G, R, T, T), s.let("P", B, G, R, T, T), s.let("Y", B, G, R, T, D)
    e[b, g, r, i, j] = total(d, Q[b, g, r, i, d] * K[b, g, j, d]) / sqrt(D)
    P[b, g, r, i, j] = exp(e[b, g, r, i, j]) / total(m, exp(e[b, g, r, i, m]))
    Y[b, g, r, i, d] = total(j, P[b, g, r, i, j] * V[b, g, j, d])
    s.returns(Y)


@zoo
def mixture_of_experts(s):
    N, E, K, H = s.batch("N", "n"), s.size("E", "ef"), s.size("K", "k"), s.size("H", "h")
    n, e, f, k, h = s.index("n", N), s.index("e", E), s.index("f", E), s.index("k", K), s.index("h", H)
    x, G, W, b = s.data("x", N, K), s.parameter("G", E, K), s.parameter("W", E, H, K), s.parameter("b", E, H)
    g, l, o, y = s.let("g", N, E), s.let("l", N, E), s.let("o", N, E, H), s.let("y", N, H)
    l[n, e] = total(k, G[e, k] * x[n, k])
    g[n, e] = exp(l[n, e]) / total(f, exp(l[n, f]))
    o[n, e, h] = tanh(total(k, W[e, h, k] * x[n, k]) + b[e, h])
    y[n, h] = total(e, g[n, e] * o[n, e, h])
    s.returns(y)


@zoo
def factorisation_machine(s):
    N, K, F = s.batch("N", "n"), s.size("K", "k"), s.size("F", "f")
    n, k, f = s.index("n", N), s.index("k", K), s.index("f", F)
    x, w0, w, V, y = (
        s.data("x", N, K),
        s.parameter("w0"),
        s.parameter("w", K),
        s.parameter("V", K, F),
        s.let("y", N),
    )
    y[n] = (
        w0[()]
        + total(k, w[k] * x[n, k])
        + total(f, total(k, V[k, f] * x[n, k]) ** 2 - total(k, V[k, f] ** 2 * x[n, k] ** 2)) / 2
    )
    s.returns(y)


@zoo
def contrastive_loss(s):
    N, K = s.size("N", "nm"), s.size("K", "k")
    n, m, k = s.index("n", N), s.index("m", N), s.index("k", K)
    a, b, L, S = s.data("a", N, K), s.data("b", N, K), s.let("L"), s.let("S", N, N)
    tau = s.real("tau", 0.5)
    S[n, m] = total(k, a[n, k] * b[m, k]) / tau
    L[()] = total(n, log(total(m, exp(S[n, m]))) - S[n, n]) / N
    s.returns(L)


@zoo
def label_smoothing(s):
    N, K = s.batch("N", "n"), s.size("K", "kl")
    n, k, l = s.index("n", N), s.index("k", K), s.index("l", K)
    z, y, L = s.data("z", N, K), s.data("y", N, integer=True), s.let("L")
    e = s.real("eps", 0.1)
    L[()] = (
        -total(
            n,
            (1 - e) * (z[n, y[n]] - log(total(k, exp(z[n, k]))))
            + e * total(k, z[n, k] - log(total(l, exp(z[n, l])))) / K,
        )
        / N
    )
    s.returns(L)


@zoo
def hidden_markov(s):
    T, K, V = s.sequence("T", "t"), s.size("K", "kj"), s.size("V", "v")
    t, k, j = s.index("t", T), s.index("k", K), s.index("j", K)
    o, p, A, Bm, a, c, b, L = (
        s.data("o", T, integer=True),
        s.parameter("p", K),
        s.parameter("A", K, K),
        s.parameter("Bm", K, V),
        s.let("a", T, K),
        s.let("c", T),
        s.let("b", T, K),
        s.let("L"),
    )
    b[t, k] = Bm[k, o[t]] * (delta(t, 0) * p[k] + total(j, a[t - 1, j] * A[j, k]))
    c[t] = total(k, b[t, k])
    a[t, k] = b[t, k] / c[t]
    L[()] = -total(t, log(c[t]))
    s.returns(L)


@zoo
def holt_winters(s):
    T, m = s.sequence("T", "t"), s.integer("m", 3, least=1)
    t = s.index("t", T)
    x, al, be, ga = s.data("x", T), s.parameter("al"), s.parameter("be"), s.parameter("ga")
    l, b, z, f = s.let("l", T), s.let("b", T), s.let("z", T), s.let("f", T)
    l[t] = al * (x[t] - z[t - m]) + (1 - al) * (l[t - 1] + b[t - 1])
    b[t] = be * (l[t] - l[t - 1]) + (1 - be) * b[t - 1]
    z[t] = ga * (x[t] - l[t - 1] - b[t - 1]) + (1 - ga) * z[t - m]
    f[t] = l[t - 1] + b[t - 1] + z[t - m]
    s.returns(f)


@zoo
def arma(s):
    T, P, Q = s.sequence("T", "t"), s.size("P", "p"), s.size("Q", "q")
    t, p, q = s.index("t", T), s.index("p", P), s.index("q", Q)
    x, a, b, e, L = s.data("x", T), s.parameter("a", P), s.parameter("b", Q), s.let("e", T), s.let("L")
    e[t] = x[t] - total(p, a[p] * x[t - 1 - p]) - total(q, b[q] * e[t - 1 - q])
    L[()] = total(t, e[t] ** 2) / T
    s.returns(L)


@zoo
def runge_kutta(s):
    T, N = s.sequence("T", "t"), s.size("N", "ij")
    t = s.index("t", T)
    u, A, y, dt = s.data("u", T, N), s.parameter("A", N, N), s.let("y", T, N), s.real("dt", 0.1)
    k1, k2, k3, k4 = (s.let(f"k{i}", T, N) for i in range(1, 5))
    k1[t] = tanh(A @ y[t - 1]) + u[t]
    k2[t] = tanh(A @ (y[t - 1] + dt / 2 * k1[t])) + u[t]
    k3[t] = tanh(A @ (y[t - 1] + dt / 2 * k2[t])) + u[t]
    k4[t] = tanh(A @ (y[t - 1] + dt * k3[t])) + u[t]
    y[t] = y[t - 1] + dt / 6 * (k1[t] + 2 * k2[t] + 2 * k3[t] + k4[t])
    s.returns(y)


@zoo
def heun(s):
    T = s.integer("T", 10, least=1)
    t = s.index("t", T)
    y0, a, p, y, dt = s.data("y0"), s.parameter("a"), s.let("p", T), s.let("y", T), s.real("dt", 0.1)
    p[t] = y[t - 1] + dt * a * y[t - 1] * (1 - y[t - 1]) + delta(t, 0) * y0
    y[t] = y[t - 1] + dt / 2 * (a * y[t - 1] * (1 - y[t - 1]) + a * p[t] * (1 - p[t])) + delta(t, 0) * y0
    s.returns(y)


@zoo
def message_passing(s):
    N, E, D, H = s.size("N", "n"), s.size("E", "e"), s.size("D", "d"), s.size("H", "h")
    n, e, d, h = s.index("n", N), s.index("e", E), s.index("d", D), s.index("h", H)
    x, src, dst, W, m, y = (
        s.data("x", N, D),
        s.data("src", E, integer=True),
        s.data("dst", E, integer=True),
        s.parameter("W", H, D),
        s.let("m", E, H),
        s.let("y", N, H),
    )
    m[e, h] = tanh(total(d, W[h, d] * (x[src[e], d] - x[dst[e], d])))
    y[n, h] = total(e, m[e, h], where=(equal(dst[e], n),))
    s.returns(y)


@zoo
def graph_attention(s):
    N, E, D = s.size("N", "n"), s.size("E", "e"), s.size("D", "d")
    n, e, d = s.index("n", N), s.index("e", E), s.index("d", D)
    x, src, dst, a, b = (
        s.data("x", N, D),
        s.data("src", E, integer=True),
        s.data("dst", E, integer=True),
        s.parameter("a", D),
        s.parameter("b", D),
    )
    l, w, Z, y = s.let("l", E), s.let("w", E), s.let("Z", N), s.let("y", N, D)
    l[e] = tanh(total(d, a[d] * x[src[e], d] + b[d] * x[dst[e], d]))
    Z[n] = total(e, exp(l[e]), where=(equal(dst[e], n),))
    w[e] = exp(l[e]) / Z[dst[e]]
    y[n, d] = total(e, delta(dst[e], n) * w[e] * x[src[e], d])
    s.returns(y)


@zoo
def plackett_luce(s):
    B, N = s.batch("B", "b"), s.size("N", "ij")
    b, i, j = s.index("b", B), s.index("i", N), s.index("j", N)
    z, L = s.data("z", B, N), s.let("L", B)
    L[b] = total(i, log(total(j, exp(z[b, j]), where=(between(j, i, N),))) - z[b, i])
    s.returns(L)


@zoo
def trajectory_shifted(s):
    T, N = s.sequence("T", "t"), s.size("N", "ij")
    t = s.index("t", T)
    i, j = s.index("i", N), s.index("j", N)
    u, A, x = s.data("u", T, N), s.parameter("A", N, N), s.let("x", T + 1, N)
    x[t + 1, i] = total(j, A[i, j] * tanh(x[t, j])) + u[t, i]
    s.returns(x)


@zoo
def multi_class_hinge(s):
    N, K = s.batch("N", "n"), s.size("K", "k")
    n, k = s.index("n", N), s.index("k", K)
    z, y, L = s.data("z", N, K), s.data("y", N, integer=True), s.let("L", N)
    L[n] = total(k, relu(1 + z[n, k] - z[n, y[n]])) - 1
    s.returns(L)


@zoo
def weighted_neighbours(s):
    N, M, K, D = s.batch("N", "n"), s.size("M", "m"), s.size("K", "kl"), s.size("D", "d")
    n, k, l, d = s.index("n", N), s.index("k", K), s.index("l", K), s.index("d", D)
    x, nb, mem, val, dist, y = (
        s.data("x", N, D),
        s.data("nb", N, K, integer=True),
        s.parameter("mem", M, D),
        s.parameter("val", M),
        s.let("dist", N, K),
        s.let("y", N),
    )
    dist[n, k] = total(d, (x[n, d] - mem[nb[n, k], d]) ** 2)
    y[n] = total(k, exp(-dist[n, k]) * val[nb[n, k]]) / total(l, exp(-dist[n, l]))
    s.returns(y)
