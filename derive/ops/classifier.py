"""The end of recurrent networks that give one class for a sequence."""

from derive.language import use
from derive.ops.dense import dense
from derive.ops.softmax_cross_entropy import softmax_cross_entropy


def classify_last(s, h, y, N, T, K):
    """Loss and probabilities of K classes, from the last of the hidden states h (T, N, H) and labels y."""
    n, H = s.index("n", N), h.tensor.dims[-1]
    last = s.let("last", N, H, about="last hidden state")
    last[n] = h[T - 1, n]
    W, b = s.parameter("out_W", K, H, about="weights"), s.parameter("out_b", K, about="bias")
    out = use(s, dense, "out", over=n, x=last, W=W, b=b)
    loss = use(s, softmax_cross_entropy, "loss", x=out.h, y=y)
    s.returns(loss.L, loss.p)
