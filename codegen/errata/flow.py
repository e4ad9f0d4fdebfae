"""Gradients through time: when they vanish, when they grow, and what that has to do with the weights."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from codegen.errata.claim import Compared, Evaluate, Evidence, Observed, Readings, show
from codegen.errata.kernels import Array, Kernels
from codegen.errata.recurrent import H, I, T, drawn

STEPS = 50
SMALL_ENTRIES = np.full((2, 2), 0.6)  # every entry is below 1; its largest eigenvalue is 1.2
ORDERED = np.array([[1.0, 0.5], [0.0, 0.8]])


def relu_states(kernels: Kernels, W: Array, start: Array, steps: int = STEPS) -> Array:
    """The states of a ReLU network without inputs: with W and start positive, the powers of W."""
    n = len(W)
    zeros = {"x": np.zeros((steps, 1, 1)), "W_xh": np.zeros((n, 1)), "b": np.zeros(n)}
    output = {"W_hy": np.zeros((1, n)), "c": np.zeros(1)}
    made: Array = kernels.forward("rnn_relu", h0=start[None], W_hh=W, **zeros, **output).h[:, 0]
    return made


def tanh_gradient(
    kernels: Kernels, W: Array, start: Array, weight: Array, steps: int = STEPS
) -> tuple[Array, Array]:
    """A tanh network without inputs: its last state, and the gradient of weight · h_last by the first."""
    n = len(W)
    inputs = {"x": np.zeros((steps, 1, 1)), "h0": start[None], "W_hh": W, "W_xh": np.zeros((n, 1))}
    inputs["b_h"] = np.zeros(n)
    chosen = np.zeros((steps, 1, n))
    chosen[-1, 0] = weight
    state = kernels.forward("recurrent_layer", **inputs).h[-1, 0]
    return state, kernels.gradients("recurrent_layer", {"h": chosen}, **inputs).h0[0]


def sensitivity(kernels: Kernels, w: float, start: float = 0.5, steps: int = STEPS) -> float:
    """d h_last / d h_first of one tanh unit with the recurrent weight w."""
    one = np.ones(1)
    return float(tanh_gradient(kernels, w * np.ones((1, 1)), start * one, one, steps)[1][0])


def growth(kernels: Kernels, w: float, steps: int = STEPS) -> float:
    """h_last / h_first of one ReLU unit: w to the power of the steps."""
    return float(relu_states(kernels, w * np.ones((1, 1)), np.ones(1), steps)[-1, 0])


def cell_gradient(kernels: Kernels, bias: float, steps: int = STEPS) -> float:
    """d c_last / d c_first of an LSTM whose forget gate is sigmoid(bias) throughout."""
    b = np.zeros((4, 1))
    b[0] = bias
    arrays = {"W": np.zeros((4, 1, 1)), "U": np.zeros((4, 1, 1)), "b": b}
    start = {"x": np.zeros((steps, 1, 1)), "h0": np.zeros((1, 1)), "c0": np.ones((1, 1))}
    chosen = np.zeros((steps, 1, 1))
    chosen[-1] = 1
    return float(kernels.gradients("lstm", {"c": chosen}, **start, **arrays).c0[0, 0])


def gru_gradient(kernels: Kernels, bias: float, steps: int = STEPS) -> float:
    """d h_last / d h_first of a GRU whose update gate is sigmoid(bias) throughout."""
    b = np.array([[bias], [0.0], [0.0]])
    arrays = {"W": np.zeros((3, 1, 1)), "U": np.zeros((3, 1, 1)), "b": b}
    chosen = np.zeros((steps, 1, 1))
    chosen[-1] = 1
    start = {"x": np.zeros((steps, 1, 1)), "h0": np.ones((1, 1))}
    return float(kernels.gradients("gru", {"h": chosen}, **start, **arrays).h0[0, 0])


def along_the_cell(bias: float) -> Evaluate:
    """The same over 100 steps, for a row of a table."""
    return lambda kernels: cell_gradient(kernels, bias, 100)


# evidence --------------------------------------------------------------------------------------------------
def rnn_vanishes(kernels: Kernels) -> Evidence:
    found = sensitivity(kernels, 0.9)
    return Observed(abs(found) < 1e-2, f"one tanh unit, w = 0.9: dh₅₀/dh₀ = {show(found)}")


def gates_help(kernels: Kernels) -> Evidence:
    """What is left of a gradient after 50 steps with gates that are open, and without gates."""
    plain = sensitivity(kernels, 0.9)
    lstm, gru = cell_gradient(kernels, 5.0), gru_gradient(kernels, 5.0)
    left = f"RNN (w = 0.9) {show(plain)}, LSTM (b_f = 5) {show(lstm)}, GRU (b_z = 5) {show(gru)}"
    return Observed(min(lstm, gru) > 100 * plain, f"what {STEPS} steps leave of a gradient: {left}")


def lstm_solves(kernels: Kernels) -> Evidence:
    """Whether the gradient along the cell survives whatever the forget gate is."""
    found = cell_gradient(kernels, 0.0, 100), cell_gradient(kernels, 5.0, 100)
    how = f"dc₁₀₀/dc₀ is {show(found[0])} with b_f = 0, {show(found[1])} with b_f = 5"
    return Observed(min(found) > 1e-3, how)


def both_ways(kernels: Kernels) -> Evidence:
    small, large = sensitivity(kernels, 0.5, 1e-12), growth(kernels, 1.5)
    how = f"dh₅₀/dh₀ of one unit: tanh, w = 0.5: {show(small)}; ReLU, w = 1.5: {show(large)}"
    return Observed(small < 1e-9 and large > 1e6, how)


def vanish_or_explode(kernels: Kernels) -> Evidence:
    ways = {f"w = {w}": growth(kernels, w) for w in (0.5, 1.0, 1.5)}
    return Readings("incomplete", ways, f"dh₅₀/dh₀ of one ReLU unit over {STEPS} steps")


def product(reverse: bool) -> Evaluate:
    """The gradient by the first state as the product of the steps' Jacobians, in either order."""

    def evaluate(kernels: Kernels) -> Array:
        inputs = _chain(kernels)
        states = kernels.forward("recurrent_layer", **inputs).h[:, 0]
        jacobians = [np.diag(1 - h**2) @ inputs["W_hh"] for h in states]  # of h at t by h at t - 1
        ordered = jacobians if reverse else jacobians[::-1]
        result: Array = np.ones(H) @ np.linalg.multi_dot(ordered)
        return result

    return evaluate


