"""Neurons, layers, activations, and the sizes and parameter counts of whole networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from codegen.errata.claim import Compared, Evidence, Observed, Readings, show
from codegen.errata.formulas import sigma
from codegen.errata.kernels import Array, Kernels

RNG = np.random.default_rng(2)
W, B, X = RNG.normal(size=(3, 4)), RNG.normal(size=3), RNG.normal(size=4)
POINTS = np.array([-3.0, -0.7, -0.1, 0.2, 1.3, 5.5])


def dense(kernels: Kernels, x: Array, W: Array, b: Array, activation: str = "") -> Array:
    """A fully connected layer on one example."""
    made: Array = kernels.forward(f"dense{activation}", x=x[None], W=W, b=b).h[0]
    return made


# formulas ------------------------------------------------------------------------------------------
def neuron(kernels: Kernels) -> Evidence:
    printed = sum(W[0, i] * X[i] for i in range(len(X))) + B[0]
    found = dense(kernels, X, W[:1], B[:1])
    return Compared(np.array([printed]), found, "a layer of one unit, 4 inputs", "the same number")


def layer(kernels: Kernels) -> Evidence:
    """f(Wx + b) for every f of the catalogue, shapes included."""
    functions: dict[str, Callable[[Any], Any]] = {
        "": lambda z: z,
        "_sigmoid": sigma,
        "_tanh": np.tanh,
        "_relu": partial(np.maximum, 0),
    }
    printed = tuple(f(W @ X + B) for f in functions.values())
    found = tuple(dense(kernels, X, W, B, name) for name in functions)
    return Compared(printed, found, "W 3×4, x of 4, b of 3; four activations", "the same 3 numbers")


def stacked(kernels: Kernels) -> Evidence:
    """Two layers, the second of other sizes."""
    V, c = W[:2, :3], B[:2]
    printed = np.tanh(V @ np.tanh(W @ X + B) + c)
    found = dense(kernels, dense(kernels, X, W, B, "_tanh"), V, c, "_tanh")
    return Compared(printed, found, "layers of 4, 3 and 2 units", "the same numbers")


def row_form(kernels: Kernels) -> Evidence:
    """xW + b with x as a row is Wx + b with the transposed matrix."""
    printed, found = X @ W.T + B, dense(kernels, X, W, B)
    return Compared(printed, found, "x a row of 4, W 4×3: `dense` with W transposed", "the same numbers")


def rows_or_columns(kernels: Kernels) -> Evidence:
    square = np.array([[1.0, 2.0], [3.0, 4.0]])
    x, b = np.array([1.0, 0.0]), np.zeros(2)
    ways = {"xW, a row": dense(kernels, x, square.T, b), "Wx, a column": dense(kernels, x, square, b)}
    return Readings("convention", ways, "x = (1, 0), W = [1 2 / 3 4]")


def every_connection(kernels: Kernels) -> int:
    """Inputs that some output depends on, over the outputs."""
    return sum(
        int(np.count_nonzero(kernels.gradients("dense", {"h": one[None]}, x=X[None], W=W, b=B).x))
        for one in np.eye(3)
    )


def activation(name: str, printed: Callable[[Any], Any]) -> Callable[[Kernels], Evidence]:
    """An activation's values at six points."""
    return lambda kernels: Compared(
        printed(POINTS),
        kernels.forward(name, z=POINTS[None]).a[0],
        f"`{name}` at six points",
        "the same numbers",
    )


def slope(kernels: Kernels, name: str, at: Array) -> Array:
    """An activation's derivative, from its pullback."""
    made: Array = kernels.gradients(name, {"a": np.ones((1, len(at)))}, z=at[None]).z[0]
    return made


def derivative(name: str, printed: Callable[[Any], Any]) -> Callable[[Kernels], Evidence]:
    """An activation's derivative at six points."""
    return lambda kernels: Compared(
        printed(POINTS),
        slope(kernels, name, POINTS),
        f"the gradient of `{name}` at six points",
        "the same numbers",
    )


