"""Convolutions of all kinds, shuffles, integral images, products along diagonals."""

from derive.language import inside, largest, total
from tests.zoo.collect import zoo_of

zoo, OPS = zoo_of()


@zoo
def strided1d(s):
    B, N, P, C, D = s.batch("B", "b"), s.size("N", "u"), s.size("P", "p"), s.size("C", "c"), s.size("D", "d")
    st, r, pad = s.integer("stride", 2, least=1), s.integer("dilation", 2, least=1), s.integer("pad", 1)
    M = s.size("M", "i", formula=(N + 2 * pad - r * (P - 1) - 1) // st + 1)
    b, i, p, c, d = s.index("b", B), s.index("i", M), s.index("p", P), s.index("c", C), s.index("d", D)
    x, w, y = s.data("x", B, C, N), s.parameter("w", D, C, P), s.let("y", B, D, M)
    y[b, d, i] = total((c, p), w[d, c, p] * x[b, c, st * i + r * p - pad])
    s.returns(y)


@zoo
def transposed_conv1d(s):
    B, N, P, C, D = s.batch("B", "b"), s.size("N", "i"), s.size("P", "p"), s.size("C", "c"), s.size("D", "d")
    st = s.integer("stride", 2, least=1)
    M = s.size("M", "m", formula=st * (N - 1) + P)
    b, i, p, c, d = s.index("b", B), s.index("i", N), s.index("p", P), s.index("c", C), s.index("d", D)
    x, w, y = s.data("x", B, N, C), s.parameter("w", C, D, P), s.let("y", B, M, D)
    y[b, st * i + p, d] = total(c, w[c, d, p] * x[b, i, c])
    s.returns(y)


@zoo
def conv_groups(s):
    B, G, C, D, H, W, P, Q = (
        s.batch("B", "b"),
        s.size("G", "g"),
        s.size("C", "c"),
        s.size("D", "d"),
        s.size("H", "u"),
        s.size("W", "v"),
        s.size("P", "p"),
        s.size("Q", "q"),
    )
    U, V = s.size("U", "i", formula=H - P + 1), s.size("V", "j", formula=W - Q + 1)
    b, g, c, d, i, j, p, q = (
        s.index("b", B),
        s.index("g", G),
        s.index("c", C),
        s.index("d", D),
        s.index("i", U),
        s.index("j", V),
        s.index("p", P),
        s.index("q", Q),
    )
    x, w, y = s.data("x", B, G, C, H, W), s.parameter("w", G, D, C, P, Q), s.let("y", B, G, D, U, V)
    y[b, g, d, i, j] = total((c, p, q), w[g, d, c, p, q] * x[b, g, c, i + p, j + q])
    s.returns(y)


@zoo
def depthwise(s):
    B, C, H, W, P, Q = (
        s.batch("B", "b"),
        s.size("C", "c"),
        s.size("H", "u"),
        s.size("W", "v"),
        s.size("P", "p"),
        s.size("Q", "q"),
    )
    b, c, i, j, p, q = (
        s.index("b", B),
        s.index("c", C),
        s.index("i", H),
        s.index("j", W),
        s.index("p", P),
        s.index("q", Q),
    )
    x, w, y = s.data("x", B, C, H, W), s.parameter("w", C, P, Q), s.let("y", B, C, H, W)
    y[b, c, i, j] = total((p, q), w[c, p, q] * x[b, c, i + 2 * p - 2, j + 3 * q - 3])
    s.returns(y)


@zoo
def max_then_sum(s):
    B, N = s.batch("B", "b"), s.size("N", "u")
    k, st = s.integer("k", 3, least=1), s.integer("stride", 2, least=1)
    M = s.size("M", "i", formula=(N - k) // st + 1)
    b, i, p = s.index("b", B), s.index("i", M), s.index("p", k)
    x, w, y = s.data("x", B, N), s.parameter("w", N), s.let("y", B)
    y[b] = total(i, largest(p, x[b, st * i + p] * w[st * i + p]))
    s.returns(y)


@zoo
def autocorrelation(s):
    N = s.size("N", "il")
    i, l = s.index("i", N), s.index("l", N)
    x, y = s.data("x", N), s.let("y", N)
    y[l] = total(i, x[i] * x[i + l]) / N
    s.returns(y)


@zoo
def moving_average(s):
    B, N = s.batch("B", "b"), s.size("N", "i")
    k = s.integer("k", 3, least=1)
    b, i, p = s.index("b", B), s.index("i", N), s.index("p", k)
    x, y = s.data("x", B, N), s.let("y", B, N)
    y[b, i] = total(p, x[b, i - p]) / k
    s.returns(y)


@zoo
def scatter_patches(s):
    """transposed conv 2-D with two channels groups: scatter with product that loops"""
    B, H, W, P, Q, C, D = (
        s.batch("B", "b"),
        s.size("H", "u"),
        s.size("W", "v"),
        s.size("P", "p"),
        s.size("Q", "q"),
        s.size("C", "c"),
        s.size("D", "d"),
    )
    st = s.integer("stride", 2, least=1)
    U, V = s.size("U", "i", formula=st * (H - 1) + P), s.size("V", "j", formula=st * (W - 1) + Q)
    b, u, v, p, q, c, d = (
        s.index("b", B),
        s.index("u", H),
        s.index("v", W),
        s.index("p", P),
        s.index("q", Q),
        s.index("c", C),
        s.index("d", D),
    )
    x, w, y = s.data("x", B, H, W, C), s.parameter("w", P, Q, C, D), s.let("y", B, U, V, D)
    y[b, st * u + p, st * v + q, d] = total(c, w[p, q, c, d] * x[b, u, v, c])
    s.returns(y)


@zoo
def nhwc_conv(s):
    B, H, W, P, Q, C, D = (
        s.batch("B", "b"),
        s.size("H", "u"),
        s.size("W", "v"),
        s.size("P", "p"),
        s.size("Q", "q"),
        s.size("C", "c"),
        s.size("D", "d"),
    )
    st, pad = s.integer("stride", 2, least=1), s.integer("pad", 1)
    U, V = (
        s.size("U", "i", formula=(H + 2 * pad - P) // st + 1),
        s.size("V", "j", formula=(W + 2 * pad - Q) // st + 1),
    )
    b, i, j, p, q, c, d = (
        s.index("b", B),
        s.index("i", U),
        s.index("j", V),
        s.index("p", P),
        s.index("q", Q),
        s.index("c", C),
        s.index("d", D),
    )
    x, w, y = s.data("x", B, H, W, C), s.parameter("w", P, Q, C, D), s.let("y", B, U, V, D)
    y[b, i, j, d] = total((p, q, c), w[p, q, c, d] * x[b, st * i + p - pad, st * j + q - pad, c])
    s.returns(y)


@zoo
def weird_layout(s):
    B, N, P, C, D = s.batch("B", "b"), s.size("N", "u"), s.size("P", "p"), s.size("C", "c"), s.size("D", "d")
    M = s.size("M", "i", formula=N - P + 1)
    b, i, p, c, d = s.index("b", B), s.index("i", M), s.index("p", P), s.index("c", C), s.index("d", D)
    x, w, y = s.data("x", N, C, B), s.parameter("w", C, P, D), s.let("y", M, D, B)
    y[i, d, b] = total((p, c), w[c, p, d] * x[i + p, c, b])
    s.returns(y)


@zoo
def integer_axis(s):
    k = s.integer("k", 3, least=1)
    N = s.size("N", "i")
    i, p = s.index("i", N), s.index("p", k)
    x, y = s.data("x", N), s.let("y", N, k)
    y[i, p] = x[i + p]
    s.returns(y)


@zoo
def dilated(s):
    T, C, D, P = s.size("T", "t"), s.size("C", "c"), s.size("D", "d"), s.size("P", "p")
    B = s.batch("B", "b")
    r = s.integer("dilation", 2)
    b, t, c, d, p = s.index("b", B), s.index("t", T), s.index("c", C), s.index("d", D), s.index("p", P)
    x, w, y = s.data("x", B, T, C), s.parameter("w", P, C, D), s.let("y", B, T, D)
    y[b, t, d] = total((p, c), w[p, c, d] * x[b, t - r * p, c])
    s.returns(y)


@zoo
def pixel_shuffle(s):
    B, C, H, W = s.batch("B", "b"), s.size("C", "c"), s.size("H", "u"), s.size("W", "v")
    r = s.integer("r", 2, least=1)
    U, V = s.size("U", "i", formula=H * r), s.size("V", "j", formula=W * r)
    D = s.size("D", "d", formula=C * r * r)
    b, c, u, v = s.index("b", B), s.index("c", C), s.index("u", H), s.index("v", W)
    p, q = s.index("p", r), s.index("q", r)
    x, w, y = s.data("x", B, D, H, W), s.parameter("w", C), s.let("y", B, C, U, V)
    y[b, c, u * r + p, v * r + q] = w[c] * x[b, c * r * r + p * r + q, u, v]
    s.returns(y)


@zoo
def rotary_half(s):
    B, T, E = s.batch("B", "b"), s.size("T", "t"), s.size("E", "e")
    D = s.size("D", "d", formula=E // 2)
    b, t, e = s.index("b", B), s.index("t", T), s.index("e", E)
    c, n = s.parameter("c", T, E), s.parameter("n", T, E)
    x, y = s.data("x", B, T, E), s.let("y", B, T, E)
    turned = inside(e, D, 2 * D) * x[b, t, e - D] - inside(e, 0, D) * x[b, t, e + D]
    y[b, t, e] = x[b, t, e] * c[t, e] + n[t, e] * turned
    s.returns(y)
