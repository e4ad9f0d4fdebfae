"""Recurrent layers over a whole sequence: with an output layer, with fewer biases, the states alone.

Other choices of f and g are a function of one's own, `def mine(s): states_and_outputs(s, f, g)`.
"""

from derive.language import op, relu, sigmoid, tanh, use
from derive.ops.sequences import Sequence
from derive.ops.softmax import softmax

DOCUMENT_000 = (
    "document 000, 'Recurrent Neural Networks (RNNs): Temporal Data Specialists', "
    "'Mathematical Representation'"
)


def identity(s, r, scores, y):
    """Outputs that are the scores themselves."""
    y[r.t] = scores


def probabilities(s, r, scores, y):
    """Outputs that are the softmax of the scores of every step."""
    O = y.tensor.dims[1]
    a = s.let("a", r.T, O, about="scores")
    a[r.t] = scores
    use(s, softmax, "output", over=r.t, x=a, p=y)


def outputs(s, r, g, weights="W_hy", bias="c"):
    """y_t = g(W_hy h_t + c), a layer on every hidden state; without c for no `bias`."""
    O = s.size("O", "op", about="outputs")
    W_hy = s.parameter(weights, O, r.H, about="output weights")
    scores = W_hy @ r.h[r.t]
    if bias:
        scores = scores + s.parameter(bias, O, about="output bias")
    y = s.let("y", r.T, O, about="outputs")
    g(s, r, scores, y)
    s.returns(r.h, y)


def states_and_outputs(s, f, g):
    """Document 000's layer: f is any scalar function, g `identity` or `probabilities`."""
    r = Sequence(s)
    W_xh = s.parameter("W_xh", r.H, r.I, about="input weights")
    W_hh = s.parameter("W_hh", r.H, r.H, about="recurrent weights")
    b = s.parameter("b", r.H, about="bias")
    r.h[r.t] = f(W_xh @ r.x[r.t] + W_hh @ r.h[r.t - 1] + b)
    outputs(s, r, g)


@op(
    title="recurrent layer with an output layer",
    source=DOCUMENT_000,
    conventions=("f is tanh, ReLU or the sigmoid; g is the identity", "ReLU'(0) = 0"),
    activation=(tanh, relu, sigmoid),
)
def rnn(s, activation):
    states_and_outputs(s, activation, identity)


@op(
    title="recurrent layer with an output layer of probabilities",
    source=DOCUMENT_000,
    conventions=("f is tanh; g is the softmax of every step", "a row of scores that is all -inf is NaN"),
)
def rnn_softmax(s):
    states_and_outputs(s, tanh, probabilities)


@op(
    title="recurrent layer without biases",
    source="document 002, 'Recurrent Neural Network'",
    conventions=("equal to rnn with b = 0 and c = 0 (proved in tests/ops/test_recurrent_relations.py)",),
)
def rnn_bias_free(s):
    r = Sequence(s)
    W_hh = s.parameter("W_hh", r.H, r.H, about="recurrent weights")
    W_xh = s.parameter("W_xh", r.H, r.I, about="input weights")
    r.h[r.t] = tanh(W_hh @ r.h[r.t - 1] + W_xh @ r.x[r.t])
    outputs(s, r, identity, bias="")


@op(
    title="recurrent layer with a bias for the states alone",
    source="document 003, 'RNN Architecture'",
    conventions=(
        "f is tanh; g is the identity; there is no bias for y",
        "equal to rnn with c = 0 (proved in tests/ops/test_recurrent_relations.py)",
    ),
)
def rnn_state_bias(s):
    r = Sequence(s)
    W_h = s.parameter("W_h", r.H, r.H, about="hidden-to-hidden weights")
    W_x = s.parameter("W_x", r.H, r.I, about="input-to-hidden weights")
    b = s.parameter("b", r.H, about="bias")
    r.h[r.t] = tanh(W_h @ r.h[r.t - 1] + W_x @ r.x[r.t] + b)
    outputs(s, r, identity, weights="W_y", bias="")


@op(
    title="recurrent layer, its hidden states alone",
    source="document 001, 'Recurrent Neural Networks'",
    conventions=("document 001's sigma is any activation: tanh here, and the sigmoid",),
    activation=(tanh, sigmoid),
)
def recurrent_layer(s, activation):
    r = Sequence(s)
    W_hh = s.parameter("W_hh", r.H, r.H, about="recurrent weights")
    W_xh = s.parameter("W_xh", r.H, r.I, about="input weights")
    b_h = s.parameter("b_h", r.H, about="bias")
    r.h[r.t] = activation(W_hh @ r.h[r.t - 1] + W_xh @ r.x[r.t] + b_h)
    s.returns(r.h)
