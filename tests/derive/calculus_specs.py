"""Small specs, each a place where a calculus of index equations goes wrong if it can."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from derive.language import (
    OpSpec,
    absolute,
    between,
    delta,
    equal,
    exp,
    inside,
    largest,
    log,
    normal_cdf,
    op,
    relu,
    sigmoid,
    softplus,
    sqrt,
    tanh,
    total,
    where,
)


@dataclass(frozen=True)
class Case:
    """A spec with sizes, parameters, and what its inputs are drawn from."""

    op: OpSpec
    sizes: dict[str, int]
    integers: dict[str, int] = field(default_factory=dict)
    reals: dict[str, float] = field(default_factory=dict)
    labels: dict[str, tuple[int, int]] = field(default_factory=dict)  # integer tensor -> its range
    positive: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.op.name + "".join(f"-{k}{v}" for k, v in self.integers.items())


CASES: list[Case] = []


def case(integers: Any = ({},), **more: Any) -> Callable[[Callable[..., None]], OpSpec]:
    """Register a spec once for every choice of its integer parameters."""
    sizes = {k: v for k, v in more.items() if k[0].isupper()}
    rest = {k: v for k, v in more.items() if not k[0].isupper()}

    def register(build: Callable[..., None]) -> OpSpec:
        (made,) = op(title=build.__name__, source="test")(build)
        CASES.extend(Case(made, sizes, chosen, **rest) for chosen in integers)
        return made

    return register


# windows ------------------------------------------------------------------------------------------
STRIDES = [{"s": 3, "k": 2}, {"s": 2, "k": 3}, {"s": 1, "k": 2}]


@case(integers=STRIDES, N=11)
def average_pooling(s):
    N, step, k = s.size("N", "u"), s.integer("s", 2, least=1), s.integer("k", 2, least=1)
    M = s.size("M", "i", formula=(N - k) // step + 1)
    i, p = s.index("i", M), s.index("p", k)
    x, y = s.data("x", N), s.let("y", M)
    y[i] = total(p, x[step * i + p]) / k
    s.returns(y)


@case(integers=[{"s": 2, "k": 3, "pad": 1}, {"s": 3, "k": 2, "pad": 2}], N=8)
def average_pooling_counted(s):
    N, step, k = s.size("N", "u"), s.integer("s", 2, least=1), s.integer("k", 2, least=1)
    pad = s.integer("pad", 1)
    M = s.size("M", "i", formula=(N + 2 * pad - k) // step + 1)
    i, p = s.index("i", M), s.index("p", k)
    x, y, count = s.data("x", N), s.let("y", M), s.let("n", M)
    count[i] = total(p, 1, where=(between(step * i + p - pad, 0, N),))
    y[i] = where(count[i], ">", 0, total(p, x[step * i + p - pad]) / count[i], 0)
    s.returns(y)


@case(integers=[{"s": 2, "k": 3, "pad": 1}, {"s": 3, "k": 2, "pad": 2}, {"s": 1, "k": 2, "pad": 0}], H=7, W=5)
def max_pooling(s):
    H, W = s.size("H", "u"), s.size("W", "v")
    step, k, pad = s.integer("s", 2, least=1), s.integer("k", 2, least=1), s.integer("pad", 0)
    U = s.size("U", "i", formula=(H + 2 * pad - k) // step + 1)
    V = s.size("V", "j", formula=(W + 2 * pad - k) // step + 1)
    i, j, p, q = s.index("i", U), s.index("j", V), s.index("p", k), s.index("q", k)
    X, Y = s.data("X", H, W), s.let("Y", U, V)
    u, v = step * i + p - pad, step * j + q - pad
    Y[i, j] = largest((p, q), X[u, v], where=(between(u, 0, H), between(v, 0, W)))
    s.returns(Y)


@case(
    integers=[{"stride": 2, "pad": 1}, {"stride": 1, "pad": 0}, {"stride": 3, "pad": 2}],
    C=2,
    O=3,
    H=6,
    W=5,
    P=3,
    Q=2,
)
def convolution(s):
    C, O, H, W = s.size("C", "c"), s.size("O", "o"), s.size("H", "u"), s.size("W", "v")
    P, Q = s.size("P", "p"), s.size("Q", "q")
    stride, pad = s.integer("stride", 1, least=1), s.integer("pad", 0)
    U = s.size("U", "i", formula=(H + 2 * pad - P) // stride + 1)
    V = s.size("V", "j", formula=(W + 2 * pad - Q) // stride + 1)
    c, o, i, j = s.index("c", C), s.index("o", O), s.index("i", U), s.index("j", V)
    p, q = s.index("p", P), s.index("q", Q)
    X, K, Y = s.data("X", C, H, W), s.parameter("K", O, C, P, Q), s.let("Y", O, U, V)
    Y[o, i, j] = total((c, p, q), X[c, stride * i + p - pad, stride * j + q - pad] * K[o, c, p, q])
    s.returns(Y)


@case(N=7, P=3)
def true_convolution(s):
    N, P = s.size("N", "i"), s.size("P", "p")
    i, p = s.index("i", N), s.index("p", P)
    x, k, y = s.data("x", N), s.parameter("k", P), s.let("y", N)
    y[i] = total(p, x[i - p] * k[p])
    s.returns(y)


@case(integers=[{"d": 2}, {"d": 3}], N=9, P=3)
def dilated(s):
    N, P, d = s.size("N", "i"), s.size("P", "p"), s.integer("d", 1, least=1)
    i, p = s.index("i", N), s.index("p", P)
    x, k, y = s.data("x", N), s.parameter("k", P), s.let("y", N)
    y[i] = total(p, tanh(x[i - d * p]) * k[p])
    s.returns(y)


@case(N=9, P=3)
def exponential_window(s):
    """exp(k[p]) is 1, not 0, where k would be read outside: only x extends by zero."""
    N, P = s.size("N", "u"), s.size("P", "p")
    M = s.size("M", "i", formula=N - 3)
    i, p = s.index("i", M), s.index("p", P)
    x, k, y = s.data("x", N), s.parameter("k", P), s.let("y", M)
    y[i] = total(p, x[2 * i + p] * exp(k[p]))
    s.returns(y)


@case(N=9)
def every_second(s):
    N = s.size("N", "u")
    M = s.size("M", "i", formula=N - 3)
    i = s.index("i", M)
    x, y = s.data("x", N), s.let("y", M)
    y[i] = x[2 * i]
    s.returns(y)


@case(N=5)
def spread(s):
    """The adjoint of a stride: every second element, the others 0."""
    N = s.size("N", "u")
    M = s.size("M", "i", formula=2 * N + 3)
    u = s.index("u", N)
    x, y = s.data("x", N), s.let("y", M)
    y[2 * u + 1] = x[u] * x[u]
    s.returns(y)


@case(N=7)
def backwards(s):
    N = s.size("N", "u")
    M = s.size("M", "i", formula=N + 2)
    i = s.index("i", M)
    x, y = s.data("x", N), s.let("y", M)
    y[i] = x[N - 1 - i] * tanh(x[i - 1])
    s.returns(y)


@case(N=6)
def function_of_border(s):
    """exp(x[i+1]) is 1 behind the last element: it counts, and takes no gradient."""
    N = s.size("N", "i")
    i = s.index("i", N)
    x, y = s.data("x", N), s.let("y", N)
    y[i] = exp(x[i + 1]) + x[i] * sigmoid(x[i - 2])
    s.returns(y)


# parts, diagonals, shapes ---------------------------------------------------------------------------
@case(N=9, K=4)
def part_of_a_dimension(s):
    N, K = s.size("N", "i"), s.size("K", "k")
    i = s.index("i", N - 2, 1)
    j, k = s.index("j", N, 3), s.index("k", K)
    x, w, y = s.data("x", N, K), s.parameter("w", K), s.let("y")
    y[:] = total(i, exp(x[i, 2])) + total((j, k), tanh(total(k, x[j, k] * w[k])) * x[j, k])
    s.returns(y)


@case(N=6, K=3)
def centred_window(s):
    """A summed index that begins below 0, under a function of a sum."""
    N, K = s.size("N", "i"), s.size("K", "k")
    i, d, k = s.index("i", N), s.index("d", 3, -2), s.index("k", K)
    x, w, y = s.data("x", N, K), s.parameter("w", K), s.let("y", N)
    y[i] = total(d, tanh(total(k, x[i + d, k] * w[k])) * (d + 3))
    s.returns(y)


@case(N=5)
def diagonal(s):
    N = s.size("N", "ij")
    i = s.index("i", N)
    x, y, L = s.data("x", N, N), s.let("y", N), s.let("L")
    y[i] = x[i, i] * x[i, i - 1]
    L[:] = total(i, x[i, i])
    s.returns(y, L)


@case(N=4)
def diagonal_on_the_left(s):
    N = s.size("N", "ij")
    i = s.index("i", N)
    x, y, z = s.data("x", N), s.let("y", N, N), s.let("z", N, N)
    y[i, i] = exp(x[i])
    z[:] = y @ y
    s.returns(z)


@case(C=2, H=3, W=4)
def flatten(s):
    C, H, W = s.size("C", "c"), s.size("H", "i"), s.size("W", "j")
    c, i, j = s.index("c", C), s.index("i", H), s.index("j", W)
    F = s.size("F", "f", formula=C * H * W)
    X, y, z = s.data("X", C, H, W), s.let("y", F), s.let("z", F)
    y[c * H * W + i * W + j] = X[c, i, j]
    f = s.index("f", F)
    z[f] = y[f] * y[f - 1]
    s.returns(y, z)


@case(G=3, H=4)
def concatenate(s):
    G, H = s.size("G", "g"), s.size("H", "h")
    M = s.size("M", "m", formula=G + H)
    m = s.index("m", M)
    a, b, y, z = s.data("a", G), s.data("b", H), s.let("y", M), s.let("z", M)
    y[m] = a[m] + b[m - G]
    z[m] = tanh(y[m] * y[m])
    s.returns(z)


@case(N=4, M=3, K=5)
def matrix_sugar(s):
    N, M, K = s.size("N", "n"), s.size("M", "m"), s.size("K", "k")
    W, V = s.parameter("W", N, M), s.parameter("V", M, K)
    x, v = s.data("x", M), s.data("v", N)
    a, b, c, d, e = s.let("a", N), s.let("b", M), s.let("c"), s.let("d", N, K), s.let("e", K, N)
    a[:] = W @ x + tanh(x @ W.T)
    b[:] = W.T @ v - v @ W
    c[:] = v @ W @ x + v @ v
    d[:] = W @ V
    e[:] = sigmoid((W @ V).T) * (V.T @ W.T)
    s.returns(a, b, c, d, e)


@case(N=5)
def powers(s):
    N = s.size("N", "i")
    i = s.index("i", N)
    x, y, z = s.data("x", N), s.let("y", N), s.let("z")
    y[i] = x[i] * x[i] * x[i] - x[i] ** 3 / 2 + x[i] ** (-2) + (x[i] + x[i]) / x[i]
    z[:] = total(i, x[i] ** 2) / N
    s.returns(y, z)


# attention, losses, labels --------------------------------------------------------------------------
@case(N=5, D=3)
def causal_softmax(s):
    N, D = s.size("N", "ij"), s.size("D", "d")
    i, j, d = s.index("i", N), s.index("j", N), s.index("d", D)
    q, k = s.data("q", N, D), s.data("k", N, D)
    a, m, e, y = s.let("a", N, N), s.let("m", N), s.let("e", N, N), s.let("y", N, D)
    a[i, j] = total(d, q[i, d] * k[j, d]) / sqrt(D)
    m[i] = largest(j, a[i, j], where=(between(j, 0, i + 1),))
    e[i, j] = inside(j, 0, i + 1) * exp(a[i, j] - m[i])
    y[i, d] = total(j, e[i, j] * k[j, d]) / total(j, e[i, j])
    s.returns(y)


@case(N=3, K=5, labels={"y": (0, 5)})
def cross_entropy(s):
    N, K = s.batch("N", "n"), s.size("K", "kl")
    n, k, l = s.index("n", N), s.index("k", K), s.index("l", K)
    x, y = s.data("x", N, K), s.data("y", N, integer=True)
    p, L = s.let("p", N, K), s.let("L")
    p[n, k] = exp(x[n, k]) / total(l, exp(x[n, l]))
    L[:] = -1 / N * total(n, log(p[n, y[n]]))
    s.returns(L, p)


@case(N=3, K=5, labels={"y": (-1, 7)})
def label_smoothing(s):
    """Labels outside the classes add nothing."""
    N, K = s.batch("N", "n"), s.size("K", "k")
    n, k = s.index("n", N), s.index("k", K)
    x, y = s.data("x", N, K), s.data("y", N, integer=True, outside="zero")
    L = s.let("L")
    L[:] = total(n, x[n, y[n]] + total(k, x[n, k] * softplus(x[n, k]), where=(equal(k, y[n]),)))
    s.returns(L)


@case(T=4, V=6, I=3, labels={"ids": (-1, 7)})
def embedding(s):
    T, V, I = s.size("T", "t"), s.size("V", "v"), s.size("I", "i")
    t, i = s.index("t", T), s.index("i", I)
    ids, E, y = s.data("ids", T, integer=True, outside="zero"), s.parameter("E", V, I), s.let("y", T, I)
    y[t, i] = E[ids[t], i] * tanh(E[ids[t - 1] + 1, i])
    s.returns(y)


@case(N=6, reals={"d": 0.75})
def huber(s):
    N = s.size("N", "i")
    i = s.index("i", N)
    d, x, y, L = s.real("d", 1.0), s.data("x", N), s.data("y", N), s.let("L")
    r = x[i] - y[i]
    L[:] = 1 / N * total(i, where(absolute(r), "<=", d, r**2 / 2, d * absolute(r) - d**2 / 2))
    s.returns(L)


@case(N=4, M=3, D=2)
def adversarial_loss(s):
    """Two expectations over two batches of different sizes, the discriminator shared."""
    N, M, D = s.batch("N", "n"), s.batch("M", "m"), s.size("D", "d")
    n, m, d = s.index("n", N), s.index("m", M), s.index("d", D)
    real, fake, w = s.data("real", N, D), s.data("fake", M, D), s.parameter("w", D)
    L = s.let("L")
    good = log(sigmoid(total(d, w[d] * real[n, d])))
    bad = log(1 - sigmoid(total(d, w[d] * fake[m, d])))
    L[:] = -1 / N * total(n, good) - 1 / M * total(m, bad)
    s.returns(L)


@case(N=5, D=3)
def batch_normalisation(s):
    N, D = s.batch("N", "n"), s.size("D", "d")
    n, d = s.index("n", N), s.index("d", D)
    x, g, b = s.data("x", N, D), s.parameter("g", D), s.parameter("b", D)
    mean, var, y = s.let("mean", D), s.let("var", D), s.let("y", N, D)
    mean[d] = total(n, x[n, d]) / N
    var[d] = total(n, (x[n, d] - mean[d]) ** 2) / N
    y[n, d] = g[d] * (x[n, d] - mean[d]) / sqrt(var[d] + Fraction(1, 1000)) + b[d]
    s.returns(y, mean)


@case(I=3, H=4)
def gated_linear_unit(s):
    I, H = s.size("I", "k"), s.size("H", "i")
    x, W, V = s.data("x", I), s.parameter("W", H, I), s.parameter("V", H, I)
    a, y = s.let("a", H), s.let("y", H)
    a[:] = W @ x
    y[:] = a * normal_cdf(a) * (V @ x)
    s.returns(y)


@case(I=4, H=3)
def packed_gates(s):
    I, H = s.size("I", "k"), s.size("H", "i")
    x = s.data("x", I)
    W_a, W_b = s.pack("W", "a b", H, I)
    b_a, b_b = s.pack("b", "a b", H)
    u, v, y = s.let("u", H), s.let("v", H), s.let("y", H)
    u[:] = sigmoid(W_a @ x + b_a)
    v[:] = tanh(W_b @ x + b_b)
    y[:] = u * v + relu(u)
    s.returns(y)


# recurrences ------------------------------------------------------------------------------------------
@case(T=5, I=3, H=2)
def leaky_integrator(s):
    T, I, H = s.sequence("T", "t"), s.size("I", "k"), s.size("H", "ij")
    t = s.index("t", T)
    x, W, a, h = s.data("x", T, I), s.parameter("W", H, I), s.parameter("a"), s.let("h", T, H)
    h[t] = a * h[t - 1] + (1 - a) * tanh(W @ x[t])
    s.returns(h)


@case(T=4, I=3, H=2)
def with_initial_state(s):
    T, I, H = s.sequence("T", "t"), s.size("I", "k"), s.size("H", "ij")
    t, i = s.index("t", T), s.index("i", H)
    x, h0 = s.data("x", T, I), s.data("h0", H)
    W, U = s.parameter("W", H, I), s.parameter("U", H, H)
    h, last = s.let("h", T, H, start=h0), s.let("last", H)
    h[t] = tanh(W @ x[t] + U @ h[t - 1])
    last[i] = h[T - 1, i] * h[T - 1, i]
    s.returns(last, h)


@case(T=5, H=2)
def reversed_recurrence(s):
    T, H = s.sequence("T", "t"), s.size("H", "ij")
    t = s.index("t", T)
    x, U, h, y = s.data("x", T, H), s.parameter("U", H, H), s.let("h", T, H), s.let("y", T, H)
    h[t] = sigmoid(U @ h[t + 1] + x[t])
    y[t] = h[t] * x[t - 1]
    s.returns(y)


@case(T=6)
def two_steps_back(s):
    T = s.sequence("T", "t")
    t = s.index("t", T)
    x, a, b, h = s.data("x", T), s.parameter("a"), s.parameter("b"), s.let("h", T)
    h[t] = tanh(a * h[t - 1] + b * h[t - 2] * x[t]) + delta(t, 2) * x[t - 2]
    s.returns(h)


@case(T=4, L=3)
def lattice(s):
    """A recurrence along two indices at once."""
    T, L = s.sequence("T", "t"), s.size("L", "l")
    t, l = s.index("t", T), s.index("l", L)
    x, w, h = s.data("x", T), s.parameter("w", L), s.let("h", T, L)
    h[t, l] = tanh(w[l] * h[t - 1, l] + h[t, l - 1] + delta(l, 0) * x[t])
    s.returns(h)


# guards -------------------------------------------------------------------------------------------------
@case(N=6, positive=("z",))
def guarded_division(s):
    """z is 0 at its first element, where the guard says that nothing is evaluated."""
    N = s.size("N", "i")
    i = s.index("i", N)
    x, z, y = s.data("x", N), s.data("z", N), s.let("y", N)
    w = s.let("w", N)
    w[i] = inside(i, 1, N) * z[i]
    y[i] = inside(i, 1, N) * x[i] / w[i] + x[i - 1] * log(w[i]) + x[i - 1] / w[i]
    s.returns(y)


@case(N=6, positive=("z",))
def guarded_ratio(s):
    """The zero extension of x[i-1] guards a whole ratio, whose value the adjoint would like to reuse."""
    N = s.size("N", "i")
    i = s.index("i", N)
    x, z, w, y = s.data("x", N), s.data("z", N), s.let("w", N), s.let("y", N)
    w[i] = inside(i, 1, N) * z[i]
    y[i] = x[i - 1] / w[i]
    s.returns(y)


@case(N=5, K=3)
def ratio_of_sums(s):
    N, K = s.size("N", "i"), s.size("K", "k")
    i, k = s.index("i", N), s.index("k", K)
    x, w, y = s.data("x", N, K), s.parameter("w", K), s.let("y", N)
    y[i] = total(k, x[i, k] * w[k]) / exp(x[i, 0]) - inside(i, 1, N) / exp(x[i, 1])
    s.returns(y)


@case(N=5, K=4)
def negative_maximum(s):
    N, K = s.size("N", "i"), s.size("K", "k")
    i, k = s.index("i", N), s.index("k", K)
    x, y, z = s.data("x", N, K), s.let("y", N), s.let("z", N)
    y[i] = -largest(k, x[i, k] * x[i, k])
    z[i] = x[i, 0] - largest(k, x[i, k]) * inside(i, 1, 3)
    s.returns(y, z)


@case(N=5, K=3)
def guarded_maximum(s):
    """A maximum behind a false guard is 0, not -inf."""
    N, K = s.size("N", "i"), s.size("K", "k")
    i, k = s.index("i", N), s.index("k", K)
    x, y = s.data("x", N, K), s.let("y", N)
    y[i] = delta(i, 2) * largest(k, x[i, k])
    s.returns(y)


@case(N=4, K=3)
def maximum_spread(s):
    N, K = s.size("N", "i"), s.size("K", "k")
    M = s.size("M", "m", formula=2 * N + 1)
    i, k = s.index("i", N), s.index("k", K)
    x, y = s.data("x", N, K), s.let("y", M)
    y[2 * i + 1] = largest(k, x[i, k])
    s.returns(y)


# where names meet -----------------------------------------------------------------------------------------
@case(N=5, K=4)
def shadowed_indices(s):
    """A summed index with the name of the left one, or of an outer sum, is its own."""
    N, K = s.size("N", "i"), s.size("K", "k")
    i, k = s.index("i", N), s.index("k", K)
    x, w, y, z = s.data("x", N), s.parameter("w", K), s.let("y", N), s.let("z", N)
    y[i] = total(i, x[i] * x[i]) + x[i] * total(i, exp(x[i]))
    z[i] = total(k, 2 * total(k, tanh(w[k])) + w[k] * x[i]) + largest(i, x[i]) * x[i]
    s.returns(y, z)


@case(N=5)
def shadowed_maximum(s):
    N = s.size("N", "i")
    i, x, y = s.index("i", N), s.data("x", N), s.let("y", N)
    y[i] = largest(i, x[i])
    s.returns(y)


@case(N=4, M=3)
def polynomial_product(s):
    """A left side that meets an element more than once adds up."""
    N, M = s.size("N", "i"), s.size("M", "j")
    D = s.size("D", "d", formula=N + M - 1)
    i, j = s.index("i", N), s.index("j", M)
    a, b, y = s.data("a", N), s.parameter("b", M), s.let("y", D)
    y[i + j] = tanh(a[i]) * b[j]
    s.returns(y)


@case(N=4)
def one_corner(s):
    N = s.size("N", "i")
    i, x, y, z = s.index("i", N), s.data("x", N), s.let("y", N), s.let("z", N)
    y[1] = x[0] * x[2]
    z[i] = y[i - 1] * y[i - 1] + exp(delta(i, 2) * x[i])
    s.returns(z)


@case(N=9, P=3)
def maximum_with_zero_border(s):
    """Without a guard the border competes as 0, and takes no gradient when it wins."""
    N, P = s.size("N", "u"), s.size("P", "p")
    M = s.size("M", "i", formula=N // 2 + 2)
    i, p = s.index("i", M), s.index("p", P)
    x, w, y, z = s.data("x", N), s.parameter("w", P), s.let("y", M), s.let("z", M)
    y[i] = largest(p, x[2 * i + p - 2] * w[p])
    z[i] = largest(p, exp(x[2 * i + p - 2]) * (p + 1))
    s.returns(y, z)


@case(N=6, K=3, positive=("z",))
def sums_behind_guards(s):
    """What is named on the way is evaluated no further than the guard around it: w[0] is 0."""
    N, K = s.size("N", "i"), s.size("K", "k")
    i, j, k = s.index("i", N), s.index("j", N), s.index("k", K)
    x, z, w, y, L = s.data("x", N, K), s.data("z", N), s.let("w", N), s.let("y", N), s.let("L")
    w[i] = inside(i, 1, N) * z[i]
    y[i] = inside(i, 1, N) * log(w[i] + total(k, x[i, k] * x[i, k] / w[i])) * x[i, 0]
    L[:] = total(j, tanh(largest(k, x[j, k] / w[j])), where=(between(j, 1, N),))
    s.returns(y, L)


@case(N=4, M=3, K=2)
def equal_sums_in_several_places(s):
    """One name for them all, read at other indices, on a diagonal too; another behind another guard."""
    N, M, K = s.size("N", "ij"), s.size("M", "ml"), s.size("K", "k")
    i, j, m, l, k = s.index("i", N), s.index("j", N), s.index("m", M), s.index("l", M), s.index("k", K)
    a, b = s.data("a", N, K), s.parameter("b", M, K)
    y, z, v, u, w = s.let("y", N, M), s.let("z", N), s.let("v", N, N), s.let("u", N), s.let("w", N)
    y[i, m] = tanh(total(k, a[i, k] * b[m, k]))
    z[j] = total(l, exp(total(k, a[j, k] * b[l, k])))
    v[i, j] = sigmoid(total(k, a[i, k] * a[j, k]))
    u[i] = tanh(total(k, a[i, k] * a[i, k]))
    w[i] = tanh(total(k, a[i, k] * a[i, k])) * inside(i, 1, N) * softplus(total(k, a[i, k] * a[i, k]))
    s.returns(y, z, v, u, w)
