"""The end of AlexNet: fully connected layers with ReLU and dropout, and an output layer."""

from derive.language import op, use
from derive.ops.dense import dense
from derive.ops.dropout import dropout


@op(
    title="fully connected layers with ReLU and dropout",
    source="document 003, 'Modern CNN Architectures': AlexNet",
    conventions=(
        "dropout behind the ReLU of both hidden layers, none behind the output layer",
        "one probability p; a mask for each hidden layer",
        "ReLU'(0) = 0",
    ),
)
def alexnet_classifier(s):
    h = s.data("x", s.size("I", "k", about="features"), about="flattened feature maps")
    p = s.real("p", 0.5, about="the probability that a unit is dropped; below 1")
    for name in ("first", "second"):
        hidden = use(s, dense.relu, name, x=h)
        h = use(s, dropout, f"{name}_dropout", x=hidden.h, p=p).y
    s.returns(use(s, dense, "output", x=h).h)
