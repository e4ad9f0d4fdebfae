"""Document 003, "4.2 Advanced Neural Networks — CNNs & Recurrent Networks"."""

import numpy as np

from codegen.errata import convolution, flow, gates, layers, losses, recurrent, sizes
from codegen.errata.claim import Claim, Unchecked, compared, fixed, read_as
from codegen.errata.convolution import FILTER, IMAGE, POOL_IMAGE, output_size, pooled, row
from codegen.errata.formulas import Formula, Step, line, sigma
from codegen.errata.kernels import Array
from codegen.errata.losses import LABELS, ONE_HOT, PREDICTIONS, PROBABILITIES, SHARES, TARGETS
from codegen.errata.sizes import WEIGHTED, held, lenet_parameters, lenet_shape

REGRESSION, CLASSES, COMPARISON = "Regression Error Functions", "Classification Error Functions", "Comparison"
RNN, BPTT, LSTM = "Recurrent Neural Networks", "Vanishing Gradient in RNNs", "Solution: LSTM"
CNN, CONV, POOL, FULL = (
    "Why CNNs for Images?",
    "1. Convolutional Layer",
    "3. Pooling Layer",
    "4. Fully Connected Layer",
)
LENET, THINK = "LeNet-5", "Think & Apply"


def gate(name: str) -> Formula:
    """sigma(W [h, x] + b)."""
    return lambda v: sigma(v[f"W_{name}"] @ joined(v) + v[f"b_{name}"])


def joined(v: Step) -> Array:
    """[h[t-1], x[t]]."""
    return np.concatenate((v.before("h"), v["x"]))


def rnn_state(v: Step) -> Array:
    return np.tanh(v["W_hh"] @ v.before("h") + v["W_xh"] @ v["x"] + v["b"])


LOSSES = (
    Claim(
        "003.mse",
        REGRESSION,
        11,
        "L = (1/n) Σ (yᵢ - ŷᵢ)²",
        losses.formula("mse", TARGETS, PREDICTIONS, lambda y, p: np.mean((y - p) ** 2)),
    ),
    Claim(
        "003.mse-gradient",
        REGRESSION,
        13,
        "∂L/∂ŷ = -2(y - ŷ)",
        losses.mse_gradient,
        "",
        "∂L/∂ŷᵢ = -(2/n)(yᵢ - ŷᵢ): the factor 1/n of line 11 is lost; as printed the line holds for n = 1.",
        derived=("mse", "dy_hat"),
    ),
    Claim(
        "003.mae",
        REGRESSION,
        17,
        "L = (1/n) Σ |yᵢ - ŷᵢ|",
        losses.formula("mae", TARGETS, PREDICTIONS, lambda y, p: np.mean(np.abs(y - p))),
    ),
    Claim(
        "003.mae-robust",
        REGRESSION,
        19,
        "More robust to outliers than MSE",
        losses.robust,
        derived=("mae", "dy_hat"),
    ),
    Claim("003.huber", REGRESSION, 21, "quadratic for small errors, linear for large", losses.huber_pieces),
    Claim(
        "003.huber-delta",
        REGRESSION,
        21,
        "small, large",
        read_as(
            "incomplete",
            {f"delta = {d}": losses.huber_with(d) for d in (0.5, 1.0, 2.0)},
            "the loss of the error 3",
        ),
        "where small ends; there is no formula",
        "With e = y - ŷ: e²/2 for |e| ≤ δ, δ(|e| - δ/2) beyond; δ is a parameter, 1 in most libraries.",
    ),
    Claim(
        "003.bce",
        CLASSES,
        27,
        "L = -[y log(ŷ) + (1-y) log(1-ŷ)]",
        losses.formula(
            "binary_cross_entropy_sum",
            LABELS,
            PROBABILITIES,
            lambda y, p: sum(-(y * np.log(p) + (1 - y) * np.log(1 - p))),
        ),
        "for each example",
    ),
    Claim(
        "003.cce",
        CLASSES,
        31,
        "L = -Σₖ yₖ log(ŷₖ)",
        losses.formula("categorical_cross_entropy_sum", ONE_HOT, SHARES, lambda y, p: -sum(y * np.log(p))),
    ),
    Claim(
        "003.one-hot",
        CLASSES,
        33,
        "yₖ = 1 for true class",
        losses.one_hot,
        "then the loss is -log of the true class's probability",
    ),
    Claim(
        "003.mse-flat",
        CLASSES,
        37,
        "flat gradients near 0 and 1",
        losses.flat_where,
        "the gradient of MSE by what",
        "By ŷ the gradient is largest at a confident mistake (line 13 says so). It is flat by the logit z, "
        "because sigmoid' is: say 'MSE behind a sigmoid'.",
    ),
    Claim("003.cross-entropy-stronger", CLASSES, 38, "stronger gradients", losses.stronger),
    Claim("003.pair-binary", COMPARISON, 43, "Binary cross-entropy, Sigmoid", losses.sigmoid_pair),
    Claim("003.pair-multiclass", COMPARISON, 44, "Categorical cross-entropy, Softmax", losses.softmax_pair),
    Claim("003.pair-regression", COMPARISON, 45, "MSE / MAE, Linear", losses.linear_pair),
    Claim(
        "003.pair-multilabel", COMPARISON, 46, "Binary cross-entropy, Sigmoid per unit", losses.labels_apart
    ),
)

