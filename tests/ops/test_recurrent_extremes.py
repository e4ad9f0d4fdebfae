"""Recurrent layers at the ends: saturated gates, NaN, one step, one example, no steps."""

import importlib

import numpy as np
import pytest

from generated import deep_lstm, gru, gru_reset_before, lstm, recurrent_layer, rnn_relu, rnn_softmax
from generated.runtime import ShapeError
from tests.by_hand import draw, errors, worst
from tests.ops.recurrent_by_hand import B, H, I, O, T, drawn, gru_layer, layers, lstm_layer, simple_layer
from tests.ops.test_recurrent import OPS

FAR = 1e4
RNN = {"h0": (B, H), "W_xh": (H, I), "W_hh": (H, H), "b": (H,), "W_hy": (O, H), "c": (O,)}
every_op = pytest.mark.parametrize("name", OPS)


def all_finite(arrays):
    return all(np.isfinite(a).all() for a in arrays)


# saturated gates ------------------------------------------------------------------------------------
@pytest.mark.parametrize("keep", (True, False), ids=("keeps", "forgets"))
def test_an_lstm_with_saturated_gates_keeps_or_takes_the_cell_exactly(keep):
    """f = 1 and i = 0 keep c0 to the last bit, o = 1; or f = 0 and i = 1 take a candidate of 1."""
    inputs = drawn(lstm, lstm_layer(I, H))
    sign = FAR if keep else -FAR
    inputs["b"] = np.stack([np.full(H, b) for b in (sign, -sign, FAR, FAR)])
    out, pullback = lstm.vjp(**inputs)
    cell = np.broadcast_to(inputs["c0"] if keep else 1.0, out.c.shape)
    assert np.array_equal(out.c, cell)
    assert np.allclose(out.h, np.tanh(cell), rtol=1e-15)
    found = pullback(h=draw(out.h.shape, 1), c=draw(out.c.shape, 2))
    gates = (found.x, found.h0, found.W, found.U, found.b)
    assert all_finite(found) and not any(np.any(g) for g in gates)
    assert np.any(found.c0) == keep


def test_gates_that_are_not_saturated_are_not_exact():
    """Planted fault: at 5 a sigmoid is not 1, and the comparisons of this file see it."""
    inputs = drawn(lstm, lstm_layer(I, H))
    inputs["b"] = np.stack([np.full(H, b) for b in (5.0, -5.0, 5.0, 5.0)])
    out, pullback = lstm.vjp(**inputs)
    assert not np.array_equal(out.c, np.broadcast_to(inputs["c0"], out.c.shape))
    assert np.any(pullback(c=draw(out.c.shape, 2)).W)


@pytest.mark.parametrize("module", (gru, gru_reset_before), ids=("gru", "gru_reset_before"))
def test_a_gru_with_saturated_gates_keeps_or_takes_the_state_exactly(module):
    names = {"W": "w_x", "U": "w_h"} if module is gru_reset_before else {}
    for z, state in ((FAR, None), (-FAR, 1.0)):
        inputs = drawn(gru, gru_layer(I, H))
        inputs["b"] = np.stack([np.full(H, b) for b in (z, -FAR, FAR)])
        out, pullback = module.vjp(**{names.get(n, n): a for n, a in inputs.items()})
        wanted = np.broadcast_to(inputs["h0"] if state is None else state, out.h.shape)
        assert np.array_equal(out.h, wanted)
        found = pullback(h=draw(out.h.shape, 1))
        assert all_finite(found) and not any(np.any(g) for g in (found.x, *found[2:]))
        assert np.any(found.h0) == (state is None)


def test_a_saturated_rnn_is_plus_or_minus_1_and_passes_no_gradient():
    inputs = drawn(recurrent_layer, simple_layer(I, H))
    inputs["b_h"] = np.where(np.arange(H) % 2, FAR, -FAR)
    out, pullback = recurrent_layer.vjp(**inputs)
    assert np.array_equal(out.h, np.broadcast_to(np.sign(inputs["b_h"]), out.h.shape))
    assert not any(np.any(g) for g in pullback(h=draw(out.h.shape, 1)))