def _chain(kernels: Kernels) -> dict[str, Array]:
    return drawn(kernels, "recurrent_layer")


def by_kernel(every_step: bool) -> Evaluate:
    """The gradient of a sum of states by the initial one: of the last state, or of all."""

    def evaluate(kernels: Kernels) -> Array:
        chosen = np.zeros((T, 1, H))
        chosen[0 if every_step else T - 1 :] = 1
        found: Array = kernels.gradients("recurrent_layer", {"h": chosen}, **_chain(kernels)).h0[0]
        return found

    return evaluate


def product_is_gradient(kernels: Kernels) -> Evidence:
    return Compared(
        product(reverse=False)(kernels),
        by_kernel(every_step=False)(kernels),
        "∂L/∂hₜ times the Jacobians from the last step to the first; `recurrent_layer`",
        "the same gradient",
    )


def below_one(kernels: Kernels) -> Evidence:
    """Factors below 1 whose product does not go to 0."""
    grown = float(relu_states(kernels, SMALL_ENTRIES, np.ones(2))[-1, 0])
    negative = sensitivity(kernels, -1.5, start=0.0)
    t = np.arange(1, 10_001)
    slow = float(np.prod(1 - 1 / (t + 1.0) ** 2))
    how = (
        f"the Jacobian -1.5 of a tanh unit at 0 has the product {show(negative)} over {STEPS} steps; a ReLU "
        f"network with four entries of 0.6 in its Jacobian multiplies its state by {show(grown)}; the "
        f"factors 1 - 1/(t+1)² have a product above {show(np.floor(slow * 1e4) / 1e4)}, however many they are"
    )
    return Observed(max(grown, negative, slow) < 1e-3, how)


def weights_unchanged(kernels: Kernels) -> Evidence:
    """What grows when a weight above 1 is applied again and again."""
    W = 1.1 * np.ones((1, 1))
    states = relu_states(kernels, W, np.ones(1))[:, 0]
    weight, state = W[0, 0], states[-1]
    how = f"after {STEPS} steps the weight is still {show(weight)}, the state {show(state)} times as large"
    return Observed(bool(weight > 1.1), how)


