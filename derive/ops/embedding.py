"""The embedding of a symbol: one row of a table."""

from derive.language import op


@op(
    title="embedding of a symbol",
    source="document 004, 'Types of recurrent neural network': sequences of words as inputs",
    conventions=("symbols are numbers of rows, 0..V-1",),
)
def embedding(s):
    V, D = s.size("V", "v", about="symbols"), s.size("D", "d", about="features")
    d = s.index("d", D)
    w = s.data("w", integer=True, about="symbol")
    E = s.parameter("E", V, D, about="a row of features for every symbol")
    e = s.let("e", D, about="features")
    e[d] = E[w, d]
    s.returns(e)
