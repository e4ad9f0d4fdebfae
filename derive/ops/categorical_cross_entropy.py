"""Categorical cross-entropy on probabilities, the labels being distributions."""

from derive.language import log, op, total
from derive.ops.reductions import mean, none, sum


@op(
    title="categorical cross-entropy on probabilities",
    source="document 003, 'Classification Error Functions'",
    conventions=(
        "the mean is over the batch",
        "probabilities are positive: 0 * log(0) is NaN, as the formula has it",
    ),
    reduction=(mean, sum, none),
)
def categorical_cross_entropy(s, reduction):
    N, K = s.batch("N", "n"), s.size("K", "k", about="classes")
    n, k = s.index("n", N), s.index("k", K)
    y = s.data("y", N, K, about="labels, a distribution over the classes")
    y_hat = s.data("y_hat", N, K, latex=r"\hat{y}", about="probabilities")
    reduction(s, (n,), -total(k, y[n, k] * log(y_hat[n, k])))
