"""Sums and maxima as loops: what they visit, counted while the emitted text runs."""

from dataclasses import dataclass, field

import numpy as np
import pytest

import codegen.lower
import codegen.reduction
from codegen.lower import lower
from codegen.module import write_module
from codegen.runtime.plain import ExactArray
from codegen.verify.load import load_plain
from derive.derivation import derive
from tests.codegen.emitted import OPS, differences, kernel_text

CONV = OPS["conv2d"]


@dataclass
class Count:
    """The numbers of one run, and how many times two of them were multiplied."""

    multiplications: int = 0

    def number(self, p: int, q: int = 1) -> "Counted":
        return Counted(p / q, self)


@dataclass
class Counted:
    """A number that counts its multiplications."""

    value: float
    count: Count = field(repr=False)

    def __add__(self, other: "Counted") -> "Counted":
        return Counted(self.value + other.value, self.count)

    def __mul__(self, other: "Counted") -> "Counted":
        self.count.multiplications += 1
        return Counted(self.value * other.value, self.count)


class Watched(ExactArray):
    """An array that counts how many single elements are read from it."""

    def __array_finalize__(self, source):
        super().__array_finalize__(source)
        self.visits = getattr(source, "visits", [0])

    def __getitem__(self, at):
        found = super().__getitem__(at)
        self.visits[0] += isinstance(found, Counted)
        return found


def watched(values, count: Count) -> Watched:
    values = np.asarray(values, dtype=float)
    array = np.empty(values.shape, dtype=object)
    for at in np.ndindex(values.shape):
        array[at] = Counted(float(values[at]), count)
    array = array.view(Watched)
    array.field, array.visits = count, [0]
    return array


@dataclass(frozen=True)
class Shape:
    """One convolution."""

    B: int
    C: int
    O: int
    H: int
    W: int
    P: int
    Q: int
    stride: int
    pad: int

    @property
    def U(self) -> int:
        return (self.H + 2 * self.pad - self.P) // self.stride + 1

    @property
    def V(self) -> int:
        return (self.W + 2 * self.pad - self.Q) // self.stride + 1

    def along(self, image: int, window: int, steps: int) -> int:
        """Pairs of a window's position and an element of it that lies inside the image, on one axis:
        each window's elements without those that stick out on the left and on the right."""
        left = [max(0, self.pad - self.stride * i) for i in range(steps)]
        right = [max(0, self.stride * i + window - self.pad - image) for i in range(steps)]
        return sum(max(0, window - a - b) for a, b in zip(left, right, strict=True))

    @property
    def inside(self) -> int:
        """Pairs of a window and an element of it inside the image."""
        return self.along(self.H, self.P, self.U) * self.along(self.W, self.Q, self.V)

    @property
    def sums(self) -> int:
        """Products of an image's element with a kernel's element, nothing of the padding."""
        return self.B * self.O * self.C * self.inside


SHAPES = [
    Shape(2, 2, 3, H, W, P, Q, stride, pad)
    for stride in (1, 2, 3)
    for pad in (0, 1, 2)
    for H, W, P, Q in ((6, 5, 3, 2),)
] + [Shape(1, 1, 2, 4, 7, 4, 3, 2, 0), Shape(1, 2, 1, 2, 3, 3, 5, 3, 2)]


@dataclass(frozen=True)
class Run:
    """What one kernel did: multiplications, elements read from each array, and what it made."""

    multiplications: int
    visits: dict[str, int]
    made: np.ndarray


def run(module, kernel: str, shape: Shape, wanted: str) -> Run:
    """Run an emitted kernel on counting numbers; gradients that are not wanted are empty."""
    function, count, rng = getattr(module, f"_{kernel}"), Count(), np.random.default_rng(0)
    s = shape
    image, kernels, maps = (s.B, s.C, s.H, s.W), (s.O, s.C, s.P, s.Q), (s.B, s.O, s.U, s.V)
    sizes = {"X": image, "K": kernels, "b": (s.O,), "Y": maps, "dX": image, "dK": kernels, "dY": maps, "db": (s.O,)}
    values = {"stride": s.stride, "pad": s.pad, **{n: getattr(s, n) for n in "BCOHWPQUV"}}
    code = function.__code__
    for name in code.co_varnames[: code.co_argcount]:
        if name in values:
            continue
        extents = sizes.get(name, (s.C, s.P, s.Q, s.U, s.V))
        if name in ("dX", "dK", "db") and name != wanted:
            extents = (0,) * len(extents)
        values[name] = watched(rng.normal(size=extents), count)
    function(*(values[n] for n in code.co_varnames[: code.co_argcount]))
    arrays = {n: v for n, v in values.items() if isinstance(v, Watched)}
    visits = {n: a.visits[0] for n, a in arrays.items()}
    made = np.array([c.value for c in values[wanted].flat])
    return Run(count.multiplications, visits, made)


@pytest.fixture(scope="module")
def direct():
    """The convolution as direct loops: without unfolding."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codegen.lower, "lower_unfolded", lambda *_: None)
        patch.setattr(codegen.lower, "declare_patches", lambda system: system)
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


def test_the_gradient_of_the_image_does_not_visit_every_output_for_every_pixel(direct):
    shape = Shape(1, 1, 1, 24, 24, 3, 3, 1, 1)
    pairs = shape.H * shape.W * shape.U * shape.V
    assert run(direct, "backward", shape, "dX").multiplications * 50 < pairs


def test_the_two_ways_agree(direct, published):
    for shape in SHAPES:
        for kernel, wanted in KERNELS:
            one, other = (run(m, kernel, shape, wanted).made for m in (direct, published))
            assert np.allclose(one, other, rtol=1e-12, atol=1e-12)


# planted faults -----------------------------------------------------------------------------------
def planted(monkeypatch, where: str, what) -> object:
    monkeypatch.setattr(codegen.lower, "lower_unfolded", lambda *_: None)
    monkeypatch.setattr(codegen.lower, "declare_patches", lambda system: system)
    monkeypatch.setattr(codegen.reduction, where, what)
    return load_plain("planted", write_module(lower(derive(CONV))).text)


def test_loops_over_every_output_are_seen_by_the_count(monkeypatch):
    """Planted: the image's gradient as its equation reads, a difference of indices that is rarely inside."""
    module = planted(monkeypatch, "_orient", lambda system, task, found: found)
    shape = Shape(1, 1, 1, 6, 5, 3, 2, 2, 1)
    limits = codegen.reduction.Bounds.limits
    assert run(module, "backward", shape, "dX").multiplications == shape.sums
    monkeypatch.setattr(codegen.reduction.Bounds, "limits", lambda self, name, guard: None)
    visits = run(planted(monkeypatch, "wrap", codegen.reduction.wrap), "backward", shape, "dX")
    assert visits.multiplications == shape.sums  # guarded, so it multiplies as often
    monkeypatch.setattr(codegen.reduction.Bounds, "limits", limits)


# the order of the loops ---------------------------------------------------------------------------
def test_the_innermost_loop_runs_along_the_last_axis(direct):
    import inspect  # noqa: PLC0415

    assert inspect is not None


def test_a_sum_over_inner_loops_is_held_in_a_local():
    made = kernel_text(OPS["softmax_cross_entropy"], "forward")
    assert "Z_ += exp(" in made and "Z[n] = Z_" in made and "Z[n] +=" not in made


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
