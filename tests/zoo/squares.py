"""Matrices of pairs: Gram matrices and distances, and losses over their elements."""

from derive.language import between, delta, relu, total
from tests.zoo.collect import zoo_of

zoo, OPS = zoo_of()


@zoo
def gram(s):
    N, K = s.size("N", "ij"), s.size("K", "k")
    i, j, k = s.index("i", N), s.index("j", N), s.index("k", K)
    X, G, L = s.data("X", N, K), s.let("G", N, N), s.let("L")
    G[i, j] = total(k, X[i, k] * X[j, k])
    L[()] = total((i, j), G[i, j] ** 2, where=(between(j, i + 1, N),))
    s.returns(L)


@zoo
def gram_target(s):
    N, K = s.size("N", "ij"), s.size("K", "k")
    i, j, k = s.index("i", N), s.index("j", N), s.index("k", K)
    X, A, G, L = s.data("X", N, K), s.data("A", N, N), s.let("G", N, N), s.let("L")
    G[i, j] = total(k, X[i, k] * X[j, k])
    L[()] = total((i, j), (G[i, j] - A[i, j]) ** 2, where=(between(j, i + 1, N),)) / N
    s.returns(L, G)


@zoo
def orthogonality(s):
    N, K = s.size("N", "ij"), s.size("K", "k")
    i, j, k = s.index("i", N), s.index("j", N), s.index("k", K)
    W, G, L = s.parameter("W", N, K), s.let("G", N, N), s.let("L")
    G[i, j] = total(k, W[i, k] * W[j, k])
    L[()] = total((i, j), (G[i, j] - delta(i, j)) ** 2)
    s.returns(L)


@zoo
def style(s):
    B, C, P = s.batch("B", "b"), s.size("C", "ij"), s.size("P", "p")
    b, i, j, p = s.index("b", B), s.index("i", C), s.index("j", C), s.index("p", P)
    F, A, G, L = s.data("F", B, C, P), s.data("A", C, C), s.let("G", B, C, C), s.let("L")
    G[b, i, j] = total(p, F[b, i, p] * F[b, j, p]) / P
    L[()] = total((b, i, j), (G[b, i, j] - A[i, j]) ** 2)
    s.returns(L)


@zoo
def repulsion(s):
    N, K = s.size("N", "ij"), s.size("K", "k")
    i, j, k = s.index("i", N), s.index("j", N), s.index("k", K)
    X, D, L = s.data("X", N, K), s.let("D", N, N), s.let("L")
    D[i, j] = total(k, (X[i, k] - X[j, k]) ** 2)
    L[()] = total((i, j), relu(1 - D[i, j]), where=(between(j, i + 1, N),))
    s.returns(L)
