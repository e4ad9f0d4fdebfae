"""The order in which the autodiff oracle computes rows that need each other."""

from dataclasses import replace

import pytest

from codegen.verify.recurrence import Walk, walk
from derive.errors import DerivationError
from derive.language import between, delta, inside, total
from tests.derive.test_reference import system_of


def lattice(*steps):
    """h[t, l] reads h at each of these distances."""

    def spec(s):
        T, L = s.size("T", "t"), s.size("L", "l")
        t, l = s.index("t", T), s.index("l", L)
        x, h = s.data("x", T, L), s.let("h", T, L)
        h[t, l] = sum((h[t + a, l + b] for a, b in steps), x[t, l])
        s.returns(h)

    return system_of(spec)


def pair(behind):
    """a reads b in the same row, b reads a `behind` rows away."""

    def spec(s):
        T = s.size("T", "t")
        t, x, a, b = s.index("t", T), s.data("x", T), s.let("a", T), s.let("b", T)
        a[t] = x[t] + b[t]
        b[t] = 2 * a[t + behind]
        s.returns(a)

    return system_of(spec)


def loops(found):
    """The walks from the outermost to the innermost: extent, direction, and the tensors' axes."""
    inner = [part for part in found.row if isinstance(part, Walk)]
    return [(str(found.extent), found.direction, dict(found.axis)), *(one for w in inner for one in loops(w))]


def sizes(found):
    return tuple(extent for extent, _, _ in loops(found))


ORDERS = {
    "forwards": (((-1, 0), (0, -1)), {("T", 1), ("L", 1)}),
    "backwards in both": (((1, 0), (0, 1)), {("T", -1), ("L", -1)}),
    "one index alone": (((-1, 0),), {("T", 1)}),
}


@pytest.mark.parametrize("name", ORDERS)
def test_the_distances_say_which_way(name):
    steps, wanted = ORDERS[name]
    found = walk(lattice(*steps), ["h"])
    assert {(extent, way) for extent, way, _ in loops(found)} == wanted


def test_a_step_back_may_be_a_step_aside():
    assert sizes(walk(lattice((0, -1), (-1, 1)), ["h"])) == ("T", "L")  # the other order would not do
    assert sizes(walk(lattice((-1, 0), (1, -1)), ["h"])) == ("L", "T")


def test_two_axes_of_one_size_are_two_axes():
    def square(s):
        T = s.size("T", "tl")
        t, l = s.index("t", T), s.index("l", T)
        x, h = s.data("x", T, T), s.let("h", T, T)
        h[t, l] = x[t, l] + h[t, l + 1] * h[t - 1, l]
        s.returns(h)

    found = walk(system_of(square), ["h"])
    assert sizes(found) == ("T", "T")
    assert {(axis["h"], way) for _, way, axis in loops(found)} == {(0, 1), (1, -1)}


def test_what_is_read_in_the_same_row_comes_first():
    assert walk(pair(-1), ["a", "b"]).row == ("b", "a")
    assert walk(pair(2), ["a", "b"]).direction == -1


def test_a_tensor_with_fewer_axes_is_walked_along_the_one_it_has():
    """The diagonal's entry belongs to a column of the triangle: of two axes the second."""

    def triangle(s):
        N = s.size("N", "ijk")
        i, j, k = (s.index(n, N) for n in "ijk")
        A, L, d = s.data("A", N, N), s.let("L", N, N), s.let("d", N)
        d[j] = A[j, j] - total(k, L[j, k] * d[k], where=(between(k, 0, j),))
        below = A[i, j] - total(k, L[i, k] * d[k], where=(between(k, 0, j),))
        L[i, j] = inside(j, 0, i) * below + delta(i, j) * d[i]
        s.returns(L)

    system = system_of(triangle)
    names = [e.tensor for e in system.equations]
    found = walk(system, names)
    ((extent, way, axis),) = loops(found)
    assert (extent, way, axis["L"], axis["d"]) == ("N", 1, 1, 0)
    assert set(found.row) == set(names)
    assert found.row.index("z_L") < found.row.index("L")


def test_what_needs_itself_within_a_row_is_walked_there():
    """A column's entries read the one on the diagonal; rows have no order among themselves."""

    def columns(s):
        N = s.size("N", "ijk")
        i, j, x, L = s.index("i", N), s.index("j", N), s.data("x", N, N), s.let("L", N, N)
        L[i, j] = x[i, j] + L[i + 1, j - 1] + inside(j, 0, i) * L[j, j]
        s.returns(L)

    found = walk(system_of(columns), ["L"])
    assert [(way, axis["L"]) for _, way, axis in loops(found)] == [(1, 1), (1, 0)]


def test_rows_that_need_each_other_both_ways_are_refused():
    ahead, back = lattice((-1, 0)), lattice((1, 0))
    both = replace(ahead.equations[0], terms=ahead.equations[0].terms + back.equations[0].terms)
    with pytest.raises(DerivationError, match="h: a cycle whose rows need each other in every order"):
        walk(ahead.with_equations((both,), ahead.tensors), ["h"])


def test_tensors_that_need_each_other_in_one_place_are_refused():
    system = pair(-1)
    first, second = system.equations
    second = replace(second, terms=(*second.terms, *_reading_in_place(second, first.tensor)))
    with pytest.raises(DerivationError, match="a -> b: a value that needs itself at the same place"):
        walk(system.with_equations((first, second), system.tensors), ["a", "b"])


def _reading_in_place(equation, tensor):
    """The equation's terms with every read of the tensor at the equation's own index."""
    at = tuple(index.symbol for index in equation.indices)
    (term,) = equation.terms
    (read,) = term.reads()
    return [replace(term, body=replace(read, tensor=tensor, at=at))]
