"""The objective of generative adversarial networks, and the losses that are made of it."""

from derive.language import log, op, sigmoid, total

SOURCE = "document 001, 'GANs are trained using a minimax optimization game ...'"


@op(
    title="GAN objective on probabilities",
    source=SOURCE,
    conventions=(
        "the expectations are means over two batches, which may differ in size",
        "the discriminator maximises V and the generator minimises it",
        "probabilities lie strictly between 0 and 1",
    ),
)
def gan_objective(s):
    N, M = s.batch("N", "n", about="real examples"), s.batch("M", "m", about="generated examples")
    n, m = s.index("n", N), s.index("m", M)
    D_x = s.data("D_x", N, latex="D(x)", about="the discriminator's probabilities of real examples")
    D_G = s.data("D_G", M, latex="D(G(z))", about="its probabilities of generated examples")
    V = s.let("V", about="objective")
    V[:] = 1 / N * total(n, log(D_x[n])) + 1 / M * total(m, log(1 - D_G[m]))
    s.returns(V)


@op(
    title="GAN objective and generator losses on logits",
    source=f"{SOURCE}; the non-saturating loss is the usual remedy for its flat start",
    conventions=(
        "the expectations are means over two batches, which may differ in size",
        "D = sigmoid(logit); the discriminator minimises -V",
        "the generator minimises L_s (saturating, its part of V) or L_n (non-saturating)",
    ),
)
def gan_objective_logits(s):
    N, M = s.batch("N", "n", about="real examples"), s.batch("M", "m", about="generated examples")
    n, m = s.index("n", N), s.index("m", M)
    x = s.data("x", N, about="the discriminator's logits of real examples")
    g = s.data("g", M, about="its logits of generated examples")
    s.returns(*losses_on_logits(s, x[n], g[m], n, m))


def losses_on_logits(s, real, generated, n, m):
    """V, L_s and L_n of the logits of example n of a real and example m of a generated batch."""
    N, M = s.range_of(n).hi, s.range_of(m).hi
    V = s.let("V", about="objective")
    L_s, L_n = s.let("L_s", about="saturating loss"), s.let("L_n", about="non-saturating loss")
    V[:] = 1 / N * total(n, log(sigmoid(real))) + 1 / M * total(m, log(1 - sigmoid(generated)))
    L_s[:] = 1 / M * total(m, log(1 - sigmoid(generated)))
    L_n[:] = -1 / M * total(m, log(sigmoid(generated)))
    return V, L_s, L_n
