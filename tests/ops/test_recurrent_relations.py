"""Which recurrent layers are the same, and where two of them differ: values and all gradients.

Every sameness is shown on the published kernels and exactly over GF(2^61-1); every one has a planted
fault, which both must see.
"""

import numpy as np
import pytest

from derive.ops.bidirectional_rnn import bidirectional_rnn
from derive.ops.gru import gru
from derive.ops.gru_reset_before import gru_reset_before
from derive.ops.lstm import lstm
from derive.ops.lstm_concatenated import lstm_concatenated
from derive.ops.lstm_peephole import lstm_peephole
from derive.ops.rnn import rnn, rnn_bias_free, rnn_state_bias
from tests.ops.relations import Relation, Side, by_kernels, differences, exactly, floats, residues

T, B, I, H, O = 3, 2, 2, 3, 4
TOLERANCE = 1e-12
SEQUENCE = {"x": (T, B, I), "h0": (B, H)}
LSTM = {**SEQUENCE, "c0": (B, H), "W": (4, H, I), "U": (4, H, H), "b": (4, H)}
CELLS = {"h": (T, B, H), "c": (T, B, H)}


def without(*names):
    return lambda arrays: {n: a for n, a in arrays.items() if n not in names}


def renamed(**names):
    return lambda arrays: {names.get(n, n): a for n, a in arrays.items()}


def back(**names):
    return renamed(**{new: old for old, new in names.items()})


def swapped(name):
    """Planted fault: the first two gates of a pack change places."""

    def change(inputs):
        order = [1, 0, *range(2, len(inputs[name]))]
        return {**inputs, name: inputs[name][order]}

    return change


def plus_one(name):
    """Planted fault: 1 more everywhere."""
    return lambda inputs: {**inputs, name: inputs[name] + 1}


# the forms of the LSTM ----------------------------------------------------------------------------
def side_by_side(inputs):
    return {**without("U")(inputs), "W": np.concatenate((inputs["U"], inputs["W"]), axis=-1)}


def apart(gradients):
    W = gradients["W"]
    return {**gradients, "U": W[:, :, :H], "W": W[:, :, H:]}


PEEPHOLE = {"x": "x", "h0": "h0", "c0": "cl0", "W": "w_x", "U": "w_h", "b": "b"}
GATES = [1, 0, 2, 3]  # f i C o, and in fr cl ot: the two orders are each other's inverse


def reordered(arrays):
    return {n: a[GATES] if n in ("W", "U", "b") else a for n, a in arrays.items()}


def blind(inputs):
    """The inputs of an LSTM with peepholes that are 0."""
    gates = inputs["b"][:3]
    return {**renamed(**PEEPHOLE)(reordered(inputs)), "w_cl": gates - gates}


def without_peepholes(gradients):
    return reordered(back(**PEEPHOLE)(without("w_cl")(gradients)))


def diagonal(name, entry=None):
    """The inputs with one vector a gate (or `entry` of them) as the diagonal of a matrix."""

    def matrix(v):
        made = np.zeros((*v.shape, v.shape[-1]), dtype=v.dtype)
        made[..., range(H), range(H)] = v
        return made

    def change(inputs):
        return {**inputs, name: matrix(inputs[name])}

    return change


def its_diagonal(name):
    return lambda gradients: {**gradients, name: gradients[name][..., range(H), range(H)]}


# the two GRUs -------------------------------------------------------------------------------------
def own_unit(inputs):
    """U from two full matrices, and one of which only the diagonal is not 0."""
    U_h = diagonal("U_h")(inputs)["U_h"]
    return {**without("U_h")(inputs), "U": np.concatenate((inputs["U"], U_h[None]))}


def own_unit_back(gradients):
    U = gradients["U"]
    return {**gradients, "U": U[:2], "U_h": U[2][range(H), range(H)]}


BEFORE = {"W": "w_x", "U": "w_h"}


def not_diagonal(inputs):
    U = inputs["w_h"].copy()
    U[2, 0, 1] = U[2, 0, 0]
    return {**inputs, "w_h": U}


# the rest -----------------------------------------------------------------------------------------
OUTPUTS = {"h": (T, B, H), "y": (T, B, O)}
FREE = {**SEQUENCE, "W_xh": (H, I), "W_hh": (H, H), "W_hy": (O, H)}


def zero_biases(*names):
    """The inputs of `rnn` with these biases 0."""
    like = {"b": lambda p: p["W_hh"][0], "c": lambda p: p["W_hy"][:, 0]}
    return lambda inputs: {**inputs, **{n: like[n](inputs) - like[n](inputs) for n in names}}


