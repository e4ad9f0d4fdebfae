"""A recurrent decoder: from a first state, a symbol at every step, given those before it."""

from derive.language import op, use
from derive.ops.dense import dense
from derive.ops.embedding import embedding
from derive.ops.gru import gru
from derive.ops.sequence_cross_entropy import sequence_cross_entropy


@op(
    title="recurrent decoder with its loss",
    source="document 004, 'Types of recurrent neural network', 2. One-to-Many and 5. Many-to-Many",
    conventions=(
        "a GRU layer over the embedded symbols before; in training these are the true ones (teacher forcing)",
        "the loss is the weighted sum over the steps, one number for each example; weight 0 is padding",
    ),
)
def decoder(s):
    T, K, H = (
        s.sequence("T", "t"),
        s.size("K", "k", about="symbols", least=2),
        s.size("H", "j", about="units"),
    )
    t = s.index("t", T)
    start = s.data("start", H, about="first hidden state")
    # what stands at steps of weight 0 is free
    before = s.data("before", T, integer=True, outside="zero", about="the symbol before each step")
    y = s.data("y", T, integer=True, outside="zero", about="the symbol of each step")
    m = s.data("m", T, about="weights of the steps")
    read = use(s, embedding, "embedding", over=t, w=before)
    layer = use(s, gru, "gru", x=read.e, h0=start)
    W, b = s.parameter("out_W", K, H, about="weights"), s.parameter("out_b", K, about="bias")
    out = use(s, dense, "out", over=t, x=layer.h, W=W, b=b)
    loss = use(s, sequence_cross_entropy, "loss", x=out.h, y=y, m=m)
    s.returns(loss.L, loss.p)
