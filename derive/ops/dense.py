"""The fully connected layer, for each activation, and in the form of a row times a matrix."""

from derive.language import identity, op, relu, relu_right, sigmoid, tanh


@op(
    title="fully connected layer",
    source="document 000, 'Neural Networks: The Foundation'",
    conventions=("ReLU'(0) = 0; of relu_right it is 1, as document 002 has it",),
    activation=(identity, sigmoid, tanh, relu, relu_right),
)
def dense(s, activation):
    I = s.size("I", "k", about="inputs")
    H = s.size("H", "ij", about="units")
    x = s.data("x", I, about="input")
    W = s.parameter("W", H, I, about="weights")
    b = s.parameter("b", H, about="bias")
    h = s.let("h", H, about="output")
    h[:] = activation(W @ x + b)
    s.returns(h)


@op(
    title="fully connected layer, its input a row",
    source="document 004, 'Exploding Gradients': node_output = xW + b",
    conventions=("W is the transpose of that of dense: inputs by units",),
)
def dense_row(s):
    I, H = s.size("I", "k", about="inputs"), s.size("H", "ij", about="units")
    x = s.data("x", I, about="a row of features")
    W = s.parameter("W", I, H, about="weights")
    b = s.parameter("b", H, about="bias")
    h = s.let("h", H, about="output, a row of units")
    h[:] = x @ W + b
    s.returns(h)
