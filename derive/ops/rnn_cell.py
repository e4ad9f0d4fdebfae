"""One step of a recurrent layer: what an unrolled network is made of."""

from derive.language import op, tanh
from derive.ops.sequences import OneStep


@op(
    title="one step of a recurrent layer",
    source="document 002, 'Recurrent Neural Network': 'applying a recurrence formula at every time step'; "
    "document 001, 'Recurrent Neural Networks'",
    conventions=(
        "its weights can be given to several uses: the gradients of the uses add up",
        "equal to recurrent_layer with T = 1 (shown in tests/ops/test_recurrent_unrolled.py)",
    ),
)
def rnn_cell(s):
    r = OneStep(s)
    W_hh = s.parameter("W_hh", r.H, r.H, about="recurrent weights")
    W_xh = s.parameter("W_xh", r.H, r.I, about="input weights")
    b_h = s.parameter("b_h", r.H, about="bias")
    r.h[:] = tanh(W_hh @ r.h_prev + W_xh @ r.x + b_h)
    s.returns(r.h)
