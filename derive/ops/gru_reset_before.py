"""The gated recurrent unit over a whole sequence, the reset gate in front of the matrix product."""

from derive.language import op, sigmoid, tanh
from derive.ops.sequences import Sequence


@op(
    title="GRU layer, reset before the matrix product",
    source="document 002, 'Gated Recurrent Unit'",
    conventions=(
        "the document's last line has an f that it does not define: it is read as the update gate in_fr",
        "in_fr keeps the old state",
        "the reset gate fr multiplies h[t-1], not w_h_cl h[t-1]",
        "w_x_in_fr is the document's w_xin_fr, w_h_in_fr its w_hiin_fr, and so on",
        "equal to gru where fr = 1 or w_h_cl is diagonal, and else not "
        "(proof: tests/ops/test_recurrent_relations.py; inputs in tests/ops/test_recurrent_differences.py)",
    ),
)
def gru_reset_before(s):
    r = Sequence(s)
    T, I, H, t, x, h = r.T, r.I, r.H, r.t, r.x, r.h
    w_x_in_fr, w_x_fr, w_x_cl = s.pack("w_x", "in_fr fr cl", H, I, about="input weights")
    w_h_in_fr, w_h_fr, w_h_cl = s.pack("w_h", "in_fr fr cl", H, H, about="recurrent weights")
    b_in_fr, b_fr, b_cl = s.pack("b", "in_fr fr cl", H, about="biases")
    in_fr = s.let("in_fr", T, H, about="update gate")
    fr = s.let("fr", T, H, about="forget or reset gate")
    cl = s.let("cl", T, H, about="current memory")

    in_fr[t] = sigmoid(w_x_in_fr @ x[t] + w_h_in_fr @ h[t - 1] + b_in_fr)
    fr[t] = sigmoid(w_x_fr @ x[t] + w_h_fr @ h[t - 1] + b_fr)
    cl[t] = tanh(w_x_cl @ x[t] + w_h_cl @ (fr[t] * h[t - 1]) + b_cl)
    h[t] = in_fr[t] * h[t - 1] + (1 - in_fr[t]) * cl[t]
    s.returns(h)
