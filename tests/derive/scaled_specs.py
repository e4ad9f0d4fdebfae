"""Sums of exponentials written out, weighted, nested and recurrent, as their authors write them."""

from __future__ import annotations

from derive.language import (
    Spec,
    delta,
    equal,
    exp,
    expm1,
    inside,
    largest,
    log,
    norm,
    op,
    relu,
    tanh,
    total,
    where,
)


@op(title="soft minimum of three", source="test")
def softmin(s: Spec) -> None:
    N = s.size("N", "n")
    n = s.index("n", N)
    g = s.real("g", 0.01)
    a, b, c, y = s.data("a", N), s.data("b", N), s.data("c", N), s.let("y", N)
    y[n] = -g * log(exp(-a[n] / g) + exp(-b[n] / g) + exp(-c[n] / g))
    s.returns(y)


@op(title="log-mean-exp", source="test")
def log_mean_exp(s: Spec) -> None:
    K = s.size("K", "kl")
    k = s.index("k", K)
    x, y = s.data("x", K), s.let("y")
    y[:] = log(total(k, exp(x[k])) / K)
    s.returns(y)


@op(title="scaled log-sum", source="test")
def scaled_log_sum(s: Spec) -> None:
    N = s.size("N", "n")
    n = s.index("n", N)
    a, b, y = s.data("a", N), s.data("b", N), s.let("y", N)
    y[n] = log(2 * exp(a[n]) + 3 * exp(b[n]))
    s.returns(y)


@op(title="weighted log-sum", source="test")
def weighted_log_sum(s: Spec) -> None:
    K = s.size("K", "kl")
    k = s.index("k", K)
    x, w, y = s.data("x", K), s.data("w", K), s.let("y")
    y[:] = log(total(k, w[k] * exp(x[k])))
    s.returns(y)


@op(title="softmax of three, written out", source="test")
def softmax3(s: Spec) -> None:
    N = s.size("N", "n")
    n = s.index("n", N)
    a, b, c, p = s.data("a", N), s.data("b", N), s.data("c", N), s.let("p", N)
    p[n] = exp(a[n]) / (exp(a[n]) + exp(b[n]) + exp(c[n]))
    s.returns(p)


@op(title="named sum", source="test")
def named_sum(s: Spec) -> None:
    N = s.size("N", "n")
    n = s.index("n", N)
    a, b, c = s.data("a", N), s.data("b", N), s.data("c", N)
    Z, p, L = s.let("Z", N), s.let("p", N), s.let("L", N)
    Z[n] = exp(a[n]) + exp(b[n]) + exp(c[n])
    p[n] = exp(b[n]) / Z[n]
    L[n] = log(Z[n]) - a[n]
    s.returns(p, L)


@op(title="products and quotients", source="test")
def products(s: Spec) -> None:
    N = s.size("N", "n")
    n = s.index("n", N)
    a, b, c = s.data("a", N), s.data("b", N), s.data("c", N)
    p, q, r = s.let("p", N), s.let("q", N), s.let("r", N)
    p[n] = exp(a[n]) * exp(b[n])
    q[n] = exp(a[n]) / exp(b[n])
    r[n] = c[n] * exp(a[n]) * exp(b[n]) / (exp(c[n]) * exp(a[n])) * exp(c[n])
    s.returns(p, q, r)


@op(title="one more", source="test")
def one_more(s: Spec) -> None:
    K = s.size("K", "k")
    k = s.index("k", K)
    x, Z, y = s.data("x", K), s.let("Z"), s.let("y")
    Z[:] = total(k, exp(x[k]))
    y[:] = log(Z[:] + 1)
    s.returns(y)


@op(title="partition", source="test")
def partition(s: Spec) -> None:
    K = s.size("K", "k")
    k = s.index("k", K)
    x, Z, y = s.data("x", K), s.let("Z"), s.let("y")
    Z[:] = total(k, exp(x[k]))
    y[:] = log(Z[:])
    s.returns(y, Z)


@op(title="WKV", source="test")
def wkv(s: Spec) -> None:
    T, C = s.sequence("T", "t"), s.size("C", "c")
    t, c = s.index("t", T), s.index("c", C)
    k, v, w, u = s.data("k", T, C), s.data("v", T, C), s.parameter("w", C), s.parameter("u", C)
    num, den, y = s.let("num", T, C), s.let("den", T, C), s.let("y", T, C)
    num[t, c] = exp(-w[c]) * num[t - 1, c] + exp(k[t, c]) * v[t, c]
    den[t, c] = exp(-w[c]) * den[t - 1, c] + exp(k[t, c])
    y[t, c] = (num[t - 1, c] + exp(u[c] + k[t, c]) * v[t, c]) / (den[t - 1, c] + exp(u[c] + k[t, c]))
    s.returns(y)


