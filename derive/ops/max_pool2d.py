"""Max pooling."""

from derive.language import largest, op
from derive.ops.pooling import pooling


@op(
    title="max pooling",
    source="document 003, 'Pooling'; document 000, 'Convolutional Neural Networks (CNNs)'",
    conventions=(
        "padding never wins: a window of nothing else is -inf",
        "of equal maxima the first takes the gradient",
        "NaN wins",
    ),
)
def max_pool2d(s):
    w = pooling(s)
    w.Y[w.at] = largest(w.over, w.read, where=w.inside)
    s.returns(w.Y)