def above_one(kernels: Kernels) -> Evidence:
    ways = {
        "ReLU, w = 1.1": growth(kernels, 1.1),
        "tanh, w = 1.1": sensitivity(kernels, 1.1),
        "ReLU, all four weights 0.6": float(relu_states(kernels, SMALL_ENTRIES, np.ones(2))[-1, 0]),
    }
    return Readings("incomplete", ways, f"dh₅₀/dh₀ over {STEPS} steps")


def near_zero(kernels: Kernels) -> Evidence:
    ways = {
        "w = 0.01 (close to 0)": growth(kernels, 0.01),
        "w = 0.9 (not close to 0)": growth(kernels, 0.9),
        "tanh, w = 3 (saturated)": sensitivity(kernels, 3.0),
    }
    return Readings("incomplete", ways, f"dh₅₀/dh₀ over {STEPS} steps")


def what_vanishes(kernels: Kernels) -> Evidence:
    """A gradient step on the weight of a network whose gradient has vanished."""
    w, start = 0.01, np.ones(1)
    inputs: dict[str, Any] = {"x": np.zeros((STEPS, 1, 1)), "h0": start[None], "W_xh": np.zeros((1, 1))}
    chosen = np.zeros((STEPS, 1, 1))
    chosen[-1] = 1
    given = {**inputs, "W_hh": w * np.ones((1, 1)), "b_h": np.zeros(1)}
    dW = float(kernels.gradients("recurrent_layer", {"h": chosen}, **given).W_hh[0, 0])
    how = f"w = {w}: the gradient by it is {show(dW)}, and a step of 0.1 leaves it at {show(w - 0.1 * dW)}"
    return Observed(w - 0.1 * dW < w / 2, how)


def unshared(kernels: Kernels) -> Evidence:
    """A deep network that shares nothing: twenty layers, each with a weight of its own."""
    found = {}
    for size in (0.5, 1.5):
        own = np.random.default_rng(7).uniform(0.9 * size, 1.1 * size, 20)
        dh = np.ones((1, 1))
        for w in own:
            given = {"x": np.ones((1, 1)), "W": w * np.ones((1, 1)), "b": np.zeros(1)}
            dh = kernels.gradients("dense_relu", {"h": dh}, **given).x
        found[size] = float(dh[0, 0])
    small, large = found.values()
    how = f"20 `dense_relu` layers, each with its own weight near 0.5: {show(small)}; near 1.5: {show(large)}"
    return Observed(all(1e-3 < g < 1e3 for g in found.values()), how)


def _work(kernels: Kernels) -> dict[str, int]:
    """What T steps take with one set of weights, and as T fully connected layers with their own."""
    shapes = {t["name"]: t["shape"] for t in kernels.module("recurrent_layer").SPEC["inputs"]}
    weights, bias = (
        sum(math.prod({"H": H, "I": I}[d] for d in shapes[n]) for n in names)
        for names in (("W_hh", "W_xh"), ("b_h",))
    )
    layer = H * (H + I)  # multiplications of one fully connected layer on state and input
    return {
        "parameters, shared": weights + bias,
        "parameters, own ones for every step": T * (layer + H),
        "multiplications, shared": T * weights,
        "multiplications, own weights": T * layer,
    }


def what_sharing_saves(kernels: Kernels) -> Evidence:
    return Readings("ambiguous", _work(kernels), f"{T} steps of {I} inputs and {H} units")


def sharing_saves_parameters(kernels: Kernels) -> Evidence:
    shared, own, *_ = _work(kernels).values()
    return Observed(
        shared * T == own, f"{T} steps: {shared} parameters shared, {own} with own ones for every step"
    )


def sharing_saves_work(kernels: Kernels) -> Evidence:
    *_, shared, own = _work(kernels).values()
    return Observed(
        shared < own, f"{T} steps take {shared} multiplications with shared weights, {own} with own ones"
    )


def clipped(kernels: Kernels) -> Evidence:
    g = np.array([3.0, -4.0])
    ways = {
        "by value, `clip_by_value`": kernels.forward("clip_by_value", g=g, c=1.0).y,
        "by norm, `clip_by_norm`": kernels.forward("clip_by_norm", g=g, c=1.0).clipped_g,
    }
    return Readings("incomplete", ways, "(3, -4) clipped at 1")
