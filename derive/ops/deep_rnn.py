"""Stacked RNN layers: each takes the hidden states of the one below as its sequence."""

from derive.language import op
from derive.ops.rnn import recurrent_layer
from derive.ops.stacked import CONVENTIONS, SOURCE, deep, three, two


@op(title="stacked RNN layers", source=SOURCE, conventions=CONVENTIONS, depth=(two, three))
def deep_rnn(s, depth):
    deep(s, recurrent_layer, depth)
