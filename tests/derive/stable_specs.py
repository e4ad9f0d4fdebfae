"""Specs written as a textbook has them, which overflow where they are evaluated as they stand."""

from __future__ import annotations

from derive.language import Spec, between, equal, exp, expm1, log, op, sigmoid, total


@op(title="softmax", source="test")
def softmax(s: Spec) -> None:
    K = s.size("K", "kl")
    k, l = s.index("k", K), s.index("l", K)
    x, p = s.data("x", K), s.let("p", K)
    p[k] = exp(x[k]) / total(l, exp(x[l]))
    s.returns(p)


@op(title="log-softmax, by the normaliser", source="test")
def log_softmax(s: Spec) -> None:
    K = s.size("K", "kl")
    k = s.index("k", K)
    x, Z, p = s.data("x", K), s.let("Z"), s.let("p", K)
    Z[:] = total(k, exp(x[k]))
    p[k] = x[k] - log(Z[:])
    s.returns(p)


@op(title="log-softmax, the log of softmax", source="test")
def log_of_softmax(s: Spec) -> None:
    K = s.size("K", "kl")
    k = s.index("k", K)
    x, p = s.data("x", K), s.let("p", K)
    p[k] = log(exp(x[k]) / total(k, exp(x[k])))
    s.returns(p)


@op(title="logsumexp over named exponentials", source="test")
def logsumexp(s: Spec) -> None:
    K = s.size("K", "kl")
    k = s.index("k", K)
    x, E, Z, y = s.data("x", K), s.let("E", K), s.let("Z"), s.let("y")
    E[k] = exp(x[k])
    Z[:] = total(k, 3 * E[k])
    y[:] = log(Z[:])
    s.returns(y)


@op(title="causal attention", source="test")
def attention(s: Spec) -> None:
    T, D = s.size("T", "ij"), s.size("D", "d")
    i, j, d = s.index("i", T), s.index("j", T), s.index("d", D)
    x, V = s.data("x", T, T), s.data("V", T, D)
    Z, N, A = s.let("Z", T), s.let("N", T, D), s.let("A", T, D)
    past = (between(j, 0, i + 1),)
    Z[i] = total(j, exp(x[i, j]), where=past)
    N[i, d] = total(j, exp(x[i, j]) * V[j, d], where=past)
    A[i, d] = N[i, d] / Z[i]
    s.returns(A)


@op(title="sums whose limits alone say which", source="test")
def tails(s: Spec) -> None:
    T = s.size("T", "ij")
    i, j = s.index("i", T), s.index("j", T)
    x, L = s.data("x", T), s.let("L")
    L[:] = total(i, log(total(j, exp(x[j]), where=(between(j, i, T),))) - x[i])
    s.returns(L)


@op(title="softmax over each segment", source="test")
def segments(s: Spec) -> None:
    T, K = s.size("T", "t"), s.size("K", "k")
    t, k = s.index("t", T), s.index("k", K)
    x, of, w = s.data("x", T), s.data("of", T, integer=True), s.parameter("w", K)
    Z, p = s.let("Z", K), s.let("p", T)
    Z[k] = total(t, exp(x[t]), where=(equal(of[t], k),))
    p[t] = w[of[t]] * exp(x[t]) / Z[of[t]]
    s.returns(p)


@op(title="two sums of the same exponentials", source="test")
def masked_and_not(s: Spec) -> None:
    T = s.size("T", "ij")
    i, j = s.index("i", T), s.index("j", T)
    x, Z, Y, r = s.data("x", T, T), s.let("Z", T), s.let("Y", T), s.let("r", T)
    Z[i] = total(j, exp(x[i, j]))
    Y[i] = total(j, exp(x[i, j]), where=(between(j, 0, i + 1),))
    r[i] = log(Y[i] / Z[i])
    s.returns(r)


@op(title="binary cross-entropy on logits", source="test")
def bce(s: Spec) -> None:
    N = s.batch("N", "n")
    n = s.index("n", N)
    x, y, L = s.data("x", N), s.data("y", N), s.let("L")
    L[:] = -(1 / N) * total(n, y[n] * log(sigmoid(x[n])) + (1 - y[n]) * log(1 - sigmoid(x[n])))
    s.returns(L)


