"""Users' own ops: causal self-attention with several heads, and the layer normalisation before it.

gradsmith generate examples/attention.py --out mypackage/ops
"""

from derive.language import between, exp, inside, op, sqrt, total


@op(title="causal self-attention", source="Vaswani et al. 2017, equation (1); the mask as in decoders")
def causal_attention(s):
    B, A = s.batch("B", "b"), s.size("A", "a", about="heads")
    T, D, V = s.size("T", "ijm", about="places"), s.size("D", "d"), s.size("V", "v")
    b, a, i, j, m = s.index("b", B), s.index("a", A), s.index("i", T), s.index("j", T), s.index("m", T)
    d, v = s.index("d", D), s.index("v", V)
    Q, K = s.data("Q", B, A, T, D, about="queries"), s.data("K", B, A, T, D, about="keys")
    X = s.data("X", B, A, T, V, about="values")
    e, P, Y = s.let("e", B, A, T, T), s.let("P", B, A, T, T, about="attention"), s.let("Y", B, A, T, V)
    e[b, a, i, j] = total(d, Q[b, a, i, d] * K[b, a, j, d]) / sqrt(D)
    weights = total(m, exp(e[b, a, i, m]), where=(between(m, 0, i + 1),))
    P[b, a, i, j] = inside(j, 0, i + 1) * exp(e[b, a, i, j]) / weights  # the future is not looked at
    Y[b, a, i, v] = total(j, P[b, a, i, j] * X[b, a, j, v])
    s.returns(Y)


@op(title="layer normalisation", source="Ba, Kiros and Hinton 2016, equations (3) and (4)")
def layer_norm(s):
    N, K = s.batch("N", "n"), s.size("K", "kl", about="features")
    n, k, l = s.index("n", N), s.index("k", K), s.index("l", K)
    x, g, b = s.data("x", N, K), s.parameter("g", K, about="gains"), s.parameter("b", K, about="biases")
    eps = s.real("eps", 1e-5)
    m, v, y = s.let("m", N, latex=r"\mu"), s.let("v", N, latex=r"\sigma^2"), s.let("y", N, K)
    m[n] = total(l, x[n, l]) / K
    v[n] = total(l, (x[n, l] - m[n]) ** 2) / K
    y[n, k] = g[k] * (x[n, k] - m[n]) / sqrt(v[n] + eps) + b[k]
    s.returns(y)
