"""Layers upon each other, any number of them.

first, second, *rest = stack(s, lstm, x, 5)     # the outputs of every layer, from the lowest
deep(s, gru, three)                             # a whole op of three layers
"""

from derive.language import use

SOURCE = "document 002, 'RNN structure': 'Often layers are stacked vertically (deep RNNs)'"
CONVENTIONS = (
    "every layer has weights, a size and initial states of its own",
    "any other number of layers is a spec of one's own, with derive.ops.stacked.stack",
)


def stack(s, layer, x, layers):
    """Each layer takes the first output of the one below as its sequence, the lowest takes x.

    Every layer's inputs are declared under its name: layer1_h0, layer1_W, layer2_h0, ...
    """
    made = []
    for n in range(1, layers + 1):
        made.append(use(s, layer, f"layer{n}", x=x))
        x = next(iter(vars(made[-1]).values()))
    return made


def two(s, layer, x):
    return stack(s, layer, x, 2)


def three(s, layer, x):
    return stack(s, layer, x, 3)


def deep(s, layer, depth):
    """An op of stacked layers; it returns the outputs of all of them."""
    x = s.data("x", s.sequence("T", "t"), s.size("I", "k", about="inputs"), about="input sequence")
    s.returns(*(output for made in depth(s, layer, x) for output in vars(made).values()))
