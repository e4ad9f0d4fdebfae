"""The LSTM layer over a whole sequence whose gates look at the cell."""

from derive.language import op, sigmoid, tanh
from derive.ops.sequences import Sequence


def diagonal(s, H):
    """Each unit's gates look at the unit's own cell."""
    weights = s.pack("w_cl", "inp fr ot", H, about="peephole weights, the diagonals")
    return weights, lambda w, cl: w * cl


def full(s, H):
    """Each unit's gates look at all cells."""
    weights = s.pack("w_cl", "inp fr ot", H, H, about="peephole weights")
    return weights, lambda w, cl: w @ cl


@op(
    title="LSTM layer with peepholes",
    source="document 002, 'Long short-term memory'",
    conventions=(
        "the input and the forget gate look at the old cell, the output gate at the new one",
        "the document does not say whether w_clin, w_clfr and w_clot are diagonal: both forms are here",
        "equal to lstm where the peepholes are 0; the full form with diagonal matrices is the diagonal form "
        "(proved in tests/ops/test_recurrent_relations.py)",
        "inp is the document's in, a keyword of Python; w_x_inp its w_xin, and so on",
    ),
    peephole=(diagonal, full),
)
def lstm_peephole(s, peephole):
    r = Sequence(s)
    T, I, H, t, x, h = r.T, r.I, r.H, r.t, r.x, r.h
    cl0 = s.data("cl0", H, about="initial cell state", latex="cl^{(0)}")
    w_x_inp, w_x_fr, w_x_cl, w_x_ot = s.pack("w_x", "inp fr cl ot", H, I, about="input weights")
    w_h_inp, w_h_fr, w_h_cl, w_h_ot = s.pack("w_h", "inp fr cl ot", H, H, about="recurrent weights")
    (w_cl_inp, w_cl_fr, w_cl_ot), look = peephole(s, H)
    b_inp, b_fr, b_cl, b_ot = s.pack("b", "inp fr cl ot", H, about="biases")
    inp = s.let("inp", T, H, latex="in", about="input gate")
    fr = s.let("fr", T, H, about="forget gate")
    ot = s.let("ot", T, H, about="output gate")
    cl = s.let("cl", T, H, start=cl0, about="cell states")

    inp[t] = sigmoid(w_x_inp @ x[t] + w_h_inp @ h[t - 1] + look(w_cl_inp, cl[t - 1]) + b_inp)
    fr[t] = sigmoid(w_x_fr @ x[t] + w_h_fr @ h[t - 1] + look(w_cl_fr, cl[t - 1]) + b_fr)
    cl[t] = fr[t] * cl[t - 1] + inp[t] * tanh(w_x_cl @ x[t] + w_h_cl @ h[t - 1] + b_cl)
    ot[t] = sigmoid(w_x_ot @ x[t] + w_h_ot @ h[t - 1] + look(w_cl_ot, cl[t]) + b_ot)
    h[t] = ot[t] * tanh(cl[t])
    s.returns(h, cl)
