"""The output of a multi-label classifier and its loss: a sigmoid and a binary cross-entropy per unit."""

from derive.language import op, total, use
from derive.ops.activation import activation
from derive.ops.binary_cross_entropy import binary_cross_entropy


def mean(s, i, losses):
    """The units' losses, added up and divided by their number."""
    return 1 / s.range_of(i).hi * total(i, losses)


def sum(s, i, losses):
    """The units' losses, added up."""
    return total(i, losses)


@op(
    title="multi-label cross-entropy: a sigmoid per unit, then binary cross-entropy, over the units",
    source="document 003, 'Comparison': multi-label; 'Classification Error Functions'",
    conventions=(
        "one loss for each example",
        "an example may have any number of labels: the units are independent of each other",
    ),
    units=(mean, sum),
)
def multi_label_cross_entropy(s, units):
    N, K = s.batch("N", "n"), s.size("K", "i", about="units, one for each label")
    n, i = s.index("n", N), s.index("i", K)
    y = s.data("y", N, K, about="labels")
    z = s.data("z", N, K, about="weighted sums")
    y_hat = s.let("y_hat", N, K, latex=r"\hat{y}", about="probabilities")
    L = s.let("L", N, about="losses")
    use(s, activation, "sigmoid", over=n, z=z, a=y_hat)
    unit = use(s, binary_cross_entropy.none, "unit", y=y, y_hat=y_hat)
    L[n] = units(s, i, unit.L[n, i])
    s.returns(L)
