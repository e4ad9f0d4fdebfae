"""Train a GAN on eight Gaussians in a ring: both players' gradients come from one generated kernel.

python examples/gan_mixture.py --out build
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import click
import numpy as np
from matplotlib.axes import Axes
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from rich.console import Console
from rich.progress import Progress

from generated import gan_discriminator, gan_generator, gan_mlp

Arrays = dict[str, np.ndarray]
DTYPE = np.float32

MODES, RADIUS, WIDTH = 8, 2.0, 0.1  # the mixture: how many Gaussians, on which circle, how wide
NOISE, HIDDEN, BATCH, RATE = 8, 64, 256, 1e-3
NEAR = 3 * WIDTH  # of a Gaussian in the plane, 98.9% lies so near to its centre
SHARE = 0.02  # a mode is hit where it has at least this share of the samples


# the game -----------------------------------------------------------------------------------------
@dataclass
class Adam:
    """Kingma and Ba's optimiser, with little memory: the other player moves too."""

    rate: float
    memory: tuple[float, float] = (0.5, 0.99)
    step: int = 0
    mean: Arrays = field(default_factory=dict)
    square: Arrays = field(default_factory=dict)

    def update(self, parameters: Arrays, gradients: Arrays) -> None:
        """Move the parameters that have a gradient, in place."""
        self.step += 1
        first, second = self.memory
        for name, gradient in gradients.items():
            mean = self.mean.setdefault(name, np.zeros_like(gradient))
            square = self.square.setdefault(name, np.zeros_like(gradient))
            mean += (1 - first) * (gradient - mean)
            square += (1 - second) * (gradient * gradient - square)
            size = np.sqrt(square / (1 - second**self.step)) + 1e-8
            parameters[name] -= (self.rate / (1 - first**self.step) * mean / size).astype(gradient.dtype)


def alternating_step(
    game: ModuleType,
    parameters: Arrays,
    real: np.ndarray,
    noise: tuple[np.ndarray, np.ndarray],
    updates: dict[str, Adam],
    loss: str = "L_n",
) -> tuple[float, float]:
    """One step of the discriminator, then one of the generator against it: V before, and the loss between.

    `game` is a module that was generated from `derive.ops.adversarial`, of any two players. The
    discriminator climbs V, the generator descends L_n (non-saturating) or L_s (saturating), each on
    noise of its own; `updates` are their optimisers, "D" and "G". `parameters` change in place.
    """
    inputs = {tensor["name"] for tensor in game.SPEC["inputs"]}
    (z,) = inputs - parameters.keys() - {"x"}
    seen = []
    for player, output, sign, given in (("D", "V", -1, noise[0]), ("G", loss, 1, noise[1])):
        moving = tuple(name for name in parameters if name.startswith(f"{player}_"))
        made, pullback = game.vjp(**{"x": real, z: given}, **parameters, wrt=moving)
        found = pullback(**{output: real.dtype.type(sign)})
        updates[player].update(parameters, {name: getattr(found, name) for name in moving})
        seen.append(float(getattr(made, output)))
    return seen[0], seen[1]


# the data -----------------------------------------------------------------------------------------
def centres() -> np.ndarray:
    """The means of the Gaussians, (MODES, 2)."""
    angles = 2 * np.pi * np.arange(MODES) / MODES
    return RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def mixture(rng: np.random.Generator, count: int) -> np.ndarray:
    """Samples of the mixture, (count, 2)."""
    chosen = centres()[rng.integers(MODES, size=count)]
    return (chosen + WIDTH * rng.normal(size=(count, 2))).astype(DTYPE)


def noise(rng: np.random.Generator, count: int) -> np.ndarray:
    """What the generator starts from, (count, NOISE)."""
    return rng.normal(size=(count, NOISE)).astype(DTYPE)


def initial(rng: np.random.Generator, hidden: int = HIDDEN) -> Arrays:
    """Both players' parameters: weights with variance 1 / inputs, biases 0."""
    sizes = {"Z": NOISE, "X": 2, "H": hidden}
    weights = {"G_first": "HZ", "G_second": "HH", "G_out": "XH", "D_first": "HX", "D_second": "HH"}
    found = {}
    for layer, (rows, columns) in weights.items():
        shape = sizes[rows], sizes[columns]
        found[f"{layer}_W"] = rng.normal(size=shape) / np.sqrt(shape[1])
        found[f"{layer}_b"] = np.zeros(shape[0])
    found |= {"D_w": rng.normal(size=hidden) / np.sqrt(hidden), "D_c": np.zeros(())}
    return {name: array.astype(DTYPE) for name, array in found.items()}


def player(parameters: Arrays, name: str) -> Arrays:
    """One player's parameters, by their names in its own op."""
    return {n.removeprefix(f"{name}_"): a for n, a in parameters.items() if n.startswith(f"{name}_")}


