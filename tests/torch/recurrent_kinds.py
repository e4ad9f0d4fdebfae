"""How torch's recurrent layers and ours are told the same weights.

torch's RNN, LSTM and GRU have two biases a gate, which add up, and other gate orders. Only the second
bias of the GRU's candidate, b_hn, is not a sum with the first: it is inside the reset product, and
document 000 has none. Here it is a column of U_h, for one more unit whose state stays 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

I, H = 4, 6
Arrays = dict[str, Any]


@dataclass(frozen=True)
class Columns:
    """Where the features of a layer's input stand, and how many there are in ours."""

    at: tuple[int, ...]
    width: int

    def wide(self, W: np.ndarray) -> np.ndarray:
        made = np.zeros((*W.shape[:-1], self.width))
        made[..., self.at] = W
        return made


@dataclass(frozen=True)
class Kind:
    """A kind of layer: torch's, ours by its name in module names, and how weights and gradients go."""

    name: str
    make: Callable[..., torch.nn.RNNBase]
    states: tuple[str, ...]
    units: int
    to_ours: Callable[[Arrays, Columns], Arrays]
    to_torch: Callable[[Arrays, Columns], Arrays]

    def state(self, given: np.ndarray) -> np.ndarray:
        """An initial state; a unit that torch does not have is 1."""
        made = np.ones((*given.shape[:-1], self.units))
        made[..., :H] = given
        return made


def simple_to_ours(w: Arrays, columns: Columns) -> Arrays:
    return {"W_xh": w["weight_ih"], "W_hh": w["weight_hh"], "b_h": w["bias_ih"] + w["bias_hh"]}


def simple_to_torch(g: Arrays, columns: Columns) -> Arrays:
    return {"weight_ih": g["W_xh"], "weight_hh": g["W_hh"], "bias_ih": g["b_h"], "bias_hh": g["b_h"]}


def gates(stacked: np.ndarray, order: list[int]) -> np.ndarray:
    """torch's (gates * H, ...) as ours (gates, H, ...)."""
    return stacked.reshape(len(order), H, *stacked.shape[1:])[order]


def flat(packed: np.ndarray, order: list[int]) -> np.ndarray:
    """Back; exchanging the first two gates is its own inverse."""
    return packed[order].reshape(-1, *packed.shape[2:])


LSTM_ORDER = [1, 0, 2, 3]  # torch's i f g o are our f i C o
GRU_ORDER = [1, 0, 2]  # torch's r z n are our z r h


def lstm_to_ours(w: Arrays, columns: Columns) -> Arrays:
    made = {"W": w["weight_ih"], "U": w["weight_hh"], "b": w["bias_ih"] + w["bias_hh"]}
    return {n: gates(a, LSTM_ORDER) for n, a in made.items()}


def lstm_to_torch(g: Arrays, columns: Columns) -> Arrays:
    made = {"weight_ih": g["W"], "weight_hh": g["U"], "bias_ih": g["b"], "bias_hh": g["b"]}
    return {n: flat(a, LSTM_ORDER) for n, a in made.items()}


def gru_to_ours(w: Arrays, columns: Columns) -> Arrays:
    W, U, b = np.zeros((3, H + 1, columns.width)), np.zeros((3, H + 1, H + 1)), np.zeros((3, H + 1))
    W[:, :H] = columns.wide(gates(w["weight_ih"], GRU_ORDER))
    U[:, :H, :H] = gates(w["weight_hh"], GRU_ORDER)
    first, second = gates(w["bias_ih"], GRU_ORDER), gates(w["bias_hh"], GRU_ORDER)
    b[:, :H] = first
    b[:2, :H] += second[:2]
    U[2, :H, H] = second[2]
    b[0, H] = 1e4  # an update gate of exactly 1: the unit stays what it is
    return {"W": W, "U": U, "b": b}


def gru_to_torch(g: Arrays, columns: Columns) -> Arrays:
    inside = np.concatenate((g["b"][:2, :H], g["U"][2:, :H, H]))
    made = {
        "weight_ih": g["W"][:, :H][..., columns.at],
        "weight_hh": g["U"][:, :H, :H],
        "bias_ih": g["b"][:, :H],
        "bias_hh": inside,
    }
    return {n: flat(a, GRU_ORDER) for n, a in made.items()}


KINDS = (
    Kind("rnn", torch.nn.RNN, ("h0",), H, simple_to_ours, simple_to_torch),
    Kind("lstm", torch.nn.LSTM, ("h0", "c0"), H, lstm_to_ours, lstm_to_torch),
    Kind("gru", torch.nn.GRU, ("h0",), H + 1, gru_to_ours, gru_to_torch),
)