RECURRENT = (
    Claim("003.fixed-input", RNN, 56, "Fixed input size", layers.fixed_size),
    Claim("003.no-memory", RNN, 57, "No memory of previous inputs", layers.no_memory),
    Claim("003.variable-length", RNN, 61, "Variable input length", recurrent.any_length),
    Claim("003.rnn-memory", RNN, 62, "across time", recurrent.sees_steps("rnn", 5, [1, 2, 3, 4, 5], 1)),
    Claim(
        "003.rnn-drawing",
        "RNN Architecture",
        67,
        "x₂ → [RNN] → h₂ → y₂",
        recurrent.drawn_arrows,
        "the drawing has no arrow from h₁ to h₂",
        "Each hₜ also goes into the next [RNN]: without that arrow nothing is recurrent.",
    ),
    Claim("003.rnn-state", "RNN Architecture", 71, "hₜ = f(Wₕhₜ₋₁ + Wₓxₜ + b)", line("rnn", "h", rnn_state)),
    Claim(
        "003.rnn-output",
        "RNN Architecture",
        72,
        "yₜ = g(Wᵧhₜ)",
        line("rnn_bias_free", "y", lambda v: v["W_hy"] @ v["h"]),
        "with g the identity",
    ),
    Claim(
        "003.rnn-shapes",
        "RNN Architecture",
        77,
        "hidden-to-hidden, input-to-hidden",
        compared("H×H, H×I", lambda k: recurrent.shapes(k, "rnn", "W_hh", "W_xh"), "W_hh and W_xh of `rnn`"),
    ),
    Claim(
        "003.rnn-legend",
        "RNN Architecture",
        74,
        "where:",
        read_as(
            "incomplete",
            {"lines 71 and 72 use": fixed("h x y Wₕ Wₓ Wᵧ b f g"), "explained": fixed("h x Wₕ Wₓ")},
            "the letters",
        ),
        "not every letter is explained",
        "yₜ is the output, Wᵧ hidden-to-output, b a bias; f and g are activations.",
    ),
    Claim(
        "003.rnn-output-bias",
        "RNN Architecture",
        72,
        "g(Wᵧhₜ)",
        recurrent.biases,
        "the output has no bias",
        "The state has a bias and the output none; document 000 has both, 002 neither.",
    ),
    Claim(
        "003.bptt-always",
        BPTT,
        91,
        "gradients vanish",
        flow.vanish_or_explode,
        "whether they always vanish",
        "They vanish or explode: the product of the Jacobians decides.",
    ),
    Claim(
        "003.bptt-product",
        BPTT,
        93,
        "∂L/∂h₁ = ∂L/∂hₜ × Π(∂hₜ/∂hₜ₋₁)",
        flow.product_is_gradient,
        "with the factors in the right order, and a loss of the last state alone",
        derived=("recurrent_layer", "dh_prev"),
    ),
    Claim(
        "003.bptt-order",
        BPTT,
        93,
        "Π",
        read_as(
            "ambiguous",
            {
                "last step first": flow.product(reverse=False),
                "first step first": flow.product(True),
                "`recurrent_layer`": flow.by_kernel(every_step=False),
            },
            "the gradient",
        ),
        "in which order the Jacobians are multiplied",
        "From the last step to the first: matrices do not commute.",
    ),
    Claim(
        "003.bptt-every-step",
        BPTT,
        93,
        "∂L/∂hₜ",
        read_as(
            "incomplete",
            {
                "L looks at the last state alone": flow.by_kernel(every_step=False),
                "L looks at every state": flow.by_kernel(every_step=True),
            },
            "`recurrent_layer`",
        ),
        "from where to where the product goes, and which states L looks at",
        "If L depends on every output, as in lines 67 to 69, there is such a product for each of them, and "
        "they add up.",
    ),
    Claim(
        "003.bptt-below-one",
        BPTT,
        95,
        "∂hₜ/∂hₜ₋₁ < 1 → product → 0",
        flow.below_one,
        "",
        "The norm of each Jacobian has to stay below some q < 1. A matrix is not below 1 when its entries "
        "are, and factors below 1 that approach 1 need not multiply to 0.",
    ),
    Claim(
        "003.lstm-solution",
        LSTM,
        97,
        "Solution",
        read_as(
            "incomplete",
            {f"b_f = {b}": flow.along_the_cell(b) for b in (0, 2, 5)},
            "dc₁₀₀/dc₀ along the cell",
        ),
        "whether gates are enough",
        "The gradient is the product of the forget gates: start them open (a large b_f).",
        derived=("lstm", "dc_prev"),
    ),
    Claim(
        "003.lstm-forget-gate",
        LSTM,
        101,
        "fₜ = σ(Wf[hₜ₋₁, xₜ] + bf)",
        line("lstm_concatenated", "f", gate("f")),
    ),
    Claim(
        "003.lstm-input-gate",
        LSTM,
        102,
        "iₜ = σ(Wi[hₜ₋₁, xₜ] + bi)",
        line("lstm_concatenated", "i", gate("i")),
    ),
    Claim(
        "003.lstm-candidate",
        LSTM,
        103,
        "C̃ₜ = tanh(Wc[hₜ₋₁, xₜ] + bc)",
        line("lstm_concatenated", "C_tilde", lambda v: np.tanh(v["W_c"] @ joined(v) + v["b_c"])),
    ),
    Claim(
        "003.lstm-cell",
        LSTM,
        104,
        "Cₜ = fₜ⊙Cₜ₋₁ + iₜ⊙C̃ₜ",
        line("lstm_concatenated", "c", lambda v: v["f"] * v.before("c") + v["i"] * v["C_tilde"]),
    ),
    Claim(
        "003.lstm-output-gate",
        LSTM,
        105,
        "oₜ = σ(Wo[hₜ₋₁, xₜ] + bo)",
        line("lstm_concatenated", "o", gate("o")),
    ),
    Claim(
        "003.lstm-hidden",
        LSTM,
        106,
        "hₜ = oₜ⊙tanh(Cₜ)",
        line("lstm_concatenated", "h", lambda v: v["o"] * np.tanh(v["c"])),
    ),
    Claim(
        "003.lstm-is-000",
        LSTM,
        101,
        "Wf[hₜ₋₁, xₜ]",
        gates.concatenated_is_split,
        "one matrix on [h, x] is document 000's pair U, W",
    ),
    Claim(
        "003.lstm-update-name",
        LSTM,
        103,
        "Cell update",
        gates.candidate_or_update,
        "C̃ₜ is called the cell update",
        "C̃ₜ is the candidate; the update is the line below it.",
    ),
)

