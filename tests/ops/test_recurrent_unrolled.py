"""A recurrence unrolled, step by step with one cell, and looped: one function, one product of Jacobians."""

import numpy as np
import pytest

from derive.language import op, use
from derive.ops.gru import gru
from derive.ops.gru_cell import gru_cell
from derive.ops.lstm import lstm
from derive.ops.lstm_cell import lstm_cell
from derive.ops.rnn import recurrent_layer
from derive.ops.rnn_cell import rnn_cell
from derive.ops.rnn_unrolled import rnn_unrolled
from generated import recurrent_layer as looped
from generated import rnn_unrolled_last_step
from tests.by_hand import draw
from tests.ops.relations import Relation, Side, by_kernels, derive, differences, exactly, floats, residues

B, I, H = 2, 2, 3
TOLERANCE = 1e-12


def stacked(arrays, *names, out):
    rest = {n: a for n, a in arrays.items() if n not in names}
    return {**rest, out: np.stack([arrays[n] for n in names])}


def one_by_one(name):
    """The steps of a sequence as inputs or cotangents of their own: h becomes h1, h2, h3."""
    return lambda arrays: (
        {n: a for n, a in arrays.items() if n != name}
        | {f"{name}{t}": a for t, a in enumerate(arrays.get(name, ()), 1)}
    )


def as_sequence(name, steps=3):
    return lambda arrays: stacked(arrays, *(f"{name}{t}" for t in range(1, steps + 1)), out=name)


def wrong_weight(inputs):
    """Planted fault: one recurrent weight is another."""
    name = "W_hh" if "W_hh" in inputs else "U"
    wrong = inputs[name].copy()
    wrong[..., 0, 1] = wrong[..., 0, 0]
    return {**inputs, name: wrong}


@op(title="three LSTM cells with the same weights", source="test")
def lstm_unrolled(s):
    I, H = s.size("I", "k"), s.size("H", "jl")
    h, c = s.data("h0", H), s.data("c0", H)
    W, U, b = s.pack("W", "f i C o", H, I), s.pack("U", "f i C o", H, H), s.pack("b", "f i C o", H)
    states = []
    for n in (1, 2, 3):
        x = s.data(f"x{n}", I)
        made = use(s, lstm_cell, f"s{n}", x=x, h_prev=h, c_prev=c, W=W, U=U, b=b, h=s.let(f"h{n}", H))
        h, c = made.h, made.c
        states.append(h)
    s.returns(*states, c)


def last_cell(outputs):
    return {"h": outputs["h"], "c": outputs["c"][-1]}


def only_the_last(bars):
    return {"h": bars["h"], "c": np.concatenate((np.stack([bars["c"] * 0] * 2), bars["c"][None]))}


def as_cell(outputs):
    return {n: a[0] for n, a in outputs.items()}


def of_one_step(layer, *states):
    """A layer over a sequence of one step, in its cell's names."""
    starts = {f"{n}_prev": f"{n}0" for n in states}
    return Side(
        layer,
        lambda inputs: {starts.get(n, n): a[None] if n == "x" else a for n, a in inputs.items()},
        as_cell,
        lambda g: {
            f"{n[0]}_prev" if n in starts.values() else n: a[0] if n == "x" else a for n, a in g.items()
        },
        lambda bars: {n: a[None] for n, a in bars.items()},
    )


STEP = {"x": (B, I), "h_prev": (B, H)}
SEQUENCE = {"x": (3, B, I), "h0": (B, H)}
RNN = {"W_hh": (H, H), "W_xh": (H, I), "b_h": (H,)}
LSTM = {"W": (4, H, I), "U": (4, H, H), "b": (4, H)}
GRU = {"W": (3, H, I), "U": (3, H, H), "b": (3, H)}

