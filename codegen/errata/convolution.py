"""Convolution and pooling: the documents' worked examples, and what their formulas and words imply."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from codegen.catalogue import find
from codegen.errata.claim import Compared, Evaluate, Evidence, Observed, Readings, same, show
from codegen.errata.kernels import Array, Kernels
from derive.oracle.meaning import symbols_of

# document 002, 'Convolutional Neural Network'
SLIDE_IMAGE = np.array(
    [[1, 3, 5, 2, 4], [6, 0, 2, 1, 3], [6, 3, 1, 3, 6], [7, 3, 2, 1, 3], [5, 3, 0, 0, 2]], float
)
SLIDE_FILTER = np.array([[0.2, 0.7], [-0.5, 0.7]])

# document 003, 'Convolutional Layer'; its filter looks the same when it is flipped
IMAGE = np.array(
    [
        [1, 1, 1, 0, 0, 0],
        [0, 0, 1, 1, 1, 0],
        [0, 0, 0, 1, 1, 0],
        [0, 0, 0, 1, 1, 0],
        [0, 0, 1, 1, 0, 0],
        [0, 1, 1, 0, 0, 0],
    ],
    float,
)
FILTER = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], float)

# the widespread 5x5 example with the same filter, not in the documents
SMALLER_IMAGE = np.array(
    [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]], float
)

# document 003, 'Pooling Layer'
POOL_IMAGE = np.array([[4, 3, 2, 1], [2, 5, 1, 2], [9, 6, 8, 2], [4, 3, 2, 1]], float)

RNG = np.random.default_rng(1)
RANDOM_IMAGE, RANDOM_FILTER = RNG.normal(size=(6, 6)), RNG.normal(size=(3, 3))


# what the kernels compute --------------------------------------------------------------------------
def convolve(kernels: Kernels, image: Array, filter: Array, **numbers: int) -> Array:
    """One image, one filter, no bias."""
    X, K = image[None, None], filter[None, None]
    made: Array = kernels.forward("conv2d", X=X, K=K, b=np.zeros(1), **numbers).Y[0, 0]
    return made


def flip_and_convolve(kernels: Kernels, image: Array, filter: Array) -> Array:
    """The convolution with a flipped kernel, at every place where the two meet."""
    made: Array = kernels.forward("true_convolution2d", I=image[None, None], K=filter[None, None]).S[0, 0]
    return made


def pool(kernels: Kernels, image: Array, op: str = "max_pool2d", **numbers: int) -> Array:
    made: Array = kernels.forward(op, X=image[None, None], **numbers).Y[0, 0]
    return made


def feature_map(image: Array, filter: Array, **numbers: int) -> Evaluate:
    return lambda kernels: convolve(kernels, image, filter, **numbers)


def row(image: Array, filter: Array, number: int) -> Evaluate:
    """One row of a feature map, counted from 1."""
    return lambda kernels: convolve(kernels, image, filter)[number - 1]


def output_size(size: int, filter: int, **numbers: int) -> Evaluate:
    """The extent of the feature map of a square image."""
    return lambda kernels: len(convolve(kernels, np.ones((size, size)), np.ones((filter, filter)), **numbers))


def pooled(op: str = "max_pool2d", **numbers: int) -> Evaluate:
    return lambda kernels: pool(kernels, POOL_IMAGE, op, **numbers)


def pooled_shape(kernels: Kernels) -> tuple[int, ...]:
    return pool(kernels, POOL_IMAGE).shape


# the formulas, by hand -----------------------------------------------------------------------------
def printed_correlation(kernels: Kernels) -> Evidence:
    """Document 000: the sum over p and q of X[i+p, j+q] K[p, q]."""
    n, k = len(RANDOM_IMAGE), len(RANDOM_FILTER)
    by_hand = [
        [
            sum(RANDOM_IMAGE[i + p, j + q] * RANDOM_FILTER[p, q] for p in range(k) for q in range(k))
            for j in range(n - k + 1)
        ]
        for i in range(n - k + 1)
    ]
    found = convolve(kernels, RANDOM_IMAGE, RANDOM_FILTER)
    return Compared(by_hand, found, "a random 6×6 image and 3×3 kernel", "the same numbers")


def printed_convolution(kernels: Kernels) -> Evidence:
    """Document 001: the sum over m and n of I[m, n] K[i-m, j-n], where K has such an entry."""
    n, k = len(RANDOM_IMAGE), len(RANDOM_FILTER)
    by_hand = np.zeros((n + k - 1, n + k - 1))
    for i, j in np.ndindex(by_hand.shape):
        for m, q in np.ndindex(n, n):
            if 0 <= i - m < k and 0 <= j - q < k:
                by_hand[i, j] += RANDOM_IMAGE[m, q] * RANDOM_FILTER[i - m, j - q]
    found = flip_and_convolve(kernels, RANDOM_IMAGE, RANDOM_FILTER)
    return Compared(by_hand, found, "a random 6×6 image and 3×3 kernel", "the same numbers")


def flipped_or_not(image: Array, filter: Array) -> dict[str, Evaluate]:
    """The first entry where the kernel lies wholly on the image, both ways."""
    last = len(filter) - 1
    return {
        "cross-correlation, `conv2d`": lambda k: convolve(k, image, filter)[0, 0],
        "kernel flipped, `true_convolution2d`": lambda k: flip_and_convolve(k, image, filter)[last, last],
    }


def ranges_of_flipped(kernels: Kernels) -> Evidence:
    """The shapes of the result by where the sum may reach over the border."""
    full = flip_and_convolve(kernels, RANDOM_IMAGE, RANDOM_FILTER)
    ways = {
        "every place where they meet (full)": full,
        "as large as the image (same)": full[1:-1, 1:-1],
        "kernel wholly on the image (valid)": full[2:-2, 2:-2],
    }
    return Readings("incomplete", {name: a.shape for name, a in ways.items()}, "6×6 image, 3×3 kernel")


def one_element(kernels: Kernels) -> Evidence:
    """What one I(m, n) holds, and how many of them S(i, j) depends on."""
    inputs = {"I": RANDOM_IMAGE[None, None], "K": RANDOM_FILTER[None, None]}
    chosen = np.zeros((1, 1, 8, 8))
    chosen[0, 0, 4, 4] = 1
    region = np.count_nonzero(kernels.gradients("true_convolution2d", {"S": chosen}, **inputs).I)
    said, found = f"I(m,n) holds a region of {region} pixels", f"I(m,n) holds {RANDOM_IMAGE[2, 3].size} pixel"
    return Compared(said, found, f"S(4,4) depends on {region} pixels, one for each term of the sum")


# what the words imply ------------------------------------------------------------------------------
def reached(kernels: Kernels) -> int:
    """How many of 36 pixels one entry of a feature map depends on."""
    chosen = np.zeros((1, 1, 4, 4))
    chosen[0, 0, 1, 2] = 1
    inputs = {"X": RANDOM_IMAGE[None, None], "K": RANDOM_FILTER[None, None], "b": np.zeros(1)}
    return int(np.count_nonzero(kernels.gradients("conv2d", {"Y": chosen}, **inputs).X))


def moves_along(kernels: Kernels) -> Evidence:
    """A filter finds a pattern wherever it is: the map of a shifted image is the shifted map."""
    image = np.pad(RANDOM_IMAGE, 2)
    maps = convolve(kernels, image, RANDOM_FILTER), convolve(kernels, np.roll(image, 1, 1), RANDOM_FILTER)
    holds = np.allclose(maps[0][:, :-1], maps[1][:, 1:]) and not np.allclose(*maps)
    return Observed(
        holds,
        f"a 6×6 image makes 4×4 outputs with {RANDOM_FILTER.size} weights (fully connected: {36 * 16}); "
        "one column further in, the same numbers come one column further out",
    )


def filters_are_depth(kernels: Kernels) -> int:
    K = np.zeros((5, 2, 3, 3))
    return int(kernels.forward("conv2d", X=np.zeros((1, 2, 6, 6)), K=K, b=np.zeros(5)).Y.shape[1])


def without_rounding(kernels: Kernels) -> Evidence:
    """The printed quotient beside the size that there is."""
    printed = (6 - 3 + 2 * 0) / 2 + 1
    return Readings(
        "incomplete",
        {"as printed": printed, "rounded down, `conv2d`": output_size(6, 3, stride=2)(kernels)},
        "input 6, filter 3, stride 2",
    )


def example_row(number: int, printed: str) -> Callable[[Kernels], Evidence]:
    """A printed row of document 003's example, and where its numbers come from."""

    def evaluate(kernels: Kernels) -> Evidence:
        said = np.array(printed.split(), float)
        found, smaller = (convolve(kernels, image, FILTER)[number - 1] for image in (IMAGE, SMALLER_IMAGE))
        flipped = flip_and_convolve(kernels, IMAGE, FILTER)[number + 1, 2:-2]
        how = f"row {number} of the map"
        if same(found, flipped):
            how += ", with the kernel flipped or not"
        if same(said[:3], smaller):
            rows = ", ".join(show(line).replace(" ", "") for line in SMALLER_IMAGE)
            how += f"; {show(smaller)} is row {number} for the widespread 5×5 image {rows}"
        return Compared(said, found, how)

    return evaluate


