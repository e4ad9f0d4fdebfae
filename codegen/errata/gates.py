"""The gates of LSTM and GRU: what they are called, what they do, and what they look at."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from codegen.errata.claim import Compared, Evaluate, Evidence, Observed, Readings, show
from codegen.errata.kernels import Array, Kernels
from codegen.errata.recurrent import H, I, T, at_the_end, drawn
from codegen.errata.sizes import held

WIDE = 20.0  # a bias that opens or closes a gate to eight digits
STATE = np.array([[0.5, -0.8, 0.3]])


def gates(op: str) -> Evaluate:
    """How many sigmoids an op's equations have."""
    return lambda kernels: sum(" sigmoid(" in e for e in kernels.module(op).SPEC["equations"])


def gru_step(kernels: Kernels, op: str = "gru", **biases: float) -> tuple[Array, Array]:
    """One step of a GRU from STATE with gates set by their biases, and how it depends on STATE.

    The biases' names are update, reset and candidate; the weights are 0 but for the candidate's, which
    exchange the units.
    """
    U = np.zeros((3, H, H))
    U[2] = np.roll(np.eye(H), 1, 1)
    b = np.repeat([[biases.get(n, 0.0)] for n in ("update", "reset", "candidate")], H, 1)
    W = np.zeros((3, H, I))
    names = ("W", "U") if op == "gru" else ("w_x", "w_h")
    inputs = {"x": np.zeros((1, 1, I)), "h0": STATE, names[0]: W, names[1]: U, "b": b}
    h = kernels.forward(op, **inputs).h[0, 0]
    rows = [kernels.gradients(op, {"h": one[None, None]}, **inputs).h0[0] for one in np.eye(H)]
    return h, np.array(rows)


def update_keeps(kernels: Kernels) -> Evidence:
    found, _ = gru_step(kernels, update=WIDE)
    return Compared(STATE[0], np.round(found, 8), f"`gru` with z = 1, from the state {show(STATE)}")


def update_roles(kernels: Kernels) -> Evidence:
    ways = {
        "z keeps the old state (document, `gru`)": gru_step(kernels, update=2.0)[0],
        "z lets the new one in (z and 1 - z exchanged)": gru_step(kernels, update=-2.0)[0],
    }
    return Readings("convention", ways, f"h from {show(STATE)} with z = 0.88")


def shares_add_up(kernels: Kernels) -> Evidence:
    """With one z the old state and the candidate have shares that add up to 1."""
    z = 1 / (1 + np.exp(-1.0))
    found, _ = gru_step(kernels, update=1.0, candidate=WIDE)
    how = "`gru` with z = 0.73 and a candidate of 1: z h + (1 - z)"
    return Compared(z * STATE[0] + (1 - z), found, how)


def reset_amount(kernels: Kernels) -> Evidence:
    """How the candidate depends on the old state, z = 0."""
    ways = {
        f"r = {r}": np.abs(gru_step(kernels, update=-WIDE, reset=b)[1]).max().round(8)
        for r, b in ((0, -WIDE), (1, WIDE))
    }
    return Readings("ambiguous", ways, "the candidate's largest derivative by the old state")


def reset_does_not_forget(kernels: Kernels) -> Evidence:
    """A forget gate at 0 loses the old state; this one keeps the share of the update gate."""
    _, jacobian = gru_step(kernels, "gru_reset_before", reset=-WIDE)
    kept = np.diag(jacobian).round(8)
    return Compared(np.zeros(H), kept, "fr = 0, in_fr = 1/2: the derivatives of h by the old h")


def reset_place(kernels: Kernels) -> Evidence:
    inputs = drawn(kernels, "gru")
    before = {"w_x": inputs["W"], "w_h": inputs["U"], **{n: inputs[n] for n in ("x", "h0", "b")}}
    ways = {
        "after the product (000, `gru`)": kernels.forward("gru", **inputs).h[-1, 0],
        "before it (002, `gru_reset_before`)": kernels.forward("gru_reset_before", **before).h[-1, 0],
    }
    return Readings("convention", ways, f"the last h of {T} steps, the same weights")


def undefined_f(kernels: Kernels) -> Evidence:
    """The last line of document 002's GRU, with each f that it may mean; fr = 0.27."""
    ways = {
        name: gru_step(kernels, "gru_reset_before", update=bias, reset=-1.0)[0]
        for name, bias in (("f = in_fr (0.88)", 2.0), ("f = fr (0.27)", -1.0), ("f = 1 - in_fr (0.12)", -2.0))
    }
    return Readings("incomplete", ways, f"h from {show(STATE)}")


