"""The output of a binary classifier and its loss: the logistic function, then binary cross-entropy."""

from derive.language import op, use
from derive.ops.activation import activation
from derive.ops.binary_cross_entropy import binary_cross_entropy
from derive.ops.reductions import mean, none, sum

LOSSES = dict(zip((mean, sum, none), binary_cross_entropy, strict=True))


@op(
    title="sigmoid, then binary cross-entropy",
    source="document 003, 'Comparison': binary classification; 'Classification Error Functions'; "
    "document 000, 'Mathematical Representation'",
    conventions=(
        "the mean divides by the number of elements, the batch included",
        "the gradient by z is y_hat - y times the loss's cotangent: the factor y_hat*(1 - y_hat) of the "
        "sigmoid, which is flat near 0 and 1, cancels",
    ),
    reduction=(mean, sum, none),
)
def sigmoid_binary_cross_entropy(s, reduction):
    N, K = s.batch("N", "n"), s.size("K", "i", about="elements")
    n = s.index("n", N)
    y = s.data("y", N, K, about="labels")
    z = s.data("z", N, K, about="weighted sums")
    y_hat = s.let("y_hat", N, K, latex=r"\hat{y}", about="probabilities")
    L = s.let("L", *((N, K) if reduction is none else ()), about="loss")
    use(s, activation, "sigmoid", over=n, z=z, a=y_hat)
    use(s, LOSSES[reduction], "loss", y=y, y_hat=y_hat, L=L)
    s.returns(L)
