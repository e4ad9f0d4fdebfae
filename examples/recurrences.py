"""Users' own recurrences that read further back than one step: a filter, a triangular solve, a tree.

gradsmith generate examples/recurrences.py --out mypackage/ops

That every read goes to an earlier step is all that is asked: p is not negative, j < i, parent[t] < t. The
adjoint of forward substitution is backward substitution, and nobody wrote that down.
"""

from derive.language import between, op, tanh, total


@op(title="recursive filter", source="Oppenheim and Schafer 2009, section 6.1: direct form I")
def recursive_filter(s):
    T, B = s.sequence("T", "t", about="samples"), s.batch("B", "n")
    P, Q = s.size("P", "p", about="feedback taps"), s.size("Q", "q", about="feedforward taps")
    t, n, p, q = s.index("t", T), s.index("n", B), s.index("p", P), s.index("q", Q)
    x, a, b, y = s.data("x", T, B), s.parameter("a", P), s.parameter("b", Q), s.let("y", T, B)
    y[t, n] = total(q, b[q] * x[t - q, n]) - total(p, a[p] * y[t - 1 - p, n])
    s.returns(y)


@op(title="forward substitution", source="Golub and Van Loan 2013, algorithm 3.1.1, for K right-hand sides")
def forward_substitution(s):
    N, K = s.size("N", "ij", about="unknowns"), s.size("K", "k", about="right-hand sides")
    i, j, k = s.index("i", N), s.index("j", N), s.index("k", K)
    L, b, y = s.parameter("L", N, N, about="lower triangular"), s.parameter("b", N, K), s.let("y", N, K)
    y[i, k] = (b[i, k] - total(j, L[i, j] * y[j, k], where=(between(j, 0, i),))) / L[i, i]
    s.returns(y)


@op(title="recurrent layer along a tree", source="the author's own")
def tree_rnn(s):
    """Every node reads its parent, which stands before it; that of a root is -1."""
    T, I, H = (
        s.size("T", "t", about="nodes"),
        s.size("I", "k", about="inputs"),
        s.size("H", "ij", about="units"),
    )
    t, i, j, k = s.index("t", T), s.index("i", H), s.index("j", H), s.index("k", I)
    parent, x = s.data("parent", T, integer=True), s.data("x", T, I)
    W, U, h = s.parameter("W", H, I), s.parameter("U", H, H), s.let("h", T, H)
    above = total(j, U[i, j] * h[parent[t], j], where=(between(parent[t], 0, t),))
    h[t, i] = tanh(total(k, W[i, k] * x[t, k]) + above)
    s.returns(h)
