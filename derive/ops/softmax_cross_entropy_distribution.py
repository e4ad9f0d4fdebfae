"""Softmax and categorical cross-entropy on logits, the labels being distributions."""

from derive.language import exp, log, op, total
from derive.ops.reductions import mean, none, sum


@op(
    title="softmax cross-entropy on logits, with distributions as labels",
    source="document 003, 'Classification Error Functions' and 'Comparison'",
    conventions=(
        "the mean is over the batch",
        "labels need not add up to 1",
        "0 * log(0) is NaN, as the formula has it: a logit of -inf is for labels that are not 0",
    ),
    reduction=(mean, sum, none),
)
def softmax_cross_entropy_distribution(s, reduction):
    N, K = s.batch("N", "n"), s.size("K", "kl", about="classes")
    n, k, l = s.index("n", N), s.index("k", K), s.index("l", K)
    y = s.data("y", N, K, about="labels, a distribution over the classes")
    x = s.data("x", N, K, about="logits")
    y_hat = exp(x[n, k]) / total(l, exp(x[n, l]))
    reduction(s, (n,), -total(k, y[n, k] * log(y_hat)))
