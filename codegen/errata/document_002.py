"""Document 002, the slides "Convolutional neural network (CNN) & Recurrent neural network (RNN)"."""

import numpy as np

from codegen.errata import convolution, flow, gates, layers, recurrent
from codegen.errata.claim import Claim, Evaluate, Readings, Unchecked, compared, fixed, read_as
from codegen.errata.convolution import SLIDE_FILTER, SLIDE_IMAGE
from codegen.errata.formulas import Formula, Step, line, sigma
from codegen.errata.kernels import Array

NN, DNN = "Neural Network", "Training DNN: New Activation Function"
CNN, RNN, UNROLLED = "Convolutional Neural Network", "Recurrent Neural Network", "Unrolling RNNs"
LSTM, GRU = "Long short-term memory", "Gated Recurrent Unit"
BOTH, SUMMARY = "Extensions: Bidirectional RNN, LSTM, GRU", "Summary"


def peephole_gate(name: str, cell_is_new: bool = False) -> Formula:
    """sigma(w x + w h + w cl + b); only the output gate looks at the new cell."""

    def formula(v: Step) -> Array:
        cell = v["cl"] if cell_is_new else v.before("cl")
        weighted = v[f"w_x_{name}"] @ v["x"] + v[f"w_h_{name}"] @ v.before("h")
        return sigma(weighted + v[f"w_cl_{name}"] * cell + v[f"b_{name}"])

    return formula


def gru_gate(name: str) -> Formula:
    return lambda v: sigma(v[f"w_x_{name}"] @ v["x"] + v[f"w_h_{name}"] @ v.before("h") + v[f"b_{name}"])


def candidate(v: Step) -> Array:
    return np.tanh(v["w_x_cl"] @ v["x"] + v["w_h_cl"] @ v.before("h") + v["b_cl"])


def reset_candidate(v: Step) -> Array:
    return np.tanh(v["w_x_cl"] @ v["x"] + v["w_h_cl"] @ (v["fr"] * v.before("h")) + v["b_cl"])


def tanh_state(v: Step) -> Array:
    return np.tanh(v["W_hh"] @ v.before("h") + v["W_xh"] @ v["x"])


def entry(i: int, j: int) -> Evaluate:
    """An entry of the example's feature map."""
    return lambda kernels: convolution.convolve(kernels, SLIDE_IMAGE, SLIDE_FILTER)[i, j]


C1 = 0.2 * 1 + 0.7 * 3 - 0.5 * 6 + 0.7 * 0
C2 = 0.2 * 3 + 0.7 * 5 - 0.5 * 0 + 0.7 * 2
HIDDEN_NAMES = {"w_{hiin_fr}": "hi", "w_{hifr}": "hi", "w_{hcl}": "h"}

