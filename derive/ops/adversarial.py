"""A generator against a discriminator, of any two ops: one system, with both players' losses. No op itself.

    @op(title="...", source="...")
    def my_gan(s):
        s.returns(*adversarial(s, my_generator, my_discriminator))

The generator has one output, an example; its data are the noise. The discriminator takes one example
and gives one number, the logit of "real". Their parameters are called G_... and D_..., the noise G_...
too, the real examples x.
"""

from derive.language import Handle, use
from derive.ops.gan_objective import losses_on_logits


def adversarial(s, generator, discriminator):
    """V(D, G), the generator's saturating and its non-saturating loss, as handles.

    The discriminator stands in the system twice, on real and on generated examples, with the same
    parameters: their gradient by any loss is the sum over both.
    """
    N, M = s.batch("N", "n", about="real examples"), s.batch("M", "m", about="generated examples")
    n, m = s.index("n", N), s.index("m", M)
    fake = _only(vars(use(s, generator, "G", over=m)), "the generator", "output")
    axes = [N if str(dim) == str(M) else dim for dim in fake.tensor.dims]
    x = s.data("x", *axes, about="real examples")
    on_real = _judge(s, discriminator, "D", n, x)
    on_fake = _judge(s, discriminator, "D_fake", m, fake, **_parameters(s, "D"))
    return losses_on_logits(s, on_real[n], on_fake[m], n, m)


def _judge(s, discriminator, name, over, examples, **parameters):
    """The discriminator's logits of every example of a batch."""
    first = discriminator[0] if isinstance(discriminator, tuple) else discriminator
    data = {t.name: t.name for t in first.spec().tensors if t.role == "data"}
    example = _only(data, "the discriminator", "example")
    made = use(s, discriminator, name, over=over, **{example: examples}, **parameters)
    logit = _only(vars(made), "the discriminator", "output")
    if len(logit.tensor.dims) != 1:
        dims = ", ".join(map(str, logit.tensor.dims[1:]))
        raise ValueError(f"a discriminator gives one number an example, not {dims}: give another op")
    return logit


def _parameters(s, part):
    """The parameters that a part has declared, by their names in the part."""
    found = (t for t in s.tensors if t.role == "parameter" and t.name.startswith(f"{part}_"))
    return {t.name.removeprefix(f"{part}_"): Handle(s, t) for t in found}


def _only(found, player, what):
    """The one value of a dictionary, by name."""
    if len(found) != 1:
        names = ", ".join(found) or "none"
        raise ValueError(f"{player} has one {what}, not {names}: give another op")
    return next(iter(found.values()))
