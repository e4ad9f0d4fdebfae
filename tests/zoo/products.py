"""Products, distances, normalisations and losses of several axes."""

from derive.language import between, equal, exp, inside, largest, relu, sqrt, tanh, total
from tests.zoo.collect import zoo_of

zoo, OPS = zoo_of()


@zoo
def outputs_alone(s):
    N = s.batch("N", "n")
    n = s.index("n", N)
    x, w = s.data("x", N), s.parameter("w")
    y, z, c, L = s.let("y", N), s.let("z", N), s.let("c", N), s.let("L")
    y[n] = tanh(w * x[n])
    z[n] = x[n] * x[n]
    c[n] = x[n]
    L[()] = w * w
    s.returns(c, y, L, z)


@zoo
def transposed_copy(s):
    N, K = s.size("N", "n"), s.size("K", "k")
    n, k = s.index("n", N), s.index("k", K)
    x, y, z = s.parameter("x", N, K), s.let("y", K, N), s.let("z", N, K)
    y[k, n] = x[n, k]
    z[n, k] = y[k, n] * x[n, k]
    s.returns(y, z)


@zoo
def bilinear(s):
    N, M, K = s.size("N", "i"), s.size("M", "j"), s.size("K", "k")
    i, j, k = s.index("i", N), s.index("j", M), s.index("k", K)
    x, y, A, z = s.data("x", N), s.data("y", M), s.parameter("A", K, N, M), s.let("z", K)
    z[k] = total((i, j), x[i] * A[k, i, j] * y[j])
    s.returns(z)


@zoo
def quadratic(s):
    N = s.size("N", "ij")
    i, j = s.index("i", N), s.index("j", N)
    x, A, L, G = s.data("x", N), s.parameter("A", N, N), s.let("L"), s.let("G", N, N)
    L[()] = total((i, j), x[i] * A[i, j] * x[j])
    G[i, j] = x[i] * x[j]
    s.returns(L, G)


@zoo
def bag(s):
    B, T, V, D = s.batch("B", "b"), s.size("T", "t"), s.size("V", "v"), s.size("D", "d")
    b, t, d = s.index("b", B), s.index("t", T), s.index("d", D)
    ids, E, e, m, y = (
        s.data("ids", B, T, integer=True),
        s.parameter("E", V, D),
        s.let("e", B, T, D),
        s.let("m", B, D),
        s.let("y", B, D),
    )
    e[b, t, d] = E[ids[b, t], d]
    m[b, d] = total(t, e[b, t, d]) / T
    y[b, d] = largest(t, e[b, t, d]) * m[b, d]
    s.returns(y)


@zoo
def segment_max(s):
    N, E, D = s.size("N", "n"), s.size("E", "e"), s.size("D", "d")
    n, e, d = s.index("n", N), s.index("e", E), s.index("d", D)
    x, g, b, y = s.data("x", E, D), s.data("g", E, integer=True), s.parameter("b", N, D), s.let("y", N, D)
    y[n, d] = b[n, d] * relu(largest(e, x[e, d], where=(equal(g[e], n),)))
    s.returns(y)


@zoo
def prefix(s):
    B, N = s.batch("B", "b"), s.size("N", "ij")
    b, i, j = s.index("b", B), s.index("i", N), s.index("j", N)
    x, y, z = s.data("x", B, N), s.let("y", B, N), s.let("z", B, N)
    y[b, i] = total(j, inside(j, 0, i + 1) * x[b, j])
    z[b, i] = total(j, x[b, j] * y[b, j], where=(between(j, i + 1, N),))
    s.returns(y, z)


@zoo
def low_rank(s):
    N, M, R, K = s.size("N", "i"), s.size("M", "j"), s.size("R", "r"), s.batch("K", "k")
    i, j, r, k = s.index("i", N), s.index("j", M), s.index("r", R), s.index("k", K)
    U, V, x, y, n = (
        s.parameter("U", N, R),
        s.parameter("V", M, R),
        s.data("x", K, M),
        s.let("y", K, N),
        s.let("nrm"),
    )
    y[k, i] = total((j, r), U[i, r] * V[j, r] * x[k, j])
    n[()] = total((i, j), total(r, U[i, r] * V[j, r]) ** 2)
    s.returns(y, n)


@zoo
def integral_image(s):
    B, H, W = s.batch("B", "b"), s.size("H", "i"), s.size("W", "j")
    b, i, j = s.index("b", B), s.index("i", H), s.index("j", W)
    x, y = s.data("x", B, H, W), s.let("y", B, H, W)
    y[b, i, j] = x[b, i, j] + y[b, i - 1, j] + y[b, i, j - 1] - y[b, i - 1, j - 1]
    s.returns(y)


@zoo
def tensor_product3(s):
    I, J, K, R = s.size("I", "i"), s.size("J", "j"), s.size("K", "k"), s.size("R", "r")
    i, j, k, r = s.index("i", I), s.index("j", J), s.index("k", K), s.index("r", R)
    A, B, C, T = s.parameter("A", I, R), s.parameter("Bm", J, R), s.parameter("C", K, R), s.let("T", I, J, K)
    T[i, j, k] = total(r, A[i, r] * B[j, r] * C[k, r])
    s.returns(T)


