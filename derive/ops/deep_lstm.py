"""Stacked LSTM layers: each takes the hidden states of the one below as its sequence."""

from derive.language import op
from derive.ops.lstm import lstm
from derive.ops.stacked import CONVENTIONS, SOURCE, deep, three, two


@op(title="stacked LSTM layers", source=SOURCE, conventions=CONVENTIONS, depth=(two, three))
def deep_lstm(s, depth):
    deep(s, lstm, depth)
