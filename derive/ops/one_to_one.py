"""One input, one output: a recurrent layer that takes a single step."""

from derive.language import op, use
from derive.ops.dense import dense
from derive.ops.rnn import recurrent_layer
from derive.ops.softmax_cross_entropy import softmax_cross_entropy


@op(
    title="one-to-one recurrent network",
    source="document 004, 'Types of recurrent neural network', 1. One-to-One",
    conventions=(
        "the input is a sequence of one step, so with an initial state of 0 the recurrent weights do nothing",
        "the loss is the mean over the batch; labels are class numbers",
    ),
)
def one_to_one(s):
    N, I, K = s.batch("N", "n"), s.size("I", "i", about="inputs"), s.size("K", "k", about="classes", least=2)
    T = s.size("T", "t", about="steps", formula=1, sequence=True)
    n, t = s.index("n", N), s.index("t", T)
    x = s.data("x", N, I, about="input")
    y = s.data("y", N, integer=True, about="class numbers")
    steps = s.let("steps", T, N, I, about="the input as a sequence of one step")
    steps[t, n] = x[n]
    layer = use(s, recurrent_layer, "layer", over=n, x=steps)
    H = layer.h.tensor.dims[-1]
    last = s.let("last", N, H, about="last hidden state")
    last[n] = layer.h[T - 1, n]
    W, b = s.parameter("out_W", K, H, about="weights"), s.parameter("out_b", K, about="bias")
    out = use(s, dense, "out", over=n, x=last, W=W, b=b)
    loss = use(s, softmax_cross_entropy, "loss", x=out.h, y=y)
    s.returns(loss.L, loss.p)
