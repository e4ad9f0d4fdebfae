"""Numbers that count their multiplications, arrays that count their visits, and what a convolution needs."""

from dataclasses import dataclass, field
from types import ModuleType

import numpy as np

from codegen.runtime.plain import ExactArray


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


@dataclass(frozen=True)
class Run:
    """What one kernel did: multiplications, elements read from each array, and what it made."""

    multiplications: int
    visits: dict[str, int]
    made: np.ndarray


def run(module: ModuleType, kernel: str, shape: Shape, wanted: str) -> Run:
    """Run an emitted kernel on counting numbers; gradients that are not wanted are empty."""
    function, count, rng = getattr(module, f"_{kernel}"), Count(), np.random.default_rng(0)
    s = shape
    image, kernels, maps = (s.B, s.C, s.H, s.W), (s.O, s.C, s.P, s.Q), (s.B, s.O, s.U, s.V)
    sizes = {
        "X": image,
        "K": kernels,
        "b": (s.O,),
        "Y": maps,
        "dX": image,
        "dK": kernels,
        "dY": maps,
        "db": (s.O,),
    }
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
