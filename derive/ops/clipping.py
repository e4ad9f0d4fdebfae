"""Gradient clipping: entry by entry, and by the norm of all gradients together."""

from derive.language import absolute, delta, largest, op, sqrt, total, where

SOURCE = "document 002, 'Summary': 'Exploding is controlled with gradient clipping'"
BY_NORM = (
    "the factor is min(1, c / norm), without an epsilon: a norm of at most c leaves every bit as it is",
    "norm is c_max * r, the entries divided by the largest one c_max: no square overflows or vanishes, "
    "and zeros stay zeros",
    "a norm that is too large for the dtype is inf, and clipping is right all the same; "
    "an entry that is inf or NaN makes everything NaN",
    "the gradients of clipping itself multiply entries: they want squares that the dtype can hold",
)


@op(
    title="gradient clipping by value",
    source=SOURCE,
    conventions=("an entry of exactly c or -c is left alone, and so is NaN",),
)
def clip_by_value(s):
    N = s.size("N", "i", about="entries")
    i = s.index("i", N)
    c = s.real("c", 1.0, about="the largest absolute value that is left alone; not negative")
    g = s.parameter("g", N, about="gradient")
    y = s.let("y", N, about="clipped gradient")
    y[i] = where(g[i], ">", c, c, where(g[i], "<", -c, -c, g[i]))
    s.returns(y)


@op(title="gradient clipping by norm", source=SOURCE, conventions=BY_NORM)
def clip_by_norm(s):
    clipped, norm = clip_together(s, [s.parameter("g", s.size("N", "i", about="entries"), about="gradient")])
    s.returns(*clipped, norm)


@op(
    title="gradient clipping by global norm, the gradients of a recurrent layer",
    source=SOURCE,
    conventions=(*BY_NORM, "the gradients are those of the op recurrent_layer"),
)
def clip_by_global_norm(s):
    I, H = s.size("I", "k", about="inputs"), s.size("H", "jl", about="units")
    gradients = [
        s.parameter("g_hh", H, H, about="gradient by the recurrent weights"),
        s.parameter("g_xh", H, I, about="gradient by the input weights"),
        s.parameter("g_h", H, about="gradient by the bias"),
    ]
    clipped, norm = clip_together(s, gradients)
    s.returns(*clipped, norm)


def clip_together(s, gradients):
    """Scale any tensors by one factor, so that their common norm is at most c: the tensors, and the norm.

    Declares the number c and the tensors top, squares, r and norm, for several also the index n and tensor a.
    A tensor `g` becomes `scaled_g`, divided by the largest entry of all, and `clipped_g`.
    """
    c = s.real("c", 1.0, about="the largest norm that is left alone; not negative")
    parts = [(g, _axes(s, g)) for g in gradients]
    most = _largest(s, [largest(i, absolute(g[i])) for g, i in parts])
    top = s.let("top", latex=r"c_{\max}", about="the largest of all; 0 where there are no entries")
    squares = s.let("squares", latex="q", about="sum of the squares of the scaled gradients")
    r = s.let("r", about="norm of the scaled gradients: at least 1, or 0 if all entries are 0")
    norm = s.let("norm", about="norm of all gradients together")
    # comparisons that are true for 0 and -inf (no entries) and false for NaN, which goes on
    top[:] = where(most, "<=", 0, 0, most)
    scaled = [_like(s, "scaled", g, i, where(top, "<=", 0, 0, g[i] / top)) for g, i in parts]
    squares[:] = _sum(total(i, u[i] ** 2) for u, (_, i) in zip(scaled, parts, strict=True))
    r[:] = where(squares, "<=", 0, 0, sqrt(squares))
    norm[:] = top * r
    pairs = zip(parts, scaled, strict=True)
    clipped = [_like(s, "clipped", g, i, where(norm, "<=", c, g[i], u[i] * (c / r))) for (g, i), u in pairs]
    return clipped, norm


def _largest(s, values):
    """The largest of any numbers, each of which may be NaN."""
    if len(values) == 1:
        return values[0]
    n = s.index("n", len(values))
    a = s.let("a", len(values), about="the largest absolute value of each gradient")
    a[n] = _sum(delta(n, k) * value for k, value in enumerate(values))
    return largest(n, a[n])


def _like(s, word, tensor, at, value):
    """A tensor with the axes of another one, computed entry by entry."""
    made = s.let(f"{word}_{tensor.tensor.name}", *tensor.tensor.dims)
    made[at] = value
    return made


def _sum(terms):
    first, *others = terms
    for term in others:
        first = first + term
    return first


def _axes(s, tensor):
    """An index for each axis of a tensor, with the letters of its size; the spec's own where they fit."""
    found = []
    for dim in tensor.tensor.dims:
        letters = next((size.letters for size in s.sizes if size.name == str(dim)), ("m",))
        names = (*letters, *(f"{letters[0]}{k}" for k in range(2, 2 + len(s.places))))
        free = (m for m in names if m not in map(str, found) and _fits(s, m, dim))
        found.append(s.index(next(free), dim))
    return tuple(found)


def _fits(s, name, dim):
    """Whether an index over this dimension may have the name."""
    return name not in s.places or any(str(i.name) == name and i.hi == dim for i in s.ranges.values())
