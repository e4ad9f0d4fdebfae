"""The inception module: filters of several sizes beside each other, their feature maps stacked."""

from derive.language import op, use
from derive.ops.conv2d import square_convolution
from derive.ops.max_pool2d import max_pool2d


@op(
    title="inception module",
    source="document 003, 'Modern CNN Architectures': GoogLeNet; its branches: Szegedy et al. 2015, "
    "'Going deeper with convolutions', figure 2b",
    conventions=(
        "four branches: 1x1; 1x1 then 3x3; 1x1 then 5x5; 3x3 max pooling then 1x1",
        "cross-correlation with stride 1 and padding 'same'; ReLU behind each convolution, ReLU'(0) = 0",
        "the branches' feature maps are concatenated along the channels in this order",
    ),
)
def inception(s):
    C, H, W = s.size("C", "c", about="channels"), s.size("H", "i"), s.size("W", "j")
    X = s.data("X", C, H, W, about="feature maps")
    pooled = use(s, max_pool2d, "pool", X=X, window=3, stride=1, pad=1).Y
    one = square_convolution(s, "one", X, 1)
    three = square_convolution(s, "three", square_convolution(s, "reduce3", X, 1), 3)
    five = square_convolution(s, "five", square_convolution(s, "reduce5", X, 1), 5)
    projected = square_convolution(s, "project", pooled, 1)
    # where the feature maps of the second, third and fourth branch begin, and where they end
    second = one.tensor.dims[0]
    third = second + three.tensor.dims[0]
    fourth = third + five.tensor.dims[0]
    M = s.size("M", "m", about="feature maps of all branches", formula=fourth + projected.tensor.dims[0])
    m, i, j = s.index("m", M), s.index("i", H), s.index("j", W)
    Y = s.let("Y", M, H, W, about="feature maps of all branches")
    Y[m, i, j] = one[m, i, j] + three[m - second, i, j] + five[m - third, i, j] + projected[m - fourth, i, j]
    s.returns(Y)
