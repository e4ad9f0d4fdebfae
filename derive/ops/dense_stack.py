"""Stacked fully connected layers of any depth."""

from derive.language import op, relu, tanh, use
from derive.ops.dense import dense

LAYERS = {tanh: dense.tanh, relu: dense.relu}


def stack(s, x, layer, names):
    """h^(k+1) = f(W^(k) h^(k) + b^(k)) for as many layers as there are names; the last one's output.

    `layer` is a variant of dense; each use of it has weights, biases and units of its own, declared
    under its name: W of the layer "first" is first_W.
    """
    for name in names:
        x = use(s, layer, name, x=x).h
    return x


def two(s, x, layer):
    """Two layers."""
    return stack(s, x, layer, ("first", "second"))


def three(s, x, layer):
    """Three layers."""
    return stack(s, x, layer, ("first", "second", "third"))


@op(
    title="stacked fully connected layers",
    source="document 000, 'Mathematical Representation': stacking layers",
    conventions=("every layer has weights, biases and a size of its own", "ReLU'(0) = 0"),
    depth=(two, three),
    activation=(tanh, relu),
)
def dense_stack(s, depth, activation):
    x = s.data("x", s.size("I", "k", about="inputs"), about="input")
    s.returns(depth(s, x, LAYERS[activation]))
