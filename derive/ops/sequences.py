"""The declarations that recurrent layers, and single steps of them, begin with."""

from types import SimpleNamespace


def sequence(s):
    """The sequence x, the initial state h0, and the hidden states h, which the layer defines."""
    T, I, H = s.sequence("T", "t"), s.size("I", "k", about="inputs"), s.size("H", "jl", about="units")
    x = s.data("x", T, I, about="input sequence")
    h0 = s.data("h0", H, about="initial hidden state", latex="h^{(0)}")
    h = s.let("h", T, H, start=h0, about="hidden states")
    return SimpleNamespace(T=T, I=I, H=H, t=s.index("t", T), x=x, h=h)


def one_step(s):
    """One step of a sequence: its input x, the hidden state before it, and h, the one after it."""
    I, H = s.size("I", "k", about="inputs"), s.size("H", "jl", about="units")
    x = s.data("x", I, about="input")
    h_prev = s.data("h_prev", H, about="hidden state before the step")
    h = s.let("h", H, about="hidden state after the step")
    return SimpleNamespace(I=I, H=H, x=x, h_prev=h_prev, h=h)
