"""A sequence in, a sequence of the same length out: an output at every step."""

from derive.language import op, use
from derive.ops.dense import dense
from derive.ops.embedding import embedding
from derive.ops.lstm import lstm
from derive.ops.softmax_cross_entropy import softmax_cross_entropy


@op(
    title="many-to-many recurrent network, same length",
    source="document 004, 'Types of recurrent neural network', 4. Many-to-Many (Same Length)",
    conventions=(
        "an LSTM layer over embedded symbols; its states are returned: a long text is read in parts",
        "the loss is the mean over the steps, one number for each example; labels are class numbers",
    ),
)
def many_to_many(s):
    T, K = s.sequence("T", "t"), s.size("K", "k", about="classes", least=2)
    t = s.index("t", T)
    w = s.data("w", T, integer=True, about="symbols read")
    y = s.data("y", T, integer=True, about="class numbers")
    read = use(s, embedding, "embedding", over=t, w=w)
    layer = use(s, lstm, "lstm", x=read.e)
    W = s.parameter("out_W", K, layer.h.tensor.dims[1], about="weights")
    b = s.parameter("out_b", K, about="bias")
    out = use(s, dense, "out", over=t, x=layer.h, W=W, b=b)
    loss = use(s, softmax_cross_entropy, "loss", x=out.h, y=y)
    s.returns(loss.L, loss.p, layer.h, layer.c)
