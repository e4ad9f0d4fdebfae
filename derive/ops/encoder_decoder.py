"""A sequence in, a sequence of another length out: an encoder, and a decoder that starts from its state."""

from derive.language import op, use
from derive.ops.decoder import decoder
from derive.ops.embedding import embedding
from derive.ops.gru import gru


@op(
    title="encoder-decoder (many-to-many recurrent network, different lengths)",
    source="document 004, 'Types of recurrent neural network', 5. Many-to-Many (Different Length)",
    conventions=(
        "GRU layers; the decoder starts from the encoder's state behind the source's last symbol",
        "sources end at step `last`, an integer of each example's own; what stands behind it is not used",
        "the decoder's symbols before are the true ones in training (teacher forcing)",
        "the loss is the weighted sum over the steps, one number for each example; weight 0 is padding",
    ),
)
def encoder_decoder(s):
    S = s.sequence("S", "r", about="steps of the source")
    r = s.index("r", S)
    source = s.data("source", S, integer=True, outside="zero", about="symbols of the source")
    last = s.data("last", integer=True, about="step of the source's last symbol")
    read = use(s, embedding, "encoder_embedding", over=r, w=source)
    encoder = use(s, gru, "encoder", x=read.e)
    H = encoder.h.tensor.dims[1]
    j = s.index("j", H)
    context = s.let("context", H, about="the encoder's last state")
    context[j] = encoder.h[last, j]
    made = use(s, decoder, "decoder", start=context)
    s.returns(made.loss_L, made.loss_p)
