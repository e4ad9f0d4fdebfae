"""Losses over sequences of labels: scores of a path against the sum over all paths."""

from derive.language import between, exp, log, total, where
from tests.zoo.collect import zoo_of

zoo, OPS = zoo_of()


@zoo
def linear_chain_crf(s):
    """The negative log-likelihood of a path: transitions are read at two labels."""
    B, T, K = s.batch("B", "b"), s.sequence("T", "t"), s.size("K", "jk")
    b, t, j, k = s.index("b", B), s.index("t", T), s.index("j", K), s.index("k", K)
    x, A, y = s.data("x", B, T, K), s.parameter("A", K, K), s.data("y", B, T, integer=True)
    a, L = s.let("a", B, T, K), s.let("L")
    a[b, t, k] = x[b, t, k] + where(t, ">", 0, log(total(j, exp(a[b, t - 1, j] + A[j, k]))), 0)
    score = total(t, x[b, t, y[b, t]] + A[y[b, t - 1], y[b, t]])
    L[()] = total(b, log(total(k, exp(a[b, T - 1, k]))) - score) / B
    s.returns(L)


@zoo
def chain_with_ends(s):
    T, K = s.sequence("T", "t"), s.size("K", "jk")
    t, j, k = s.index("t", T), s.index("j", K), s.index("k", K)
    x, A, y = s.data("x", T, K), s.parameter("A", K, K), s.data("y", T, integer=True)
    first, last = s.parameter("first", K), s.parameter("last", K)
    a, L = s.let("a", T, K), s.let("L")
    a[t, k] = x[t, k] + where(t, ">", 0, log(total(j, exp(a[t - 1, j] + A[j, k]))), first[k])
    score = total(t, x[t, y[t]]) + total(t, A[y[t - 1], y[t]], where=(between(t, 1, T),))
    L[()] = log(total(k, exp(a[T - 1, k] + last[k]))) - score - first[y[0]] - last[y[T - 1]]
    s.returns(L)
