"""Average pooling, the padding counted or not."""

from derive.language import op, total, where
from derive.ops.pooling import pooling


def counted(s, w):
    """Padding counts: every window has window x window elements."""
    return total(w.over, w.read) / (w.window * w.window)


def uncounted(s, w):
    """Only elements of the image count; the average of none is 0."""
    _, i, j = w.at
    m = s.let("m", *w.extents, about="elements of the image in each window")
    m[i, j] = total(w.over, 1, where=w.inside)
    return where(m[i, j], ">", 0, total(w.over, w.read) / m[i, j], 0)


@op(
    title="average pooling",
    source="document 003, 'Pooling Layer'",
    conventions=("padding is with zeros on all sides: a window of nothing else is 0",),
    padding=(counted, uncounted),
)
def average_pool2d(s, padding):
    w = pooling(s)
    w.Y[w.at] = padding(s, w)
    s.returns(w.Y)
