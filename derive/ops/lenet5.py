"""LeNet-5 with its loss: one system of equations, made of the catalogue's layers."""

from derive.language import op, use
from derive.ops.conv2d import conv2d
from derive.ops.dense import dense
from derive.ops.flatten import flatten
from derive.ops.max_pool2d import max_pool2d
from derive.ops.softmax_cross_entropy import softmax_cross_entropy


@op(
    title="LeNet-5",
    source="document 003, 'CNN Architecture Example: LeNet-5'",
    conventions=(
        "every size comes from the arrays: 32x32 images, 5x5 kernels, 6 and 16 filters, 120, 84 and "
        "10 units make the network of the document",
        "ReLU behind convolutions and hidden layers; 2x2 max pooling with stride 2",
        "the feature maps are flattened channel by channel",
        "the loss is the mean over the batch; labels are class numbers",
    ),
)
def lenet5(s):
    N = s.batch("N", "n")
    n = s.index("n", N)
    C = s.size("C", "c", about="channels")
    # two 2x2 kernels and two poolings leave something of 7 pixels, and of no fewer
    H, W = s.size("H", "u", about="image height", least=7), s.size("W", "v", about="image width", least=7)
    X = s.data("X", N, C, H, W, about="images")
    y = s.data("y", N, integer=True, about="class numbers")
    conv1 = use(s, conv2d.relu, "conv1", over=n, X=X)
    pool1 = use(s, max_pool2d, "pool1", over=n, X=conv1.Y)
    conv2 = use(s, conv2d.relu, "conv2", over=n, X=pool1.Y)
    pool2 = use(s, max_pool2d, "pool2", over=n, X=conv2.Y)
    flat = use(s, flatten, "flat", over=n, X=pool2.Y)
    fc1 = use(s, dense.relu, "fc1", over=n, x=flat.y)
    fc2 = use(s, dense.relu, "fc2", over=n, x=fc1.h)
    K = s.size("K", "k", about="classes", least=2)
    W = s.parameter("out_W", K, fc2.h.tensor.dims[1], about="weights")
    b = s.parameter("out_b", K, about="bias")
    out = use(s, dense, "out", over=n, x=fc2.h, W=W, b=b)
    loss = use(s, softmax_cross_entropy, "loss", x=out.h, y=y)
    s.returns(loss.L, loss.p)
