"""Rung 7: sizes 0 and 1, layouts in memory, and what must be refused; most of it in plain Python."""

import sys

import numpy as np
import pytest

from codegen.runtime import ShapeError
from codegen.verify import rung7_shapes
from codegen.verify.cases import Cases
from codegen.verify.layouts import LAYOUTS
from codegen.verify.load import load_plain
from codegen.verify.rung7_shapes import Noticer, asked, searched
from codegen.verify.shape_cases import ShapeCase, arranged, fixed_cases, problem_of, shape_of, wrong_calls
from codegen.verify.shape_faults import WRONG_CHECKS, shape_faults
from tests.codegen.emitted import OPS, plain
from tests.codegen.verify.candidates import candidate, cases, source


def fixed(name):
    typical = next(s for s in cases(name).shapes if s.label.startswith("awkward"))
    return fixed_cases(cases(name), typical), typical


def noticer(name, text=None):
    return Noticer(candidate(name), load_plain(name, text or source(name).text), cases(name))


def texts(name):
    return {f.about: f for f in shape_faults(candidate(name), asked(fixed(name)[0], cases(name)))}


def test_the_rung_passes_on_machine_code_and_counts_its_points():
    result = rung7_shapes.check(candidate("dense_tanh"), cases("dense_tanh"))
    assert result.verdict == "passed", result
    assert result.mutants.killed == result.mutants.planted >= 8
    assert result.points > Cases.examples + len(fixed("dense_tanh")[0])


@pytest.mark.parametrize("name", ["dense_tanh", "max_pool2d", "leaky", "softmax_cross_entropy"])
def test_nothing_is_noticed_of_a_right_text_and_every_certain_fault_is(name):
    assert noticer(name).first(*fixed(name)) == ""
    for fault in texts(name).values():
        if fault.certain:
            assert noticer(name, fault.text).first(*fixed(name)), fault.about


@pytest.mark.parametrize("about", WRONG_CHECKS)
def test_every_wrong_check_of_arguments_is_noticed_somewhere(about):
    shown = [n for n in ("dense_tanh", "max_pool2d", "softmax_cross_entropy") if about in texts(n)]
    assert any(noticer(n, texts(n)[about].text).first(*fixed(n)) for n in shown)


def test_memory_that_is_taken_as_it_lies_is_told_with_its_layout():
    text = texts("dense_tanh")["inputs taken as they lie in memory"].text
    assert "Fortran-ordered: float64 outputs differ" in noticer("dense_tanh", text).first(
        *fixed("dense_tanh")
    )


def test_a_size_that_nobody_checks_is_told():
    text = texts("max_pool2d")["sizes that nobody checks"].text
    assert "not refused as it must be" in noticer("max_pool2d", text).first(*fixed("max_pool2d"))


def test_hypothesis_finds_what_no_fixed_case_shows_and_shrinks_it():
    def fault_at(case):
        wrong = case.sizes["B"] >= 3 and case.sizes["I"] == 4 and case.layouts["x"] != "contiguous"
        return "wrong" if wrong else ""

    assert not any(fault_at(c) for c in fixed("dense_tanh")[0])
    fault = searched(fault_at, cases("dense_tanh"))
    assert fault == "at I=4 H=0 B=3, x Fortran-ordered: wrong"
    assert searched(fault_at, cases("dense_tanh")) == fault
    assert searched(lambda case: "", cases("dense_tanh")) == ""


def test_a_drawn_case_is_held_against_the_oracle_with_garbage_in_the_buffers():
    case = ShapeCase({"I": 2, "H": 0, "B": 3}, {}, {})
    assert noticer("dense_tanh").drawn(case) == ""
    text = texts("dense_tanh")["an empty sum that leaves what was there"].text
    assert noticer("dense_tanh", text).drawn(case) != ""


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 1, 4), (0, 3)])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_holds_the_same_numbers(layout, shape):
    array = np.random.default_rng(0).normal(size=shape)
    moved = np.asarray(LAYOUTS[layout](array))
    assert moved.shape == shape and np.array_equal(moved.astype(np.float64), array)


def test_layouts_are_what_they_say():
    moved = {name: change(np.ones((2, 3))) for name, change in LAYOUTS.items()}
    assert not moved["Fortran-ordered"].flags.c_contiguous
    assert moved["reversed"].strides[0] < 0 > moved["reversed"].strides[1]
    assert not moved["every other element"].flags.forc
    assert moved["inside a larger array"].strides == (48, 8)
    assert not moved["read-only"].flags.writeable
    assert not moved["unaligned"].flags.aligned
    assert not moved["of the other byte order"].dtype.isnative
    assert moved["lists"] == [[1.0] * 3] * 2


def test_what_is_allowed_is_what_the_spec_says():
    system = cases("max_pool2d").forward
    case = ShapeCase({"B": 1, "C": 0, "H": 2, "W": 3}, {"window": 2, "stride": 1, "pad": 0}, {})
    assert shape_of(case, system)[1]
    for integers in ({"window": 4, "stride": 1, "pad": 0}, {"window": 2, "stride": 0, "pad": 0}):
        assert not shape_of(ShapeCase(case.sizes, integers, {}), system)[1]


def test_arrays_are_arranged_by_name():
    case, typical = fixed("dense_tanh")[0][0], fixed("dense_tanh")[1]
    problem = arranged(problem_of(case, typical, cases("dense_tanh")), {"the cotangent of h": "reversed"})
    assert problem.cotangents["h"].strides[0] < 0 < problem.inputs["x"].strides[0]


def test_wrong_calls_do_not_refuse_what_is_right():
    case, typical = fixed("dense_tanh")[0][0], fixed("dense_tanh")[1]
    about = {a for a, _ in wrong_calls(problem_of(case, typical, cases("dense_tanh")), cases("dense_tanh"))}
    assert "x longer along axis 1" in about and "x longer along axis 0" not in about  # more examples are fine
    assert "the cotangent of h longer along axis 0" in about


def test_an_axis_of_a_computed_size_must_agree_with_its_formula():
    module = plain(OPS["lenet5"])
    shapes = {"X": (1, 1, 7, 7), "conv1_K": (1, 1, 1, 1), "conv1_b": (1,), "conv2_K": (1, 1, 1, 1)}
    shapes |= {"conv2_b": (1,), "fc1_W": (2, 5), "fc1_b": (2,), "fc2_W": (2, 2), "fc2_b": (2,)}
    shapes |= {"out_W": (3, 2), "out_b": (3,)}
    inputs = {n: np.zeros(s) for n, s in shapes.items()} | {"y": np.zeros(1, int)}
    with pytest.raises(
        ShapeError, match=r"lenet5: fc1_W has flat_K = 5, expected conv2_O\*pool2_U\*pool2_V = 1$"
    ):
        module.forward(**inputs)


def test_without_hypothesis_the_rung_is_not_run_and_says_how_to_have_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    result = rung7_shapes.check(candidate("dense_tanh"), cases("dense_tanh"))
    assert result.verdict == "not run" and "hypothesis" in result.detail
