"""The residual block: two 3x3 convolutions and a connection that skips them."""

from derive.language import op, relu, total


@op(
    title="residual block (skip connection around two 3x3 convolutions)",
    source="document 003, 'Modern CNN Architectures': ResNet; its layers: 'Convolutional Layer'",
    conventions=(
        "cross-correlation with stride 1 and padding 'same': shapes do not change",
        "ReLU between the convolutions and behind the sum; ReLU'(0) = 0; no normalisation",
    ),
)
def residual_block(s):
    C, H, W = s.size("C", "c o", about="channels"), s.size("H", "i"), s.size("W", "j")
    c, o, i, j = s.index("c", C), s.index("o", C), s.index("i", H), s.index("j", W)
    p, q = s.index("p", 3), s.index("q", 3)
    X = s.data("X", C, H, W, about="feature maps")
    K1, K2 = (s.parameter(name, C, C, 3, 3, about="kernels") for name in ("K1", "K2"))
    b1, b2 = (s.parameter(name, C, about="bias") for name in ("b1", "b2"))
    A = s.let("A", C, H, W, about="feature maps inside the block")
    Y = s.let("Y", C, H, W, about="feature maps")
    A[o, i, j] = relu(total((c, p, q), X[c, i + p - 1, j + q - 1] * K1[o, c, p, q]) + b1[o])
    F = total((c, p, q), A[c, i + p - 1, j + q - 1] * K2[o, c, p, q]) + b2[o]
    Y[o, i, j] = relu(F + X[o, i, j])
    s.returns(Y)