STATE_BIAS = {"W_xh": "W_x", "W_hh": "W_h", "W_hy": "W_y"}
DIRECTIONS = {
    "x": (T, B, I),
    **{f"{way}_h0": (B, H) for way in ("forward", "backward")},
    **{f"{way}_W_hh": (H, H) for way in ("forward", "backward")},
    **{f"{way}_W_xh": (H, I) for way in ("forward", "backward")},
    **{f"{way}_b_h": (H,) for way in ("forward", "backward")},
}
TURNED = {n: n.replace("for", "back") if n[0] == "f" else n.replace("back", "for") for n in DIRECTIONS}


def turned(arrays):
    """The sequence from its end, the two directions' weights exchanged."""
    return {TURNED.get(n, n): a[::-1] if n in ("x", "y") else a for n, a in arrays.items()}


def halves_added(outputs):
    return {"y": outputs["y"][..., :H] + outputs["y"][..., H:]}


def to_both_halves(bars):
    return {"y": np.concatenate((bars["y"], bars["y"]), axis=-1)}


RELATIONS = (
    Relation(
        "the LSTM on [h, x] is the LSTM with W = [U W]",
        Side(lstm[0]),
        Side(lstm_concatenated[0], side_by_side, gradients=apart),
        LSTM,
        CELLS,
        swapped("W"),
    ),
    Relation(
        "an LSTM whose peepholes are 0 is the LSTM",
        Side(lstm[0]),
        Side(lstm_peephole[0], blind, back(c="cl"), without_peepholes, renamed(c="cl")),
        LSTM,
        CELLS,
        plus_one("w_cl"),
    ),
    Relation(
        "full peepholes that are diagonal are the diagonal peepholes",
        Side(lstm_peephole[0]),
        Side(lstm_peephole.full, diagonal("w_cl"), gradients=its_diagonal("w_cl")),
        {**renamed(**PEEPHOLE)(LSTM), "w_cl": (3, H)},
        {"h": (T, B, H), "cl": (T, B, H)},
        plus_one("w_cl"),
    ),
    Relation(
        "the two GRUs are one where the candidate looks at its own unit",
        Side(gru[0], own_unit, gradients=own_unit_back),
        Side(
            gru_reset_before[0],
            lambda inputs: renamed(**BEFORE)(own_unit(inputs)),
            gradients=lambda gradients: own_unit_back(back(**BEFORE)(gradients)),
        ),
        {**SEQUENCE, "W": (3, H, I), "U": (2, H, H), "U_h": (H,), "b": (3, H)},
        {"h": (T, B, H)},
        not_diagonal,
    ),
    Relation(
        "the layer of document 002 is document 000's without biases",
        Side(rnn_bias_free[0]),
        Side(rnn[0], zero_biases("b", "c"), gradients=without("b", "c")),
        FREE,
        OUTPUTS,
        plus_one("b"),
    ),
    Relation(
        "the layer of document 003 is document 000's without an output bias",
        Side(rnn_state_bias[0], renamed(**STATE_BIAS), gradients=back(**STATE_BIAS)),
        Side(rnn[0], zero_biases("c"), gradients=without("c")),
        {**FREE, "b": (H,)},
        OUTPUTS,
        plus_one("c"),
    ),
    Relation(
        "the sum of both directions is that of the halves of the concatenation",
        Side(bidirectional_rnn[0]),
        Side(bidirectional_rnn.concatenated, outputs=halves_added, cotangents=to_both_halves),
        DIRECTIONS,
        {"y": (T, B, H)},
        plus_one("backward_b_h"),
    ),
    Relation(
        "both directions of a turned sequence are the turned outputs of the exchanged directions",
        Side(bidirectional_rnn[0]),
        Side(bidirectional_rnn[0], turned, turned, turned, turned),
        DIRECTIONS,
        {"y": (T, B, H)},
        lambda inputs: {**inputs, "x": inputs["x"][::-1]},
    ),
)
every = pytest.mark.parametrize("relation", RELATIONS, ids=str)


@every
def test_both_sides_agree_on_the_kernels_and_a_planted_fault_is_seen(relation):
    found = differences(relation, by_kernels, floats)
    assert max(found.values()) < TOLERANCE, found
    assert max(differences(relation, by_kernels, floats, relation.fault).values()) > 1e-3


@every
def test_both_sides_are_exactly_the_same_function_and_a_planted_fault_is_seen(relation):
    assert not any(differences(relation, exactly, residues).values())
    assert any(differences(relation, exactly, residues, relation.fault).values())


def test_an_error_of_a_twentieth_of_a_percent_in_one_gradient_is_seen():
    relation = RELATIONS[0]

    def wrong(op, inputs, cotangents):
        outputs, gradients = by_kernels(op, inputs, cotangents)
        return outputs, {**gradients, "b": gradients["b"] * (1.0005 if op is lstm[0] else 1)}

    assert [n for n, d in differences(relation, wrong, floats).items() if d > TOLERANCE] == ["db"]
