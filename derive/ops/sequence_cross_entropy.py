"""Softmax and cross-entropy at every step of a sequence, each step with a weight."""

from derive.language import exp, log, op, total


@op(
    title="softmax cross-entropy of a sequence",
    source="document 003, 'Classification Error Functions', at each step of a sequence (document 004)",
    conventions=(
        "the loss is the weighted sum over the steps, one number for each example",
        "a step of weight 0 is padding: it adds nothing, whatever its class number",
        "a class number outside 0..K-1 counts as a logit of 0",
    ),
)
def sequence_cross_entropy(s):
    T, K = s.sequence("T", "t"), s.size("K", "kl", about="classes")
    t, k, l = s.index("t", T), s.index("k", K), s.index("l", K)
    x = s.data("x", T, K, about="logits")
    y = s.data("y", T, integer=True, outside="zero", about="class numbers")
    m = s.data("m", T, about="weights of the steps")
    Z = s.let("Z", T, about="normalisers")
    p = s.let("p", T, K, about="probabilities")
    L = s.let("L", about="loss")
    Z[t] = total(l, exp(x[t, l]))
    p[t, k] = exp(x[t, k]) / Z[t]
    L[:] = total(t, m[t] * (log(Z[t]) - x[t, y[t]]))
    s.returns(L, p)
