"""What is not published and can be made: any number of layers of any kind, any f and g."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from codegen.catalogue import from_file
from codegen.lower import lower
from codegen.module import write_module
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.problems import cotangent_names
from codegen.verify.rung3_execution import check
from derive.authoring.spec import OpSpec
from derive.derivation import derive
from derive.language import op, sigmoid
from derive.ops.bidirectional_gru import bidirectional_gru
from derive.ops.rnn import probabilities, states_and_outputs
from derive.ops.stacked import stack
from derive.oracle.numbers import Floats
from derive.oracle.reference import evaluate, sizes_of
from generated import deep_lstm_three, lstm
from tests.by_hand import draw, error
from tests.ops.recurrent_by_hand import (
    G,
    H,
    K,
    both_ways,
    drawn,
    gated,
    layers,
    lstm_layer,
    output_layer,
    part,
    side_by_side,
    simple,
    stacked,
)

T, B, I = 3, 2, 2
UNITS = (3, 4, 1, 5, 2)

FIVE_LAYERS = """
from derive.language import op
from derive.ops.rnn import recurrent_layer
from derive.ops.stacked import stack

@op(title="five recurrent layers", source="mine")
def five_layers(s):
    x = s.data("x", s.sequence("T", "t"), s.size("I", "k"))
    s.returns(*(made.h for made in stack(s, recurrent_layer, x, 5)))
"""


@op(title="a recurrent layer with other activations", source="test")
def rnn_sigmoid_softmax(s):
    states_and_outputs(s, sigmoid, probabilities)


@op(title="two GRU layers in both directions", source="test")
def deep_bidirectional_gru(s):
    x = s.data("x", s.sequence("T", "t"), s.size("I", "k"))
    s.returns(*(made.y for made in stack(s, bidirectional_gru.concatenated, x, 2)))


@pytest.fixture(scope="module")
def five_layers(tmp_path_factory: pytest.TempPathFactory) -> OpSpec:
    path: Path = tmp_path_factory.mktemp("mine") / "five_layers.py"
    path.write_text(FIVE_LAYERS, encoding="utf-8")
    (found,) = from_file(path)
    return found


def oracle(d, inputs, cotangents):
    """Outputs and gradients by the slow oracle, from the derived equations."""
    sizes = sizes_of(d.forward, {n: a.shape for n, a in inputs.items()}, {})
    values = evaluate(d.forward, inputs, sizes, {}, {}, Floats())
    names = cotangent_names(d.forward, d.backward)
    given = {names[n]: c for n, c in zip(d.forward.outputs, cotangents, strict=True)}
    made = evaluate(d.backward, {**inputs, **values, **given}, sizes, {}, {}, Floats())
    return [values[n] for n in d.forward.outputs], [made[n] for n in d.backward.outputs]


def worst(d, by_hand, inputs):
    """How far values and all gradients are from JAX's, at the worst."""
    wanted, pullback = jax.vjp(lambda *a: by_hand(**dict(zip(inputs, a, strict=True))), *inputs.values())
    bars = [draw(a.shape, 50 + n) for n, a in enumerate(wanted)]
    outputs, gradients = oracle(d, inputs, bars)
    assert tuple(d.forward.inputs) == tuple(inputs)
    return max(map(error, (*outputs, *gradients), (*wanted, *pullback(tuple(bars)))))


def five_layers_inputs():
    shapes, below = {"x": (T, B, I)}, I
    for n, units in enumerate(UNITS, 1):
        weights = {"h0": (B, units), "W_hh": (units, units), "W_xh": (units, below), "b_h": (units,)}
        shapes |= {f"layer{n}_{name}": shape for name, shape in weights.items()}
        below = units
    return {n: 0.7 * draw(s, k) for k, (n, s) in enumerate(shapes.items())}


def tanh_layer(x, **inputs):
    return simple(jnp.tanh, x, **inputs)


