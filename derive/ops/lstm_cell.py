"""One step of an LSTM layer, and its equations, which the layer over a whole sequence shares."""

from derive.language import op, sigmoid, tanh
from derive.ops.sequences import OneStep


def long_short(s, r, steps, at, x, h_prev, C_prev, C):
    """The gates, the cell C and the state r.h at one step: `at` is t along `steps`, or [:] without any."""
    W_f, W_i, W_C, W_o = s.pack("W", "f i C o", r.H, r.I, about="input weights")
    U_f, U_i, U_C, U_o = s.pack("U", "f i C o", r.H, r.H, about="recurrent weights")
    b_f, b_i, b_C, b_o = s.pack("b", "f i C o", r.H, about="biases")
    f, i, o = (s.let(name, *steps, r.H) for name in "fio")
    C_tilde = s.let("C_tilde", *steps, r.H, latex=r"\tilde{C}")

    f[at] = sigmoid(W_f @ x + U_f @ h_prev + b_f)
    i[at] = sigmoid(W_i @ x + U_i @ h_prev + b_i)
    C_tilde[at] = tanh(W_C @ x + U_C @ h_prev + b_C)
    o[at] = sigmoid(W_o @ x + U_o @ h_prev + b_o)
    C[at] = f[at] * C_prev + i[at] * C_tilde[at]
    r.h[at] = o[at] * tanh(C[at])
    s.returns(r.h, C)


@op(
    title="one step of an LSTM layer",
    source="document 000, 'Long Short-Term Memory (LSTMs)'",
    conventions=(
        "its weights can be given to several uses: the gradients of the uses add up",
        "equal to lstm with T = 1 (shown in tests/ops/test_recurrent_unrolled.py)",
    ),
)
def lstm_cell(s):
    r = OneStep(s)
    C_prev = s.data("c_prev", r.H, latex="C", about="cell state before the step")
    C = s.let("c", r.H, latex="C", about="cell state after the step")
    long_short(s, r, (), slice(None), r.x, r.h_prev, C_prev, C)
