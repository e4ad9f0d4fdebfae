"""The activations, element by element."""

from derive.language import op, relu, relu_right, sigmoid, tanh


@op(
    title="activation, element by element",
    source="document 001, 'Each neuron calculates a weighted sum ...'; "
    "document 002, 'New Activation Function'; document 003, 'ReLU Activation'",
    conventions=("ReLU'(0) = 0; of relu_right it is 1, as document 002 has it",),
    f=(sigmoid, tanh, relu, relu_right),
)
def activation(s, f):
    I = s.size("I", "i", about="elements")
    z = s.data("z", I, about="weighted sums")
    a = s.let("a", I, about="activations")
    a[:] = f(z)
    s.returns(a)
