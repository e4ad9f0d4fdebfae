"""Stacked GRU layers: each takes the hidden states of the one below as its sequence."""

from derive.language import op, use
from derive.ops.gru import gru


@op(
    title="stacked GRU layers",
    source="document 002, 'RNN structure': 'Often layers are stacked vertically (deep RNNs)'",
    conventions=("every layer has weights, a size and initial states of its own",),
)
def deep_gru(s):
    x = s.data("x", s.sequence("T", "t"), s.size("I", "k", about="inputs"), about="input sequence")
    first = use(s, gru, "first", x=x)
    second = use(s, gru, "second", x=first.h)
    s.returns(first.h, second.h)
