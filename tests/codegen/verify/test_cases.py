"""Problems: awkward sizes, labels inside and outside their axis, the same in every process."""

import numpy as np
import pytest

import codegen.verify.cases
from codegen.catalogue import find
from codegen.verify.cases import Cases
from codegen.verify.shape_cases import fixed_cases, shape_of
from codegen.verify.shapes import Draw, label_extents
from derive.derivation import derive
from derive.oracle.numbers import Floats
from derive.oracle.reference import evaluate
from tests.codegen.verify.candidates import CATALOGUE, USERS, cases


@pytest.mark.parametrize("name", [*CATALOGUE, *USERS])
def test_sizes_are_pairwise_different_somewhere(name):
    shapes = [s for s in cases(name).shapes if s.label.startswith("awkward")]
    free = [s.name for s in cases(name).forward.sizes if s.formula is None]
    assert any(len({s.sizes[n] for n in free}) == len(free) for s in shapes)


@pytest.mark.parametrize("name", [*CATALOGUE, *USERS])
def test_there_are_small_ones_long_axes_and_ties(name):
    labels = {s.label.split()[0] for s in cases(name).shapes}
    assert {"awkward", "long"} <= labels
    numbers = [v for p in cases(name).exact for a in p.problem.inputs.values() for v in a.flat]
    assert any(v == 0 for v in numbers)


def test_a_recurrence_is_run_over_several_steps_and_over_fifty():
    steps = [p.shape.sizes["T"] for p in cases("lstm").floats]
    assert max(steps) == 50 and any(2 < t < 50 for t in steps)
    shapes = cases("lstm").shapes
    assert {(False, 0), (True, 1)} <= set(fixed_steps(shapes[-1])) and 1 in [s.sizes["T"] for s in shapes]


def fixed_steps(typical):
    """Whether rung 7 takes its fixed cases of the lstm as allowed, and their numbers of steps."""
    system = cases("lstm").forward
    return [(shape_of(c, system)[1], c.sizes["T"]) for c in fixed_cases(cases("lstm"), typical)]


def test_integer_parameters_vary_and_take_their_defaults():
    taken = {tuple(s.integers.values()) for s in cases("max_pool2d").shapes}
    assert (2, 2, 0) in taken and len(taken) > 4


def test_labels_lie_inside_the_axis_that_they_index_and_stray_sometimes():
    name = "softmax_cross_entropy"
    assert [str(e) for e in label_extents(cases(name).forward, "y")] == ["K"]
    seen = [(p.problem.shape.sizes["K"], y) for p in cases(name).exact for y in p.problem.inputs["y"].flat]
    assert all(-2 <= y <= k + 1 for k, y in seen)
    assert any(0 <= y < k for k, y in seen) and any(not 0 <= y < k for k, y in seen)


@pytest.mark.parametrize(
    ("name", "weight", "terms"),
    (("dense_tanh", "W", slice(1, None)), ("lstm", "U", slice(2, None)), ("conv2d", "K", slice(1, None))),
)
def test_rows_of_weights_have_the_variance_one_so_that_deep_systems_do_not_saturate(name, weight, terms):
    arrays = [p.inputs[weight] for p in cases(name).floats]
    scaled = np.concatenate([a.ravel() * np.sqrt(np.prod(a.shape[terms])) for a in arrays])
    biases = np.concatenate([p.inputs["b"].ravel() for p in cases(name).floats])
    assert 0.8 < np.std(scaled) < 1.25 and 0.6 < np.std(biases) < 1.6
    # as they are, weights are smaller: the check is not one of a factor near 1
    assert np.std(np.concatenate([a.ravel() for a in arrays])) < 0.7


@pytest.mark.parametrize("name", ("vgg_block", "lenet5"))
def test_no_unit_is_dead_where_floats_are_drawn(name, monkeypatch):
    """Behind units that are 0 throughout no fault could be seen; drawing once only leaves some."""

    def dead():
        made = Cases(derive(find((name,))[0]))
        values = [evaluate_floats(made, p) for p in made.floats if p.shape.label.startswith("awkward")]
        named = [e.tensor for e in made.forward.equations]
        return sum(not each[n].any() for each in values for n in named if each[n].dtype != np.int64)

    assert dead() == 0
    monkeypatch.setattr(codegen.verify.cases, "REDRAWN", 1)
    assert dead() > 0


def evaluate_floats(made, problem):
    shape = problem.shape
    more = (shape.sizes, shape.integers, problem.reals, Floats())
    return evaluate(made.derivation.stable_forward, problem.inputs, *more)


def test_masks_hold_0_and_1():
    made = Cases(derive(find(("alexnet_classifier",))[0]))
    masks = [v for p in made.exact for v in p.problem.inputs["first_dropout_m"].flat]
    assert masks.count(0) > len(masks) / 4 and masks.count(1) > len(masks) / 4


def test_the_same_problems_are_drawn_every_time():
    again = Cases(cases("lstm").derivation)
    assert [str(s) for s in again.shapes] == [str(s) for s in cases("lstm").shapes]
    one, other = again.exact[0].problem.inputs["x"], cases("lstm").exact[0].problem.inputs["x"]
    assert (one == other).all()


def test_a_derived_size_is_never_below_what_it_must_be():
    shapes = cases("conv2d").shapes
    assert all(s.sizes["U"] >= 1 and s.sizes["V"] >= 1 for s in shapes)


def test_a_shape_with_a_size_below_its_least_is_refused():
    draw = Draw(cases("lstm").forward, cases("lstm").backward, "0")
    assert draw.shape("none", {"T": 0, "B": 1, "I": 1, "H": 1}, {}) is None
