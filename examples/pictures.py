"""The pictures of the examples: loss curves, confusion matrices, sheets of digits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


class MissingExtra(ImportError):
    """A package of one of the project's extras is not installed; the message says which."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} is not installed: pip install 'gradsmith[{extra}]'")


def pyplot() -> Any:
    """matplotlib's pyplot, drawing to files only. Raises MissingExtra."""
    try:
        import matplotlib
    except ImportError:
        raise MissingExtra("matplotlib", "plots") from None
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def save_curve(path: Path, losses: Sequence[float], title: str, unit: str) -> None:
    """The loss of every step, and its running mean."""
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    window = max(1, len(losses) // 50)
    axes.plot(np.arange(1, len(losses) + 1), losses, color="tab:blue", alpha=0.3, lw=0.8, label="each step")
    mean = np.convolve(losses, np.ones(window) / window, "valid")
    axes.plot(np.arange(window, len(losses) + 1), mean, color="tab:blue", label=f"mean of {window} steps")
    scale = "log" if max(losses) > 30 * min(losses) else "linear"  # a log axis of one decade has no numbers
    axes.set(title=title, xlabel="training step", ylabel=unit, yscale=scale)
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def save_confusion(path: Path, counts: np.ndarray, title: str) -> None:
    """How often each class (row) was taken for each class (column); mistakes in red."""
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(6, 5.5), layout="constrained")
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = ("white" if shares[row, column] > 0.5 else "black") if row == column else "tab:red"
            axes.text(column, row, str(count), ha="center", va="center", color=colour)
    classes = range(len(counts))
    axes.set(title=title, xlabel="recognised as", ylabel="digit", xticks=classes, yticks=classes)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def save_digits(path: Path, images: np.ndarray, captions: Sequence[str], wrong: Sequence[bool]) -> None:
    """Images with a caption below each, in rows of eight; a wrong caption in red."""
    plt = pyplot()
    rows = -(-len(images) // 8)
    figure, axes = plt.subplots(rows, 8, figsize=(9, 1.4 * rows), layout="constrained", squeeze=False)
    for place in axes.flat:
        place.axis("off")
    for place, image, caption, fault in zip(axes.flat, images, captions, wrong, strict=False):
        place.imshow(image, cmap="gray_r")
        place.set_title(caption, y=-0.3, fontsize=8.5, color="tab:red" if fault else "black")
    figure.savefig(path, dpi=120)
    plt.close(figure)
