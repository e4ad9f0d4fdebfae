"""The gated recurrent unit over a whole sequence, the reset gate behind the matrix product."""

from derive.language import op
from derive.ops.gru_cell import CONVENTIONS, gated
from derive.ops.sequences import Sequence


@op(
    title="GRU layer, reset after the matrix product",
    source="document 000, 'Gated Recurrent Units (GRUs)'",
    conventions=(
        *CONVENTIONS,
        "equal to gru_reset_before where r = 1 or U_h is diagonal, and else not "
        "(proof: tests/ops/test_recurrent_relations.py; inputs in tests/ops/test_recurrent_differences.py)",
    ),
)
def gru(s):
    r = Sequence(s)
    gated(s, r, (r.T,), r.t, r.x[r.t], r.h[r.t - 1])
