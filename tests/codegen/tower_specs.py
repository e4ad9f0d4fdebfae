"""Towers of any height: LSTM layers upon each other, and transformer blocks on one residual stream."""

from derive.language import between, exp, inside, op, sqrt, total, use
from derive.ops.lstm import lstm
from derive.ops.softmax_cross_entropy import softmax_cross_entropy
from derive.ops.stacked import deep, stack


@op(title="layer normalisation of one vector", source="Ba, Kiros and Hinton 2016, equations (3) and (4)")
def norm(s):
    D = s.size("D", "d k", about="features")
    d, k = s.index("d", D), s.index("k", D)
    x, m, v, y = s.data("x", D), s.let("m"), s.let("v"), s.let("y", D)
    m[:] = total(k, x[k]) / D
    v[:] = total(k, (x[k] - m[:]) ** 2) / D
    y[d] = (x[d] - m[:]) / sqrt(v[:] + s.real("eps", 1e-5))
    s.returns(y)


@op(title="causal self-attention", source="Vaswani et al. 2017, section 3.2")
def attention(s):
    T, D = s.size("T", "i j m"), s.size("D", "d k")
    i, j, m, k, d = (s.index(n, size) for n, size in zip("ijmkd", (T, T, T, D, D), strict=True))
    x, W = s.data("x", T, D), s.parameter("W", D, D)
    q, S, P, y = s.let("q", T, D), s.let("S", T, T), s.let("P", T, T), s.let("y", T, D)
    q[i, d] = total(k, W[d, k] * x[i, k])
    S[i, j] = total(d, q[i, d] * x[j, d]) / sqrt(D)
    P[i, j] = inside(j, 0, i + 1) * exp(S[i, j]) / total(m, exp(S[i, m]), where=between(m, 0, i + 1))
    y[i, d] = total(j, P[i, j] * x[j, d])
    s.returns(y)


@op(title="transformer block, layer norm first", source="Radford et al. 2019, section 2.3")
def block(s):
    T, D = s.size("T", "i"), s.size("D", "d")
    i, d = s.index("i", T), s.index("d", D)
    x, y = s.data("x", T, D), s.let("y", T, D)
    at = use(s, attention, "at", x=use(s, norm, "n", over=i, x=x).y)
    y[i, d] = x[i, d] + at.y[i, d]
    s.returns(y)


def lstm_layers(count):
    """An op of so many LSTM layers."""

    @op(title="stacked LSTM layers", source="document 002, 'RNN structure'")
    def tower(s):
        deep(s, lstm, lambda s, layer, x: stack(s, layer, x, count))

    return tower[0]


def blocks(count):
    """An op of so many transformer blocks, with a loss."""

    @op(title="transformer blocks with a loss", source="Radford et al. 2019")
    def tower(s):
        T, D = s.size("T", "i"), s.size("D", "d")
        x, y = s.data("x", T, D), s.data("y", T, integer=True)
        for n in range(count):
            x = use(s, block, f"block{n + 1}", x=x).y
        s.returns(use(s, softmax_cross_entropy, "loss", x=x, y=y).L)

    return tower[0]
