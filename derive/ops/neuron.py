"""One neuron: a weighted sum and an activation."""

from derive.language import op, relu, sigmoid, tanh, total


@op(
    title="neuron",
    source="document 001, 'Each neuron calculates a weighted sum ...'",
    conventions=("ReLU'(0) = 0",),
    activation=(sigmoid, tanh, relu),
)
def neuron(s, activation):
    n = s.size("n", "i", about="inputs")
    i = s.index("i", n)
    x = s.data("x", n, about="inputs")
    w, b = s.parameter("w", n, about="weights"), s.parameter("b", about="bias")
    z, a = s.let("z", about="weighted sum"), s.let("a", about="activation")
    z[:] = total(i, w[i] * x[i]) + b
    a[:] = activation(z)
    s.returns(z, a)
