"""The output layer of a classifier: fully connected, with softmax."""

from derive.language import op, use
from derive.ops.dense import dense
from derive.ops.softmax import softmax


@op(
    title="fully connected output layer with softmax",
    source="document 000, 'Neural Networks: The Foundation'; softmax: document 003, 'Fully Connected Layer'",
)
def dense_softmax(s):
    I, H = s.size("I", "k", about="inputs"), s.size("H", "ijl", about="classes")
    x = s.data("x", I, about="input")
    W, b = s.parameter("W", H, I, about="weights"), s.parameter("b", H, about="bias")
    scores = use(s, dense, "scores", x=x, W=W, b=b)
    s.returns(use(s, softmax, "output", x=scores.h).p)
