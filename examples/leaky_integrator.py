"""A user's own op: leaky integrators whose leak is learned, h[t] = a*h[t-1] + (1 - a)*tanh(W x[t]).

gradsmith generate examples/leaky_integrator.py --out mypackage/ops
"""

from derive.language import op, tanh


@op(title="leaky integrator with a learned leak", source="the author's own")
def leaky_integrator(s):
    T, I, H = s.sequence("T", "t"), s.size("I", "k", about="inputs"), s.size("H", "ij", about="units")
    t = s.index("t", T)
    x = s.data("x", T, I)
    W, a = s.parameter("W", H, I), s.parameter("a", H, about="leak")
    h = s.let("h", T, H)
    h[t] = a * h[t - 1] + (1 - a) * tanh(W @ x[t])
    s.returns(h)