CONVOLUTION = (
    Claim(
        "003.pixels",
        CNN,
        116,
        "1,000,000 inputs",
        compared(1_000_000, held("flatten", "X", B=1, C=1, H=1000, W=1000), "the input of `flatten`"),
    ),
    Claim(
        "003.full-parameters",
        CNN,
        117,
        "10⁹ parameters",
        read_as(
            "convention",
            {
                "weights": held("dense", "W", H=1000, I=1_000_000),
                "weights and biases": held("dense", "W b", H=1000, I=1_000_000),
            },
            "`dense`",
        ),
        "the weights of 1000 units on 1,000,000 inputs",
        "10⁹ are the weights; with the 1,000 biases, which lines 207 to 210 do count, 1,000,001,000.",
    ),
    Claim(
        "003.no-structure",
        CNN,
        118,
        "Doesn’t exploit spatial structure",
        layers.blind_to_space,
        "a full layer does not notice when pixels change places",
    ),
    Claim(
        "003.locality",
        CNN,
        122,
        "connects to small region",
        compared(9, convolution.reached, "pixels of 36 on which an entry of a 3×3 filter's map depends"),
        derived=("conv2d", "dX"),
    ),
    Claim("003.weight-sharing", CNN, 123, "Same filter", convolution.moves_along),
    Claim(
        "003.pooling-reduces",
        CNN,
        124,
        "Reduces spatial dimensions",
        compared((2, 2), convolution.pooled_shape, "`max_pool2d` on 4×4, windows 2×2, stride 2"),
    ),
    Claim("003.example-size", CONV, 135, "6×6, 3×3 → 4×4", compared(4, output_size(6, 3), "`conv2d`")),
    *(
        Claim(
            f"003.example-row-{number}",
            CONV,
            135 + number,
            f"row {number}: {printed.replace(' ', ', ')}",
            convolution.example_row(number, printed),
            "a row of the printed output",
        )
        for number, printed in enumerate(("4 3 4 2", "2 4 3 3", "2 3 4 1"), 1)
    ),
    Claim(
        "003.example-last-row",
        CONV,
        139,
        "...",
        read_as("incomplete", {"printed": fixed("nothing"), "`conv2d`": row(IMAGE, FILTER, 4)}, "row 4"),
        "the last row is left out",
        "The fourth row is 1 3 3 1.",
    ),
    Claim(
        "003.example-dot",
        CONV,
        143,
        "dot product",
        compared(
            float(np.sum(IMAGE[:3, :3] * FILTER)),
            lambda k: convolution.convolve(k, IMAGE, FILTER)[0, 0],
            "filter · first patch",
        ),
    ),
    Claim("003.stride", CONV, 149, "Step size of filter movement", convolution.stride_skips),
    Claim(
        "003.filters",
        CONV,
        148,
        "Depth of output",
        compared(5, convolution.filters_are_depth, "`conv2d` with 5 filters, maps"),
    ),
    Claim(
        "003.same-padding",
        CONV,
        150,
        "‘same’ (zero padding)",
        convolution.even_filter,
        "how much padding 'same' means",
        "(k - 1)/2 on each side for odd k and stride 1; an even k needs one more zero on one side.",
    ),
    Claim(
        "003.output-size",
        CONV,
        154,
        "(Input - Filter + 2×Padding) / Stride + 1",
        convolution.without_rounding,
        "a stride that does not divide",
        "⌊(Input - Filter + 2·Padding) / Stride⌋ + 1.",
    ),
    Claim(
        "003.output-size-divides",
        CONV,
        154,
        "(Input - Filter + 2×Padding) / Stride + 1",
        convolution.sizes_that_divide,
        "where the stride divides",
    ),
    Claim("003.non-linearity", "2. ReLU Activation", 158, "add non-linearity", convolution.linear_without),
    Claim(
        "003.relu",
        "2. ReLU Activation",
        160,
        "f(x) = max(0, x)",
        layers.activation("activation_relu", lambda x: np.maximum(0, x)),
    ),
    Claim(
        "003.invariance",
        POOL,
        164,
        "translation invariance",
        convolution.shifted_pools,
        "",
        "Only a shift that keeps each maximum inside its window changes nothing. Pooling lessens the effect "
        "of small shifts; it is not invariant.",
    ),
    Claim(
        "003.pooling-shape",
        POOL,
        168,
        "four rows of two",
        compared((4, 2), convolution.pooled_shape, "`max_pool2d` on 4×4, windows 2×2, stride 2"),
        "the size of the printed output",
    ),
    Claim(
        "003.pooling-row-1",
        POOL,
        168,
        "4, 2",
        compared(np.array([4.0, 2]), lambda k: pooled()(k)[0], "`max_pool2d`, row 1"),
        "the maxima of the upper windows {4, 3, 2, 5} and {2, 1, 1, 2}",
    ),
    Claim(
        "003.pooling-row-2",
        POOL,
        169,
        "6, 3",
        compared(
            np.array([6.0, 3]), lambda k: convolution.by_row(k)[1], "the maxima of pairs in row 2 alone"
        ),
        "the second printed row, if each row is pooled by itself",
        "5 2 even so: nothing in the image gives 6 3, and with windows of 2×2 there is no such row.",
    ),
    Claim(
        "003.pooling-row-3",
        POOL,
        170,
        "9, 8",
        compared(np.array([9.0, 8]), lambda k: pooled()(k)[1], "`max_pool2d`, row 2"),
        "the maxima of the lower windows",
    ),
    Claim(
        "003.pooling-row-4",
        POOL,
        171,
        "4, 2",
        compared("a fourth row", lambda k: f"{len(pooled()(k))} rows", "`max_pool2d`"),
        "there is a fourth row of output",
        "There are two windows from top to bottom: the output ends with 9 8.",
    ),
    Claim(
        "003.pooling-words",
        POOL,
        173,
        "maximum value in each 2×2 region",
        compared(
            np.array([[POOL_IMAGE[i : i + 2, j : j + 2].max() for j in (0, 2)] for i in (0, 2)]),
            pooled(),
            "`max_pool2d`",
        ),
    ),
    Claim(
        "003.average-pooling",
        POOL,
        175,
        "average instead of maximum",
        compared(
            np.array([[POOL_IMAGE[i : i + 2, j : j + 2].mean() for j in (0, 2)] for i in (0, 2)]),
            pooled("average_pool2d"),
            "`average_pool2d`",
        ),
    ),
    Claim("003.class-probabilities", FULL, 181, "Softmax → Class probabilities", losses.probabilities),
)