def slope_at_zero(kernels: Kernels) -> Evidence:
    found = slope(kernels, "activation_relu", np.zeros(1))[0]
    return Readings(
        "convention", {"the document": 1, "`activation_relu` (as common libraries)": found}, "f'(0)"
    )


def through_layers(kernels: Kernels) -> Evidence:
    """What 20 activations in a row leave of a gradient: at the best point, and where ReLU is off."""
    ways = {
        "sigmoid, at most": slope(kernels, "activation", np.zeros(1))[0] ** 20,
        "ReLU, x > 0": slope(kernels, "activation_relu", np.ones(1))[0] ** 20,
        "ReLU, x < 0": slope(kernels, "activation_relu", -np.ones(1))[0] ** 20,
    }
    return Readings("incomplete", ways, "the product of 20 derivatives")


def flatten_orders(kernels: Kernels) -> Evidence:
    maps = np.arange(24.0).reshape(1, 2, 3, 4)
    ways = {
        "channel by channel": kernels.forward("flatten", X=maps).y[0, :5],
        "pixel by pixel": kernels.forward("flatten_channels_last", X=maps).y[0, :5],
    }
    length = kernels.forward("flatten", X=maps).y.shape[1]
    how = f"K = H·W·D ({length} for 3×4×2), and the first entries in the numbering of the former"
    return Readings("incomplete", ways, how)


def learns(kernels: Kernels) -> Evidence:
    """One gradient step on a layer and the mean squared error."""
    y = np.array([[0.3, -0.2, 0.9]])

    def loss(W: Array) -> tuple[float, Array]:
        h = dense(kernels, X, W, B, "_tanh")[None]
        L = float(kernels.forward("mse", y=y, y_hat=h).L)
        dh = kernels.gradients("mse", {"L": 1.0}, y=y, y_hat=h).y_hat
        return L, kernels.gradients("dense_tanh", {"h": dh}, x=X[None], W=W, b=B).W

    before, dW = loss(W)
    after, _ = loss(W - 0.1 * dW)
    return Observed(after < before, f"one step of 0.1 takes the loss from {show(before)} to {show(after)}")


def fixed_size(kernels: Kernels) -> Evidence:
    """A layer refuses an input of another size, and forgets the one before."""
    module = kernels.module("dense")
    try:
        module.forward(np.zeros((1, 5)), W, B)
        return Observed(False, "the layer took five inputs for four")
    except ValueError as refusal:
        return Observed(True, f"`dense` answers: {refusal}")


def no_memory(kernels: Kernels) -> Evidence:
    first = dense(kernels, X, W, B, "_tanh")
    dense(kernels, -X, W, B, "_tanh")
    again = dense(kernels, X, W, B, "_tanh")
    return Compared(first, again, "`dense_tanh` before and after another input", "the same numbers")


def blind_to_space(kernels: Kernels) -> Evidence:
    """Pixels in another order, and the columns of W with them, make no difference."""
    order = np.array([2, 0, 3, 1])
    first, mixed = dense(kernels, X, W, B), dense(kernels, X[order], W[:, order], B)
    return Compared(first, mixed, "`dense`, its inputs and weights in another order", "the same numbers")


def with_activation(kernels: Kernels) -> Evidence:
    ways = {
        "as printed, `dense`": dense(kernels, X, W, B),
        "with an activation, `dense_tanh`": dense(kernels, X, W, B, "_tanh"),
    }
    return Readings("incomplete", ways, "three units")


def difference_alone(kernels: Kernels) -> Evidence:
    """The gradient by a weight for one and the same difference between output and target."""
    one = np.ones((1, 1))

    def by_weight(x: float) -> float:
        dh = kernels.gradients("mse", {"L": 1.0}, y=-one, y_hat=one).y_hat
        found = kernels.gradients("dense", {"h": dh}, x=x * one, W=one / x, b=np.zeros(1))
        return float(found.W[0, 0])

    ways = {f"input {x}": by_weight(x) for x in (1.0, 3.0)}
    return Readings("incomplete", ways, "ŷ - y = 2 each time: the gradient by the weight")
