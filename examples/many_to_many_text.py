"""Many-to-many, same length: an LSTM reads the text of Python's own help and names each next character.

python examples/many_to_many_text.py

The text is CPython's `pydoc_data.topics`, some 470,000 characters, of which the last tenth is held out.
It is read in BATCH places at once, STEPS characters at a time; the states are carried on from part to
part, the gradients are not (truncated back-propagation through time).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np
from command import run
from pictures import save_curve
from rich.console import Console
from training import Arrays, Result, differentiate, fit, initial

from generated import many_to_many

UNITS, FEATURES, BATCH, STEPS, EPOCHS, RATE = 128, 32, 64, 64, 16, 4e-3
BEGINNING, LENGTH = "The ", 600


@dataclass(frozen=True)
class Part:
    """STEPS characters at BATCH places, those that follow them, and whether the text begins here."""

    read: np.ndarray
    following: np.ndarray
    first: bool


@dataclass
class State:
    """The LSTM's hidden and cell states (n, UNITS), which go from part to part."""

    h: np.ndarray
    c: np.ndarray

    @classmethod
    def zero(cls, count: int) -> State:
        return cls(np.zeros((count, UNITS), np.float32), np.zeros((count, UNITS), np.float32))

    def clear(self) -> None:
        self.h, self.c = np.zeros_like(self.h), np.zeros_like(self.c)

    def inputs(self, read: np.ndarray, following: np.ndarray) -> Arrays:
        return {"w": read, "y": following, "lstm_h0": self.h, "lstm_c0": self.c}

    def follow(self, outputs: many_to_many.Outputs) -> None:
        self.h, self.c = outputs.lstm_h[-1], outputs.lstm_c[-1]


def shapes(symbols: int) -> dict[str, tuple[int, ...]]:
    """The parameters of the network, for so many different characters."""
    return {
        "embedding_E": (symbols, FEATURES),
        "lstm_W": (4, UNITS, FEATURES),
        "lstm_U": (4, UNITS, UNITS),
        "lstm_b": (4, UNITS),
        "out_W": (symbols, UNITS),
        "out_b": (symbols,),
    }


def parts(text: np.ndarray) -> Iterator[Part]:
    """A text from its beginning to its end; what is left over at the end is not read."""
    length = (len(text) - 1) // (BATCH * STEPS) * STEPS
    starts = length * np.arange(BATCH)
    for step in range(0, length, STEPS):
        places = starts + step + np.arange(STEPS)[:, None]
        yield Part(text[places], text[places + 1], first=step == 0)


def held_out_loss(parameters: Arrays, text: np.ndarray) -> float:
    """The mean cross-entropy of a character, in nats."""
    state, losses = State.zero(BATCH), []
    for part in parts(text):
        outputs = many_to_many.forward(**state.inputs(part.read, part.following), **parameters)
        state.follow(outputs)
        losses.append(outputs.loss_L.mean())
    return float(np.mean(losses))


def written(parameters: Arrays, symbols: str, rng: np.random.Generator) -> str:
    """Text that the network goes on with by itself, each character drawn with the chance it is given."""
    state, text = State.zero(1), BEGINNING
    known = np.array([[symbols.index(character)] for character in BEGINNING])
    while len(text) < LENGTH:
        outputs = many_to_many.forward(**state.inputs(known, np.zeros_like(known)), **parameters)
        state.follow(outputs)
        chances = outputs.loss_p[-1, 0].astype(float)  # choice() wants a sum of 1 to double precision
        known = rng.choice(len(symbols), size=(1, 1), p=chances / chances.sum())
        text += symbols[known.item()]
    return text


def example(out: Path, console: Console, epochs: int = EPOCHS, most: int | None = None) -> Result:
    """Train on (the first `most` characters of) the text, print the held-out loss and a sample."""
    text = "\n".join(topics[name] for name in sorted(topics))[:most]
    symbols = "".join(sorted(set(text)))
    numbers = np.searchsorted(list(symbols), list(text))
    train, test = np.split(numbers, [len(numbers) * 9 // 10])
    print(f"{len(text):,} characters, {len(symbols)} different ones")
    rng = np.random.default_rng(0)
    parameters, state = initial(shapes(len(symbols)), rng), State.zero(BATCH)
    parameters["lstm_b"][0] = 1  # the forget gates begin open
    share = np.full(BATCH, 1 / BATCH, np.float32)

    def loss_and_gradients(parameters: Arrays, part: Part) -> tuple[float, Arrays]:
        if part.first:
            state.clear()
        data = state.inputs(part.read, part.following)
        outputs, gradients = differentiate(many_to_many, data, parameters, loss_L=share)
        state.follow(outputs)
        return float(outputs.loss_L.mean()), gradients

    plan = [part for _ in range(epochs) for part in parts(train)]
    losses = fit(parameters, plan, loss_and_gradients, RATE, console, "reading Python's help")
    held_out = held_out_loss(parameters, test)
    print(f"held-out loss: {held_out:.3f} nats a character ({np.log(len(symbols)):.3f} when guessing)")
    print(f"it writes, from {BEGINNING!r} on:\n\n{written(parameters, symbols, rng)}\n")
    title = "many-to-many: the next character of Python's help"
    save_curve(out / "many_to_many_text_loss.png", losses, title, "cross-entropy (nats a character)")
    return Result(losses, held_out)


if __name__ == "__main__":
    run(example, "Train a character model on the text of Python's own help.")