@zoo
def graph_conv(s):
    N, D, E = s.size("N", "ij"), s.size("D", "d"), s.size("E", "e")
    i, j, d, e = s.index("i", N), s.index("j", N), s.index("d", D), s.index("e", E)
    A, x, W, y = s.data("A", N, N), s.data("x", N, D), s.parameter("W", E, D), s.let("y", N, E)
    y[i, e] = relu(total((j, d), A[i, j] * x[j, d] * W[e, d]) / (1 + total(j, A[i, j])))
    s.returns(y)


@zoo
def anti_diagonal(s):
    N = s.size("N", "ij")
    i = s.index("i", N)
    x, y, z, tr = s.parameter("x", N, N), s.let("y", N), s.let("z", N, N), s.let("tr")
    y[i] = x[i, N - 1 - i] * x[i, i]
    z[i, N - 1 - i] = x[i, i] + y[i]
    tr[()] = total(i, z[i, i])
    s.returns(z, tr)


@zoo
def rms_norm(s):
    N, K = s.batch("N", "n"), s.size("K", "kl")
    n, k, l = s.index("n", N), s.index("k", K), s.index("l", K)
    x, g, y = s.data("x", N, K), s.parameter("g", K), s.let("y", N, K)
    eps = s.real("eps", 1e-6)
    y[n, k] = g[k] * x[n, k] / sqrt(total(l, x[n, l] ** 2) / K + eps)
    s.returns(y)


@zoo
def cosine(s):
    N, K = s.batch("N", "n"), s.size("K", "k")
    n, k = s.index("n", N), s.index("k", K)
    a, b, c = s.data("a", N, K), s.data("b", N, K), s.let("c", N)
    c[n] = total(k, a[n, k] * b[n, k]) / sqrt(total(k, a[n, k] ** 2) * total(k, b[n, k] ** 2))
    s.returns(c)


@zoo
def batch_norm(s):
    N, K = s.size("N", "nm"), s.size("K", "k")
    n, m, k = s.index("n", N), s.index("m", N), s.index("k", K)
    x, g, b = s.data("x", N, K), s.parameter("g", K), s.parameter("b", K)
    eps = s.real("eps", 1e-5)
    mu, v, y = s.let("mu", K), s.let("v", K), s.let("y", N, K)
    mu[k] = total(m, x[m, k]) / N
    v[k] = total(m, (x[m, k] - mu[k]) ** 2) / N
    y[n, k] = g[k] * (x[n, k] - mu[k]) / sqrt(v[k] + eps) + b[k]
    s.returns(y)


@zoo
def gaussian_nll(s):
    N = s.batch("N", "n")
    n = s.index("n", N)
    mu, r, y, L = s.data("mu", N), s.data("r", N, about="log variances"), s.data("y", N), s.let("L")
    L[()] = total(n, r[n] / 2 + (y[n] - mu[n]) ** 2 / (2 * exp(r[n]))) / N
    s.returns(L)


@zoo
def vae_kl(s):
    N, K = s.batch("N", "n"), s.size("K", "k")
    n, k = s.index("n", N), s.index("k", K)
    mu, r, L = s.data("mu", N, K), s.data("r", N, K), s.let("L")
    L[()] = total((n, k), exp(r[n, k]) + mu[n, k] ** 2 - 1 - r[n, k]) / (2 * N)
    s.returns(L)


@zoo
def triplet(s):
    N, K = s.batch("N", "n"), s.size("K", "k")
    n, k = s.index("n", N), s.index("k", K)
    a, p, q, L = s.data("a", N, K), s.data("p", N, K), s.data("q", N, K), s.let("L")
    L[()] = total(n, relu(total(k, (a[n, k] - p[n, k]) ** 2) - total(k, (a[n, k] - q[n, k]) ** 2) + 1)) / N
    s.returns(L)


@zoo
def soft_memory(s):
    N, M, K = s.batch("N", "n"), s.size("M", "ml"), s.size("K", "k")
    n, m, l, k = s.index("n", N), s.index("m", M), s.index("l", M), s.index("k", K)
    q, mem, beta = s.data("q", N, K), s.parameter("mem", M, K), s.parameter("beta")
    w, r = s.let("w", N, M), s.let("r", N, K)
    w[n, m] = exp(beta * total(k, q[n, k] * mem[m, k])) / total(l, exp(beta * total(k, q[n, k] * mem[l, k])))
    r[n, k] = total(m, w[n, m] * mem[m, k])
    s.returns(r)


@zoo
def distances(s):
    N, M, K = s.size("N", "i"), s.size("M", "j"), s.size("K", "k")
    i, j, k = s.index("i", N), s.index("j", M), s.index("k", K)
    x, y, d = s.data("x", N, K), s.data("y", M, K), s.let("d", N, M)
    d[i, j] = sqrt(total(k, (x[i, k] - y[j, k]) ** 2))
    s.returns(d)


@zoo
def naive_variance(s):
    N, K = s.batch("N", "n"), s.size("K", "kl")
    n, k = s.index("n", N), s.index("k", K)
    x, v = s.data("x", N, K), s.let("v", N)
    v[n] = total(k, x[n, k] ** 2) / K - (total(k, x[n, k]) / K) ** 2
    s.returns(v)