def forget_drops(kernels: Kernels) -> Evidence:
    """With f = 0 the new cell does not depend on the old one; the input gate adds the rest."""
    b = np.zeros((4, H))
    b[0] = -40 * np.ones(H)
    inputs = drawn(kernels, "lstm", b=b)
    found = kernels.gradients("lstm", {"c": at_the_end(kernels, "lstm", inputs)}, **inputs).c0
    size = float(np.abs(found).max())
    return Observed(size < 1e-12, "the derivative of the last c by the first is 0 to 12 digits if b_f = -40")


def output_gate_sees(kernels: Kernels) -> Evidence:
    """How the output gate of the first step, h / tanh(c), moves with the cell before it."""

    def moved(op: str, cell: str) -> float:
        gates = []
        for value in (0.5, 2.0):
            out = kernels.forward(op, **drawn(kernels, op, **{cell: np.full((1, H), value)}))
            gates.append(out[0][0, 0] / np.tanh(out[1][0, 0]))
        change = float(np.abs(gates[1] - gates[0]).max())
        return round(change, 9)

    ways = {
        "as its formula, `lstm`": moved("lstm", "c0"),
        "as the words, `lstm_peephole`": moved("lstm_peephole", "cl0"),
    }
    return Readings("ambiguous", ways, "o moves, when the cell does, by")


def peepholes(kernels: Kernels) -> Evidence:
    """The same three matrices, and their diagonals."""
    full = drawn(kernels, "lstm_peephole_full")
    diagonal = {**full, "w_cl": np.diagonal(full["w_cl"], 0, 1, 2).copy()}
    ways = {
        "diagonal, `lstm_peephole`": kernels.forward("lstm_peephole", **diagonal).h[-1, 0],
        "full, `lstm_peephole_full`": kernels.forward("lstm_peephole_full", **full).h[-1, 0],
    }
    return Readings("ambiguous", ways, f"the last h of {T} steps")


def with_or_without_peepholes(kind: str) -> Callable[[Kernels], Evidence]:
    """The LSTM of document 002 beside that of document 000, with the same weights."""

    def evaluate(kernels: Kernels) -> Evidence:
        peep = drawn(kernels, "lstm_peephole")
        order = [1, 0, 2, 3]  # inp fr cl ot -> f i C o
        W, U, b = (peep[n][order] for n in ("w_x", "w_h", "b"))
        plain = {"x": peep["x"], "h0": peep["h0"], "c0": peep["cl0"], "W": W, "U": U, "b": b}
        ways = {
            "without peepholes, `lstm`": kernels.forward("lstm", **plain).c[-1, 0],
            "with them, `lstm_peephole`": kernels.forward("lstm_peephole", **peep).cl[-1, 0],
        }
        return Readings(kind, ways, f"the last cell of {T} steps")

    return evaluate


def concatenated_is_split(kernels: Kernels) -> Evidence:
    split = drawn(kernels, "lstm")
    joint = {n: split[n] for n in ("x", "h0", "c0", "b")} | {
        "W": np.concatenate((split["U"], split["W"]), -1)
    }
    first, second = kernels.forward("lstm", **split).h, kernels.forward("lstm_concatenated", **joint).h
    return Compared(first, second, "`lstm` and `lstm_concatenated`, W = [U, W]", "the same states")


def blocks(op: str, other: str, names: str = "W U b") -> Evaluate:
    """How the sizes of two ops' parameters compare, as 'a blocks of b': a/b in lowest terms."""

    def evaluate(kernels: Kernels) -> str:
        counts = [held(name, names, H=7, I=5)(kernels) for name in (op, other)]
        ratio = Fraction(*counts)
        return f"{ratio.numerator} blocks of {ratio.denominator}"

    return evaluate


def candidate_or_update(kernels: Kernels) -> Evidence:
    """The new cell of a first step; with f = 0 and i = 1 it is the candidate."""
    inputs = drawn(kernels, "lstm")
    saturated = {"W": inputs["W"].copy(), "U": inputs["U"].copy(), "b": inputs["b"].copy()}
    for array in saturated.values():
        array[:2] = 0
    saturated["b"][:2] = [[-WIDE], [WIDE]]
    ways = {
        "C̃ₜ": kernels.forward("lstm", **{**inputs, **saturated}).c[0, 0],
        "Cₜ": kernels.forward("lstm", **inputs).c[0, 0],
    }
    return Readings("convention", ways, "the first step of `lstm`")
