"""The softmax of every example."""

from derive.language import exp, op, total


@op(
    title="softmax",
    source="document 003, 'Comparison' and 'Fully Connected Layer'",
    conventions=("a row that is all -inf, or holds +inf, is NaN",),
)
def softmax(s):
    K = s.size("K", "kl", about="classes")
    k, l = s.index("k", K), s.index("l", K)
    x = s.data("x", K, about="logits")
    p = s.let("p", K, about="probabilities")
    p[k] = exp(x[k]) / total(l, exp(x[l]))
    s.returns(p)
