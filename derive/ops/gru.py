"""The gated recurrent unit over a whole sequence, the reset gate behind the matrix product."""

from derive.language import op, sigmoid, tanh


@op(
    title="GRU layer, reset after the matrix product",
    source="document 000, 'Gated Recurrent Units (GRUs)'",
    conventions=(
        "the reset gate multiplies U_h h[t-1], not h[t-1]",
        "z keeps the old state; elsewhere z and 1 - z change places",
        "one bias a gate: b_h is outside of the reset product",
    ),
)
def gru(s):
    T, I, H = s.sequence("T", "t"), s.size("I", "k", about="inputs"), s.size("H", "jl", about="units")
    t = s.index("t", T)
    x = s.data("x", T, I, about="input sequence")
    h0 = s.data("h0", H, about="initial hidden state", latex="h^{(0)}")
    W_z, W_r, W_h = s.pack("W", "z r h", H, I, about="input weights")
    U_z, U_r, U_h = s.pack("U", "z r h", H, H, about="recurrent weights")
    b_z, b_r, b_h = s.pack("b", "z r h", H, about="biases")
    z, r = s.let("z", T, H), s.let("r", T, H)
    h_tilde = s.let("h_tilde", T, H, latex=r"\tilde{h}")
    h = s.let("h", T, H, start=h0, about="hidden states")

    z[t] = sigmoid(W_z @ x[t] + U_z @ h[t - 1] + b_z)
    r[t] = sigmoid(W_r @ x[t] + U_r @ h[t - 1] + b_r)
    h_tilde[t] = tanh(W_h @ x[t] + r[t] * (U_h @ h[t - 1]) + b_h)
    h[t] = z[t] * h[t - 1] + (1 - z[t]) * h_tilde[t]
    s.returns(h)
