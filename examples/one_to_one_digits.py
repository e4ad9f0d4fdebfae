"""One-to-one: a recurrent layer takes one step, from a whole handwritten digit to its class.

python examples/one_to_one_digits.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from command import run
from handwriting import Batch, batches, load, report
from rich.console import Console
from training import Arrays, Result, differentiate, fit, initial

from generated import one_to_one

UNITS, BATCH, EPOCHS, RATE = 128, 64, 60, 3e-3
SHAPES = {
    "layer_W_hh": (UNITS, UNITS),
    "layer_W_xh": (UNITS, 64),
    "layer_b_h": (UNITS,),
    "out_W": (10, UNITS),
    "out_b": (10,),
}


def inputs(batch: Batch) -> Arrays:
    """The image as one vector; the first state is 0, so W_hh has nothing to do and keeps its values."""
    images, labels = batch
    start = np.zeros((len(labels), UNITS), np.float32)
    return {"x": images.reshape(-1, 64), "y": labels, "layer_h0": start}


def loss_and_gradients(parameters: Arrays, batch: Batch) -> tuple[float, Arrays]:
    """The mean cross-entropy of a batch."""
    outputs, gradients = differentiate(one_to_one, inputs(batch), parameters, loss_L=np.float32(1))
    return float(outputs.loss_L), gradients


def example(out: Path, console: Console, epochs: int = EPOCHS) -> Result:
    """Train, print the held-out accuracy, write the pictures."""
    digits, rng = load(), np.random.default_rng(1)
    parameters = initial(SHAPES, rng)
    plan = batches(digits.train, BATCH, epochs, rng)
    losses = fit(parameters, plan, loss_and_gradients, RATE, console, "reading digits at once")
    predicted = one_to_one.forward(**inputs(digits.test), **parameters).loss_p.argmax(axis=1)
    return report("one_to_one_digits", "one-to-one: an image to a digit", losses, predicted, digits.test, out)


if __name__ == "__main__":
    run(example, "Classify handwritten digits in one step of a recurrent layer.")
