"""One step of a GRU layer, and its equations, which the layer over a whole sequence shares."""

from derive.language import op, sigmoid, tanh
from derive.ops.sequences import OneStep

CONVENTIONS = (
    "the reset gate multiplies U_h h[t-1], not h[t-1]",
    "z keeps the old state; elsewhere z and 1 - z change places",
    "one bias a gate: b_h is outside of the reset product",
)


def gated(s, r, steps, at, x, h_prev):
    """The gates, the candidate and the state r.h at one step: `at` is t along `steps`, or [:] without any."""
    W_z, W_r, W_h = s.pack("W", "z r h", r.H, r.I, about="input weights")
    U_z, U_r, U_h = s.pack("U", "z r h", r.H, r.H, about="recurrent weights")
    b_z, b_r, b_h = s.pack("b", "z r h", r.H, about="biases")
    z, reset = s.let("z", *steps, r.H), s.let("r", *steps, r.H)
    h_tilde = s.let("h_tilde", *steps, r.H, latex=r"\tilde{h}")

    z[at] = sigmoid(W_z @ x + U_z @ h_prev + b_z)
    reset[at] = sigmoid(W_r @ x + U_r @ h_prev + b_r)
    h_tilde[at] = tanh(W_h @ x + reset[at] * (U_h @ h_prev) + b_h)
    r.h[at] = z[at] * h_prev + (1 - z[at]) * h_tilde[at]
    s.returns(r.h)


@op(
    title="one step of a GRU layer, reset after the matrix product",
    source="document 000, 'Gated Recurrent Units (GRUs)'",
    conventions=(
        *CONVENTIONS,
        "its weights can be given to several uses: the gradients of the uses add up",
        "equal to gru with T = 1 (shown in tests/ops/test_recurrent_unrolled.py)",
    ),
)
def gru_cell(s):
    r = OneStep(s)
    gated(s, r, (), slice(None), r.x, r.h_prev)
