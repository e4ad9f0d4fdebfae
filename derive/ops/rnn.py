"""Recurrent layers over a whole sequence: with an output layer, without biases, and the states alone."""

from derive.language import op, relu, sigmoid, tanh


@op(
    title="recurrent layer with an output layer",
    source="document 000, 'Recurrent Neural Networks (RNNs): Temporal Data Specialists', "
    "'Mathematical Representation'",
    conventions=("f is tanh or ReLU; g is the identity", "ReLU'(0) = 0"),
    activation=(tanh, relu),
)
def rnn(s, activation):
    T, I = s.sequence("T", "t"), s.size("I", "k", about="inputs")
    H, O = s.size("H", "jl", about="units"), s.size("O", "o", about="outputs")
    t = s.index("t", T)
    x = s.data("x", T, I, about="input sequence")
    h0 = s.data("h0", H, about="initial hidden state", latex="h^{(0)}")
    W_xh = s.parameter("W_xh", H, I, about="input weights")
    W_hh = s.parameter("W_hh", H, H, about="recurrent weights")
    b = s.parameter("b", H, about="bias")
    W_hy = s.parameter("W_hy", O, H, about="output weights")
    c = s.parameter("c", O, about="output bias")
    h = s.let("h", T, H, start=h0, about="hidden states")
    y = s.let("y", T, O, about="outputs")
    h[t] = activation(W_xh @ x[t] + W_hh @ h[t - 1] + b)
    y[t] = W_hy @ h[t] + c
    s.returns(h, y)


@op(
    title="recurrent layer without biases",
    source="document 002, 'Recurrent Neural Network'",
)
def rnn_bias_free(s):
    T, I = s.sequence("T", "t"), s.size("I", "k", about="inputs")
    H, O = s.size("H", "jl", about="units"), s.size("O", "o", about="outputs")
    t = s.index("t", T)
    x = s.data("x", T, I, about="input sequence")
    h0 = s.data("h0", H, about="initial hidden state", latex="h^{(0)}")
    W_hh = s.parameter("W_hh", H, H, about="recurrent weights")
    W_xh = s.parameter("W_xh", H, I, about="input weights")
    W_hy = s.parameter("W_hy", O, H, about="output weights")
    h = s.let("h", T, H, start=h0, about="hidden states")
    y = s.let("y", T, O, about="outputs")
    h[t] = tanh(W_hh @ h[t - 1] + W_xh @ x[t])
    y[t] = W_hy @ h[t]
    s.returns(h, y)


@op(
    title="recurrent layer, its hidden states alone",
    source="document 001, 'Recurrent Neural Networks'",
    conventions=("document 001's sigma is any activation: tanh here, and the sigmoid",),
    activation=(tanh, sigmoid),
)
def recurrent_layer(s, activation):
    T, I, H = s.sequence("T", "t"), s.size("I", "k", about="inputs"), s.size("H", "jl", about="units")
    t = s.index("t", T)
    x = s.data("x", T, I, about="input sequence")
    h0 = s.data("h0", H, about="initial hidden state", latex="h^{(0)}")
    W_hh = s.parameter("W_hh", H, H, about="recurrent weights")
    W_xh = s.parameter("W_xh", H, I, about="input weights")
    b_h = s.parameter("b_h", H, about="bias")
    h = s.let("h", T, H, start=h0, about="hidden states")
    h[t] = activation(W_hh @ h[t - 1] + W_xh @ x[t] + b_h)
    s.returns(h)
