"""LeNet-5 on handwritten digits, enlarged to its 32x32: one generated forward and one backward kernel.

python examples/lenet_digits.py

The digits are shifted by up to two of the 32 pixels, at random, each time they are trained on.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from command import run
from handwriting import Batch, batches, load, report
from rich.console import Console
from rich.table import Table
from training import Arrays, Result, differentiate, fit, initial

from generated import lenet5

SIDE, BATCH, EPOCHS, RATE = 32, 32, 60, 2e-3
MOVE, STRETCH, SLANT = 1.0, 1.15, 0.3  # random distortions: pixels of the 8x8, a factor, columns a row
SHAPES = {
    "conv1_K": (6, 1, 5, 5),
    "conv1_b": (6,),
    "conv2_K": (16, 6, 5, 5),
    "conv2_b": (16,),
    "fc1_W": (120, 400),
    "fc1_b": (120,),
    "fc2_W": (84, 120),
    "fc2_b": (84,),
    "out_W": (10, 84),
    "out_b": (10,),
}


def enlarged(images: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
    """(n, 8, 8) to (n, 1, 32, 32), bilinear, 0 outside; with `rng` moved, stretched and slanted a little."""
    count = len(images)
    move, stretch = np.zeros((2, count, 1)), np.ones((2, count, 1))
    slant = np.zeros((count, 1, 1))
    if rng:
        move, stretch = rng.uniform(-MOVE, MOVE, move.shape), rng.uniform(1 / STRETCH, STRETCH, move.shape)
        slant = rng.uniform(-SLANT, SLANT, slant.shape)
    at = (np.arange(SIDE) + 0.5) * 8 / SIDE - 4  # from the image's centre, in pixels of the 8x8
    rows = stretch[0] * at + move[0]
    columns = (stretch[1] * at + move[1])[:, None] + slant * at[:, None]
    tall = np.einsum("nup,npq->nuq", _weights(rows), images, optimize=True)
    return np.einsum("nuvq,nuq->nuv", _weights(columns), tall, optimize=True)[:, None].astype(np.float32)


def _weights(at: np.ndarray) -> np.ndarray:
    """How much each of the eight pixels counts at positions seen from the image's centre."""
    return np.maximum(0, 1 - np.abs(at[..., None] + 3.5 - np.arange(8)))


def sizes() -> Table:
    """The layers of the document: what each makes of a 32x32 image, and how many parameters it has."""
    table = Table("layer", "output", "parameters", title="LeNet-5")
    side = SIDE
    for conv in ("conv1", "conv2"):
        filters, _, window, _ = SHAPES[f"{conv}_K"]
        side -= window - 1
        table.add_row(conv, f"{filters} x {side} x {side}", f"{parameters_of(conv):,}")
        side //= 2
        table.add_row(conv.replace("conv", "pool"), f"{filters} x {side} x {side}", "0")
    for dense in ("fc1", "fc2", "out"):
        table.add_row(dense, str(SHAPES[f"{dense}_W"][0]), f"{parameters_of(dense):,}")
    table.add_row("all", "", f"{sum(int(np.prod(shape)) for shape in SHAPES.values()):,}")
    return table


def parameters_of(layer: str) -> int:
    """The number of a layer's weights and biases."""
    return sum(int(np.prod(shape)) for name, shape in SHAPES.items() if name.startswith(f"{layer}_"))


def example(out: Path, console: Console, epochs: int = EPOCHS) -> Result:
    """Train, print the sizes and the held-out accuracy, write the pictures."""
    digits, rng = load(), np.random.default_rng(1)
    Console().print(sizes())
    parameters = {n: a * np.float32(np.sqrt(2)) for n, a in initial(SHAPES, rng).items()}  # He's, for ReLU

    def loss_and_gradients(parameters: Arrays, batch: Batch) -> tuple[float, Arrays]:
        images, labels = batch
        inputs = {"X": enlarged(images, rng), "y": labels}
        outputs, gradients = differentiate(lenet5, inputs, parameters, loss_L=np.float32(1))
        return float(outputs.loss_L), gradients

    plan = batches(digits.train, BATCH, epochs, rng)
    losses = fit(parameters, plan, loss_and_gradients, RATE, console, "training LeNet-5")
    images, labels = digits.test
    predicted = lenet5.forward(X=enlarged(images), y=labels, **parameters).loss_p.argmax(axis=1)
    return report("lenet_digits", "LeNet-5 on handwritten digits", losses, predicted, digits.test, out)


if __name__ == "__main__":
    run(example, "Train LeNet-5 on handwritten digits.")
