"""The output of a classifier and its loss: softmax, then categorical cross-entropy."""

from derive.language import op, use
from derive.ops.categorical_cross_entropy import categorical_cross_entropy
from derive.ops.reductions import mean, none, sum
from derive.ops.softmax import softmax

LOSSES = dict(zip((mean, sum, none), categorical_cross_entropy, strict=True))


@op(
    title="softmax, then categorical cross-entropy",
    source="document 003, 'Comparison': multi-class; 'Classification Error Functions'",
    conventions=(
        "the mean is over the batch",
        "the gradient by z is p times the sum of the labels, less y: p - y only where the labels of an "
        "example add up to 1",
    ),
    reduction=(mean, sum, none),
)
def softmax_categorical_cross_entropy(s, reduction):
    N, K = s.batch("N", "n"), s.size("K", "kl", about="classes")
    n = s.index("n", N)
    y = s.data("y", N, K, about="labels, a distribution over the classes")
    z = s.data("z", N, K, about="weighted sums")
    p = s.let("p", N, K, about="probabilities")
    L = s.let("L", *((N,) if reduction is none else ()), about="loss")
    use(s, softmax, "softmax", over=n, x=z, p=p)
    use(s, LOSSES[reduction], "loss", y=y, y_hat=p, L=L)
    s.returns(L)
