"""The mean squared error."""

from derive.language import op
from derive.ops.reductions import mean, none, sum


@op(
    title="mean squared error",
    source="document 003, 'Regression Error Functions'",
    conventions=(
        "the mean divides by the number of elements, the batch included",
        "the gradient -2*(y - y_hat) that the document prints is that of one squared error (sum and none); "
        "the mean's has the 1/n of the mean, too",
    ),
    reduction=(mean, sum, none),
)
def mse(s, reduction):
    N, K = s.batch("N", "n"), s.size("K", "i", about="elements")
    n, i = s.index("n", N), s.index("i", K)
    y = s.data("y", N, K, about="targets")
    y_hat = s.data("y_hat", N, K, latex=r"\hat{y}", about="predictions")
    reduction(s, (n, i), (y[n, i] - y_hat[n, i]) ** 2)
