"""Two layers over one sequence, one of them from its end to its beginning."""

from derive.language import use

SOURCE = (
    "document 002, 'Extensions to LSTM architecture: Bidirectional RNN, LSTM, GRU'; "
    "document 004, 'Variants of Recurrent Neural Networks'"
)
CONVENTIONS = (
    "the outputs of the two directions are added, as in document 002, or concatenated, forwards first",
    "the sum is that of the concatenation's halves (proved in tests/ops/test_recurrent_relations.py)",
    "each direction has weights and initial states of its own",
)


def added(s, H):
    """Both directions have as many units."""

    def outputs(t, T, ahead, back):
        y = s.let("y", T, H, about="outputs")
        y[t] = ahead[t] + back[T - 1 - t]
        return y

    return H, outputs


def concatenated(s, H):
    """The backward direction has a number of units of its own."""
    G = s.size("G", "uv", about="units backwards")
    M = s.size("M", "m", about="units of both directions", formula=H + G)

    def outputs(t, T, ahead, back):
        m = s.index("m", M)
        y = s.let("y", T, M, about="outputs")
        y[t, m] = ahead[t, m] + back[T - 1 - t, m - H]
        return y

    return G, outputs


def bidirectional(s, layer, joined):
    """An op of a layer in both directions; the outputs of the two are joined step by step."""
    T, I, H = s.sequence("T", "t"), s.size("I", "k", about="inputs"), s.size("H", "jl", about="units")
    G, outputs = joined(s, H)
    x = s.data("x", T, I, about="input sequence")
    forward_h0 = s.data("forward_h0", H, about="initial hidden state, forwards")
    backward_h0 = s.data("backward_h0", G, about="initial hidden state, backwards")
    ahead = use(s, layer, "forward", x=x, h0=forward_h0)
    t = s.index("t", T)
    reversed_x = s.let("reversed_x", T, I, about="the sequence from its end")
    reversed_x[t] = x[T - 1 - t]
    back = use(s, layer, "backward", x=reversed_x, h0=backward_h0)
    states = s.let("states", T, G, about="hidden states from the sequence's end")
    states[t] = back.h[t]  # what has a start can only be read at t and t - 1: the copy can be read anywhere
    s.returns(outputs(t, T, ahead.h, states))
