"""Where the documents differ from each other: one row for each question that several of them answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A question, the documents' answers, and the claims that judge them.

    The answers stand in the order of the documents, 000 to 004; one is empty where a document is silent.
    """

    question: str
    answers: tuple[str, str, str, str, str]
    claims: tuple[str, ...]


DISAGREEMENTS = (
    Disagreement(
        "the kernel of a convolution",
        ("as it is", "flipped", "as it is", "as it is", ""),
        ("000.convolution-name", "001.convolution-name", "002.example-name", "003.example-dot"),
    ),
    Disagreement(
        "the reset gate of a GRU",
        ("behind the matrix product", "", "in front of it", "", ""),
        ("000.gru-reset-place", "002.gru-reset-place"),
    ),
    Disagreement(
        "what a GRU's second gate is called",
        ("reset", "", "forget; forget or reset", "", "reset"),
        ("000.gru-reset-words", "002.gru-forget-gate", "004.gru-gate-count"),
    ),
    Disagreement(
        "what an LSTM's gates look at",
        ("x, h (in words: the cell, too)", "", "x, h and the cell", "x, h", ""),
        ("000.lstm-output-gate-words", "002.lstm-peepholes", "003.lstm-is-000"),
    ),
    Disagreement(
        "the weights of a gate",
        ("W and U", "", "w_x, w_h, w_cl", "one W on [h, x]", ""),
        ("000.lstm-forget-gate", "002.lstm-peephole-shape", "003.lstm-is-000"),
    ),
    Disagreement(
        "biases of an RNN",
        ("state and output", "state", "none", "state", ""),
        ("000.rnn-output", "002.rnn-biases", "003.rnn-output-bias"),
    ),
    Disagreement(
        "what goes on to the next step",
        ("h", "h", "h", "h (no arrow in the drawing)", "y"),
        ("003.rnn-drawing", "004.fed-back"),
    ),
    Disagreement(
        "how a layer multiplies",
        ("Wx", "WX", "", "", "xW"),
        ("000.layer", "001.layer", "004.node-form"),
    ),
    Disagreement(
        "what gates do about vanishing gradients",
        ("address it", "solve it", "control it", "solve it", "solve it"),
        ("000.gates-address-it", "001.lstm-solves", "002.additive", "003.lstm-solution", "004.lstm-solves"),
    ),
)
