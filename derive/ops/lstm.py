"""The LSTM layer over a whole sequence."""

from derive.language import op, sigmoid, tanh


@op(title="LSTM layer", source="document 000, 'Long Short-Term Memory (LSTMs)'")
def lstm(s):
    T, I, H = s.sequence("T", "t"), s.size("I", "k", about="inputs"), s.size("H", "jl", about="units")
    t = s.index("t", T)
    x = s.data("x", T, I, about="input sequence")
    h0 = s.data("h0", H, about="initial hidden state", latex="h^{(0)}")
    c0 = s.data("c0", H, about="initial cell state", latex="C^{(0)}")
    W_f, W_i, W_C, W_o = s.pack("W", "f i C o", H, I, about="input weights")
    U_f, U_i, U_C, U_o = s.pack("U", "f i C o", H, H, about="recurrent weights")
    b_f, b_i, b_C, b_o = s.pack("b", "f i C o", H, about="biases")
    f, i, o = s.let("f", T, H), s.let("i", T, H), s.let("o", T, H)
    C_tilde = s.let("C_tilde", T, H, latex=r"\tilde{C}")
    C = s.let("c", T, H, start=c0, latex="C", about="cell states")
    h = s.let("h", T, H, start=h0, about="hidden states")

    f[t] = sigmoid(W_f @ x[t] + U_f @ h[t - 1] + b_f)
    i[t] = sigmoid(W_i @ x[t] + U_i @ h[t - 1] + b_i)
    C_tilde[t] = tanh(W_C @ x[t] + U_C @ h[t - 1] + b_C)
    o[t] = sigmoid(W_o @ x[t] + U_o @ h[t - 1] + b_o)
    C[t] = f[t] * C[t - 1] + i[t] * C_tilde[t]
    h[t] = o[t] * tanh(C[t])
    s.returns(h, C)
