"""Binary cross-entropy on logits; with K > 1 the loss of a multi-label classifier."""

from derive.language import log, op, sigmoid
from derive.ops.reductions import mean, none, sum


@op(
    title="binary cross-entropy on logits",
    source="document 003, 'Classification Error Functions' and 'Comparison'",
    conventions=(
        "the mean divides by the number of elements, the batch included",
        "logits are finite, of any size: at an infinite one 0 * log(0) is NaN, as the formula has it",
    ),
    reduction=(mean, sum, none),
)
def binary_cross_entropy_logits(s, reduction):
    N, K = s.batch("N", "n"), s.size("K", "i", about="labels of an example")
    n, i = s.index("n", N), s.index("i", K)
    y = s.data("y", N, K, about="labels")
    x = s.data("x", N, K, about="logits")
    y_hat = sigmoid(x[n, i])
    reduction(s, (n, i), -(y[n, i] * log(y_hat) + (1 - y[n, i]) * log(1 - y_hat)))
