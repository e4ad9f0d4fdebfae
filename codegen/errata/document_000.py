"""Document 000, "Neural Networks, CNNs, and RNNs"."""

import numpy as np

from codegen.errata import convolution, flow, gates, layers, recurrent
from codegen.errata.claim import Claim, Unchecked, compared, read_as
from codegen.errata.formulas import Formula, line, sigma
from codegen.errata.sizes import held

NN = "Neural Networks: The Foundation"
CNN = "Convolutional Neural Networks"
RNN = "Recurrent Neural Networks"
LSTM = "Long Short-Term Memory"
GRU = "Gated Recurrent Units"


def gate(name: str) -> Formula:
    """sigma(W x + U h + b) with the gate's letter."""
    return lambda v: sigma(v[f"W_{name}"] @ v["x"] + v[f"U_{name}"] @ v.before("h") + v[f"b_{name}"])


CLAIMS = (
    Claim("000.layer", NN, 16, "h = f(Wx + b)", layers.layer, "W is m×n, x in Rⁿ, b and h in Rᵐ"),
    Claim("000.stacked-layers", NN, 20, "h^(k+1) = f(W^(k) h^(k) + b^(k))", layers.stacked),
    Claim(
        "000.backpropagation",
        "Key Intuitions",
        26,
        "minimizing a loss function",
        layers.learns,
        "a step against the gradient lowers the loss",
        derived=("dense_tanh", "dW"),
    ),
    # convolution
    Claim("000.convolution-formula", CNN, 44, "Σₚ Σ_q X_{i+p,j+q} K_{p,q}", convolution.printed_correlation),
    Claim(
        "000.convolution-name",
        CNN,
        44,
        "(X * K)_{ij}",
        read_as(
            "convention",
            convolution.flipped_or_not(convolution.RANDOM_IMAGE, convolution.RANDOM_FILTER),
            "the first entry for a random image and kernel",
        ),
        "this is called a convolution",
        "The sum is a cross-correlation: the kernel is not flipped. Document 001 flips it. Deep learning "
        "calls both a convolution; learned kernels make no difference, given ones do.",
    ),
    Claim(
        "000.convolution-range",
        CNN,
        44,
        "i, j",
        read_as(
            "incomplete",
            {
                "kernel wholly on the image": convolution.output_size(6, 3),
                "as large as the image, zeros around it": convolution.output_size(6, 3, pad=1),
            },
            "output size for n = 6, k = 3",
        ),
        "for which i and j the sum is meant",
        "0 ≤ i, j ≤ n - k, so that X is read inside: the result is (n - k + 1)×(n - k + 1).",
    ),
    Claim(
        "000.pooling",
        CNN,
        48,
        "reducing dimensionality",
        compared((2, 2), convolution.pooled_shape, "`max_pool2d` on 4×4, windows 2×2, stride 2"),
    ),
    Claim(
        "000.flatten",
        CNN,
        50,
        "R^{H×W×D} to R^K",
        layers.flatten_orders,
        "neither K nor the order of the entries is said",
        "K = H·W·D. The order is a convention, which the layer behind it has to share.",
    ),
    Claim("000.fully-connected", CNN, 54, "h^(k+1) = f(W^(k) h^(k) + b^(k))", layers.stacked),
    Claim(
        "000.locality",
        "Key Intuitions",
        58,
        "local patches",
        compared(9, convolution.reached, "pixels of 36 on which an entry of a 3×3 filter's map depends"),
    ),
    Claim(
        "000.shared-weights",
        "Key Intuitions",
        59,
        "same filter ... across the input",
        convolution.moves_along,
        derived=("conv2d", "dK"),
    ),
    # recurrence
    Claim(
        "000.rnn-memory",
        RNN,
        64,
        "memory of previous inputs",
        recurrent.sees_steps("rnn", 4, [1, 2, 3, 4], 1),
    ),
    Claim(
        "000.rnn-state",
        RNN,
        72,
        "hₜ = f(W_xh xₜ + W_hh hₜ₋₁ + b)",
        line("rnn", "h", lambda v: np.tanh(v["W_xh"] @ v["x"] + v["W_hh"] @ v.before("h") + v["b"])),
    ),
    Claim(
        "000.rnn-output",
        RNN,
        76,
        "yₜ = g(W_hy hₜ + c)",
        line("rnn", "y", lambda v: v["W_hy"] @ v["h"] + v["c"]),
        "with g the identity",
    ),
    Claim(
        "000.rnn-drawing",
        RNN,
        81,
        "H1 --> H2",
        recurrent.sees_steps("rnn", 2, [1, 2], 1),
        "the second output depends on the first input",
    ),
    Claim(
        "000.rnn-sharing",
        "Key Intuitions",
        90,
        "computationally efficient",
        flow.what_sharing_saves,
        "sharing parameters across time makes RNNs efficient",
        "Sharing saves parameters, and the memory for them; the number of multiplications is the same.",
    ),
    Claim("000.rnn-vanishing", "Limitations and Variants", 94, "vanishing gradients", flow.rnn_vanishes),
    Claim(
        "000.gates-address-it",
        "Limitations and Variants",
        94,
        "gating mechanisms",
        flow.gates_help,
        "LSTM and GRU keep gradients that an RNN loses",
    ),
    # LSTM
    Claim(
        "000.lstm-states",
        LSTM,
        104,
        "a cell state ... and a hidden state",
        lambda k: recurrent.signature(k, "lstm", ("x", "h0", "c0"), ("h", "c")),
    ),
    Claim(
        "000.lstm-gates",
        LSTM,
        104,
        "3 types of gates",
        compared(3, gates.gates("lstm"), "sigmoids in `lstm`"),
    ),
    Claim("000.lstm-forget-gate", LSTM, 108, "fₜ = σ(W_f xₜ + U_f hₜ₋₁ + b_f)", line("lstm", "f", gate("f"))),
    Claim("000.lstm-input-gate", LSTM, 111, "iₜ = σ(W_i xₜ + U_i hₜ₋₁ + b_i)", line("lstm", "i", gate("i"))),
    Claim(
        "000.lstm-candidate",
        LSTM,
        115,
        "C̃ₜ = tanh(W_C xₜ + U_C hₜ₋₁ + b_C)",
        line("lstm", "C_tilde", lambda v: np.tanh(v["W_C"] @ v["x"] + v["U_C"] @ v.before("h") + v["b_C"])),
    ),
    Claim(
        "000.lstm-output-gate-words",
        LSTM,
        116,
        "based on the hidden state and cell state",
        gates.output_gate_sees,
        "what the output gate looks at",
        "The gate of the formula looks at xₜ and hₜ₋₁; the cell enters hₜ afterwards. A gate that looks at "
        "the cell has peepholes (document 002).",
    ),
    Claim("000.lstm-output-gate", LSTM, 118, "oₜ = σ(W_o xₜ + U_o hₜ₋₁ + b_o)", line("lstm", "o", gate("o"))),
    Claim(
        "000.lstm-cell",
        LSTM,
        124,
        "Cₜ = fₜ ⊙ Cₜ₋₁ + iₜ ⊙ C̃ₜ",
        line("lstm", "c", lambda v: v["f"] * v.before("c") + v["i"] * v["C_tilde"]),
    ),
    Claim(
        "000.lstm-forget-drops",
        LSTM,
        126,
        "what to discard",
        gates.forget_drops,
        "a closed forget gate discards the old cell",
    ),
    Claim(
        "000.lstm-hidden",
        LSTM,
        130,
        "hₜ = oₜ ⊙ tanh(Cₜ)",
        line("lstm", "h", lambda v: v["o"] * np.tanh(v["c"])),
    ),
    # GRU
    Claim(
        "000.gru-parameters",
        GRU,
        136,
        "fewer parameters",
        compared("3 blocks of 4", gates.blocks("gru", "lstm"), "parameters for 5 inputs and 7 units"),
    ),
    Claim(
        "000.gru-one-gate-for-two",
        GRU,
        136,
        "a single update gate",
        gates.shares_add_up,
        "the update gate forgets and adds: the two shares add up to 1",
    ),
    Claim(
        "000.gru-state",
        GRU,
        140,
        "a single hidden state",
        lambda k: recurrent.signature(k, "gru", ("x", "h0"), ("h",)),
    ),
    Claim(
        "000.gru-update-words",
        GRU,
        142,
        "how much ... to retain",
        gates.update_keeps,
        "z = 1 retains the old state",
    ),
    Claim("000.gru-update-gate", GRU, 144, "zₜ = σ(W_z xₜ + U_z hₜ₋₁ + b_z)", line("gru", "z", gate("z"))),
    Claim(
        "000.gru-reset-words",
        GRU,
        145,
        "how much ... to forget",
        gates.reset_amount,
        "whether r is the amount that is forgotten",
        "r is the share that is kept: r = 0 forgets all of the old state, r = 1 nothing.",
    ),
    Claim("000.gru-reset-gate", GRU, 147, "rₜ = σ(W_r xₜ + U_r hₜ₋₁ + b_r)", line("gru", "r", gate("r"))),
    Claim(
        "000.gru-candidate",
        GRU,
        150,
        "h̃ₜ = tanh(W_h xₜ + rₜ ⊙ (U_h hₜ₋₁) + b_h)",
        line(
            "gru",
            "h_tilde",
            lambda v: np.tanh(v["W_h"] @ v["x"] + v["r"] * (v["U_h"] @ v.before("h")) + v["b_h"]),
        ),
    ),
    Claim(
        "000.gru-reset-place",
        GRU,
        150,
        "rₜ ⊙ (U_h hₜ₋₁)",
        gates.reset_place,
        "the reset gate stands behind the matrix product",
        "Document 002 resets before the product. Both are in use; weights of one do not fit the other.",
    ),
    Claim(
        "000.gru-hidden",
        GRU,
        153,
        "hₜ = zₜ ⊙ hₜ₋₁ + (1 - zₜ) ⊙ h̃ₜ",
        line("gru", "h", lambda v: v["z"] * v.before("h") + (1 - v["z"]) * v["h_tilde"]),
    ),
    Claim(
        "000.gru-update-roles",
        GRU,
        153,
        "zₜ ⊙ hₜ₋₁ + (1 - zₜ) ⊙ h̃ₜ",
        gates.update_roles,
        "z multiplies the old state",
        "Elsewhere z and 1 - z change places: check before carrying weights over.",
    ),
    # comparison
    Claim(
        "000.gru-cheaper",
        "Intuition Behind LSTMs and GRUs",
        160,
        "computationally more efficient",
        compared(
            "3 blocks of 4",
            gates.blocks("gru", "lstm", "W U"),
            "weights, that is multiplications of a step, for 5 inputs and 7 units",
        ),
    ),
    Claim(
        "000.sharing-none",
        "Comparison",
        167,
        "None",
        compared(3 * 4, held("dense", "W", H=3, I=4), "weights of a layer of 4 inputs and 3 units"),
        "fully connected layers share no weight: one for each of the 3·4 connections",
    ),
    Claim(
        "000.sharing-space",
        "Comparison",
        167,
        "Across spatial locations",
        compared(
            9, held("conv2d", "K", O=1, C=1, P=3, Q=3), "weights of a 3×3 filter, whatever the image's size"
        ),
    ),
    Claim("000.sharing-time", "Comparison", 167, "Across time steps", flow.sharing_saves_parameters),
)

UNCHECKED = (
    Unchecked("000", "60", "features become more complex with depth", "a statement about trained networks"),
    Unchecked("000", "160", "GRUs are as effective as LSTMs", "depends on task, data and training"),
    Unchecked("000", "168", "universal approximation", "a theorem about limits, not a computation"),
)
