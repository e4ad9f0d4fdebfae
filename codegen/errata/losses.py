"""Losses, their gradients, the pairs of the comparison table, and the objective of GANs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from codegen.errata.claim import Compared, Evaluate, Evidence, Observed, Readings, show
from codegen.errata.formulas import sigma
from codegen.errata.kernels import Array, Kernels
from codegen.errata.layers import slope

TARGETS, PREDICTIONS = np.array([1.0, 2, 3, 5]), np.array([1.5, 2, 1, 6])
LABELS, PROBABILITIES = np.array([1.0, 0, 1, 0]), np.array([0.8, 0.3, 0.4, 0.9])
OUTLIER = np.array([1.0, 2, 3, 4, 100])
ONE_HOT, SHARES = np.array([0.0, 1, 0]), np.array([0.2, 0.5, 0.3])


def loss(kernels: Kernels, op: str, y: Array, y_hat: Array, **numbers: float) -> float:
    """One example's loss."""
    return float(kernels.forward(op, y=y[None], y_hat=y_hat[None], **numbers).L)


def gradient(kernels: Kernels, op: str, y: Array, y_hat: Array, **numbers: float) -> Array:
    """The gradient by one example's predictions."""
    given = {"y": y[None], "y_hat": y_hat[None], **numbers}
    made: Array = kernels.gradients(op, {"L": 1.0}, **given).y_hat[0]
    return made


def formula(
    op: str, y: Array, y_hat: Array, printed: Callable[[Any, Any], Any]
) -> Callable[[Kernels], Evidence]:
    """A printed loss, at fixed numbers."""
    return lambda kernels: Compared(
        printed(y, y_hat), loss(kernels, op, y, y_hat), f"`{op}` at fixed numbers"
    )


def mse_gradient(kernels: Kernels) -> Evidence:
    printed = -2 * (TARGETS - PREDICTIONS)
    found = gradient(kernels, "mse", TARGETS, PREDICTIONS)
    how = f"y = {show(TARGETS)}, ŷ = {show(PREDICTIONS)}, n = 4; the document's line gives {show(printed)}"
    return Compared(printed, found, how)


def robust(kernels: Kernels) -> Evidence:
    """Where the gradient of each loss vanishes for targets with an outlier."""
    mean, median = OUTLIER.mean(), np.median(OUTLIER)
    best = {"mse": np.full(len(OUTLIER), mean), "mae": np.full(len(OUTLIER), median)}
    pulls = [gradient(kernels, op, OUTLIER, constant).sum() for op, constant in best.items()]
    return Observed(
        max(map(abs, pulls)) < 1e-12 and median < mean / 2,
        f"the best constant for {show(OUTLIER)} is {show(mean)} by `mse`, {show(median)} by `mae`",
    )


def huber_pieces(kernels: Kernels) -> Evidence:
    """Second differences of the loss for small and for large errors."""
    zero = np.zeros(1)

    def bend(error: float) -> float:
        at = [loss(kernels, "huber", zero, np.array([error + d])) for d in (-0.1, 0, 0.1)]
        return (at[0] - 2 * at[1] + at[2]) / 0.01

    small, large = bend(0.5), bend(5.0)
    holds = abs(small - 1) < 1e-9 and abs(large) < 1e-9
    return Observed(holds, f"second derivative {show(round(small, 9))} at error 0.5, 0 at error 5, delta = 1")


def huber_with(delta: float) -> Evaluate:
    return lambda kernels: loss(kernels, "huber", np.zeros(1), np.array([3.0]), delta=delta)


def one_hot(kernels: Kernels) -> Evidence:
    found = loss(kernels, "categorical_cross_entropy", ONE_HOT, SHARES)
    return Compared(-np.log(SHARES[1]), found, "three classes, the true one has 0.5: -log 0.5")


# through the output activation ------------------------------------------------------------------------
LOGITS = np.array([-8.0, -4, -1, 0, 1, 4, 8])


def by_logit(kernels: Kernels, op: str) -> Array:
    """The gradient of a loss on sigmoid(z), by z, for the target 1 at each of the points."""
    p = kernels.forward("activation", z=LOGITS[None]).a[0]
    through = slope(kernels, "activation", LOGITS)
    single = [gradient(kernels, op, np.ones(1), p[k : k + 1])[0] for k in range(len(p))]
    return np.array(single) * through


def flat_where(kernels: Kernels) -> Evidence:
    """The gradient of the squared error at a confident mistake, by two variables."""
    p = sigma(LOGITS[0])
    ways = {
        "by ŷ": gradient(kernels, "mse", np.ones(1), np.array([p]))[0],
        "by z, with ŷ = sigmoid(z)": by_logit(kernels, "mse")[0],
    }
    return Readings("incomplete", ways, f"y = 1, ŷ = {show(p)}")


