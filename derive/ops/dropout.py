"""Dropout, with the elements to keep given: the same function whenever it is called again."""

from derive.language import delta, op


@op(
    title="dropout",
    source="document 003, 'Modern CNN Architectures': AlexNet",
    conventions=(
        "inverted dropout: what is kept is divided by 1 - p, so that nothing changes on average and "
        "nothing is left to do when the network is used",
        "the mask is given, 1 for an element that is kept and 0 for one that is not; it is drawn by the "
        "caller, who keeps an element with probability 1 - p",
    ),
)
def dropout(s):
    I = s.size("I", "i", about="elements")
    i = s.index("i", I)
    p = s.real("p", 0.5, about="the probability that an element is dropped; below 1")
    x = s.data("x", I, about="elements")
    m = s.data("m", I, integer=True, about="mask")
    y = s.let("y", I, about="elements that are left")
    y[i] = delta(m[i], 1) * x[i] / (1 - p)
    s.returns(y)