SIZES = (
    Claim(
        "003.lenet-conv1", LENET, 189, "28×28×6", compared((28, 28, 6), lenet_shape("conv1"), "`conv2d_relu`")
    ),
    Claim(
        "003.lenet-pool1", LENET, 191, "14×14×6", compared((14, 14, 6), lenet_shape("pool1"), "`max_pool2d`")
    ),
    Claim(
        "003.lenet-conv2",
        LENET,
        193,
        "10×10×16",
        compared((10, 10, 16), lenet_shape("conv2"), "`conv2d_relu`"),
    ),
    Claim(
        "003.lenet-pool2", LENET, 195, "5×5×16", compared((5, 5, 16), lenet_shape("pool2"), "`max_pool2d`")
    ),
    Claim("003.lenet-flatten", LENET, 197, "400 units", compared(400, lenet_shape("flat"), "`flatten`")),
    Claim("003.lenet-fc1", LENET, 199, "120 units", compared(120, lenet_shape("fc1"), "`dense_relu`")),
    Claim("003.lenet-fc2", LENET, 201, "84 units", compared(84, lenet_shape("fc2"), "`dense_relu`")),
    Claim("003.lenet-output", LENET, 203, "10 units", compared(10, lenet_shape("out"), "`dense`")),
    Claim(
        "003.lenet-conv1-parameters",
        LENET,
        207,
        "6 × (5×5×1 + 1) = 156",
        compared(156, lenet_parameters("conv1"), "K and b of conv1"),
    ),
    Claim(
        "003.lenet-conv2-parameters",
        LENET,
        208,
        "16 × (5×5×6 + 1) = 2,416",
        compared(2416, lenet_parameters("conv2"), "K and b of conv2"),
    ),
    *(
        Claim(
            f"003.lenet-{name}-parameters",
            LENET,
            209,
            f"{printed:,}",
            compared(printed, lenet_parameters(name), f"W and b of {name}"),
        )
        for name, printed in (("fc1", 48_120), ("fc2", 10_164), ("out", 850))
    ),
    Claim(
        "003.lenet-full-parameters",
        LENET,
        209,
        "48,120 + 10,164 + 850 = 59,134",
        compared(59_134, lenet_parameters("fc1", "fc2", "out"), "the three full layers"),
    ),
    Claim(
        "003.lenet-total",
        LENET,
        210,
        "~61,706",
        compared(61_706, lenet_parameters(*WEIGHTED), "all layers"),
        "the total, which is exact",
    ),
    Claim(
        "003.lenet-versus-full",
        LENET,
        210,
        "vs millions for fully connected",
        sizes.fully_connected_instead,
        "which fully connected network is meant",
        "Millions, if each convolution becomes a full layer with the same outputs; the full layers alone on "
        "the image have about twice as many parameters as LeNet-5.",
    ),
    Claim(
        "003.exercise-size",
        THINK,
        249,
        "Output dimensions",
        compared((224, 224, 64), convolution.exercise_size, "the spec of `conv2d` with stride 1, pad 1"),
        "the answer is 224×224×64",
    ),
    Claim(
        "003.exercise-parameters",
        THINK,
        250,
        "Number of parameters",
        read_as(
            "convention",
            {
                "weights and biases": held("conv2d", "K b", O=64, C=3, P=3, Q=3),
                "weights": held("conv2d", "K", O=64, C=3, P=3, Q=3),
            },
            "`conv2d`",
        ),
        "whether biases are counted",
        "1,792 = 64·(3·3·3 + 1), counting biases as lines 207 and 208 do.",
    ),
)

CLAIMS = LOSSES + RECURRENT + CONVOLUTION + SIZES

UNCHECKED = (
    Unchecked("003", "82-87", "applications of RNNs", "examples of tasks; nothing to compute"),
    Unchecked("003", "185, 214-220", "names, years and innovations of architectures", "history"),
    Unchecked(
        "003", "224-228", "what early, middle and later layers learn", "a statement about trained networks"
    ),
    Unchecked(
        "003",
        "234-243, 251",
        "questions without an answer in the text",
        "1 to 3 of 'Short' and 'Long' ask for words; the sizes that 'Long' 3 asks for are judged above",
    ),
)