def test_a_relu_layer_at_0_is_0_and_passes_no_gradient():
    """ReLU'(0) = 0, as its conventions say: every argument is exactly 0."""
    inputs = {n: np.zeros_like(a) for n, a in drawn(rnn_relu, RNN).items()}
    inputs["W_xh"][:], inputs["W_hy"][:] = 1.0, 1.0
    out, pullback = rnn_relu.vjp(**inputs)
    found = pullback(h=draw(out.h.shape, 1), y=draw(out.y.shape, 2))
    assert not np.any(out.h) and not any(np.any(g) for g in (found.x, found.h0, found.W_xh, found.b))


def test_probabilities_of_far_scores_are_exact_and_a_row_of_minus_infinity_is_nan():
    inputs = drawn(rnn_softmax, RNN)
    inputs["c"] = np.array([FAR, -FAR])
    out, pullback = rnn_softmax.vjp(**inputs)
    assert np.array_equal(out.y, np.broadcast_to([1.0, 0.0], out.y.shape))
    assert all_finite(pullback(h=draw(out.h.shape, 1), y=draw(out.y.shape, 2)))
    inputs["c"] = np.array([-np.inf, -np.inf])
    assert np.isnan(rnn_softmax.forward(**inputs).y).all()


@every_op
def test_far_inputs_give_finite_values_and_gradients(name):
    module = importlib.import_module(f"generated.{name}")
    inputs = drawn(module, OPS[name][1])
    if name != "rnn_relu":  # whose states grow with their inputs
        inputs["x"] = np.where(inputs["x"] > 0, FAR, -FAR)
    out, pullback = module.vjp(**inputs)
    found = pullback(**{n: draw(a.shape, 10) for n, a in out._asdict().items()})
    assert all_finite((*out, *found))


# not a number -----------------------------------------------------------------------------------------
def test_nan_reaches_what_depends_on_it_and_nothing_else():
    """Of one example at step 2: its earlier steps and the other examples are as without it."""
    for module, shapes in ((lstm, lstm_layer(I, H)), (gru, gru_layer(I, H)), (rnn_relu, RNN)):
        inputs = drawn(module, shapes)
        clean = module.forward(**inputs).h
        inputs["x"] = inputs["x"].copy()
        inputs["x"][2, 1, 0] = np.nan
        h = module.forward(**inputs).h
        assert np.isnan(h[2:, 1]).all()
        assert np.array_equal(h[:2], clean[:2])
        assert np.array_equal(np.delete(h, 1, axis=1), np.delete(clean, 1, axis=1))


def test_nan_in_a_cotangent_reaches_the_gradients_of_the_steps_before_it():
    inputs = drawn(lstm, lstm_layer(I, H))
    out, pullback = lstm.vjp(**inputs)
    dh = draw(out.h.shape, 1)
    dh[2, 1, 0] = np.nan
    found = pullback(h=dh)
    assert np.isnan(found.x[:3, 1]).all() and np.isnan(found.U).any()
    assert all_finite((found.x[3:], np.delete(found.x, 1, axis=1)))


# few steps and examples -------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ("rnn_softmax", "lstm", "gru", "bidirectional_rnn_concatenated"))
def test_one_step_of_one_example_is_that_of_a_scan_by_hand(name):
    by_hand, shapes = OPS[name]
    module = importlib.import_module(f"generated.{name}")
    inputs = drawn(module, shapes)
    one = {n: a[:1] if n.rsplit("_", 1)[-1] in ("h0", "c0", "cl0") else a for n, a in inputs.items()}
    one["x"] = inputs["x"][:1, :1]
    found = errors(module, by_hand, one)
    assert worst(found) < 1e-11, found


def test_no_step_at_all_is_refused():
    inputs = drawn(lstm, lstm_layer(I, H))
    with pytest.raises(ShapeError, match="lstm: T = steps is 0; expected at least 1"):
        lstm.forward(**{**inputs, "x": inputs["x"][:0]})


def test_no_example_gives_gradients_of_0():
    inputs = drawn(deep_lstm, layers(lstm_layer, H, 7))
    none = {n: a[:0] if n.endswith(("h0", "c0")) else a for n, a in inputs.items()}
    none["x"] = inputs["x"][:, :0]
    out, pullback = deep_lstm.vjp(**none)
    assert out.layer2_h.shape == (T, 0, 7)
    found = pullback(**{n: np.zeros_like(a) for n, a in out._asdict().items()})
    assert not np.any(found.layer1_W) and found.layer1_W.shape == inputs["layer1_W"].shape