@op(title="tanh of exp", source="test")
def gates(s: Spec) -> None:
    N = s.size("N", "n")
    n = s.index("n", N)
    x, p, q, r, z = s.data("x", N), s.let("p", N), s.let("q", N), s.let("r", N), s.let("z", N)
    p[n] = x[n] * tanh(exp(x[n]))
    q[n] = exp(-x[n] - exp(-x[n]))
    r[n] = exp(-exp(-x[n]))
    z[n] = relu(x[n]) - relu(-expm1(x[n]))
    s.returns(p, q, r, z)


@op(title="a transducer's lattice", source="test")
def lattice(s: Spec) -> None:
    T, U = s.size("T", "t", least=1), s.size("U", "u", least=1)
    t, u = s.index("t", T), s.index("u", U)
    b, e = s.data("b", T, U), s.data("e", T, U)
    alpha, y = s.let("alpha", T, U), s.let("y")
    down, right = alpha[t - 1, u] + b[t - 1, u], alpha[t, u - 1] + e[t, u - 1]
    alpha[t, u] = (
        inside(t, 1, T) * inside(u, 1, U) * log(exp(down) + exp(right))
        + inside(t, 1, T) * delta(u, 0) * down
        + delta(t, 0) * inside(u, 1, U) * right
    )
    y[:] = alpha[T - 1, U - 1]
    s.returns(y)


@op(title="soft dynamic time warping", source="test")
def soft_dtw(s: Spec) -> None:
    T, U = s.size("T", "t", least=1), s.size("U", "u", least=1)
    t, u, g = s.index("t", T), s.index("u", U), s.real("g", 0.01)
    d, R, y = s.data("d", T, U), s.let("R", T, U), s.let("y")
    soft = -g * log(exp(-R[t - 1, u] / g) + exp(-R[t, u - 1] / g) + exp(-R[t - 1, u - 1] / g))
    R[t, u] = (
        d[t, u]
        + inside(t, 1, T) * inside(u, 1, U) * soft
        + inside(t, 1, T) * delta(u, 0) * R[t - 1, u]
        + delta(t, 0) * inside(u, 1, U) * R[t, u - 1]
    )
    y[:] = R[T - 1, U - 1]
    s.returns(y)


@op(title="distances of a Gaussian process", source="test")
def distances(s: Spec) -> None:
    N, D = s.batch("N", "ij"), s.size("D", "d")
    i, j, d = s.index("i", N), s.index("j", N), s.index("d", D)
    x, K = s.parameter("x", N, D), s.let("K", N, N)
    K[i, j] = exp(-norm(d, x[i, d] - x[j, d]))
    s.returns(K)


@op(title="masked softmax", source="test")
def masked_softmax(s: Spec) -> None:
    R, K = s.size("R", "r"), s.size("K", "kl")
    r, k = s.index("r", R), s.index("k", K)
    x, seen, Z, p = s.data("x", R, K), s.data("seen", R, K, integer=True), s.let("Z", R), s.let("p", R, K)
    Z[r] = total(k, exp(x[r, k]), where=(equal(seen[r, k], 1),))
    p[r, k] = delta(seen[r, k], 1) * where(Z[r], ">", 0, exp(x[r, k]) / Z[r], 0)
    s.returns(p)


@op(title="largest", source="test")
def top(s: Spec) -> None:
    K = s.size("K", "k")
    k = s.index("k", K)
    x, y = s.data("x", K), s.let("y")
    y[:] = largest(k, x[k])
    s.returns(y)


@op(title="look-alikes of sums of exponentials", source="test")
def look_alikes(s: Spec) -> None:
    N = s.size("N", "n")
    n = s.index("n", N)
    a, b, w = s.data("a", N), s.data("b", N), s.data("w", N)
    less, share, square, other, weighted = (s.let(name, N) for name in ("m", "p", "q", "r", "u"))
    less[n] = log(exp(relu(a[n]) + relu(b[n]) + 1) - exp(b[n]))
    share[n] = (exp(a[n]) - exp(b[n])) / (exp(a[n]) + exp(b[n]))
    square[n] = log(exp(a[n]) ** 2 + exp(b[n]))
    other[n] = log(w[n] * exp(a[n]) + b[n] ** 2 + 1)
    weighted[n] = log(w[n] * exp(a[n]) + exp(b[n]))
    s.returns(less, share, square, other, weighted)
