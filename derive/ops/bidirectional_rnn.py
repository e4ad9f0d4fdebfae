"""Two RNN layers over one sequence, one of them from its end to its beginning."""

from derive.language import op
from derive.ops.bidirectional import CONVENTIONS, SOURCE, added, bidirectional, concatenated
from derive.ops.rnn import recurrent_layer


@op(title="bidirectional RNN layer", source=SOURCE, conventions=CONVENTIONS, joined=(added, concatenated))
def bidirectional_rnn(s, joined):
    bidirectional(s, recurrent_layer, joined)
