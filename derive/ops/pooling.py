"""What pooling layers begin with: an image, and the window behind each element of the pooled image."""

from types import SimpleNamespace

from derive.language import between


def pooling(s):
    """The pooled image Y, its indices and extents; the window, what it reads and where that is inside."""
    C, H, W = (
        s.size("C", "c", about="channels"),
        s.size("H", "u", about="image height"),
        s.size("W", "v", about="image width"),
    )
    window, stride = s.integer("window", 2, least=1), s.integer("stride", 2, least=1)
    pad = s.integer("pad", 0)
    U = s.size("U", "i", formula=(H + 2 * pad - window) // stride + 1, least=1)
    V = s.size("V", "j", formula=(W + 2 * pad - window) // stride + 1, least=1)
    c, i, j = s.index("c", C), s.index("i", U), s.index("j", V)
    p, q = s.index("p", window), s.index("q", window)
    X = s.data("X", C, H, W, about="image")
    Y = s.let("Y", C, U, V, about="pooled image")
    u, v = stride * i + p - pad, stride * j + q - pad
    inside = (between(u, 0, H), between(v, 0, W))
    return SimpleNamespace(
        Y=Y, at=(c, i, j), extents=(U, V), window=window, over=(p, q), read=X[c, u, v], inside=inside
    )
