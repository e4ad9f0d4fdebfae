"""Document 001, which has no title: "Neural networks are a key technology in AI ..."."""

from codegen.errata import convolution, flow, gates, layers, losses, recurrent
from codegen.errata.claim import Claim, Compared, Evidence, Unchecked, compared, read_as
from codegen.errata.formulas import line, sigma
from codegen.errata.kernels import Kernels

NEURON, ANN, CNN = "Each neuron calculates ...", "An ANN is ...", "CNNs are designed for ..."
RNN, LSTM, GAN = "RNNs are designed for ...", "LSTMs are ...", "GANs are ..."

OBJECTIVE = r"\mathbb{E}{x \sim p{data}(x)}[\log D(x)] + \mathbb{E}_{z \sim p_z(z)}[\log(1 - D(G(z)))]"


def misprinted_expectation(kernels: Kernels) -> Evidence:
    """The first expectation, beside the form of the second."""
    first = OBJECTIVE.split("[")[0]
    as_second = first.replace(r"\mathbb{E}{", r"\mathbb{E}_{").replace("p{data}", r"p_{data}")
    return Compared(f"`{first}`", f"`{as_second}`", "with the subscripts that the second expectation has")


CLAIMS = (
    Claim("001.neuron", NEURON, 4, "z = Σᵢ wᵢ xᵢ + b", layers.neuron),
    Claim("001.sigmoid", NEURON, 6, "σ(z): ReLU, sigmoid, or tanh", layers.activation("activation", sigma)),
    Claim(
        "001.fully-connected",
        ANN,
        7,
        "every neuron ... to every neuron",
        compared(
            12, layers.every_connection, "pairs of output and input with a gradient, 3 units and 4 inputs"
        ),
    ),
    Claim("001.layer", ANN, 9, "a = σ(WX + b)", layers.layer, "X is a vector"),
    Claim("001.convolution", CNN, 13, "S(i,j) = Σₘ Σₙ I(m,n) K(i-m, j-n)", convolution.printed_convolution),
    Claim(
        "001.convolution-name",
        CNN,
        13,
        "K(i-m, j-n)",
        read_as(
            "convention",
            convolution.flipped_or_not(convolution.RANDOM_IMAGE, convolution.RANDOM_FILTER),
            "the first entry where the kernel lies on the image",
        ),
        "a convolution flips the kernel",
        "This is the convolution of mathematics. Documents 000, 002 and 003, and deep learning libraries, "
        "do not flip the kernel.",
    ),
    Claim(
        "001.convolution-range",
        CNN,
        13,
        "Σₘ Σₙ",
        convolution.ranges_of_flipped,
        "over which m and n to sum, and for which i and j",
        "Sum where both I and K have an entry; say whether the result is full, same or valid.",
    ),
    Claim(
        "001.convolution-region",
        CNN,
        14,
        "I(m,n) is a small region",
        convolution.one_element,
        "what I(m,n) is",
        "I(m,n) is one pixel. The region is the set of those (m,n) for which K(i-m, j-n) exists.",
    ),
    Claim(
        "001.rnn",
        RNN,
        17,
        "hₜ = σ(W_hh hₜ₋₁ + W_xh xₜ + b_h)",
        line(
            "recurrent_layer_sigmoid",
            "h",
            lambda v: sigma(v["W_hh"] @ v.before("h") + v["W_xh"] @ v["x"] + v["b_h"]),
        ),
    ),
    Claim(
        "001.rnn-sigma",
        RNN,
        17,
        "σ",
        recurrent.any_activation,
        "whether σ is the sigmoid or any activation",
        "Line 6 makes σ a name for any activation; an RNN mostly takes tanh.",
    ),
    Claim(
        "001.rnn-memory",
        RNN,
        19,
        "memory of previous inputs",
        recurrent.sees_steps("recurrent_layer_sigmoid", 3, [1, 2, 3]),
    ),
    Claim("001.rnn-vanishing", RNN, 19, "vanishing gradient problem", flow.rnn_vanishes),
    Claim(
        "001.lstm-solves",
        LSTM,
        20,
        "solving the vanishing gradient problem",
        flow.lstm_solves,
        "",
        "LSTMs lessen the problem: along the cell the gradient is the product of the forget gates, which "
        "vanishes as well unless they stay near 1.",
        derived=("lstm", "dc_prev"),
    ),
    Claim(
        "001.lstm-cell",
        LSTM,
        22,
        "Cₜ = fₜ ⊙ Cₜ₋₁ + iₜ ⊙ C̃ₜ",
        line("lstm", "c", lambda v: v["f"] * v.before("c") + v["i"] * v["C_tilde"]),
    ),
    Claim(
        "001.lstm-gates",
        LSTM,
        24,
        "additional gates",
        gates.with_or_without_peepholes("incomplete"),
        "fₜ, iₜ and C̃ₜ have no equations, and hₜ and the output gate are missing",
        "The cell's line alone does not determine an LSTM. The equations are in documents 000 and 003.",
    ),
    Claim(
        "001.gan-generator",
        GAN,
        26,
        "probability of ... making mistakes",
        losses.mistakes_or_objective,
        "whether the generator's aim is the objective as printed",
        "By the objective, G minimises E[log(1 - D(G(z)))]. That prefers another generator than the number "
        "of D's mistakes does; in practice G minimises -E[log D(G(z))], whose gradient does not start flat.",
    ),
    Claim(
        "001.gan-objective",
        GAN,
        27,
        "E[log D(x)] + E[log(1 - D(G(z)))]",
        losses.gan_value,
        "the value of V, expectations as means over batches",
    ),
    Claim(
        "001.gan-minimax",
        GAN,
        27,
        "min_G max_D",
        losses.gan_directions,
        "D gains by telling apart, G by being taken for real",
        derived=("gan_objective", "dD_G"),
    ),
    Claim(
        "001.gan-expectation",
        GAN,
        27,
        r"\mathbb{E}{x \sim p{data}(x)}",
        misprinted_expectation,
        "how the first expectation is printed",
    ),
)

UNCHECKED = (
    Unchecked("001", "5, 10, 18, 23, 28", "'Where:' without a list", "the lists are missing from the text"),
    Unchecked("001", "29-30", "what networks are good for", "no numbers"),
)
