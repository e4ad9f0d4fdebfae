"""The block that VGG repeats: 3x3 convolutions, then max pooling."""

from derive.language import op, use
from derive.ops.conv2d import square_convolution
from derive.ops.max_pool2d import max_pool2d


@op(
    title="two 3x3 convolutions and a max pooling",
    source="document 003, 'Modern CNN Architectures': VGGNet",
    conventions=(
        "cross-correlation with stride 1 and padding 'same'; ReLU behind each, ReLU'(0) = 0",
        "2x2 max pooling with stride 2; of equal maxima the first takes the gradient",
    ),
)
def vgg_block(s):
    C = s.size("C", "c", about="channels")
    H, W = (s.size(n, x, about="image", least=2) for n, x in (("H", "u"), ("W", "v")))
    X = s.data("X", C, H, W, about="feature maps")
    first = square_convolution(s, "conv1", X, 3)
    second = square_convolution(s, "conv2", first, 3)
    s.returns(use(s, max_pool2d, "pool", X=second).Y)
