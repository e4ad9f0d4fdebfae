"""Average pooling, the padding counted or not."""

from derive.language import between, op, total, where


def counted(sums, elements, window):
    """Padding counts: every window has window x window elements."""
    return sums / (window * window)


def uncounted(sums, elements, window):
    """Only elements of the image count; the average of none is 0."""
    return where(elements, ">", 0, sums / elements, 0)


@op(
    title="average pooling",
    source="document 003, 'Pooling Layer'",
    conventions=("padding is with zeros on all sides: a window of nothing else is 0",),
    padding=(counted, uncounted),
)
def average_pool2d(s, padding):
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
    elements = total((p, q), 1, where=(between(u, 0, H), between(v, 0, W)))
    Y[c, i, j] = padding(total((p, q), X[c, u, v]), elements, window)
    s.returns(Y)
