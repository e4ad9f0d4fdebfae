"""scikit-learn's 1,797 handwritten digits: a fifth of each class held out, batches, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pictures import MissingExtra, save_confusion, save_curve
from training import Result

Batch = tuple[np.ndarray, np.ndarray]  # images (n, 8, 8), labels (n,)


@dataclass(frozen=True)
class Digits:
    """Images (n, 8, 8) in 0..1 and their digits (n,), for training and held out."""

    train: Batch
    test: Batch


def load() -> Digits:
    """The digits, the same fifth of every class held out each time. Raises MissingExtra."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise MissingExtra("scikit-learn", "demo") from None
    digits = load_digits()
    images, labels = (digits.images / 16).astype(np.float32), digits.target
    held_out = np.zeros(len(labels), bool)
    rng = np.random.default_rng(0)
    for digit in range(10):
        places = rng.permutation(np.flatnonzero(labels == digit))
        held_out[places[: round(len(places) / 5)]] = True
    return Digits((images[~held_out], labels[~held_out]), (images[held_out], labels[held_out]))


def batches(data: Batch, size: int, epochs: int, rng: np.random.Generator) -> list[Batch]:
    """All examples once an epoch, in an order of its own, `size` at a time."""
    images, labels = data
    orders = (rng.permutation(len(labels)) for _ in range(epochs))
    chosen = [order[n : n + size] for order in orders for n in range(0, len(order), size)]
    return [(images[some], labels[some]) for some in chosen]


def report(
    name: str, title: str, losses: list[float], predicted: np.ndarray, test: Batch, out: Path
) -> Result:
    """Print the held-out accuracy; write the loss curve and the confusion matrix."""
    labels = test[1]
    right = int(np.sum(predicted == labels))
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (labels, predicted), 1)
    share = f"{right} of {len(labels)} held-out digits recognised ({right / len(labels):.2%})"
    save_curve(out / f"{name}_loss.png", losses, title, "cross-entropy (nats)")
    save_confusion(out / f"{name}_confusion.png", counts, share)
    print(share)
    return Result(losses, right / len(labels))
