"""Binary cross-entropy on probabilities."""

from derive.language import log, op
from derive.ops.reductions import mean, none, sum


@op(
    title="binary cross-entropy on probabilities",
    source="document 003, 'Classification Error Functions'",
    conventions=(
        "the mean divides by the number of elements, the batch included",
        "probabilities lie strictly between 0 and 1: 0 * log(0) is NaN, as the formula has it",
    ),
    reduction=(mean, sum, none),
)
def binary_cross_entropy(s, reduction):
    N, K = s.batch("N", "n"), s.size("K", "i", about="elements")
    n, i = s.index("n", N), s.index("i", K)
    y = s.data("y", N, K, about="labels")
    y_hat = s.data("y_hat", N, K, latex=r"\hat{y}", about="probabilities")
    reduction(s, (n, i), -(y[n, i] * log(y_hat[n, i]) + (1 - y[n, i]) * log(1 - y_hat[n, i])))
