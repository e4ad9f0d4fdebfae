"""Where recurrent layers differ, on inputs that show it, and special values at which they are one."""

import numpy as np
import pytest

from generated import (
    bidirectional_gru_concatenated,
    bidirectional_rnn,
    gru,
    gru_reset_before,
    lstm_peephole,
    recurrent_layer,
)
from tests.by_hand import draw
from tests.ops.recurrent_by_hand import (
    G,
    H,
    I,
    directions,
    drawn,
    gru_layer,
    lstm_layer,
    part,
    renamed,
    simple_layer,
)

TOLERANCE = 1e-12
PEEPHOLE = renamed(lstm_layer(I, H), c0="cl0", W="w_x", U="w_h") | {"w_cl": (3, H)}


def near(a, b):
    return np.max(np.abs(a - b)) < TOLERANCE


def before_and_after(inputs):
    W, U = inputs["W"], inputs["U"]
    before = {"x": inputs["x"], "h0": inputs["h0"], "w_x": W, "w_h": U, "b": inputs["b"]}
    return gru.forward(**inputs).h, gru_reset_before.forward(**before).h


def test_resetting_before_the_product_is_not_resetting_after_it():
    """One step of two units: U_h exchanges them, r is (1/2, 1) and z is 1/2.

    After, the candidate is tanh(r_j h_other); before, tanh(r_other h_other).
    """
    U = np.zeros((3, 2, 2))
    U[2] = [[0.0, 1.0], [1.0, 0.0]]
    b = np.zeros((3, 2))
    b[1] = [0.0, 50.0]
    h = np.array([[1.0, 0.6]])
    after, before = before_and_after(
        {"x": np.zeros((1, 1, 1)), "h0": h, "W": np.zeros((3, 2, 1)), "U": U, "b": b}
    )
    assert near(after, 0.5 * h + 0.5 * np.tanh([[0.3, 1.0]]))
    assert near(before, 0.5 * h + 0.5 * np.tanh([[0.6, 0.5]]))
    assert np.max(np.abs(after - before)) > 0.1


def test_the_two_reset_gates_agree_where_they_are_open():
    """r = 1 to the last bit: sigmoid(60); values, and the gradients of all that r does not depend on."""
    inputs = drawn(gru, gru_layer(I, H))
    after, before = before_and_after(inputs)
    assert np.max(np.abs(after - before)) > 1e-3
    inputs["W"][1], inputs["U"][1], inputs["b"][1] = 0, 0, 60.0
    after, before = before_and_after(inputs)
    assert near(after, before)
    dh = draw(after.shape, 50)
    grads = gru.vjp(**inputs)[1](h=dh)
    names = {"W": "w_x", "U": "w_h"}
    others = gru_reset_before.vjp(**{names.get(n, n): a for n, a in inputs.items()})[1](h=dh)
    assert near(grads.x, others.x) and near(grads.h0, others.h0)
    assert all(near(a, b) for a, b in zip(grads[2:], others[2:], strict=True))
    assert np.max(np.abs(grads.b[1])) < 1e-20


def test_an_update_gate_of_1_keeps_the_old_state():
    inputs = drawn(gru, gru_layer(I, H))
    inputs["W"][0], inputs["U"][0], inputs["b"][0] = 0, 0, 60.0
    after, before = before_and_after(inputs)
    assert near(after, np.broadcast_to(inputs["h0"], after.shape)) and near(before, after)


def test_the_output_gate_of_peepholes_looks_at_the_new_cell():
    """Planted fault: it looks at the old one."""
    inputs = drawn(lstm_peephole, PEEPHOLE)
    x, h0, cl0 = inputs["x"][:1], inputs["h0"], inputs["cl0"]
    out = lstm_peephole.forward(**{**inputs, "x": x})
    z = x[0] @ inputs["w_x"][3].T + h0 @ inputs["w_h"][3].T + inputs["b"][3]
    gate = out.h[0] / np.tanh(out.cl[0])
    assert near(gate, 1 / (1 + np.exp(-z - inputs["w_cl"][2] * out.cl[0])))
    assert not near(gate, 1 / (1 + np.exp(-z - inputs["w_cl"][2] * cl0)))


def test_a_backward_direction_without_weights_leaves_the_forward_layer():
    inputs = drawn(bidirectional_rnn, directions(simple_layer, H, H))
    for name in ("backward_h0", "backward_W_hh", "backward_W_xh", "backward_b_h"):
        inputs[name][:] = 0
    both, pullback = bidirectional_rnn.vjp(**inputs)
    one, one_pullback = recurrent_layer.vjp(inputs["x"], **part(inputs, "forward_"))
    assert np.array_equal(both.y, one.h)
    dy = draw(both.y.shape, 50)
    grads, wanted = pullback(y=dy)._asdict(), one_pullback(h=dy)._asdict()
    found = {"x": grads["x"], **part(grads, "forward_")}
    assert all(near(found[n], a) for n, a in wanted.items())
    inputs["backward_b_h"][0] = 0.1  # planted fault
    assert not near(bidirectional_rnn.forward(**inputs).y, one.h)


def test_the_last_output_of_a_bidirectional_layer_has_seen_one_step_backwards():
    """Planted fault: the backward states are not turned round again."""
    inputs = drawn(bidirectional_gru_concatenated, directions(gru_layer, H, G))
    y = bidirectional_gru_concatenated.forward(**inputs).y
    last = gru.forward(inputs["x"][-1:], **part(inputs, "backward_")).h[0]
    assert near(y[-1, :, H:], last) and not near(y[0, :, H:], last)


@pytest.mark.parametrize("step", range(1, 5))
def test_a_bidirectional_output_depends_on_every_step(step):
    """The first output's gradient by any input is not 0; by a one-way layer only the first input's is."""
    inputs = drawn(bidirectional_rnn, directions(simple_layer, H, H))
    outputs, pullback = bidirectional_rnn.vjp(**inputs, wrt=("x",))
    first = np.zeros_like(outputs.y)
    first[0] = 1.0
    assert np.max(np.abs(pullback(y=first).x[step])) > 1e-3
    one_way = recurrent_layer.vjp(inputs["x"], **part(inputs, "forward_"), wrt=("x",))[1]
    assert not np.any(one_way(h=first).x[step])
