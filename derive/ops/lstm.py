"""The LSTM layer over a whole sequence."""

from derive.language import op
from derive.ops.lstm_cell import long_short
from derive.ops.sequences import Sequence


@op(
    title="LSTM layer",
    source="document 000, 'Long Short-Term Memory (LSTMs)'; document 001 has the cell's update",
    conventions=(
        "equal to lstm_concatenated with [U W] as its W (proved in tests/ops/test_recurrent_relations.py)",
    ),
)
def lstm(s):
    r = Sequence(s)
    c0 = s.data("c0", r.H, about="initial cell state", latex="C^{(0)}")
    C = s.let("c", r.T, r.H, start=c0, latex="C", about="cell states")
    long_short(s, r, (r.T,), r.t, r.x[r.t], r.h[r.t - 1], C[r.t - 1], C)
