"""The fully connected layer, for each activation."""

from derive.language import identity, op, relu, sigmoid, tanh


@op(
    title="fully connected layer",
    source="document 000, 'Neural Networks: The Foundation'",
    conventions=("ReLU'(0) = 0",),
    activation=(identity, sigmoid, tanh, relu),
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