def stronger(kernels: Kernels) -> Evidence:
    squared, entropy = by_logit(kernels, "mse"), by_logit(kernels, "binary_cross_entropy")
    return Observed(
        bool(np.all(np.abs(entropy) > np.abs(squared))),
        f"by z at y = 1, z = {show(LOGITS)}: MSE {show(squared)}; cross-entropy {show(entropy)}",
    )


def sigmoid_pair(kernels: Kernels) -> Evidence:
    """Binary cross-entropy behind a sigmoid: the gradient by the logit is ŷ - y."""
    z = np.array([[-1.0, 0.5, 2.0]])
    y = np.array([[1.0, 0, 1]])
    found = kernels.gradients("binary_cross_entropy_logits_sum", {"L": 1.0}, y=y, x=z).x
    return Compared(sigma(z) - y, found, "ŷ - y and the gradient by z, three logits", "the same numbers")


def softmax_pair(kernels: Kernels) -> Evidence:
    z = np.array([[-1.0, 0.5, 2.0]])
    p = kernels.forward("softmax", x=z).p
    op = "softmax_cross_entropy_distribution_sum"
    found = kernels.gradients(op, {"L": 1.0}, y=ONE_HOT[None], x=z).x
    return Compared(p - ONE_HOT, found, "ŷ - y and the gradient by z, three logits", "the same numbers")


def linear_pair(kernels: Kernels) -> Evidence:
    """A linear output reaches any target; a sigmoid stays between 0 and 1."""
    z = np.array([[-5.0, 7.0]])
    W, b = np.eye(2), np.zeros(2)
    linear, bounded = (kernels.forward(op, x=z, W=W, b=b).h[0] for op in ("dense", "dense_sigmoid"))
    left = [loss(kernels, "mse", z[0], h) for h in (linear, bounded)]
    how = f"for targets -5 and 7 a linear output leaves {show(left[0])}, a sigmoid at least {show(left[1])}"
    return Observed(left[0] == 0 < 1 < left[1], how)


def labels_apart(kernels: Kernels) -> Evidence:
    """With a sigmoid for each label, a label's gradient looks at no other logit; with softmax it does."""
    y = np.array([[1.0, 0, 1]])
    logits = np.array([[-1.0, 0.5, 2.0]]), np.array([[-1.0, 0.5, 5.0]])

    def moved(op: str) -> float:
        first, second = (kernels.gradients(op, {"L": 1.0}, y=y, x=x).x[0, 0] for x in logits)
        return abs(float(first - second))

    sigmoids = moved("binary_cross_entropy_logits_sum")
    softmax = moved("softmax_cross_entropy_distribution_sum")
    how = f"one logit moves another label's gradient by {show(sigmoids)}; with softmax by {show(softmax)}"
    return Observed(sigmoids == 0 < softmax, how)


def probabilities(kernels: Kernels) -> Evidence:
    p = kernels.forward("softmax", x=np.array([[-1.0, 0.5, 2.0]])).p
    return Observed(bool(np.all(p > 0)) and abs(p.sum() - 1) < 1e-12, f"`softmax` gives {show(p)}, sum 1")


# GAN ---------------------------------------------------------------------------------------------------
REAL, FAKE = np.array([0.9, 0.6, 0.8]), np.array([0.2, 0.7])


def gan_value(kernels: Kernels) -> Evidence:
    printed = np.log(REAL).mean() + np.log(1 - FAKE).mean()
    return Compared(printed, kernels.forward("gan_objective", D_x=REAL, D_G=FAKE).V, "3 real, 2 generated")


def gan_directions(kernels: Kernels) -> Evidence:
    """To raise V, D raises D(x) and lowers D(G(z)); to lower V, G raises D(G(z))."""
    found = kernels.gradients("gan_objective", {"V": 1.0}, D_x=REAL, D_G=FAKE)
    holds = bool(np.all(found.D_x > 0) and np.all(found.D_G < 0))
    return Observed(holds, f"dV/dD(x) = {show(found.D_x)}; dV/dD(G(z)) = {show(found.D_G)}")


def mistakes_or_objective(kernels: Kernels) -> Evidence:
    """Two generators: one is better by the share of D's mistakes, the other by the objective."""
    fakes = {"A": np.array([0.99, 0.01]), "B": np.array([0.6, 0.6])}
    logits = {name: np.log(p / (1 - p)) for name, p in fakes.items()}
    out = {name: kernels.forward("gan_objective_logits", x=np.zeros(1), g=g) for name, g in logits.items()}
    share = {name: np.mean(p > 0.5) for name, p in fakes.items()}
    ways = {
        "most mistakes, D(G(z)) > 1/2": max(fakes, key=lambda name: share[name]),
        "least V, as printed": min(fakes, key=lambda name: float(out[name].V)),
        "least -log D(G(z))": min(fakes, key=lambda name: float(out[name].L_n)),
    }
    return Readings("ambiguous", ways, "the better generator, A with D(G(z)) = 0.99, 0.01 or B with 0.6, 0.6")
