"""Two-dimensional convolution in the mathematical sense: the kernel is flipped."""

from derive.language import op, total


@op(
    title="two-dimensional convolution (the kernel flipped)",
    source="document 001, 'CNNs are designed for image-related tasks ...'",
    conventions=(
        "the kernel is flipped: this is not the cross-correlation of conv2d",
        "the result is full: every position where the kernel meets the image",
    ),
)
def true_convolution2d(s):
    C, O = s.size("C", "c", about="channels"), s.size("O", "o", about="filters")
    H, W = s.size("H", "m", about="image height"), s.size("W", "n", about="image width")
    P, Q = s.size("P", "p", about="kernel height", least=1), s.size("Q", "q", about="kernel width", least=1)
    U = s.size("U", "i", about="output height", formula=H + P - 1)
    V = s.size("V", "j", about="output width", formula=W + Q - 1)
    c, o, i, j = s.index("c", C), s.index("o", O), s.index("i", U), s.index("j", V)
    m, n = s.index("m", H), s.index("n", W)
    I = s.data("I", C, H, W, about="image")
    K = s.parameter("K", O, C, P, Q, about="kernels")
    S = s.let("S", O, U, V, about="feature maps")
    S[o, i, j] = total((c, m, n), I[c, m, n] * K[o, c, i - m, j - n])
    s.returns(S)
