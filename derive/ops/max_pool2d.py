"""Max pooling."""

from derive.language import between, largest, op


@op(
    title="max pooling",
    source="document 003, 'Pooling'; document 000, 'Convolutional Neural Networks (CNNs)'",
    conventions=(
        "padding never wins: a window of nothing else is -inf",
        "of equal maxima the first takes the gradient",
        "NaN wins",
    ),
)
def max_pool2d(s):
    C, H, W = s.size("C", "c", about="channels"), s.size("H", "u"), s.size("W", "v")
    window, stride = s.integer("window", 2, least=1), s.integer("stride", 2, least=1)
    pad = s.integer("pad", 0)
    U = s.size("U", "i", formula=(H + 2 * pad - window) // stride + 1, least=1)
    V = s.size("V", "j", formula=(W + 2 * pad - window) // stride + 1, least=1)
    c, i, j = s.index("c", C), s.index("i", U), s.index("j", V)
    p, q = s.index("p", window), s.index("q", window)
    X = s.data("X", C, H, W, about="image")
    Y = s.let("Y", C, U, V, about="pooled image")
    u, v = stride * i + p - pad, stride * j + q - pad
    Y[c, i, j] = largest((p, q), X[c, u, v], where=(between(u, 0, H), between(v, 0, W)))
    s.returns(Y)
