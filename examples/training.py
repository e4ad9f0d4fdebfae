"""What the examples share: Adam, and a training loop with a bar that says what is going on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

Arrays = dict[str, np.ndarray]
Gradients = Callable[[Arrays, Any], tuple[float, Arrays]]  # parameters, batch -> loss, its gradients


@dataclass(frozen=True)
class Result:
    """What an example reached: the loss of every training step, and a figure from the held-out examples."""

    losses: list[float]
    score: float


@dataclass
class Adam:
    """Kingma and Ba's optimiser; one step for all parameters. `memory` is their beta 1 and beta 2."""

    rate: float
    memory: tuple[float, float] = (0.9, 0.999)
    step: int = 0
    mean: Arrays = field(default_factory=dict)
    square: Arrays = field(default_factory=dict)

    def update(self, parameters: Arrays, gradients: Arrays) -> None:
        """Move every parameter that has a gradient, in place."""
        self.step += 1
        first, second = self.memory
        for name, gradient in gradients.items():
            mean = self.mean.setdefault(name, np.zeros_like(gradient))
            square = self.square.setdefault(name, np.zeros_like(gradient))
            mean += (1 - first) * (gradient - mean)
            square += (1 - second) * (gradient * gradient - square)
            size = np.sqrt(square / (1 - second**self.step)) + 1e-8
            parameters[name] -= (self.rate / (1 - first**self.step) * mean / size).astype(gradient.dtype)


def initial(shapes: dict[str, tuple[int, ...]], rng: np.random.Generator) -> Arrays:
    """Parameters in float32: biases (`b` in their name) 0, the others drawn with variance 1 / inputs."""

    def draw(name: str, shape: tuple[int, ...]) -> np.ndarray:
        if "b" in name.split("_"):
            return np.zeros(shape, np.float32)
        inputs = np.prod(shape[1:]) if name.endswith("_K") else shape[-1]
        return (rng.normal(size=shape) / np.sqrt(inputs)).astype(np.float32)

    return {name: draw(name, shape) for name, shape in shapes.items()}


def differentiate(
    op: ModuleType, inputs: Arrays, parameters: Arrays, **cotangents: np.ndarray
) -> tuple[Any, Arrays]:
    """A generated op's outputs, and the gradients of its parameters for the cotangents of its outputs."""
    outputs, pullback = op.vjp(**inputs, **parameters, wrt=tuple(parameters))
    gradients = pullback(**cotangents)
    return outputs, {name: getattr(gradients, name) for name in parameters}


def fit(
    parameters: Arrays,
    batches: Sequence[Any],
    gradients: Gradients,
    rate: float,
    console: Console,
    title: str,
) -> list[float]:
    """Train the parameters in place, the rate falling to 0 along half a cosine; the loss of every step."""
    optimiser, losses = Adam(rate), []
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("loss {task.fields[loss]:.3f}"), console=console) as bar:
        task = bar.add_task("compiling (once)", total=len(batches), loss=float("nan"))
        for number, batch in enumerate(batches):
            optimiser.rate = rate * (1 + np.cos(np.pi * number / len(batches))) / 2
            loss, found = gradients(parameters, batch)
            optimiser.update(parameters, found)
            losses.append(loss)
            bar.update(task, description=title, advance=1, loss=np.mean(losses[-50:]))
    return losses
