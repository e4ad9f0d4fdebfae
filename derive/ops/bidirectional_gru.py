"""Two GRU layers over one sequence, one of them from its end to its beginning."""

from derive.language import op
from derive.ops.bidirectional import CONVENTIONS, SOURCE, added, bidirectional, concatenated
from derive.ops.gru import gru


@op(title="bidirectional GRU layer", source=SOURCE, conventions=CONVENTIONS, joined=(added, concatenated))
def bidirectional_gru(s, joined):
    bidirectional(s, gru, joined)
