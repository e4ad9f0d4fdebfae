"""Two small networks that play the game of generative adversarial networks, apart and as one system."""

from derive.language import op, use
from derive.ops.adversarial import adversarial
from derive.ops.dense import dense

SOURCE = "document 001, 'GANs ... consist of two networks: a Generator ... and a Discriminator ...'"


def hidden(s, x):
    """Two hidden layers."""
    first = use(s, dense.tanh, "first", x=x)
    return use(s, dense.tanh, "second", x=first.h).h


@op(
    title="generator with two hidden layers",
    source=SOURCE,
    conventions=("tanh in the hidden layers, none on the output",),
)
def gan_generator(s):
    z = s.data("z", s.size("Z", "k", about="numbers of noise"), about="noise")
    s.returns(use(s, dense, "out", x=hidden(s, z)).h)


@op(
    title="discriminator with two hidden layers",
    source=SOURCE,
    conventions=("tanh in the hidden layers; D = sigmoid(logit)",),
)
def gan_discriminator(s):
    x = s.data("x", s.size("X", "k", about="numbers of an example"), about="example")
    h = hidden(s, x)
    w = s.parameter("w", *h.tensor.dims, about="output weights")
    b = s.parameter("b", about="output bias")
    logit = s.let("logit", about="logit of the probability that the example is real")
    logit[:] = w @ h + b
    s.returns(logit)


@op(
    title="GAN of two multilayer perceptrons",
    source=f"{SOURCE}, 'GANs are trained using a minimax optimization game ...'",
    conventions=(
        "the expectations are means over two batches, which may differ in size",
        "the discriminator minimises -V",
        "the generator minimises L_s (saturating, its part of V) or L_n (non-saturating)",
        "one backward kernel gives both players' gradients: by the cotangent of V, L_s or L_n",
    ),
)
def gan_mlp(s):
    s.returns(*adversarial(s, gan_generator, gan_discriminator))
