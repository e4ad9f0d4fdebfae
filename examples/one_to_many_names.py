"""One-to-many: from the image of a handwritten digit, a GRU spells the digit's English name.

python examples/one_to_many_names.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from command import run
from handwriting import Batch, batches, load
from pictures import save_curve, save_digits
from rich.console import Console
from training import Arrays, Result, differentiate, fit, initial

from generated import one_to_many

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LETTERS = "." + "".join(sorted(set("".join(NAMES))))  # symbol 0 ends a name, and stands before its beginning
STEPS = max(map(len, NAMES)) + 1
UNITS, FEATURES, BATCH, EPOCHS, RATE = 64, 8, 64, 60, 5e-3
SHAPES = {
    "start_W": (UNITS, 64),
    "start_b": (UNITS,),
    "decoder_embedding_E": (len(LETTERS), FEATURES),
    "decoder_gru_W": (3, UNITS, FEATURES),
    "decoder_gru_U": (3, UNITS, UNITS),
    "decoder_gru_b": (3, UNITS),
    "decoder_out_W": (len(LETTERS), UNITS),
    "decoder_out_b": (len(LETTERS),),
}
SPELT = np.array([[LETTERS.index(letter) for letter in name.ljust(STEPS, ".")] for name in NAMES]).T
COUNTS = np.arange(STEPS)[:, None] <= np.array([len(name) for name in NAMES])  # (STEPS, 10): name and end


def inputs(images: np.ndarray, before: np.ndarray, spelt: np.ndarray, counts: np.ndarray) -> Arrays:
    """Images (n, 8, 8); the letters before each step, the letters, and whether they count: (STEPS, n)."""
    given = {"decoder_before": before, "decoder_y": spelt, "decoder_m": counts.astype(np.float32)}
    return {"x": images.reshape(-1, 64), **given}


def loss_and_gradients(parameters: Arrays, batch: Batch) -> tuple[float, Arrays]:
    """The mean cross-entropy of a letter, the right letters before it given."""
    images, labels = batch
    spelt, counts = SPELT[:, labels], COUNTS[:, labels]
    before = np.vstack([np.zeros_like(spelt[:1]), spelt[:-1]])
    share = np.full(len(labels), 1 / counts.sum(), np.float32)
    data = inputs(images, before, spelt, counts)
    outputs, gradients = differentiate(one_to_many, data, parameters, decoder_loss_L=share)
    return float(outputs.decoder_loss_L @ share), gradients


def names(parameters: Arrays, images: np.ndarray) -> list[str]:
    """What the network spells, letter by letter: each time the likeliest, given its own letters before."""
    spelt = np.zeros((STEPS + 1, len(images)), int)  # row 0 is the beginning
    unknown = np.zeros((STEPS, len(images)), int)
    for step in range(STEPS):
        outputs = one_to_many.forward(**inputs(images, spelt[:-1], unknown, unknown), **parameters)
        spelt[step + 1] = outputs.decoder_loss_p[step].argmax(axis=1)
    return ["".join(LETTERS[k] for k in word).split(".")[0] for word in spelt[1:].T]


def example(out: Path, console: Console, epochs: int = EPOCHS) -> Result:
    """Train, print the share of names spelt exactly, write the pictures."""
    digits, rng = load(), np.random.default_rng(1)
    parameters = initial(SHAPES, rng)
    plan = batches(digits.train, BATCH, epochs, rng)
    losses = fit(parameters, plan, loss_and_gradients, RATE, console, "learning to spell digits")
    images, labels = digits.test
    spelt = names(parameters, images)
    wrong = [word != NAMES[label] for word, label in zip(spelt, labels, strict=True)]
    right = len(wrong) - sum(wrong)
    print(f"{right} of {len(wrong)} held-out digits spelt exactly ({right / len(wrong):.2%})")
    shown = [*np.flatnonzero(wrong)[:8], *np.flatnonzero(~np.array(wrong))[:24]]
    captions = [spelt[k] + f", not {NAMES[labels[k]]}" * wrong[k] for k in shown]
    save_digits(out / "one_to_many_names_digits.png", images[shown], captions, [wrong[k] for k in shown])
    title = "one-to-many: an image to a digit's name"
    save_curve(out / "one_to_many_names_loss.png", losses, title, "cross-entropy (nats a letter)")
    return Result(losses, right / len(wrong))


if __name__ == "__main__":
    run(example, "Spell the English names of handwritten digits.")
