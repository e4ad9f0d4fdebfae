"""An output function and its loss, as small specs: pairs that get shorter and pairs that must not."""

from __future__ import annotations

from derive.language import Spec, between, delta, exp, log, op, sigmoid, tanh, total, use
from derive.ops.dense import dense
from derive.ops.mse import mse


def _logistic(s: Spec):
    """Labels, weighted sums and probabilities of a batch."""
    N, K = s.batch("N", "n"), s.size("K", "i")
    n, i = s.index("n", N), s.index("i", K)
    y, z, p = s.data("y", N, K), s.data("z", N, K), s.let("p", N, K)
    p[n, i] = sigmoid(z[n, i])
    return n, i, y, z, p


# what must get shorter ----------------------------------------------------------------------------
@op(title="written with the differences the other way round", source="test")
def turned_round(s: Spec) -> None:
    n, i, y, _, p = _logistic(s)
    L = s.let("L")
    L[:] = total((n, i), (y[n, i] - 1) * log(-p[n, i] + 1) - y[n, i] * log(p[n, i]))
    s.returns(L)


@op(title="the probabilities are an output, too", source="test")
def returned(s: Spec) -> None:
    n, i, y, _, p = _logistic(s)
    L = s.let("L")
    L[:] = -total((n, i), y[n, i] * log(p[n, i]) + (1 - y[n, i]) * log(1 - p[n, i]))
    s.returns(L, p)


@op(title="softmax and class numbers", source="test")
def class_numbers(s: Spec) -> None:
    N, K = s.batch("N", "n"), s.size("K", "kl")
    n, k, l = s.index("n", N), s.index("k", K), s.index("l", K)
    z, y = s.data("z", N, K), s.data("y", N, integer=True)
    Z, p, L = s.let("Z", N), s.let("p", N, K), s.let("L")
    Z[n] = total(l, exp(z[n, l]))
    p[n, k] = exp(z[n, k]) / Z[n]
    L[:] = -1 / N * total((n, k), delta(k, y[n]) * log(p[n, k]))
    s.returns(L)


@op(title="a probability with two names", source="test")
def named_twice(s: Spec) -> None:
    n, i, y, _, p = _logistic(s)
    N, K = y.tensor.dims
    q, L = s.let("q", N, K), s.let("L")
    q[n, i] = p[n, i]
    L[:] = -total((n, i), y[n, i] * log(q[n, i]) + (1 - y[n, i]) * log(1 - q[n, i]))
    s.returns(L)


@op(title="the next element's probability, under a guard", source="test")
def shifted(s: Spec) -> None:
    n, i, y, _, p = _logistic(s)
    _, K = y.tensor.dims
    L = s.let("L")
    L[:] = -total((n, i), y[n, i] * log(p[n, i + 1]), where=(between(i, 0, K - 1),))
    s.returns(L)


SHORTER = (*turned_round, *returned, *class_numbers, *named_twice, *shifted)


# what must stay as it is --------------------------------------------------------------------------
@op(title="tanh and the mean squared error", source="test")
def tanh_and_mse(s: Spec) -> None:
    N, K = s.batch("N", "n"), s.size("K", "i")
    n, i = s.index("n", N), s.index("i", K)
    z, y, y_hat = s.data("z", N, K), s.data("y", N, K), s.let("y_hat", N, K)
    y_hat[n, i] = tanh(z[n, i])
    s.returns(use(s, mse, "loss", y=y, y_hat=y_hat).L)


@op(title="a linear layer and the mean squared error", source="test")
def linear_and_mse(s: Spec) -> None:
    N, I, K = s.batch("N", "n"), s.size("I", "k"), s.size("K", "i")
    n = s.index("n", N)
    x, y, y_hat = s.data("x", N, I), s.data("y", N, K), s.let("y_hat", N, K)
    use(s, dense, "layer", over=n, x=x, h=y_hat)
    s.returns(use(s, mse, "loss", y=y, y_hat=y_hat).L)


@op(title="a factor that may be 0", source="test")
def may_be_zero(s: Spec) -> None:
    N = s.batch("N", "n")
    n = s.index("n", N)
    x, w, L = s.data("x", N), s.data("w", N), s.let("L")
    L[:] = total(n, log(x[n] * w[n]))
    s.returns(L)


@op(title="a sum that may be empty", source="test")
def may_be_empty(s: Spec) -> None:
    N, K = s.batch("N", "n"), s.size("K", "i")
    n, i = s.index("n", N), s.index("i", K)
    y, v, u, L = s.data("y", N, K), s.data("v", N), s.let("u", N), s.let("L")
    u[n] = exp(v[n])
    L[:] = total((n, i), y[n, i] * log(u[n]))
    s.returns(L)


KEPT = (*tanh_and_mse, *linear_and_mse, *may_be_zero, *may_be_empty)


# what must not be taken for more than it is -------------------------------------------------------
@op(title="two halves of a loss under different guards", source="test")
def half_guarded(s: Spec) -> None:
    n, i, y, _, p = _logistic(s)
    L = s.let("L")
    positive = total((n, i), y[n, i] * log(p[n, i]), where=(between(i, 0, n + 1),))
    L[:] = -positive - total((n, i), (1 - y[n, i]) * log(1 - p[n, i]))
    s.returns(L)


@op(title="softmax and the loss of independent units: 1 - p is 0 where there is one class", source="test")
def softmax_of_units(s: Spec) -> None:
    N, K = s.batch("N", "n"), s.size("K", "kl")
    n, k, l = s.index("n", N), s.index("k", K), s.index("l", K)
    z, y = s.data("z", N, K), s.data("y", N, K)
    Z, p, L = s.let("Z", N), s.let("p", N, K), s.let("L")
    Z[n] = total(l, exp(z[n, l]))
    p[n, k] = exp(z[n, k]) / Z[n]
    L[:] = -total((n, k), y[n, k] * log(p[n, k]) + (1 - y[n, k]) * log(1 - p[n, k]))
    s.returns(L)


CAREFUL = (*half_guarded, *softmax_of_units)
