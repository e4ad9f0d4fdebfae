"""Document 004, "What are Recurrent Neural Networks (CNN)? Unlocking Sequences"."""

from codegen.errata import flow, gates, layers, recurrent, sizes
from codegen.errata.claim import Claim, Evaluate, Unchecked, compared, read_as

TITLE, ARCHITECTURE = "Title", "Difference between RNNs and Feed-Forward Neural Networks"
EXPLODING, VANISHING = "Exploding Gradients", "Vanishing Gradients"
TYPES, VARIANTS = "Types of recurrent neural network", "Variants of Recurrent Neural Networks"


def initials(words: str) -> Evaluate:
    """The abbreviation of a name."""
    return lambda kernels: "".join(word[0] for word in words.split())


CLAIMS = (
    Claim(
        "004.title",
        TITLE,
        4,
        "Recurrent Neural Networks (CNN)",
        compared("CNN", initials("Recurrent Neural Network"), "the initials"),
        "",
        "RNN",
    ),
    Claim(
        "004.memory",
        "Architecture",
        20,
        "remembers ... from the sequence",
        recurrent.sees_steps("rnn", 5, [1, 2, 3, 4, 5], 1),
    ),
    Claim("004.loop", ARCHITECTURE, 24, "looping nodes", lambda k: recurrent.cycles(k, "rnn", has=True)),
    Claim("004.unrolled", ARCHITECTURE, 24, "we can unroll", recurrent.unrolled),
    Claim(
        "004.fed-back",
        ARCHITECTURE,
        27,
        "Y: The output ... used as input for next",
        read_as(
            "ambiguous",
            {
                "h goes on (documents 000 to 003, `rnn`)": lambda k: recurrent.fed(k, "h"),
                "y goes on": lambda k: recurrent.fed(k, "y"),
            },
            "the last output of 5 steps",
        ),
        "whether the output or the hidden state goes on to the next step",
        "The hidden state goes on; line 20 says so, too. To feed back the output makes a Jordan network.",
    ),
    # sharing
    Claim(
        "004.sharing-parameters",
        ARCHITECTURE,
        31,
        "share the same weight",
        flow.sharing_saves_parameters,
        "sharing reduces the number of parameters",
    ),
    Claim(
        "004.sharing-feedforward",
        ARCHITECTURE,
        31,
        "unlike feedforward networks",
        read_as(
            "incomplete",
            {
                "`dense`": sizes.held("dense", "W", H=16, I=36),
                "`conv2d`": sizes.held("conv2d", "K", O=1, C=1, P=3, Q=3),
            },
            "weights from 36 inputs to 16 outputs",
        ),
        "that feedforward networks do not share",
        "Fully connected layers do not; convolutional networks are feedforward and share their filters.",
    ),
    Claim(
        "004.sharing-computation",
        ARCHITECTURE,
        31,
        "computational complexity",
        flow.sharing_saves_work,
        "sharing reduces computation",
        "Sharing saves parameters, not multiplications: every step multiplies by the matrices anew.",
    ),
    Claim(
        "004.sharing-cause",
        ARCHITECTURE,
        35,
        "parameter sharing introduces",
        flow.unshared,
        "without sharing, gradients neither vanish nor explode",
        "Depth does it: the gradient is a product over layers or steps. Sharing makes the factors alike.",
    ),
    # exploding and vanishing
    Claim("004.node", EXPLODING, 41, "node_output = xW + b", layers.row_form),
    Claim(
        "004.node-form",
        EXPLODING,
        41,
        "xW",
        layers.rows_or_columns,
        "x is a row here",
        "Documents 000 and 001 write Wx with a column: W is the transposed matrix.",
    ),
    Claim(
        "004.node-activation",
        EXPLODING,
        41,
        "node_output",
        layers.with_activation,
        "there is no activation",
        "A node's output is f(xW + b); without f all layers together are one linear map.",
    ),
    Claim(
        "004.backpropagation",
        EXPLODING,
        43,
        "calculates the difference",
        layers.difference_alone,
        "what back-propagation calculates",
        "The gradient of the loss by every weight: the difference, times what the weight was multiplied by, "
        "and through every layer behind it.",
        derived=("dense", "dW"),
    ),
    Claim(
        "004.exploding-weights",
        EXPLODING,
        43,
        "weight values will grow",
        flow.weights_unchanged,
        "applying the loop makes the weights grow",
        "The weights are the same at every step. States and gradients grow, as powers of W.",
    ),
    Claim(
        "004.exploding-threshold",
        EXPLODING,
        43,
        "a value greater than 1",
        flow.above_one,
        "when states and gradients explode",
        "When the largest eigenvalue of W is above 1 and the activation does not saturate; entries may all "
        "be below 1, and tanh keeps states within 1.",
    ),
    Claim(
        "004.vanishing-threshold",
        VANISHING,
        47,
        "very close to zero",
        flow.near_zero,
        "when gradients vanish",
        "Whenever the product of the steps' derivatives goes to 0: below 1 is enough, and so is saturation.",
    ),
    Claim(
        "004.vanishing-weights",
        VANISHING,
        47,
        "weights becoming very small",
        flow.what_vanishes,
        "the weights shrink",
        "The gradients become small, not the weights: these hardly change, which is why nothing is learned.",
        derived=("recurrent_layer", "dW_hh"),
    ),
    # types
    Claim(
        "004.one-to-one",
        TYPES,
        56,
        "one-to-one mapping",
        recurrent.one_step,
        "one input and one output: then the network is a fully connected layer",
    ),
    Claim(
        "004.one-to-many",
        TYPES,
        61,
        "a single input",
        read_as(
            "incomplete",
            {name: recurrent.after_one_input(name) for name in ("zeros", "repeated", "its own output")},
            "the fifth output, by what the steps without an input get",
        ),
        "what the later steps take as their input",
        "Zeros, the same input again, or the output before: mostly the last.",
    ),
    Claim(
        "004.many-to-one",
        TYPES,
        66,
        "a single output",
        recurrent.sees_steps("rnn", 5, [1, 2, 3, 4, 5], 1),
        "the last output depends on the whole sequence",
    ),
    Claim(
        "004.many-to-many-same",
        TYPES,
        71,
        "same length",
        compared(5, recurrent.length_of("rnn", "y"), "outputs of `rnn` for 5 inputs"),
    ),
    Claim(
        "004.many-to-many-other",
        TYPES,
        76,
        "different lengths",
        read_as(
            "incomplete",
            {
                "of one RNN, `rnn`": recurrent.length_of("rnn", "y"),
                "of two, `encoder_decoder`": recurrent.length_of("encoder_decoder", "decoder_loss_p"),
            },
            "outputs for 5 inputs where 4 are wanted",
        ),
        "how the lengths come to differ",
        "By two RNNs: an encoder that reads, and a decoder that starts from its last state.",
    ),
    # variants
    Claim(
        "004.unidirectional",
        VARIANTS,
        81,
        "only ... previous inputs",
        recurrent.sees_steps("rnn", 3, [1, 2, 3]),
    ),
    Claim(
        "004.bidirectional",
        VARIANTS,
        81,
        "pull in future data",
        recurrent.sees_steps("bidirectional_rnn", 3, [1, 2, 3, 4, 5]),
    ),
    Claim(
        "004.lstm-solves",
        VARIANTS,
        83,
        "solves ... vanishing gradients",
        flow.lstm_solves,
        "",
        "LSTMs lessen the problem: along the cell the gradient is the product of the forget gates.",
        derived=("lstm", "dc_prev"),
    ),
    Claim(
        "004.gru-state",
        VARIANTS,
        85,
        "Instead of using a “cell state”",
        lambda k: recurrent.signature(k, "gru", ("x", "h0"), ("h",)),
        "the hidden state is all that goes on",
    ),
    Claim(
        "004.lstm-gate-count",
        VARIANTS,
        85,
        "three gates",
        compared(3, gates.gates("lstm"), "sigmoids in `lstm`"),
        "those of an LSTM",
    ),
    Claim(
        "004.gru-gate-count",
        VARIANTS,
        85,
        "two",
        compared(2, gates.gates("gru"), "sigmoids in `gru`"),
        "a reset gate and an update gate",
    ),
    Claim(
        "004.gru-retains",
        VARIANTS,
        85,
        "how much ... to retain",
        gates.update_keeps,
        "the update gate at 1 retains the state",
    ),
)

UNCHECKED = (
    Unchecked("004", "31", "sharing lowers the chance of overfitting", "depends on the data"),
    Unchecked("004", "49", "the graphical explanation", "the picture is not in the text"),
    Unchecked("004", "55-77, 81, 83", "examples of tasks", "nothing to compute"),
)
