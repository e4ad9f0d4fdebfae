"""One input, one output: a recurrent layer that takes a single step."""

from derive.language import op, use
from derive.ops.classifier import classify_last
from derive.ops.rnn import recurrent_layer


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
    classify_last(s, layer.h, y, N, T, K)