CLAIMS = (
    Claim("002.neuron", "Element of Neural Network", 23, "f: R^K → R", layers.neuron),
    Claim("002.sigmoid", NN, 43, "σ(z) = 1/(1 + e^{-z})", layers.activation("activation", sigma)),
    Claim(
        "002.relu-vanishing",
        DNN,
        67,
        "Vanishing gradient problem",
        layers.through_layers,
        "ReLU is a remedy",
        "For x > 0 ReLU passes gradients whole, where a sigmoid passes a quarter at most; for x < 0 it "
        "passes none.",
    ),
    Claim(
        "002.relu-derivative",
        DNN,
        70,
        "f'(x) = 1 or 0",
        layers.derivative("activation_relu", lambda x: (x >= 0).astype(float)),
        "for x > 0 and x < 0",
        derived=("activation_relu", "dz"),
    ),
    Claim(
        "002.relu-at-zero",
        DNN,
        70,
        "1 if x ≥ 0",
        layers.slope_at_zero,
        "the derivative at the kink",
        "ReLU has no derivative at 0. Any number from 0 to 1 is a choice; common libraries take 0.",
    ),
    Claim(
        "002.sigmoid-derivative",
        DNN,
        72,
        "σ'(z) = σ(z)(1 - σ(z))",
        layers.derivative("activation", lambda z: sigma(z) * (1 - sigma(z))),
        derived=("activation", "dz"),
    ),
    # the example
    Claim(
        "002.example-c1", CNN, 113, "0.2·1 + 0.7·3 - 0.5·6 + 0.7·0", compared(C1, entry(0, 0), "`conv2d`, c₁")
    ),
    Claim("002.example-c1-value", CNN, 113, "f(-0.7)", compared(-0.7, entry(0, 0), "`conv2d`, c₁")),
    Claim(
        "002.example-c2", CNN, 115, "0.2·3 + 0.7·5 - 0.5·0 + 0.7·2", compared(C2, entry(0, 1), "`conv2d`, c₂")
    ),
    Claim("002.example-c2-value", CNN, 115, "f(5.5)", compared(5.5, entry(0, 1), "`conv2d`, c₂")),
    Claim(
        "002.example-name",
        CNN,
        113,
        "c₁",
        read_as(
            "convention", convolution.flipped_or_not(SLIDE_IMAGE, SLIDE_FILTER), "the argument of f in c₁"
        ),
        "the example is called a convolution",
        "It is a cross-correlation, as in documents 000 and 003; with the kernel flipped, as in 001, "
        "the numbers are others.",
    ),
    Claim(
        "002.example-rest",
        CNN,
        127,
        "f(-0.7) f(5.5) ...",
        read_as(
            "incomplete",
            {
                "printed": fixed(np.array([-0.7, 5.5])),
                "the whole map": convolution.feature_map(SLIDE_IMAGE, SLIDE_FILTER),
            },
            "before f",
        ),
        "two of sixteen entries are printed",
        "The whole map is 4×4.",
    ),
    # recurrence
    Claim(
        "002.feedforward",
        CNN,
        142,
        "do not form a cycle",
        lambda k: recurrent.cycles(k, "dense", has=False),
        "feedforward networks have no cycle",
    ),
    Claim(
        "002.recurrent",
        CNN,
        148,
        "form cyclic paths",
        lambda k: recurrent.cycles(k, "rnn", has=True),
        "recurrent networks have one",
    ),
    Claim(
        "002.lengths",
        CNN,
        155,
        "x₁, …, xₙ and y₁, …, yₘ",
        read_as(
            "incomplete",
            {
                "an output for each step, `rnn_bias_free`": recurrent.length_of("rnn_bias_free", "y"),
                "the last one alone": fixed(1),
            },
            "m for n = 5",
        ),
        "how m follows from n",
        "By yₜ = W_hy hₜ there is an output for each input: m = n. Fewer are chosen from them; any other m "
        "needs an encoder and a decoder.",
    ),
    Claim(
        "002.unrolled",
        UNROLLED,
        166,
        "a DAG which supports backpropagation",
        recurrent.unrolled,
        "the unrolled network has the loop's gradient",
    ),
    Claim("002.unrolled-size", UNROLLED, 170, "depends on the input sequence length", recurrent.any_length),
    Claim("002.deep", "RNN structure", 187, "stacked vertically (deep RNNs)", recurrent.stacks),
    Claim(
        "002.deep-backprop",
        "RNN structure",
        199,
        "Backprop still works",
        recurrent.deep_gradient,
        "the gradient of a deep RNN",
    ),
    Claim(
        "002.rnn-general",
        RNN,
        328,
        "hₜ = f_W(hₜ₋₁, xₜ)",
        recurrent.step_by_step,
        "the same function at every step",
    ),
    Claim("002.rnn-general-again", RNN, 349, "hₜ = f_W(hₜ₋₁, xₜ)", recurrent.step_by_step),
    Claim(
        "002.rnn-state", RNN, 355, "hₜ = tanh(W_hh hₜ₋₁ + W_xh xₜ)", line("rnn_bias_free", "h", tanh_state)
    ),
    Claim(
        "002.rnn-output", RNN, 357, "yₜ = W_hy hₜ", line("rnn_bias_free", "y", lambda v: v["W_hy"] @ v["h"])
    ),
    Claim(
        "002.rnn-biases",
        RNN,
        355,
        "tanh(W_hh hₜ₋₁ + W_xh xₜ)",
        recurrent.biases,
        "neither line has a bias",
        "Documents 000, 001 and 003 have biases. Without them the state 0 with the input 0 stays 0.",
    ),
    # LSTM
    Claim(
        "002.lstm-signature",
        LSTM,
        371,
        "xₜ, hₜ₋₁, clₜ₋₁ → hₜ, clₜ",
        lambda k: recurrent.signature(k, "lstm_peephole", ("x", "h0", "cl0"), ("h", "cl")),
    ),
    Claim(
        "002.lstm-input-gate",
        LSTM,
        373,
        "inₜ = σ(w_xin xₜ + w_hin hₜ₋₁ + w_clin clₜ₋₁ + b_in)",
        line("lstm_peephole", "inp", peephole_gate("inp")),
    ),
    Claim(
        "002.lstm-forget-gate",
        LSTM,
        375,
        "frₜ = σ(w_xfr xₜ + w_hfr hₜ₋₁ + w_clfr clₜ₋₁ + b_fr)",
        line("lstm_peephole", "fr", peephole_gate("fr")),
    ),
    Claim(
        "002.lstm-cell",
        LSTM,
        377,
        "clₜ = frₜ ⊙ clₜ₋₁ + inₜ ⊙ tanh(w_xcl xₜ + w_hcl hₜ₋₁ + b_cl)",
        line("lstm_peephole", "cl", lambda v: v["fr"] * v.before("cl") + v["inp"] * candidate(v)),
    ),
    Claim(
        "002.lstm-output-gate",
        LSTM,
        380,
        "otₜ = σ(w_xot xₜ + w_hot hₜ₋₁ + w_clot clₜ + b_ot)",
        line("lstm_peephole", "ot", peephole_gate("ot", cell_is_new=True)),
        "the output gate looks at the new cell",
    ),
    Claim(
        "002.lstm-hidden",
        LSTM,
        382,
        "hₜ = otₜ ⊙ tanh(clₜ)",
        line("lstm_peephole", "h", lambda v: v["ot"] * np.tanh(v["cl"])),
    ),
    Claim(
        "002.lstm-peephole-shape",
        LSTM,
        373,
        "w_clin, w_clfr, w_clot",
        gates.peepholes,
        "whether the peephole weights are matrices or diagonals",
        "Both exist. The original peepholes are diagonal: each unit looks at its own cell.",
    ),
    Claim(
        "002.lstm-peepholes",
        LSTM,
        373,
        "w_clin clₜ₋₁",
        gates.with_or_without_peepholes("convention"),
        "the gates look at the cell",
        "This is the LSTM with peepholes; documents 000 and 003 have the one without.",
    ),
    # GRU
    Claim(
        "002.lstm-gate-count",
        GRU,
        388,
        "gates (input, output and forget)",
        compared(3, gates.gates("lstm_peephole"), "sigmoids in `lstm_peephole`"),
        "an LSTM has three",
    ),
    Claim(
        "002.gru-gate-count",
        GRU,
        388,
        "gates (update and forget)",
        compared(2, gates.gates("gru_reset_before"), "sigmoids in `gru_reset_before`"),
        "there are two gates",
    ),
    Claim(
        "002.gru-forget-gate",
        GRU,
        388,
        "update and forget",
        gates.reset_does_not_forget,
        "the second gate is a forget gate",
        "The gates are update and reset. The reset gate acts inside the candidate only; what is forgotten "
        "is the update gate's doing.",
    ),
    Claim(
        "002.gru-signature",
        GRU,
        396,
        "xₜ, hₜ₋₁ → hₜ",
        lambda k: recurrent.signature(k, "gru_reset_before", ("x", "h0"), ("h",)),
    ),
    Claim(
        "002.gru-update-gate",
        GRU,
        398,
        "in_frₜ = σ(w_xin_fr xₜ + w_hiin_fr hₜ₋₁ + b_in_fr)",
        line("gru_reset_before", "in_fr", gru_gate("in_fr")),
    ),
    Claim(
        "002.gru-weight-names",
        GRU,
        398,
        "w_hiin_fr, w_hifr, w_hcl",
        lambda k: Readings("ambiguous", HIDDEN_NAMES, "what stands for the hidden state"),
        "one family of matrices under two prefixes",
        "All three multiply hₜ₋₁: w_hin_fr, w_hfr and w_hcl, as in the LSTM of the slide before.",
    ),
    Claim(
        "002.gru-reset-gate",
        GRU,
        400,
        "frₜ = σ(w_xfr xₜ + w_hifr hₜ₋₁ + b_fr)",
        line("gru_reset_before", "fr", gru_gate("fr")),
    ),
    Claim(
        "002.gru-candidate",
        GRU,
        403,
        "clₜ = tanh(w_xcl xₜ + w_hcl (frₜ ⊙ hₜ₋₁) + b_cl)",
        line("gru_reset_before", "cl", reset_candidate),
    ),
    Claim(
        "002.gru-reset-place",
        GRU,
        403,
        "w_hcl (frₜ ⊙ hₜ₋₁)",
        gates.reset_place,
        "the reset gate stands in front of the matrix product",
        "Document 000 resets behind the product. Both are in use; weights of one do not fit the other.",
    ),
    Claim(
        "002.gru-hidden",
        GRU,
        405,
        "hₜ = f ⊙ hₜ₋₁ + (1 - f) ⊙ clₜ",
        line("gru_reset_before", "h", lambda v: v["in_fr"] * v.before("h") + (1 - v["in_fr"]) * v["cl"]),
        "with f read as in_frₜ",
    ),
    Claim(
        "002.gru-undefined-f",
        GRU,
        405,
        "f",
        gates.undefined_f,
        "no line defines f",
        "f is the update gate in_frₜ: then the line is that of document 000.",
    ),
    # both directions
    Claim(
        "002.unidirectional",
        BOTH,
        411,
        "Only the past information",
        recurrent.sees_steps("rnn", 3, [1, 2, 3]),
    ),
    Claim(
        "002.bidirectional",
        BOTH,
        412,
        "use of future information",
        recurrent.sees_steps("bidirectional_rnn", 3, [1, 2, 3, 4, 5]),
    ),
    Claim(
        "002.bidirectional-sum",
        BOTH,
        414,
        "sum of forward and backward",
        recurrent.added_directions,
        "each direction with weights of its own (line 413), then the sum",
    ),
    Claim(
        "002.bidirectional-join",
        BOTH,
        414,
        "sum",
        recurrent.joined_directions,
        "how the directions are joined",
        "The sum is one way; most libraries concatenate.",
    ),
    # summary
    Claim("002.additive", SUMMARY, 428, "additive interactions improve gradient flow", flow.gates_help),
    Claim("002.explode-or-vanish", SUMMARY, 429, "can explode or vanish", flow.both_ways),
    Claim(
        "002.clipping",
        SUMMARY,
        429,
        "gradient clipping",
        flow.clipped,
        "how a gradient is clipped",
        "By value, each entry by itself, which turns the direction; or by the norm, which keeps it.",
    ),
)

UNCHECKED = (
    Unchecked("002", "66", "ReLU is fast to compute", "a time, which depends on the machine"),
    Unchecked("002", "129", "f is some non-linear activation", "left open on purpose"),
    Unchecked("002", "427", "RNNs do not work very well", "depends on task and data"),
    Unchecked("002", "447-461", "installation commands", "not mathematics"),
)
