"""The Huber loss: quadratic for small errors, linear for large ones."""

from derive.language import absolute, op, where
from derive.ops.reductions import mean, none, sum


@op(
    title="Huber loss",
    source="document 003, 'Regression Error Functions'",
    conventions=(
        "the mean divides by the number of elements, the batch included",
        "an error of exactly delta is small: there both pieces have the same value and the same slope",
    ),
    reduction=(mean, sum, none),
)
def huber(s, reduction):
    N, K = s.batch("N", "n"), s.size("K", "i", about="elements")
    n, i = s.index("n", N), s.index("i", K)
    delta = s.real("delta", 1.0, about="where the loss turns from quadratic to linear; positive")
    y = s.data("y", N, K, about="targets")
    y_hat = s.data("y_hat", N, K, latex=r"\hat{y}", about="predictions")
    e = y[n, i] - y_hat[n, i]
    reduction(s, (n, i), where(absolute(e), "<=", delta, e**2 / 2, delta * (absolute(e) - delta / 2)))