# training -----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Coverage:
    """Of many generated samples: the modes that are hit, the share of samples near one, each mode's share."""

    hit: int
    near: float
    shares: np.ndarray


def coverage(samples: np.ndarray) -> Coverage:
    """How well samples cover the mixture."""
    distances = np.linalg.norm(samples[:, None] - centres(), axis=2)
    near = distances.min(axis=1) < NEAR
    shares = np.bincount(distances.argmin(axis=1)[near], minlength=MODES) / len(samples)
    return Coverage(int(np.sum(shares >= SHARE)), float(np.mean(near)), shares)


def generate(parameters: Arrays, rng: np.random.Generator, count: int = 4000) -> np.ndarray:
    """Samples of the generator, (count, 2)."""
    return gan_generator.forward(noise(rng, count), **player(parameters, "G")).out_h


def train(parameters: Arrays, rng: np.random.Generator, steps: int, progress: Progress) -> np.ndarray:
    """Play for some steps, the second half with a falling rate: V and the generator's loss, (steps, 2)."""
    updates = {"D": Adam(RATE), "G": Adam(RATE)}
    losses = []
    for step in progress.track(range(steps), description="playing"):
        for adam in updates.values():
            adam.rate = RATE * min(1.0, 2 * (1 - step / steps))
        given = noise(rng, BATCH), noise(rng, BATCH)
        losses.append(alternating_step(gan_mlp, parameters, mixture(rng, BATCH), given, updates))
        if (step + 1) % max(steps // 5, 1) == 0:
            found = coverage(generate(parameters, rng))
            progress.console.print(
                f"step {step + 1}: {found.hit} of {MODES} modes hit, {found.near:.0%} of samples near one"
            )
    return np.array(losses)


def picture(path: Path, parameters: Arrays, losses: np.ndarray, rng: np.random.Generator) -> None:
    """Write real and generated samples, what the discriminator thinks of the plane, and the losses."""
    figure = Figure(figsize=(15, 4.8), layout="constrained")
    real, made, game = figure.subplots(1, 3)
    show_samples(real, mixture(rng, 2000), "real", "C0")
    show_samples(made, generate(parameters, rng, 2000), "generated, on D(x)", "C1")
    figure.colorbar(show_judgement(made, parameters), ax=made, label="D(x)")
    show_losses(game, losses)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def show_samples(axes: Axes, samples: np.ndarray, title: str, colour: str) -> None:
    axes.scatter(*samples.T, s=4, alpha=0.4, color=colour)
    axes.set(title=title, xlim=(-3, 3), ylim=(-3, 3), aspect="equal")


def show_judgement(axes: Axes, parameters: Arrays) -> ContourSet:
    """The discriminator's probability that a point of the plane is real."""
    side = np.linspace(-3, 3, 121, dtype=DTYPE)
    points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    logits = gan_discriminator.forward(points, **player(parameters, "D")).logit
    probabilities = 1 / (1 + np.exp(-logits.reshape(121, 121)))
    return axes.contourf(side, side, probabilities, levels=20, cmap="Greys", vmin=0, vmax=1, zorder=0)


def show_losses(axes: Axes, losses: np.ndarray) -> None:
    """V and the generator's loss, and where both would be if the distributions were equal."""
    for column, label in enumerate(("V(D, G)", "non-saturating loss")):
        smooth = np.convolve(losses[:, column], np.ones(50) / 50, mode="valid")
        axes.plot(np.arange(len(smooth)) + 25, smooth, label=label)
    for level in (-np.log(4), np.log(2)):
        label = "of equal distributions" if level > 0 else None
        axes.axhline(level, color="grey", linewidth=0.8, linestyle=":", label=label)
    axes.set(title="losses, mean of 50 steps", xlabel="step")
    axes.legend()


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default="build", show_default=True)
@click.option("--steps", type=click.IntRange(min=100), default=8000, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
def main(out: Path, steps: int, seed: int) -> None:
    """Train a GAN on eight Gaussians, and write gan_mixture.png into a folder."""
    rng = np.random.default_rng(seed)
    parameters = initial(rng)
    with Progress(console=Console(stderr=True)) as progress:
        losses = train(parameters, rng, steps, progress)
    found = coverage(generate(parameters, rng, 20_000))
    path = out / "gan_mixture.png"
    picture(path, parameters, losses, rng)
    print(f"modes hit: {found.hit} of {MODES}; samples near a mode: {found.near:.1%} (of the data: 98.9%)")
    print(f"shares of the modes: {found.shares.min():.1%} to {found.shares.max():.1%}; picture: {path}")


if __name__ == "__main__":
    main()
