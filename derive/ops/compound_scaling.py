"""Compound scaling: depth, width and resolution of a network grown by one coefficient."""

from derive.language import exp, log, op


@op(
    title="compound scaling of depth, width and resolution",
    source="document 003, 'Modern CNN Architectures': EfficientNet; the equations: Tan and Le 2019, "
    "'EfficientNet: Rethinking model scaling for convolutional neural networks', equation 3",
    conventions=(
        "alpha, beta and gamma are positive: alpha**phi is exp(phi*log(alpha))",
        "the cost grows as d * w**2 * r**2 = (alpha * beta**2 * gamma**2)**phi, which is how it is computed: "
        "one factor may overflow where the cost does not; where the bracket is 2 it doubles with every "
        "step of phi",
    ),
)
def compound_scaling(s):
    phi = s.parameter("phi", about="compound coefficient")
    alpha, beta, gamma = (
        s.parameter(name, about=f"growth of the {what}")
        for name, what in (("alpha", "depth"), ("beta", "width"), ("gamma", "resolution"))
    )
    d, w, r = (
        s.let(name, about=what) for name, what in zip("dwr", ("depth", "width", "resolution"), strict=True)
    )
    F = s.let("F", about="cost in floating-point operations")
    d[:] = exp(phi * log(alpha))
    w[:] = exp(phi * log(beta))
    r[:] = exp(phi * log(gamma))
    F[:] = exp(phi * (log(alpha) + 2 * log(beta) + 2 * log(gamma)))
    s.returns(d, w, r, F)
