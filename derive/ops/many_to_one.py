"""A sequence in, one output: the class of a sequence, from the last hidden state."""

from derive.language import op, use
from derive.ops.dense import dense
from derive.ops.gru import gru
from derive.ops.softmax_cross_entropy import softmax_cross_entropy


@op(
    title="many-to-one recurrent network",
    source="document 004, 'Types of recurrent neural network', 3. Many-to-One",
    conventions=(
        "a GRU layer; only its last hidden state is classified",
        "the loss is the mean over the batch; labels are class numbers",
    ),
)
def many_to_one(s):
    N, K = s.batch("N", "n"), s.size("K", "k", about="classes", least=2)
    T, I = s.sequence("T", "t"), s.size("I", "i", about="inputs")
    n = s.index("n", N)
    x = s.data("x", T, N, I, about="input sequence")
    y = s.data("y", N, integer=True, about="class numbers")
    layer = use(s, gru, "gru", over=n, x=x)
    H = layer.h.tensor.dims[-1]
    last = s.let("last", N, H, about="last hidden state")
    last[n] = layer.h[T - 1, n]
    W, b = s.parameter("out_W", K, H, about="weights"), s.parameter("out_b", K, about="bias")
    out = use(s, dense, "out", over=n, x=last, W=W, b=b)
    loss = use(s, softmax_cross_entropy, "loss", x=out.h, y=y)
    s.returns(loss.L, loss.p)
