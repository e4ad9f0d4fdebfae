"""Two LSTM layers over one sequence, one of them from its end to its beginning."""

from derive.language import op
from derive.ops.bidirectional import CONVENTIONS, SOURCE, added, bidirectional, concatenated
from derive.ops.lstm import lstm


@op(title="bidirectional LSTM layer", source=SOURCE, conventions=CONVENTIONS, joined=(added, concatenated))
def bidirectional_lstm(s, joined):
    bidirectional(s, lstm, joined)
