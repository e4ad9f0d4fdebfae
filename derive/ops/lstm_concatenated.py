"""The LSTM layer over a whole sequence, one matrix a gate on the concatenation [h[t-1], x[t]]."""

from derive.language import op, sigmoid, tanh
from derive.ops.sequences import Sequence


@op(
    title="LSTM layer on the concatenation [h, x]",
    source="document 003, 'Solution: LSTM (Long Short-Term Memory)'",
    conventions=(
        "the first H columns of W multiply h[t-1], the others x[t]",
        "equal to lstm with its [U W] as W (proved in tests/ops/test_recurrent_relations.py)",
        "tensors are 0 outside of their domains, so that the sum of the two parts is their concatenation",
    ),
)
def lstm_concatenated(s):
    r = Sequence(s)
    T, I, H, t, x, h = r.T, r.I, r.H, r.t, r.x, r.h
    M = s.size("M", "mp", about="units and inputs", formula=H + I)
    m = s.index("m", M)
    c0 = s.data("c0", H, about="initial cell state", latex="C^{(0)}")
    W_f, W_i, W_c, W_o = s.pack("W", "f i c o", H, M, about="weights")
    b_f, b_i, b_c, b_o = s.pack("b", "f i c o", H, about="biases")
    hx = s.let("hx", T, M, latex="[h, x]", about="concatenation")
    f, i, o = s.let("f", T, H), s.let("i", T, H), s.let("o", T, H)
    C_tilde = s.let("C_tilde", T, H, latex=r"\tilde{C}")
    C = s.let("c", T, H, start=c0, latex="C", about="cell states")

    hx[t, m] = h[t - 1, m] + x[t, m - H]
    f[t] = sigmoid(W_f @ hx[t] + b_f)
    i[t] = sigmoid(W_i @ hx[t] + b_i)
    C_tilde[t] = tanh(W_c @ hx[t] + b_c)
    C[t] = f[t] * C[t - 1] + i[t] * C_tilde[t]
    o[t] = sigmoid(W_o @ hx[t] + b_o)
    h[t] = o[t] * tanh(C[t])
    s.returns(h, C)