def stride_skips(kernels: Kernels) -> Evidence:
    every, second = (convolve(kernels, RANDOM_IMAGE, RANDOM_FILTER, stride=s) for s in (1, 2))
    return Compared(
        every[::2, ::2], second, "`conv2d` with stride 2 gives every second entry", "the same numbers"
    )


def sizes_that_divide(kernels: Kernels) -> Evidence:
    cases = [(6, 3, 1, 0), (5, 2, 1, 0), (7, 3, 2, 0), (5, 3, 1, 1), (6, 2, 2, 1)]
    printed = np.array([(n - f + 2 * p) // s + 1 for n, f, s, p in cases])
    found = np.array([output_size(n, f, stride=s, pad=p)(kernels) for n, f, s, p in cases])
    return Compared(printed, found, "`conv2d` for five sizes, filters, strides and paddings that divide")


def even_filter(kernels: Kernels) -> Evidence:
    """No padding that is equal on both sides keeps the size with an even filter."""
    ways = {
        f"{f}×{f} filter, padding {p}": output_size(6, f, pad=p)(kernels) for f, p in ((3, 1), (2, 0), (2, 1))
    }
    return Readings("incomplete", ways, "the output size of an input of 6")


def shifted_pools(kernels: Kernels) -> Evidence:
    """Max pooling of one bright pixel, in each column of a 4×4 image."""
    maps = [pool(kernels, np.eye(4)[:1].T * np.eye(4)[column]) for column in range(4)]
    shown = "; ".join(f"column {n}: {show(made)}" for n, made in enumerate(maps, 1))
    return Observed(all(np.array_equal(maps[0], made) for made in maps), f"one bright pixel in {shown}")


def linear_without(kernels: Kernels) -> Evidence:
    """A convolution is linear; with ReLU behind it, it is not."""
    x, z = RANDOM_IMAGE, RANDOM_IMAGE.T
    images = np.array([x, z, x + z])[:, None]

    def gap(op: str) -> float:
        maps = kernels.forward(op, X=images, K=RANDOM_FILTER[None, None], b=np.zeros(1)).Y
        return float(np.abs(maps[2] - maps[0] - maps[1]).max())

    alone, with_relu = gap("conv2d"), gap("conv2d_relu")
    holds = alone < 1e-12 < 1e-3 < with_relu
    return Observed(holds, f"f(x+z) differs from f(x)+f(z) by 0 without ReLU, by {show(with_relu)} with it")


def by_row(kernels: Kernels) -> Array:
    """Each row of the image pooled by itself, in windows of two."""
    rows = [pool(kernels, np.repeat(POOL_IMAGE[i : i + 1], 2, 0)) for i in range(len(POOL_IMAGE))]
    return np.concatenate(rows)


def exercise_size(kernels: Kernels) -> tuple[int, ...]:
    """The size of the exercise's output, from the formulas of the spec that `conv2d` was made of."""
    given = {"C": 3, "H": 224, "W": 224, "O": 64, "P": 3, "Q": 3}
    sizes = symbols_of(find(("conv2d",))[0].spec().sizes, given, {"stride": 1, "pad": 1})
    return (sizes["U"], sizes["V"], sizes["O"])
