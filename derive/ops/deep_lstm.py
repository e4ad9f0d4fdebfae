"""Stacked LSTM layers: each takes the hidden states of the one below as its sequence."""

from derive.language import op, use
from derive.ops.lstm import lstm


@op(
    title="stacked LSTM layers",
    source="document 002, 'RNN structure': 'Often layers are stacked vertically (deep RNNs)'",
    conventions=("every layer has weights, a size and initial states of its own",),
)
def deep_lstm(s):
    x = s.data("x", s.sequence("T", "t"), s.size("I", "k", about="inputs"), about="input sequence")
    first = use(s, lstm, "first", x=x)
    second = use(s, lstm, "second", x=first.h)
    s.returns(first.h, first.c, second.h, second.c)
