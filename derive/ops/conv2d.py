"""Two-dimensional convolution as the documents draw it: cross-correlation."""

from derive.language import identity, op, relu, total, use


def explicit(s, H, W, P, Q, stride):
    """`pad` zeros on all four sides, none by default ('valid')."""
    pad = s.integer("pad", 0)
    U = s.size("U", "i", about="output height", formula=(H + 2 * pad - P) // stride + 1, least=1)
    V = s.size("V", "j", about="output width", formula=(W + 2 * pad - Q) // stride + 1, least=1)
    return U, V, pad, pad


def same(s, H, W, P, Q, stride):
    """As many zeros as keep the image's size, or its quotient by the stride, rounded up."""
    U = s.size("U", "i", about="output height", formula=(H + stride - 1) // stride)
    V = s.size("V", "j", about="output width", formula=(W + stride - 1) // stride)
    above = s.size("above", about="rows of zeros above", formula=((U - 1) * stride + P - H) // 2)
    left = s.size("left", about="columns of zeros on the left", formula=((V - 1) * stride + Q - W) // 2)
    return U, V, above, left


@op(
    title="two-dimensional convolution (cross-correlation)",
    source="document 000, 'Convolutional Neural Networks (CNNs)'; "
    "stride and padding: document 003, 'Convolutional Layer'",
    conventions=(
        "cross-correlation: the kernel is not flipped",
        "padding is with zeros: explicit (pad on all sides; 0 is 'valid'), or 'same', whose odd zero "
        "stands below and on the right and whose stride is at most the kernel's size",
    ),
    padding=(explicit, same),
    activation=(identity, relu),
)
def conv2d(s, padding, activation):
    C, O = s.size("C", "c", about="channels"), s.size("O", "o", about="filters")
    H, W = s.size("H", "u", about="image height"), s.size("W", "v", about="image width")
    P, Q = s.size("P", "p", about="kernel height", least=1), s.size("Q", "q", about="kernel width", least=1)
    stride = s.integer("stride", 1, least=1)
    U, V, above, left = padding(s, H, W, P, Q, stride)
    c, o, i, j, p, q = (
        s.index(*pair) for pair in (("c", C), ("o", O), ("i", U), ("j", V), ("p", P), ("q", Q))
    )
    X = s.data("X", C, H, W, about="image")
    K = s.parameter("K", O, C, P, Q, about="kernels")
    b = s.parameter("b", O, about="bias")
    Y = s.let("Y", O, U, V, about="feature maps")
    patch = X[c, stride * i + p - above, stride * j + q - left]
    Y[o, i, j] = activation(total((c, p, q), patch * K[o, c, p, q]) + b[o])
    s.returns(Y)


def square_convolution(s, name, X, size):
    """Filters of an odd size with ReLU, over feature maps X of a spec: the maps keep their extents."""
    O = s.size(f"{name}_O", "o", about="filters")
    K = s.parameter(f"{name}_K", O, X.tensor.dims[0], size, size, about="kernels")
    return use(s, conv2d.relu, name, X=X, K=K, pad=size // 2).Y
