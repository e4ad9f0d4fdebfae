"""A sequence in, one output: the class of a sequence, from the last hidden state."""

from derive.language import op, use
from derive.ops.classifier import classify_last
from derive.ops.gru import gru


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
    classify_last(s, layer.h, y, N, T, K)
