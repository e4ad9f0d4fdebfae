"""Stacked GRU layers: each takes the hidden states of the one below as its sequence."""

from derive.language import op
from derive.ops.gru import gru
from derive.ops.stacked import CONVENTIONS, SOURCE, deep, three, two


@op(title="stacked GRU layers", source=SOURCE, conventions=CONVENTIONS, depth=(two, three))
def deep_gru(s, depth):
    deep(s, gru, depth)
