"""The feature map of one filter over one channel: convolution as the documents introduce it."""

from derive.language import identity, op, relu, total


@op(
    title="feature map of one filter over an image of one channel",
    source="document 000, 'Mathematical Representation' of CNNs; f and the missing bias: document 002, "
    "'Convolutional Neural Network'",
    conventions=("cross-correlation: the kernel is not flipped", "no padding", "ReLU'(0) = 0"),
    activation=(identity, relu),
)
def feature_map(s, activation):
    H, W = s.size("H", "m", about="image height"), s.size("W", "n", about="image width")
    P, Q = s.size("P", "p", about="kernel height", least=1), s.size("Q", "q", about="kernel width", least=1)
    U = s.size("U", "i", about="output height", formula=H - P + 1, least=1)
    V = s.size("V", "j", about="output width", formula=W - Q + 1, least=1)
    i, j, p, q = s.index("i", U), s.index("j", V), s.index("p", P), s.index("q", Q)
    X = s.data("X", H, W, about="image")
    K = s.parameter("K", P, Q, about="kernel")
    Y = s.let("Y", U, V, about="feature map")
    Y[i, j] = activation(total((p, q), X[i + p, j + q] * K[p, q]))
    s.returns(Y)
