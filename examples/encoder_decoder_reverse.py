"""Many-to-many, different lengths: an encoder reads a string, a decoder writes it backwards.

python examples/encoder_decoder_reverse.py

The data are random strings of 3 to 8 lower-case letters. The held-out ones are drawn first; none of them
is trained on. The decoder ends a string itself: its end symbol has to stand at the right place, too.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from command import run
from pictures import save_curve
from rich.console import Console
from training import Arrays, Result, differentiate, fit, initial

from generated import encoder_decoder

LEAST, MOST, SYMBOLS = 3, 8, 27  # symbol 0 ends a string, and stands before its beginning; 1..26 are letters
UNITS, FEATURES, BATCH, STEPS, RATE, HELD_OUT = 128, 32, 128, 2500, 4e-3, 2000
SHAPES = {
    "encoder_embedding_E": (SYMBOLS, FEATURES),
    "encoder_W": (3, UNITS, FEATURES),
    "encoder_U": (3, UNITS, UNITS),
    "encoder_b": (3, UNITS),
    "decoder_embedding_E": (SYMBOLS, FEATURES),
    "decoder_gru_W": (3, UNITS, FEATURES),
    "decoder_gru_U": (3, UNITS, UNITS),
    "decoder_gru_b": (3, UNITS),
    "decoder_out_W": (SYMBOLS, UNITS),
    "decoder_out_b": (SYMBOLS,),
}


def strings(count: int, rng: np.random.Generator, without: frozenset[str] = frozenset()) -> list[str]:
    """Random strings, none of them in `without`."""
    made: list[str] = []
    while len(made) < count:
        letters = rng.integers(ord("a"), ord("z") + 1, rng.integers(LEAST, MOST + 1), dtype=np.uint8)
        word = letters.tobytes().decode()
        made += [word] if word not in without else []
    return made


def symbols(words: list[str], steps: int) -> np.ndarray:
    """Strings as columns of symbol numbers, ended and filled up with 0: (steps, n)."""
    columns = np.zeros((len(words), steps), int)
    for column, word in zip(columns, words, strict=True):
        column[: len(word)] = [ord(letter) - ord("a") + 1 for letter in word]
    return columns.T


def inputs(words: list[str], before: np.ndarray, target: np.ndarray) -> Arrays:
    """What the network is given: the strings; the symbols before each step, the symbols, their weights."""
    lengths = np.array([len(word) for word in words])
    counts = np.arange(MOST + 1)[:, None] <= lengths  # a string's letters and its end
    return {
        "source": symbols(words, MOST),
        "last": lengths - 1,
        "encoder_h0": np.zeros((len(words), UNITS), np.float32),
        "decoder_before": before,
        "decoder_y": target,
        "decoder_m": counts.astype(np.float32),
    }


def loss_and_gradients(parameters: Arrays, words: list[str]) -> tuple[float, Arrays]:
    """The mean cross-entropy of a symbol, the right symbols before it given."""
    target = symbols([word[::-1] for word in words], MOST + 1)
    data = inputs(words, np.vstack([np.zeros_like(target[:1]), target[:-1]]), target)
    share = np.full(len(words), 1 / data["decoder_m"].sum(), np.float32)
    outputs, gradients = differentiate(encoder_decoder, data, parameters, decoder_loss_L=share)
    return float(outputs.decoder_loss_L @ share), gradients


def answers(parameters: Arrays, words: list[str]) -> list[str]:
    """What the network writes, symbol by symbol: each time the likeliest, given its own before."""
    written = np.zeros((MOST + 2, len(words)), int)  # row 0 is the beginning
    for step in range(MOST + 1):
        data = inputs(words, written[:-1], np.zeros((MOST + 1, len(words)), int))
        written[step + 1] = encoder_decoder.forward(**data, **parameters).decoder_loss_p[step].argmax(axis=1)
    alphabet = ".abcdefghijklmnopqrstuvwxyz"
    return ["".join(alphabet[k] for k in column).split(".")[0] for column in written[1:].T]


def example(out: Path, console: Console, steps: int = STEPS, count: int = HELD_OUT) -> Result:
    """Train, print the share of unseen strings that come out reversed exactly, write the loss curve."""
    rng = np.random.default_rng(0)
    held_out = strings(count, rng)
    unseen = frozenset(held_out)
    parameters = initial(SHAPES, rng)
    plan = [strings(BATCH, rng, without=unseen) for _ in range(steps)]
    losses = fit(parameters, plan, loss_and_gradients, RATE, console, "learning to reverse")
    written = answers(parameters, held_out)
    wrong = [(word, made) for word, made in zip(held_out, written, strict=True) if made != word[::-1]]
    right = count - len(wrong)
    for word, made in [*zip(held_out[:5], written, strict=False), *wrong[:5]]:
        print(f"{word:>{MOST}} -> {made:{MOST}} {'' if made == word[::-1] else 'wrong'}")
    print(f"{right:,} of {count:,} unseen strings reversed exactly ({right / count:.2%})")
    title = "encoder-decoder: strings of letters, reversed"
    save_curve(out / "encoder_decoder_reverse_loss.png", losses, title, "cross-entropy (nats a symbol)")
    return Result(losses, right / count)


if __name__ == "__main__":
    run(example, "Train an encoder-decoder to reverse strings.")