@op(title="logistic functions written out", source="test")
def written_out(s: Spec) -> None:
    K = s.size("K", "k")
    k = s.index("k", K)
    x = s.data("x", K)
    plus, rate, slope = s.let("plus", K), s.let("rate", K), s.let("slope", K)
    plus[k] = log(1 + exp(x[k]))
    rate[k] = 1 / (1 + exp(-x[k]))
    slope[k] = (exp(x[k]) - exp(-x[k])) / (exp(x[k]) + exp(-x[k]))
    s.returns(plus, rate, slope)


@op(title="a logarithm of a tensor whose formula a row knows", source="test")
def log_of_named(s: Spec) -> None:
    K = s.size("K", "k")
    k = s.index("k", K)
    x, p, y = s.data("x", K), s.let("p", K), s.let("y", K)
    p[k] = sigmoid(x[k])
    y[k] = log(1 - p[k]) - log(p[k])
    s.returns(y, p)


STABLE = (
    *(softmax + log_softmax + log_of_softmax + logsumexp),
    *(attention + masked_and_not + bce + written_out + log_of_named + tails + segments),
)


# what is scaled by maxima of its own ------------------------------------------------------------
@op(title="the normaliser is an output", source="test")
def partition(s: Spec) -> None:
    K = s.size("K", "k")
    k = s.index("k", K)
    x, Z, y = s.data("x", K), s.let("Z"), s.let("y")
    Z[:] = total(k, exp(x[k]))
    y[:] = log(Z[:])
    s.returns(y, Z)


@op(title="one more than a sum of exponentials", source="test")
def one_more(s: Spec) -> None:
    K = s.size("K", "k")
    k = s.index("k", K)
    x, Z, y = s.data("x", K), s.let("Z"), s.let("y")
    Z[:] = total(k, exp(x[k]))
    y[:] = log(Z[:] + 1)
    s.returns(y)


@op(title="a logarithm of a tensor that rounds", source="test")
def log_of_tensor(s: Spec) -> None:
    K = s.size("K", "k")
    k = s.index("k", K)
    x, p, y = s.data("x", K), s.let("p", K), s.let("y", K)
    p[k] = sigmoid(x[k])
    y[k] = log(p[k] * (1 - p[k]))
    s.returns(y)


@op(title="a logarithm of a tensor that is 0 behind its end", source="test")
def log_behind_the_end(s: Spec) -> None:
    K = s.size("K", "k")
    k = s.index("k", K)
    x, p, y = s.data("x", K), s.let("p", K), s.let("y", K)
    p[k] = sigmoid(x[k])
    y[k] = log(p[k + 1])
    s.returns(y)


@op(title="a quotient that no row knows", source="test")
def odd_quotient(s: Spec) -> None:
    K = s.size("K", "k")
    k = s.index("k", K)
    x, y = s.data("x", K), s.let("y", K)
    y[k] = (3 + exp(x[k])) / (2 + exp(x[k]))
    s.returns(y)


@op(title="a quotient of a square and of what hides an exponential", source="test")
def hidden_quotient(s: Spec) -> None:
    K = s.size("K", "k")
    k = s.index("k", K)
    x, y = s.data("x", K), s.let("y", K)
    y[k] = (3 + exp(x[k])) ** 2 / (2 - expm1(x[k]))
    s.returns(y)


@op(title="a slope that no row knows", source="test")
def odd_slope(s: Spec) -> None:
    K = s.size("K", "k")
    k = s.index("k", K)
    x, e, y = s.data("x", K), s.let("e", K), s.let("y", K)
    e[k] = exp(x[k])
    y[k] = 1 / (2 + e[k] + exp(3 * x[k]))
    s.returns(y)


@op(title="a logarithm of what cannot be positive and large", source="test")
def log_of_one_less(s: Spec) -> None:
    K = s.size("K", "k")
    k = s.index("k", K)
    x, y = s.data("x", K), s.let("y", K)
    y[k] = log(1 - exp(-x[k]))
    s.returns(y)
