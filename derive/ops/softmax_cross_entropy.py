"""Softmax and categorical cross-entropy, over a batch."""

from derive.language import exp, log, op, total


@op(
    title="softmax cross-entropy on logits",
    source="document 003, 'Classification Error Functions'",
    conventions=(
        "the loss is the mean over the batch",
        "labels are class numbers, 0..K-1",
        "the probabilities and the gradients of a row that is all -inf, or holds +inf, are NaN",
    ),
)
def softmax_cross_entropy(s):
    N, K = s.batch("N", "n"), s.size("K", "kl", about="classes")
    n, k, l = s.index("n", N), s.index("k", K), s.index("l", K)
    x = s.data("x", N, K, about="logits")
    y = s.data("y", N, integer=True, about="class numbers")
    Z = s.let("Z", N, about="normaliser")
    L = s.let("L", about="loss")
    p = s.let("p", N, K, about="probabilities")
    Z[n] = total(l, exp(x[n, l]))
    p[n, k] = exp(x[n, k]) / Z[n]
    L[:] = 1 / N * total(n, log(Z[n]) - x[n, y[n]])
    s.returns(L, p)
