"""The declarations that recurrent layers, and single steps of them, begin with."""


class Sequence:
    """A layer's sequence x, its initial state h0, and the hidden states h, which the layer defines."""

    def __init__(self, s):
        self.T, self.I = s.sequence("T", "t"), s.size("I", "k", about="inputs")
        self.H = s.size("H", "jl", about="units")
        self.t = s.index("t", self.T)
        self.x = s.data("x", self.T, self.I, about="input sequence")
        self.h0 = s.data("h0", self.H, about="initial hidden state", latex="h^{(0)}")
        self.h = s.let("h", self.T, self.H, start=self.h0, about="hidden states")


class OneStep:
    """One step of a sequence: its input x, the hidden state before it, and h, the one after it."""

    def __init__(self, s):
        self.I, self.H = s.size("I", "k", about="inputs"), s.size("H", "jl", about="units")
        self.x = s.data("x", self.I, about="input")
        self.h_prev = s.data("h_prev", self.H, about="hidden state before the step")
        self.h = s.let("h", self.H, about="hidden state after the step")
