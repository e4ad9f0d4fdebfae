"""Shapes and parameter counts for given sizes, and the command that prints them."""

import json

import pytest
from click.testing import CliRunner

from codegen.cli import main
from codegen.sizes import numbers, parameter_count, tensor_sizes
from derive.errors import SpecError
from derive.ops.compound_scaling import compound_scaling
from derive.ops.conv2d import conv2d
from derive.ops.lenet5 import lenet5
from derive.ops.lstm import lstm

DOCUMENT = (
    "N=3 C=1 H=32 W=32 conv1_O=6 conv1_P=5 conv1_Q=5 conv2_O=16 conv2_P=5 conv2_Q=5 fc1_H=120 fc2_H=84 K=10"
)
# document 003, 'CNN Architecture Example: LeNet-5', its feature maps as H x W x channels
LAYERS = {
    "conv1_Y": (28, 28, 6),
    "pool1_Y": (14, 14, 6),
    "conv2_Y": (10, 10, 16),
    "pool2_Y": (5, 5, 16),
    "flat_y": (400,),
    "fc1_h": (120,),
    "fc2_h": (84,),
    "out_h": (10,),
}
PARAMETERS = {"conv1": 156, "conv2": 2416, "fc1": 48120, "fc2": 10164, "out": 850}


def lenet():
    return tensor_sizes(lenet5[0], numbers(DOCUMENT.split()))


def channels_last(shape):
    return (*shape[2:], *shape[1:2])


def test_the_layers_of_lenet5_have_the_documents_sizes():
    shapes = {t.name: t.shape for t in lenet()}
    assert {name: channels_last(shapes[name]) for name in LAYERS} == LAYERS
    assert all(shapes[name][0] == 3 for name in LAYERS)


def test_the_parameters_of_lenet5_are_as_many_as_the_document_counts():
    found = lenet()
    counted = {
        n: sum(t.elements for t in found if t.name in (f"{n}_K", f"{n}_W", f"{n}_b")) for n in PARAMETERS
    }
    assert counted == PARAMETERS
    assert sum(counted[n] for n in ("fc1", "fc2", "out")) == 59134
    assert parameter_count(found) == 61706


def test_another_kernel_is_seen_until_a_pooling_rounds_it_away():
    """Planted fault: 3x5 kernels in place of 5x5; 11 rows pool to 5 as 10 do."""
    wrong = tensor_sizes(lenet5[0], numbers(DOCUMENT.replace("conv1_P=5", "conv1_P=3").split()))
    shapes = {t.name: t.shape for t in wrong}
    assert [n for n in LAYERS if channels_last(shapes[n]) != LAYERS[n]] == ["conv1_Y", "pool1_Y", "conv2_Y"]
    assert parameter_count(wrong) == 61706 - 6 * 10


def test_the_documents_exercise_of_224_pixels_with_padding_same():
    given = {"B": 1, "C": 3, "H": 224, "W": 224, "O": 64, "P": 3, "Q": 3}
    for op, more in ((conv2d.same, {}), (conv2d[0], {"pad": 1})):
        found = tensor_sizes(op, given | more)
        assert next(t.shape for t in found if t.name == "Y") == (1, 64, 224, 224)
        assert parameter_count(found) == 64 * (3 * 3 * 3 + 1) == 1792


def test_packed_parameters_and_scalars_have_sizes():
    shapes = {t.name: t.shape for t in tensor_sizes(lstm[0], {"T": 7, "B": 3, "I": 5, "H": 4})}
    assert (shapes["W"], shapes["h"]) == ((4, 4, 5), (7, 3, 4))
    assert {t.shape for t in tensor_sizes(compound_scaling[0], {})} == {()}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("B=1", "conv2d: no value for C: give all of C, O, H, W, P, Q, B, as in C=3"),
        ("a=2", "conv2d has no size a: it has C, O, H, W, P, Q, B, stride, pad"),
        ("U=2", "conv2d: U is derived, (H + 2*pad - P)//stride + 1: do not give it"),
        ("B=1 C=3 H=2 W=9 O=4 P=3 Q=3", "conv2d: U is 0, expected at least 1"),
        ("B=1 C=3 H=9 W=9 O=4 P=3 Q=3 stride=0", "conv2d: stride is 0, expected at least 1"),
        ("B=x", "'B=x' is no size: write NAME=NUMBER, as in H=32"),
        ("B", "'B' is no size: write NAME=NUMBER, as in H=32"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_with_one_line(given, message):
    with pytest.raises(SpecError) as caught:
        tensor_sizes(conv2d[0], numbers(given.split()))
    assert str(caught.value) == message
    result = CliRunner().invoke(main, ["sizes", "conv2d", *given.split()])
    assert (result.exit_code, result.stderr) == (2, f"gradsmith: {message}\n")


def test_the_command_prints_a_table_or_json():
    text = CliRunner().invoke(main, ["sizes", "lenet5", *DOCUMENT.split()]).stdout
    assert "61,706 parameters" in text and "3 x 6 x 28 x 28" in text
    found = json.loads(CliRunner().invoke(main, ["sizes", "lenet5", "--json", *DOCUMENT.split()]).stdout)
    assert found["parameters"] == 61706
    assert found["tensors"]["pool2_Y"] == {"role": "computed", "shape": [3, 16, 5, 5], "elements": 1200}