UNROLLED = Relation(
    "the unrolled RNN is the looped one",
    Side(rnn_unrolled[0], one_by_one("x"), as_sequence("h"), as_sequence("x"), one_by_one("h")),
    Side(recurrent_layer[0]),
    {**SEQUENCE, **RNN},
    {"h": (3, B, H)},
    wrong_weight,
)
LSTM_UNROLLED = Relation(
    "the unrolled LSTM is the looped one",
    Side(
        lstm_unrolled[0],
        one_by_one("x"),
        lambda outputs: {"c": outputs["s3_c"], "h": np.stack([outputs[f"h{t}"] for t in (1, 2, 3)])},
        as_sequence("x"),
        lambda bars: {"s3_c": bars["c"], **one_by_one("h")({"h": bars["h"]})},
    ),
    Side(lstm[0], outputs=last_cell, cotangents=only_the_last),
    {**SEQUENCE, "c0": (B, H), **LSTM},
    {"h": (3, B, H), "c": (B, H)},
    wrong_weight,
)
CELLS = (
    Relation(
        "the RNN's cell is a layer of one step",
        Side(rnn_cell[0]),
        of_one_step(recurrent_layer[0], "h"),
        {**STEP, **RNN},
        {"h": (B, H)},
        wrong_weight,
    ),
    Relation(
        "the LSTM's cell is a layer of one step",
        Side(lstm_cell[0]),
        of_one_step(lstm[0], "h", "c"),
        {**STEP, "c_prev": (B, H), **LSTM},
        {"h": (B, H), "c": (B, H)},
        wrong_weight,
    ),
    Relation(
        "the GRU's cell is a layer of one step",
        Side(gru_cell[0]),
        of_one_step(gru[0], "h"),
        {**STEP, **GRU},
        {"h": (B, H)},
        wrong_weight,
    ),
)


@pytest.mark.parametrize("relation", (UNROLLED, *CELLS), ids=str)
def test_both_sides_agree_on_the_kernels_and_a_planted_fault_is_seen(relation):
    found = differences(relation, by_kernels, floats)
    assert max(found.values()) < TOLERANCE, found
    assert max(differences(relation, by_kernels, floats, relation.fault).values()) > 1e-3


@pytest.mark.parametrize("relation", (UNROLLED, LSTM_UNROLLED, *CELLS), ids=str)
def test_both_sides_are_exactly_the_same_function_and_a_planted_fault_is_seen(relation):
    assert not any(differences(relation, exactly, residues).values())
    assert any(differences(relation, exactly, residues, relation.fault).values())


# the product of Jacobians -------------------------------------------------------------------------
def jacobian(h, W_hh):
    """dh_t / dh_{t-1} of one example: diag(1 - h_t**2) W_hh."""
    return (1 - h**2)[:, None] * W_hh


def test_the_first_states_gradient_is_the_last_ones_times_the_product_of_jacobians():
    """Document 003: dL/dh_1 = dL/dh_T prod dh_t/dh_{t-1}, for a loss of the last state; h0 stands first."""
    shapes = {"h0": (B, H), **{f"x{t}": (B, I) for t in (1, 2, 3)}, **RNN}
    inputs = {n: 0.7 * draw(s, k) for k, (n, s) in enumerate(shapes.items())}
    _, pullback = rnn_unrolled_last_step.vjp(**inputs)
    x = np.stack([inputs[f"x{t}"] for t in (1, 2, 3)])
    states = looped.forward(x, inputs["h0"], *(inputs[n] for n in RNN)).h
    dh3 = draw((B, H), 50)
    found = pullback(h3=dh3).h0
    for n in range(B):
        first, second, third = (jacobian(states[t, n], inputs["W_hh"]) for t in range(3))
        assert np.allclose(found[n], dh3[n] @ third @ second @ first, rtol=1e-13, atol=1e-15)
        # planted faults: a factor left out, and the factors the other way round
        assert not np.allclose(found[n], dh3[n] @ third @ first, rtol=1e-3)
        assert not np.allclose(found[n], dh3[n] @ first @ second @ third, rtol=1e-3)


def test_the_derivation_has_one_factor_a_step():
    """dh2 is dh3 times one Jacobian, dh1 is dh2 times one: the chain that a page prints."""
    backward = derive(rnn_unrolled.last_step).backward
    for t in (3, 2):
        (through,) = backward.equation(f"dh{t - 1}").terms
        assert through.tensors() == {f"dz_h{t}", "W_hh"}
        (slope,) = backward.equation(f"dz_h{t}").terms
        assert slope.tensors() == {f"dh{t}", f"h{t}"}
    assert "dh3" in backward.inputs


def test_shared_weights_collect_one_share_a_step():
    backward = derive(rnn_unrolled[0]).backward
    assert [len(backward.equation(f"d{n}").terms) for n in RNN] == [3, 3, 3]
