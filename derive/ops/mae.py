"""The mean absolute error."""

from derive.language import absolute, op
from derive.ops.reductions import mean, none, sum


@op(
    title="mean absolute error",
    source="document 003, 'Regression Error Functions'",
    conventions=("the mean divides by the number of elements, the batch included", "|x|' = 0 at x = 0"),
    reduction=(mean, sum, none),
)
def mae(s, reduction):
    N, K = s.batch("N", "n"), s.size("K", "i", about="elements")
    n, i = s.index("n", N), s.index("i", K)
    y = s.data("y", N, K, about="targets")
    y_hat = s.data("y_hat", N, K, latex=r"\hat{y}", about="predictions")
    reduction(s, (n, i), absolute(y[n, i] - y_hat[n, i]))
