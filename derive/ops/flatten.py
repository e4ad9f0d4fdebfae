"""Feature maps as one vector, the channels outermost or innermost."""

from derive.language import op


def channels_first(c, i, j, C, H, W):
    """Channel by channel, as arrays (C, H, W) lie in memory."""
    return c * H * W + i * W + j


def channels_last(c, i, j, C, H, W):
    """Pixel by pixel, as the documents draw feature maps: H x W x C."""
    return i * W * C + j * C + c


@op(
    title="flattening",
    source="document 000, 'Mathematical Representation' of CNNs; document 003, 'Fully Connected Layer'",
    order=(channels_first, channels_last),
)
def flatten(s, order):
    C, H, W = s.size("C", "c", about="channels"), s.size("H", "i"), s.size("W", "j")
    K = s.size("K", "k", about="elements", formula=C * H * W)
    c, i, j = s.index("c", C), s.index("i", H), s.index("j", W)
    X = s.data("X", C, H, W, about="feature maps")
    y = s.let("y", K, about="vector")
    y[order(c, i, j, C, H, W)] = X[c, i, j]
    s.returns(y)
