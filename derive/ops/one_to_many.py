"""One input, a sequence out: the input makes the first state of a decoder."""

from derive.language import op, use
from derive.ops.decoder import decoder
from derive.ops.dense import dense


@op(
    title="one-to-many recurrent network",
    source="document 004, 'Types of recurrent neural network', 2. One-to-Many",
    conventions=(
        "the first hidden state is tanh(W x + b), as every state of a GRU is between -1 and 1",
        "the decoder's symbols before are the true ones in training (teacher forcing)",
        "the loss is the weighted sum over the steps, one number for each example; weight 0 is padding",
    ),
)
def one_to_many(s):
    x = s.data("x", s.size("I", "i", about="inputs"), about="input")
    start = use(s, dense.tanh, "start", x=x)
    made = use(s, decoder, "decoder", start=start.h)
    s.returns(made.loss_L, made.loss_p)