def test_five_layers_of_a_users_file_agree_with_jax(five_layers):
    d = derive(five_layers)
    assert worst(d, stacked(tanh_layer, 5), five_layers_inputs()) < 1e-13


def test_five_layers_are_not_five_layers_whose_second_and_fourth_changed_places(five_layers):
    """Planted fault, at sizes at which it is possible."""
    inputs = {n: a for n, a in five_layers_inputs().items() if n[:6] not in ("layer2", "layer4")}
    for name, like in (("layer2", 2), ("layer4", 4)):
        shapes = {"h0": (B, 4), "W_hh": (4, 4), "W_xh": (4, 3), "b_h": (4,)}
        inputs |= {f"{name}_{n}": draw(s, 30 + like + k) for k, (n, s) in enumerate(shapes.items())}
    inputs |= {"layer3_h0": draw((B, 3), 1), "layer3_W_hh": draw((3, 3), 2), "layer3_b_h": draw((3,), 3)}
    inputs |= {"layer3_W_xh": draw((3, 4), 4), "layer5_W_xh": draw((2, 4), 5)}
    d = derive(five_layers)
    inputs = {n: inputs[n] for n in d.forward.inputs}

    def exchanged(**given):
        other = {"layer2": "layer4", "layer4": "layer2"}
        return stacked(tanh_layer, 5)(**{other.get(n[:6], n[:6]) + n[6:]: a for n, a in given.items()})

    assert worst(d, stacked(tanh_layer, 5), inputs) < 1e-13
    assert worst(d, exchanged, inputs) > 1e-2


def test_five_layers_become_one_pair_of_kernels_that_is_exact(five_layers):
    source = write_module(lower(derive(five_layers)))
    result = check(Candidate(source), Cases(source.plan.derivation))
    assert (result.verdict, result.detail) == ("passed", "")
    assert result.points >= 3


def test_layers_in_both_directions_can_be_stacked():
    def by_hand(x, **inputs):
        one = both_ways(gated(after=True), side_by_side)
        first = one(x, **part(inputs, "layer1_"))
        return first, one(first, **part(inputs, "layer2_"))

    d = derive(deep_bidirectional_gru[0])
    units = {"H": (3, 2), "G": (1, 4)}
    shapes = {}
    for n, below in enumerate((I, 4)):
        for way, size in (("forward", units["H"][n]), ("backward", units["G"][n])):
            layer = {"h0": (B, size), "W": (3, size, below), "U": (3, size, size), "b": (3, size)}
            shapes |= {f"layer{n + 1}_{way}_{name}": shape for name, shape in layer.items()}
    shapes["x"] = (T, B, I)
    inputs = {n: 0.7 * draw(shapes[n], k) for k, n in enumerate(d.forward.inputs)}
    assert worst(d, by_hand, inputs) < 1e-13


def test_other_activations_can_be_chosen_and_a_wrong_one_is_seen():
    d = derive(rnn_sigmoid_softmax[0])
    sizes = {"T": 3, "B": 2, "I": 2, "H": 3, "O": 4}
    shapes = {n: tuple(sizes[str(k)] for k in d.forward.tensor(n).dims) for n in d.forward.inputs}
    inputs = {n: 0.7 * draw(s, k) for k, (n, s) in enumerate(shapes.items())}
    assert worst(d, output_layer(jax.nn.sigmoid, jax.nn.softmax), inputs) < 1e-13
    assert worst(d, output_layer(jnp.tanh, jax.nn.softmax), inputs) > 1e-2


def test_three_published_layers_are_three_layers_one_after_the_other():
    inputs = drawn(deep_lstm_three, layers(lstm_layer, H, G, K))
    x, found = inputs["x"], iter(deep_lstm_three.forward(**inputs))
    for n in (1, 2, 3):
        made = lstm.forward(x, **part(inputs, f"layer{n}_"))
        assert all(np.max(np.abs(a - next(found))) < 1e-13 for a in made)
        x = made.h
