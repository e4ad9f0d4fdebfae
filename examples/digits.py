"""Train a small convolutional classifier on scikit-learn's handwritten digits, with generated ops only.

python examples/digits.py
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich.console import Console
from rich.progress import track
from sklearn.datasets import load_digits
from training import Adam, Arrays

from generated import conv2d_relu, dense, dense_relu, max_pool2d, softmax_cross_entropy

EPOCHS, BATCH, RATE = 30, 32, 2e-3


def data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training images and labels, and every fifth example held out: (n, 1, 8, 8) in 0..1, (n,)."""
    digits = load_digits()
    images = (digits.images / 16).astype(np.float32)[:, None]
    order = np.random.default_rng(0).permutation(len(images))
    held_out = np.arange(len(images)) % 5 == 0
    train, test = order[~held_out], order[held_out]
    return images[train], digits.target[train], images[test], digits.target[test]


def initial(rng: np.random.Generator) -> Arrays:
    """He's initialisation: weights with variance 2 / inputs, biases 0."""
    shapes = {"K1": (16, 1, 3, 3), "K2": (32, 16, 3, 3), "W3": (64, 128), "W4": (10, 64)}
    weights = {n: rng.normal(size=s) * np.sqrt(2 / np.prod(s[1:])) for n, s in shapes.items()}
    biases = {f"b{n[1]}": np.zeros(s[0]) for n, s in shapes.items()}
    return {n: a.astype(np.float32) for n, a in {**weights, **biases}.items()}


def logits(p: Arrays, images: np.ndarray) -> np.ndarray:
    """The network's output, (n, 10)."""
    hidden = max_pool2d.forward(conv2d_relu.forward(images, p["K1"], p["b1"], pad=1).Y).Y
    hidden = max_pool2d.forward(conv2d_relu.forward(hidden, p["K2"], p["b2"], pad=1).Y).Y
    hidden = dense_relu.forward(hidden.reshape(len(images), -1), p["W3"], p["b3"]).h
    return dense.forward(hidden, p["W4"], p["b4"]).h


def loss_and_gradients(p: Arrays, images: np.ndarray, labels: np.ndarray) -> tuple[float, Arrays]:
    """The mean loss of a batch, and its gradient by every parameter, by chaining the pullbacks."""
    conv1, back1 = conv2d_relu.vjp(images, p["K1"], p["b1"], pad=1, wrt=("K", "b"))
    pool1, back_pool1 = max_pool2d.vjp(conv1.Y)
    conv2, back2 = conv2d_relu.vjp(pool1.Y, p["K2"], p["b2"], pad=1)
    pool2, back_pool2 = max_pool2d.vjp(conv2.Y)
    flat = pool2.Y.reshape(len(images), -1)
    hidden, back3 = dense_relu.vjp(flat, p["W3"], p["b3"])
    output, back4 = dense.vjp(hidden.h, p["W4"], p["b4"])
    loss, back_loss = softmax_cross_entropy.vjp(output.h, labels)

    g4 = back4(back_loss(L=np.float32(1)).x)
    g3 = back3(g4.x)
    g2 = back2(back_pool2(g3.x.reshape(pool2.Y.shape)).X)
    g1 = back1(back_pool1(g2.X).X)
    pairs = {"K1": g1.K, "b1": g1.b, "K2": g2.K, "b2": g2.b, "W3": g3.W, "b3": g3.b, "W4": g4.W, "b4": g4.b}
    return float(loss.L), pairs


def batches(count: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """The numbers 0..count-1 in random order, BATCH at a time."""
    order = rng.permutation(count)
    return (order[n : n + BATCH] for n in range(0, count, BATCH))


def train(console: Console) -> float:
    """Train, with a bar; the share of held-out digits that are recognised."""
    images, labels, test_images, test_labels = data()
    rng = np.random.default_rng(1)
    parameters, optimiser = initial(rng), Adam(RATE)
    for epoch in track(range(EPOCHS), "training on 1,438 digits", console=console):
        losses = []
        for chosen in batches(len(images), rng):
            loss, gradients = loss_and_gradients(parameters, images[chosen], labels[chosen])
            optimiser.update(parameters, gradients)
            losses.append(loss)
        if (epoch + 1) % 10 == 0:
            console.print(f"epoch {epoch + 1}: training loss {np.mean(losses):.4f}")
    return float(np.mean(logits(parameters, test_images).argmax(axis=1) == test_labels))


if __name__ == "__main__":
    screen = Console(stderr=True)
    print(f"held-out accuracy: {train(screen):.2%}")
