"""Stacked RNN layers: each takes the hidden states of the one below as its sequence."""

from derive.language import op, use
from derive.ops.rnn import recurrent_layer


@op(
    title="stacked RNN layers",
    source="document 002, 'RNN structure': 'Often layers are stacked vertically (deep RNNs)'",
    conventions=("every layer has weights, a size and an initial state of its own",),
)
def deep_rnn(s):
    x = s.data("x", s.sequence("T", "t"), s.size("I", "k", about="inputs"), about="input sequence")
    first = use(s, recurrent_layer, "first", x=x)
    second = use(s, recurrent_layer, "second", x=first.h)
    s.returns(first.h, second.h)
