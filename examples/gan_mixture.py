"""Train a GAN on eight Gaussians in a ring: both players' gradients come from one generated kernel.

python examples/gan_mixture.py
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from command import run
from pictures import pyplot
from rich.console import Console
from rich.progress import Progress
from training import Adam, Arrays, differentiate, initial

from generated import gan_discriminator, gan_generator, gan_mlp

MODES, RADIUS, WIDTH = 8, 2.0, 0.1  # the mixture: how many Gaussians, on which circle, how wide
NOISE, BATCH, STEPS, RATE = 8, 256, 20_000, 1e-3
MEMORY = (0.5, 0.99)  # of the optimisers, little: the other player moves too
NEAR = 3 * WIDTH  # of a Gaussian in the plane, 98.9% lies so near to its centre
SHARE = 0.02  # a mode is hit where it has at least this share of the samples


def shapes(hidden: int = 64) -> dict[str, tuple[int, ...]]:
    """Both players' parameters."""
    return {
        "G_first_W": (hidden, NOISE),
        "G_first_b": (hidden,),
        "G_second_W": (hidden, hidden),
        "G_second_b": (hidden,),
        "G_out_W": (2, hidden),
        "G_out_b": (2,),
        "D_first_W": (hidden, 2),
        "D_first_b": (hidden,),
        "D_second_W": (hidden, hidden),
        "D_second_b": (hidden,),
        "D_w": (hidden,),
        "D_b": (),
    }


# the game -----------------------------------------------------------------------------------------
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
    (z,) = {tensor["name"] for tensor in game.SPEC["inputs"]} - parameters.keys() - {"x"}
    seen = []
    for name, output, sign, given in (("D", "V", -1, noise[0]), ("G", loss, 1, noise[1])):
        moving = {n: a for n, a in parameters.items() if n.startswith(f"{name}_")}
        fixed = {n: a for n, a in parameters.items() if n not in moving}
        cotangent = {output: real.dtype.type(sign)}
        made, gradients = differentiate(game, {"x": real, z: given, **fixed}, moving, **cotangent)
        updates[name].update(parameters, gradients)
        seen.append(float(getattr(made, output)))
    return seen[0], seen[1]


def player(parameters: Arrays, name: str) -> Arrays:
    """One player's parameters, by their names in its own op."""
    return {n.removeprefix(f"{name}_"): a for n, a in parameters.items() if n.startswith(f"{name}_")}


# the data -----------------------------------------------------------------------------------------
def centres() -> np.ndarray:
    """The means of the Gaussians, (MODES, 2)."""
    angles = 2 * np.pi * np.arange(MODES) / MODES
    return RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def mixture(rng: np.random.Generator, count: int) -> np.ndarray:
    """Samples of the mixture, (count, 2)."""
    chosen = centres()[rng.integers(MODES, size=count)]
    return (chosen + WIDTH * rng.normal(size=(count, 2))).astype(np.float32)


def noise(rng: np.random.Generator, count: int) -> np.ndarray:
    """What the generator starts from, (count, NOISE)."""
    return rng.normal(size=(count, NOISE)).astype(np.float32)


def generate(parameters: Arrays, rng: np.random.Generator, count: int) -> np.ndarray:
    """Samples of the generator, (count, 2)."""
    return gan_generator.forward(noise(rng, count), **player(parameters, "G")).out_h


@dataclass(frozen=True)
class Coverage:
    """Of many generated samples: how many modes are hit, the share of samples near one, each mode's share."""

    hit: int
    near: float
    shares: np.ndarray

    def __str__(self) -> str:
        return f"{self.hit} of {MODES} modes hit, {self.near:.1%} of the samples near one"


def coverage(samples: np.ndarray) -> Coverage:
    """How well samples cover the mixture."""
    distances = np.linalg.norm(samples[:, None] - centres(), axis=2)
    near = distances.min(axis=1) < NEAR
    shares = np.bincount(distances.argmin(axis=1)[near], minlength=MODES) / len(samples)
    return Coverage(int(np.sum(shares >= SHARE)), float(np.mean(near)), shares)


# training -----------------------------------------------------------------------------------------
def train(parameters: Arrays, rng: np.random.Generator, steps: int, console: Console) -> np.ndarray:
    """Play for some steps, the second half with a falling rate: V and the generator's loss, (steps, 2)."""
    updates = {name: Adam(RATE, MEMORY) for name in "DG"}
    losses = []
    with Progress(console=console) as progress:
        for step in progress.track(range(steps), description="playing"):
            for adam in updates.values():
                adam.rate = RATE * min(1.0, 2 * (1 - step / steps))
            given = noise(rng, BATCH), noise(rng, BATCH)
            losses.append(alternating_step(gan_mlp, parameters, mixture(rng, BATCH), given, updates))
            if (step + 1) % max(steps // 5, 1) == 0:
                console.print(f"step {step + 1}: {coverage(generate(parameters, rng, 4000))}")
    return np.array(losses)


def picture(path: Path, parameters: Arrays, losses: np.ndarray, rng: np.random.Generator) -> None:
    """Write real and generated samples, what the discriminator thinks of the plane, and the losses."""
    plt = pyplot()
    figure, (real, made, game) = plt.subplots(1, 3, figsize=(15, 4.8), layout="constrained")
    show_samples(real, mixture(rng, 2000), "real", "C0")
    show_samples(made, generate(parameters, rng, 2000), "generated, on D(x)", "C1")
    figure.colorbar(show_judgement(made, parameters), ax=made, label="D(x)")
    show_losses(game, losses)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def show_samples(axes: Any, samples: np.ndarray, title: str, colour: str) -> None:
    axes.scatter(*samples.T, s=4, alpha=0.4, color=colour)
    axes.set(title=title, xlim=(-3, 3), ylim=(-3, 3), aspect="equal")


def show_judgement(axes: Any, parameters: Arrays) -> Any:
    """The discriminator's probability that a point of the plane is real."""
    side = np.linspace(-3, 3, 121, dtype=np.float32)
    points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    logits = gan_discriminator.forward(points, **player(parameters, "D")).logit
    probabilities = 1 / (1 + np.exp(-logits.reshape(121, 121)))
    return axes.contourf(side, side, probabilities, levels=20, cmap="Greys", vmin=0, vmax=1, zorder=0)


def show_losses(axes: Any, losses: np.ndarray) -> None:
    """V and the generator's loss, and where both would be if the distributions were equal."""
    for column, label in enumerate(("V(D, G)", "non-saturating loss")):
        smooth = np.convolve(losses[:, column], np.ones(50) / 50, mode="valid")
        axes.plot(np.arange(len(smooth)) + 25, smooth, label=label)
    for level, label in ((-np.log(4), None), (np.log(2), "of equal distributions")):
        axes.axhline(level, color="grey", linewidth=0.8, linestyle=":", label=label)
    axes.set(title="losses, mean of 50 steps", xlabel="step")
    axes.legend()


def example(out: Path, console: Console, steps: int = STEPS, seed: int = 0) -> Coverage:
    """Train, print what the generator reached, and write the picture."""
    rng = np.random.default_rng(seed)
    parameters = initial(shapes(), rng)
    losses = train(parameters, rng, steps, console)
    found = coverage(generate(parameters, rng, 20_000))
    picture(out / "gan_mixture_samples.png", parameters, losses, rng)
    print(f"{found} (of the data: 98.9%)")
    print(f"share of each mode: {found.shares.min():.1%} to {found.shares.max():.1%}")
    return found


if __name__ == "__main__":
    run(example, "A GAN on eight Gaussians in a ring.")
