"""Sums and maxima as loops: what they visit, counted while the emitted text runs."""

import numpy as np
import pytest

import codegen.lower
import codegen.reduction
from codegen.lower import lower
from codegen.module import write_module
from codegen.nodes import Ceil
from codegen.verify.load import load_plain
from derive.algebra.expr import Product
from derive.derivation import derive
from tests.codegen.counting import Shape, run
from tests.codegen.emitted import OPS, differences, kernel_text, visit

CONV = OPS["conv2d"]


SHAPES = [
    Shape(2, 2, 3, H, W, P, Q, stride, pad)
    for stride in (1, 2, 3)
    for pad in (0, 1, 2)
    for H, W, P, Q in ((6, 5, 3, 2),)
] + [Shape(1, 1, 2, 4, 7, 4, 3, 2, 0), Shape(1, 2, 1, 2, 3, 3, 5, 3, 2)]


def switch_off_unfolding(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(codegen.lower, "lower_unfolded", lambda *_: None)
    patch.setattr(codegen.lower, "declare_patches", lambda system: system)


@pytest.fixture
def without_unfolding(monkeypatch):
    switch_off_unfolding(monkeypatch)


@pytest.fixture(scope="module")
def direct():
    """The convolution as direct loops."""
    with pytest.MonkeyPatch.context() as patch:
        switch_off_unfolding(patch)
        return load_plain("direct", write_module(lower(derive(CONV))).text)


@pytest.fixture(scope="module")
def published():
    return load_plain("conv2d", write_module(lower(derive(CONV))).text)


KERNELS = (("forward", "Y"), ("backward", "dK"), ("backward", "dX"))


# counts -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_direct_loops_multiply_exactly_what_lies_inside_the_image(direct, shape):
    for kernel, wanted in KERNELS:
        assert run(direct, kernel, shape, wanted).multiplications == shape.sums, wanted


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_products_of_patches_multiply_each_window_once(published, shape):
    """Padding is multiplied too, as zeros: a product has no holes. Nothing else is."""
    windows = shape.B * shape.O * shape.C * shape.U * shape.V * shape.P * shape.Q
    for kernel, wanted in KERNELS:
        assert run(published, kernel, shape, wanted).multiplications == windows, wanted


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_unfolding_reads_exactly_what_lies_inside_the_image(published, shape):
    copied = shape.B * shape.C * shape.inside
    for kernel, wanted in KERNELS[:2]:
        assert run(published, kernel, shape, wanted).visits["X"] == copied, wanted
    assert run(published, "backward", shape, "dX").visits["dX"] == copied


def iterations(module, shape: Shape) -> int:
    """How often the loops of the image's gradient go round, all of them together."""
    rounds = [0]

    def counting(*limits):
        for n in range(*limits):
            rounds[0] += 1
            yield n

    module.__dict__["range"] = counting
    try:
        run(module, "backward", shape, "dX")
    finally:
        del module.__dict__["range"]
    return rounds[0]


BIG = Shape(1, 1, 1, 24, 24, 3, 3, 1, 1)


def test_the_gradient_of_the_image_does_not_visit_every_output_for_every_pixel(direct):
    assert run(direct, "backward", BIG, "dX").multiplications == BIG.sums
    assert iterations(direct, BIG) < 2 * BIG.sums


def test_the_two_ways_agree(direct, published):
    for shape in SHAPES:
        for kernel, wanted in KERNELS:
            one, other = (run(m, kernel, shape, wanted).made for m in (direct, published))
            assert np.allclose(one, other, rtol=1e-12, atol=1e-12)


# planted faults -----------------------------------------------------------------------------------
def test_loops_over_every_output_are_seen(without_unfolding, monkeypatch, direct):
    """Planted: guards that do not become limits, and the image's gradient as its equation reads."""
    monkeypatch.setattr(codegen.reduction, "_orient", lambda system, task, found: found)
    monkeypatch.setattr(codegen.reduction.Bounds, "limits", lambda self, name, guard: None)
    module = load_plain("planted", write_module(lower(derive(CONV))).text)
    assert np.allclose(run(module, "backward", BIG, "dX").made, run(direct, "backward", BIG, "dX").made)
    assert iterations(module, BIG) > 50 * BIG.sums


def test_a_window_that_loses_its_last_element_is_seen(without_unfolding, monkeypatch):
    """Planted: every upper limit one too low; the count falls short."""
    right = codegen.reduction.Bounds.limits

    def short(self, name, guard):
        found = right(self, name, guard)
        return found and (found[0], tuple(Ceil(c.numerator - 1, c.denominator) for c in found[1]))

    monkeypatch.setattr(codegen.reduction.Bounds, "limits", short)
    module = load_plain("planted", write_module(lower(derive(CONV))).text)
    assert all(run(module, "forward", s, "Y").multiplications < s.sums for s in SHAPES if s.pad == 2)


# the order of the loops ---------------------------------------------------------------------------
def test_the_innermost_loop_of_a_convolution_runs_along_the_last_axes(without_unfolding):
    made = lower(derive(CONV))
    for kernel, count in ((made.forward, 1), (made.backward, 2)):
        sums = [loops for s, loops in visit(kernel.body) if isinstance(getattr(s, "value", None), Product)]
        assert [loops[-1] for loops in sums] == ["j"] * count


def test_a_sum_over_inner_loops_is_held_in_a_local():
    made = kernel_text(OPS["softmax"], "forward")
    assert "part += exp(" in made and "z_p_ += part" in made
    assert "z_p[b] = z_p_" in made and "z_p[b] +=" not in made


def test_a_maximum_and_its_places_are_one_search():
    made = kernel_text(OPS["max_pool2d"], "forward")
    assert made.count("beats(") == 1
    assert made.index("candidate = X") < made.index("Y[") < made.index("p_Y[") < made.index("q_Y[")


@pytest.mark.parametrize("stride", (1, 2, 3))
@pytest.mark.parametrize("pad", (0, 1))
def test_convolution_and_pooling_have_the_oracles_values(stride, pad):
    module = load_plain("conv2d", write_module(lower(derive(CONV))).text)
    sizes = {"B": 2, "C": 2, "O": 3, "H": 5, "W": 4, "P": 2, "Q": 3}
    assert differences(CONV, module, sizes, stride=stride, pad=pad) == []
    pool = OPS["max_pool2d"]
    module = load_plain("pool", write_module(lower(derive(pool))).text)
    sizes = {"B": 2, "C": 2, "H": 5, "W": 7}
    assert differences(pool, module, sizes, window=3, stride=stride, pad=pad) == []
