"""The residual block: two 3x3 convolutions and a connection that skips them."""

from derive.language import op, relu, use
from derive.ops.conv2d import conv2d


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
    X = s.data("X", C, H, W, about="feature maps")
    K1, K2 = (s.parameter(name, C, C, 3, 3, about="kernels") for name in ("K1", "K2"))
    b1, b2 = (s.parameter(name, C, about="bias") for name in ("b1", "b2"))
    inner = use(s, conv2d.relu, "inner", X=X, K=K1, b=b1, pad=1)
    outer = use(s, conv2d, "outer", X=inner.Y, K=K2, b=b2, pad=1)
    Y = s.let("Y", C, H, W, about="feature maps")
    o, i, j = s.index("o", C), s.index("i", H), s.index("j", W)
    Y[o, i, j] = relu(outer.Y[o, i, j] + X[o, i, j])
    s.returns(Y)
