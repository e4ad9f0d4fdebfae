"""Many-to-one: a GRU reads the eight rows of a handwritten digit, and says which one it was.

python examples/many_to_one_rows.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from command import run
from handwriting import Batch, batches, load, report
from rich.console import Console
from training import Arrays, Result, differentiate, fit, initial

from generated import many_to_one

UNITS, BATCH, EPOCHS, RATE = 64, 64, 60, 5e-3
SHAPES = {
    "gru_W": (3, UNITS, 8),
    "gru_U": (3, UNITS, UNITS),
    "gru_b": (3, UNITS),
    "out_W": (10, UNITS),
    "out_b": (10,),
}


def inputs(batch: Batch) -> Arrays:
    """The rows as steps: x (8, n, 8); the first state is 0."""
    images, labels = batch
    return {"x": images.transpose(1, 0, 2), "y": labels, "gru_h0": np.zeros((len(labels), UNITS), np.float32)}


def loss_and_gradients(parameters: Arrays, batch: Batch) -> tuple[float, Arrays]:
    """The mean cross-entropy of a batch."""
    outputs, gradients = differentiate(many_to_one, inputs(batch), parameters, loss_L=np.float32(1))
    return float(outputs.loss_L), gradients


def example(out: Path, console: Console, epochs: int = EPOCHS) -> Result:
    """Train, print the held-out accuracy, write the pictures."""
    digits, rng = load(), np.random.default_rng(1)
    parameters = initial(SHAPES, rng)
    plan = batches(digits.train, BATCH, epochs, rng)
    losses = fit(parameters, plan, loss_and_gradients, RATE, console, "reading digits row by row")
    predicted = many_to_one.forward(**inputs(digits.test), **parameters).loss_p.argmax(axis=1)
    return report("many_to_one_rows", "many-to-one: rows to a digit", losses, predicted, digits.test, out)


if __name__ == "__main__":
    run(example, "Classify handwritten digits from their rows, one at a time.")
