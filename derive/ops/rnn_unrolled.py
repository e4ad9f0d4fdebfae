"""A recurrent layer over three steps, unrolled: the same cell and weights three times, no loop."""

from derive.language import op, use
from derive.ops.rnn_cell import rnn_cell


def every_step(s, states):
    """The loss may depend on every state."""
    s.returns(*states)


def last_step(s, states):
    """The loss depends on the last state alone."""
    s.returns(states[-1])


@op(
    title="recurrent layer unrolled over three steps",
    source="document 002, 'Unrolling RNNs'; document 003, 'Vanishing Gradient in RNNs'",
    conventions=(
        "equal to recurrent_layer with T = 3, values and gradients "
        "(shown in tests/ops/test_recurrent_unrolled.py)",
        "dL/dh_1 is dL/dh_3 times the Jacobians dh_3/dh_2 and dh_2/dh_1, each diag(1 - h_t**2) W_hh, "
        "where L depends on h_3 alone",
        "one equation and one place in memory a step: its size grows with the sequence",
    ),
    loss=(every_step, last_step),
)
def rnn_unrolled(s, loss):
    I, H = s.size("I", "k", about="inputs"), s.size("H", "jl", about="units")
    states = [s.data("h0", H, about="initial hidden state")]
    inputs = [s.data(f"x{n}", I, about=f"input of step {n}") for n in (1, 2, 3)]
    weights = {
        "W_hh": s.parameter("W_hh", H, H, about="recurrent weights"),
        "W_xh": s.parameter("W_xh", H, I, about="input weights"),
        "b_h": s.parameter("b_h", H, about="bias"),
    }
    for n, x in enumerate(inputs, 1):
        h = s.let(f"h{n}", H, about=f"hidden state after step {n}")
        use(s, rnn_cell, f"step{n}", x=x, h_prev=states[-1], h=h, **weights)
        states.append(h)
    loss(s, states[1:])
