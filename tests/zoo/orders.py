"""Recurrences whose order is told by guards and by data: trees, triangles, windows of the past."""

from derive.language import between, delta, inside, sqrt, tanh, total
from tests.zoo.collect import zoo_of

zoo, OPS = zoo_of()


@zoo
def child_sum_tree(s):
    """Every node reads its children, which come later."""
    T, H = s.size("T", "tu"), s.size("H", "ij")
    t, u, i, j = s.index("t", T), s.index("u", T), s.index("i", H), s.index("j", H)
    parent, x, U = s.data("parent", T, integer=True), s.data("x", T, H), s.parameter("U", H, H)
    h, c = s.let("h", T, H), s.let("c", T, H)
    c[t, j] = total(u, delta(parent[u], t) * h[u, j], where=(between(u, t + 1, T),))
    h[t, i] = tanh(x[t, i] + total(j, U[i, j] * c[t, j]))
    s.returns(h)


@zoo
def window_of_the_past(s):
    T, w = s.sequence("T", "tu"), s.integer("w", 3, least=1)
    t, u = s.index("t", T), s.index("u", T)
    x, a, h = s.data("x", T), s.parameter("a"), s.let("h", T)
    h[t] = x[t] + a * total(u, tanh(h[u]), where=(between(u, t - w, t),))
    s.returns(h)


@zoo
def filters_in_series(s):
    T, K, P = s.sequence("T", "t"), s.size("K", "k"), s.size("P", "p")
    t, k, p = s.index("t", T), s.index("k", K), s.index("p", P)
    x, a, b, y = s.data("x", T), s.parameter("a", K, P), s.parameter("b", K), s.let("y", K, T)
    y[k, t] = delta(k, 0) * x[t] + b[k] * y[k - 1, t] - total(p, a[k, p] * y[k, t - 1 - p])
    s.returns(y)


@zoo
def backward_substitution(s):
    N, K = s.size("N", "ij"), s.size("K", "k")
    i, j, k = s.index("i", N), s.index("j", N), s.index("k", K)
    U, b, y = s.parameter("U", N, N), s.data("b", N, K), s.let("y", N, K)
    y[i, k] = (b[i, k] - total(j, U[i, j] * y[j, k], where=(between(j, i + 1, N),))) / U[i, i]
    s.returns(y)


@zoo
def cholesky(s):
    """Column by column: what is left of A, its diagonal's root, and the column below it."""
    N = s.size("N", "ijk")
    i, j, k = s.index("i", N), s.index("j", N), s.index("k", N)
    A, rest, root, L = s.data("A", N, N), s.let("rest", N, N), s.let("root", N), s.let("L", N, N)
    rest[i, j] = A[i, j] - total(k, L[i, k] * L[j, k], where=(between(k, 0, j),))
    root[j] = sqrt(rest[j, j])
    L[i, j] = inside(j, 0, i) * rest[i, j] / root[j] + delta(i, j) * root[j]
    s.returns(L)
