"""A user's own op: the GELU-gated linear unit, y = (V x + c) * GELU(W x + b).

gradsmith generate examples/gelu_gated.py --out mypackage/ops
"""

from derive.language import normal_cdf, op


@op(title="GELU-gated linear unit", source="N. Shazeer, 'GLU Variants Improve Transformer', 2020")
def gelu_gated(s):
    I, H = s.size("I", "k", about="inputs"), s.size("H", "ij", about="units")
    x = s.data("x", I)
    W, b = s.parameter("W", H, I), s.parameter("b", H)
    V, c = s.parameter("V", H, I), s.parameter("c", H)
    a, y = s.let("a", H), s.let("y", H)
    a[:] = W @ x + b
    y[:] = (V @ x + c) * (a * normal_cdf(a))
    s.returns(y)
