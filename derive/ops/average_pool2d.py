"""Average pooling, the padding counted or not."""

from derive.language import op, total, where
from derive.ops.pooling import pooling


def counted(sums, elements, window):
    """Padding counts: every window has window x window elements."""
    return sums / (window * window)


def uncounted(sums, elements, window):
    """Only elements of the image count; the average of none is 0."""
    return where(elements, ">", 0, sums / elements, 0)


@op(
    title="average pooling",
    source="document 003, 'Pooling Layer'",
    conventions=("padding is with zeros on all sides: a window of nothing else is 0",),
    padding=(counted, uncounted),
)
def average_pool2d(s, padding):
    w = pooling(s)
    elements = total(w.over, 1, where=w.inside)
    w.Y[w.at] = padding(total(w.over, w.read), elements, w.window)
    s.returns(w.Y)
