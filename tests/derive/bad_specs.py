"""Specs with one mistake each; the line at fault ends in `# fault`, or it is the function's first."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

from derive.language import (
    Spec,
    absolute,
    between,
    delta,
    equal,
    exp,
    identity,
    inside,
    largest,
    log,
    op,
    relu,
    tanh,
    total,
    where,
)

BAD: dict[str, tuple[Callable[[Any], None], str]] = {}
Build = Callable[[Any, Any], None]


def bad(message: str) -> Callable[[Build], Build]:
    """Note a spec, which gets declarations to work with, and what its author is told."""

    def note(function: Build) -> Build:
        BAD[function.__name__] = (function, message)
        return function

    return note


def declared(s: Spec) -> SimpleNamespace:
    """Sizes, indices and inputs for one mistake."""
    H, I, T = s.size("H", "ij"), s.size("I", "k"), s.sequence("T", "t")
    i, j, k, t = s.index("i", H), s.index("j", H), s.index("k", I), s.index("t", T)
    x, W, b = s.data("x", I), s.parameter("W", H, I), s.parameter("b", H)
    return SimpleNamespace(
        H=H, I=I, T=T, i=i, j=j, k=k, t=t, x=x, W=W, b=b, y=s.let("y", H), v=s.data("v", T, H)
    )


# indices -----------------------------------------------------------------------------------------
@bad("index 'k' in W[i, k] is not free on the left, in y: sum over it, or add it there")
def unbound(s: Spec, d: Any) -> None:
    d.y[d.i] = d.W[d.i, d.k] * d.b[d.i]  # fault
    s.returns(d.y)


@bad("index 'k' in x[k] is not free on the left, in y: sum over it, or add it there")
def unbound_in_a_nested_sum(s: Spec, d: Any) -> None:
    d.y[d.i] = log(total(d.j, d.b[d.j] * d.x[d.k]))  # fault
    s.returns(d.y)


@bad("index 'i' has no value: i in 0..0-1; its range must hold one")
def no_value(s: Spec, d: Any) -> None:
    s.index("i", 0)  # fault


@bad("index 'i' has two ranges, i in 0..H-1 and i in 0..I-1: give one of them another name")
def two_declared_ranges(s: Spec, d: Any) -> None:
    s.index("i", d.I)  # fault


@bad("index 'i' has two ranges, 0..H-1 and that of axis 0 of x, 0..I-1: declare a second index")
def two_ranges_by_use(s: Spec, d: Any) -> None:
    d.y[d.i] = d.b[d.i] + d.x[d.i]  # fault
    s.returns(d.y)


@bad("index 'k' has two ranges, 0..I-1 and that of an axis of y, 0..H-1: declare a second index")
def two_ranges_on_the_left(s: Spec, d: Any) -> None:
    d.y[d.k] = d.x[d.k]  # fault
    s.returns(d.y)


@bad("W[i, i*j] multiplies indices by each other: an index expression is affine, such as stride*i + p - pad")
def product_of_indices(s: Spec, d: Any) -> None:
    d.y[d.i] = total(d.j, d.W[d.i, d.i * d.j])  # fault
    s.returns(d.y)


@bad("b[i*i] multiplies indices by each other: an index expression is affine, such as stride*i + p - pad")
def square_of_an_index(s: Spec, d: Any) -> None:
    d.y[d.i] = d.b[d.i * d.i]  # fault
    s.returns(d.y)


@bad(
    "0 <= i*j < H multiplies indices by each other: an index expression is affine, such as stride*i + p - pad"
)
def product_in_a_guard(s: Spec, d: Any) -> None:
    d.y[d.i] = total(d.j, d.b[d.j], where=(between(d.i * d.j, 0, d.H),))  # fault
    s.returns(d.y)


HALF = "an index cannot be divided: instead of x[i/2], write total(k, delta(2*k, i) * x[k])"


@bad(HALF)
def half_an_index(s: Spec, d: Any) -> None:
    d.y[d.i] = d.b[d.i / 2]  # fault


@bad(HALF)
def floor_of_an_index(s: Spec, d: Any) -> None:
    d.y[d.i] = d.b[(d.i + 1) // 2]  # fault


@bad("an index cannot be a slice: name it, or leave the last axes out")
def slice_as_index(s: Spec, d: Any) -> None:
    d.y[:] = d.W[:, 0]  # fault


@bad("a floating tensor or an expression is no index: declare labels with integer=True")
def tensor_as_index(s: Spec, d: Any) -> None:
    d.y[d.i] = d.W[d.i, d.x]  # fault


@bad("0.5 is no index: use indices, sizes and integers")
def number_as_index(s: Spec, d: Any) -> None:
    d.y[d.i] = d.b[0.5]  # fault


@bad("'H' is no index: use indices, sizes and integers")
def text_as_dimension(s: Spec, d: Any) -> None:
    s.let("z", "H")  # fault


@bad("the equation of y has a delta of an index with itself: compare it with another index, or drop it")
def delta_with_itself(s: Spec, d: Any) -> None:
    d.y[d.i] = delta(d.i, d.i) * d.b[d.i]  # fault
    s.returns(d.y)


@bad("where= takes guards: make them with between(...) and equal(...)")
def no_guard(s: Spec, d: Any) -> None:
    d.y[d.i] = total(d.j, d.b[d.j], where=(d.j,))  # fault


@bad("where= takes guards: make them with between(...) and equal(...)")
def expression_as_guard(s: Spec, d: Any) -> None:
    d.y[d.i] = largest(d.j, d.b[d.j], where=(inside(d.j, 0, d.i),))  # fault


@bad("a sum or maximum runs over indices: make them with s.index(...)")
def sum_over_a_tensor(s: Spec, d: Any) -> None:
    d.y[d.i] = total(d.x, d.b[d.i])  # fault


@bad("a sum or maximum runs over indices: make them with s.index(...)")
def sum_over_an_expression(s: Spec, d: Any) -> None:
    d.y[d.i] = total(d.j + 1, d.b[d.j])  # fault


@bad("index 'H' has no range: declare it with s.index('H', ...)")
def sum_over_a_size(s: Spec, d: Any) -> None:
    d.y[d.i] = total(d.H, d.b[d.i])  # fault
    s.returns(d.y)


# ranks -------------------------------------------------------------------------------------------
@bad("b has 1 axes but is read with 2 indices: give one index an axis")
def too_many_indices(s: Spec, d: Any) -> None:
    d.y[d.i] = d.b[d.i, d.j]  # fault


@bad("y has 1 axes but is written with 2 indices: give one index an axis")
def too_many_indices_on_the_left(s: Spec, d: Any) -> None:
    d.y[d.i, d.j] = d.b[d.i]  # fault


@bad(
    "rank or size mismatch in (I, H) @ (I): the last axis on the left must be the first on the right; "
    "transpose one with .T, or index it"
)
def matrix_mismatch(s: Spec, d: Any) -> None:
    d.y[:] = d.W.T @ d.x  # fault
    s.returns(d.y)


@bad("@ multiplies vectors and matrices, not () @ (I)")
def number_times_matrix(s: Spec, d: Any) -> None:
    d.y[:] = d.b[d.i] @ d.x  # fault
    s.returns(d.y)


@bad("@ multiplies vectors and matrices, not (T, H, I) @ (I)")
def three_axes(s: Spec, d: Any) -> None:
    U = s.parameter("U", d.T, d.H, d.I)
    d.y[:] = U @ d.x  # fault
    s.returns(d.y)


@bad("only a matrix has a transpose, not (I)")
def transpose_of_a_vector(s: Spec, d: Any) -> None:
    d.y[:] = d.x.T @ d.W.T  # fault
    s.returns(d.y)


@bad(
    "rank or size mismatch: (H) and (I) are combined element by element: give both the same axes, "
    "or write the equation with indices"
)
def different_axes(s: Spec, d: Any) -> None:
    d.y[:] = d.b + d.x  # fault
    s.returns(d.y)


@bad("rank or size mismatch: y has axes () left for the right side, which has (I): index it, or sum over it")
def open_right_side(s: Spec, d: Any) -> None:
    d.y[d.i] = d.W[d.i]  # fault
    s.returns(d.y)


@bad("n holds integers and has 1 axes: give each an index")
def open_labels(s: Spec, d: Any) -> None:
    n = s.data("n", d.H, integer=True)
    d.y[d.i] = n * d.b[d.i]  # fault


# recurrences ------------------------------------------------------------------------------------
@bad("a, y: a cycle without a step: read one of them a step earlier")
def cycle_without_a_step(s: Spec, d: Any) -> None:
    a = s.let("a", d.H)
    d.y[d.i] = a[d.i]  # fault
    a[d.i] = d.y[d.i]
    s.returns(a)


@bad("y: a cycle without a step: read one of them a step earlier")
def sum_over_itself(s: Spec, d: Any) -> None:
    d.y[d.i] = total(d.j, d.y[d.j]) + d.b[d.i]  # fault
    s.returns(d.y)


@bad("h, z: a cycle without a step: read one of them a step earlier")
def step_on_one_way_round_only(s: Spec, d: Any) -> None:
    h, z = s.let("h", d.T, d.H), s.let("z", d.T, d.H)
    d.y[:] = d.b
    h[d.t] = h[d.t - 1] + z[d.t]  # fault
    z[d.t] = tanh(h[d.t])
    s.returns(h)


@bad(
    "the recurrence of h: nothing says that all steps it reads are earlier, or all later: "
    "t - 1 - p with p from 0 does, or a condition such as between(u, 0, t)"
)
def step_of_a_run_time_number_that_may_be_0(s: Spec, d: Any) -> None:
    h, lag = s.let("h", d.T, d.H), s.integer("lag", 2, least=0)
    d.y[:] = d.b
    h[d.t] = h[d.t - lag] + d.v[d.t]  # fault
    s.returns(h)


@bad(
    "the recurrence of h: nothing says that all steps it reads are earlier, or all later: "
    "t - 1 - p with p from 0 does, or a condition such as between(u, 0, t)"
)
def all_steps_up_to_its_own(s: Spec, d: Any) -> None:
    h, u = s.let("h", d.T, d.H), s.index("u", d.T)
    d.y[:] = d.b
    h[d.t, d.i] = d.v[d.t, d.i] + total(u, h[u, d.i], where=(between(u, 0, d.t + 1),))  # fault
    s.returns(h)


@bad("the recurrence of h looks into its past and its future at once: split it in two")
def both_ways(s: Spec, d: Any) -> None:
    h = s.let("h", d.T, d.H)
    d.y[:] = d.b
    h[d.t] = h[d.t - 1] + h[d.t + 1] + d.v[d.t]  # fault
    s.returns(h)


@bad(
    "h[t - 2] of a tensor with an initial state: only one step back is defined by it; "
    "add further states as tensors of their own"
)
def two_steps_back(s: Spec, d: Any) -> None:
    h = s.let("h", d.T, d.H, start=d.b)
    d.y[:] = d.b
    h[d.t] = h[d.t - 2] + d.v[d.t]  # fault
    s.returns(h)


@bad("the start of h has axes (I): give it those of one step of h")
def start_of_another_shape(s: Spec, d: Any) -> None:
    s.let("h", d.T, d.H, start=d.x)  # fault


@bad("start= takes whole tensors, not 0.5: give what s.let made")
def start_that_is_no_tensor(s: Spec, d: Any) -> None:
    s.let("h", d.T, d.H, start=0.5)  # fault


# names ------------------------------------------------------------------------------------------
def _name(name: object) -> str:
    return (
        f"{name!r} cannot name anything in generated source: use a plain ASCII identifier that is no "
        "keyword, does not begin with '_' and is none of count, forward, index, kernels, np, pack, unpack, "
        "vjp, wrt"
    )


@bad(_name("a b"))
def no_identifier(s: Spec, d: Any) -> None:
    s.data("a b", d.I)  # fault


@bad(_name("lambda"))
def keyword(s: Spec, d: Any) -> None:
    s.real("lambda", 1.0)  # fault


@bad(_name("_z"))
def underscore(s: Spec, d: Any) -> None:
    s.let("_z", d.I)  # fault


@bad(_name("forward"))
def reserved(s: Spec, d: Any) -> None:
    s.integer("forward", 1)  # fault


@bad(_name("ŷ"))
def not_ascii(s: Spec, d: Any) -> None:
    s.let("ŷ", d.I)  # fault


@bad(_name(3))
def not_even_text(s: Spec, d: Any) -> None:
    s.index(3, d.I)  # fault


@bad(_name("1"))
def letter_that_is_none(s: Spec, d: Any) -> None:
    s.size("K", "1")  # fault


@bad("size K has no letters: give one for its indices")
def no_letters(s: Spec, d: Any) -> None:
    s.size("K", "")  # fault


@bad(_name("1"))
def member_that_is_no_identifier(s: Spec, d: Any) -> None:
    s.pack("U", "f 1", d.H)  # fault


@bad("pack U has no members: name them, as in 'f i o'")
def no_members(s: Spec, d: Any) -> None:
    s.pack("U", "", d.H)  # fault


@bad("U_f is declared twice: give one of them another name")
def member_twice(s: Spec, d: Any) -> None:
    s.pack("U", "f f", d.H)  # fault


@bad("not enough values to unpack (expected 3, got 2)")
def members_that_do_not_fit(s: Spec, d: Any) -> None:
    _a, _b, _c = s.pack("U", "f i", d.H)  # fault


@bad("T is declared twice: give one of them another name")
def size_twice(s: Spec, d: Any) -> None:
    s.sequence("T")  # fault


@bad("x is declared twice: give one of them another name")
def size_named_as_a_tensor(s: Spec, d: Any) -> None:
    s.size("x", "k")  # fault


@bad("the default of slope is inf: give a finite number")
def default_without_end(s: Spec, d: Any) -> None:
    s.real("slope", float("inf"))  # fault


# equations --------------------------------------------------------------------------------------
@bad("y is declared but has no equation: write one, or drop it")
def undefined(s: Spec, d: Any) -> None:
    z = s.let("z", d.H)
    z[:] = d.b
    s.returns(z)


@bad("y has two equations: write one, as a sum of terms")
def defined_twice(s: Spec, d: Any) -> None:
    d.y[:] = d.b
    d.y[d.i] = d.b[d.i]  # fault


@bad("b is an input: an equation defines a tensor made by s.let")
def input_assigned(s: Spec, d: Any) -> None:
    d.b[d.i] = d.x[0]  # fault


@bad("it returns nothing: end the spec with s.returns(...)")
def nothing_returned(s: Spec, d: Any) -> None:
    d.y[:] = d.b


@bad("b is an input: return what an equation defines")
def input_returned(s: Spec, d: Any) -> None:
    s.returns(d.b)  # fault


@bad(
    "y is added to itself, but an equation says all of it at once: write y[i] = total(t, delta(i, l[t]) * "
    "...) with an index i of that axis"
)
def scattered_into(s: Spec, d: Any) -> None:
    label = s.data("l", d.T, integer=True)
    d.y[label[d.t]] += d.v[d.t, 0]  # fault


@bad("y is added to itself: write one equation for it, with all summands")
def added_to(s: Spec, d: Any) -> None:
    d.y[d.i] -= d.b[d.i]  # fault


@bad("y is returned twice: return it once")
def returned_twice(s: Spec, d: Any) -> None:
    s.returns(d.y, d.y)  # fault


@bad("returns takes whole tensors, not 'y': give what s.let made")
def name_returned(s: Spec, d: Any) -> None:
    s.returns("y")  # fault


@bad("'b' is no expression: write tensors, sizes, numbers and scalar functions")
def text_as_argument(s: Spec, d: Any) -> None:
    d.y[:] = exp("b")  # fault


@bad("None is no expression: write tensors, sizes, numbers and scalar functions")
def nothing_as_argument(s: Spec, d: Any) -> None:
    d.y[:] = d.b + None  # fault


@bad("an exponent is an integer: write sqrt(x), or exp(y*log(x))")
def fraction_as_exponent(s: Spec, d: Any) -> None:
    d.y[:] = d.b ** Fraction(1, 2)  # fault


@bad("relation '==' is unknown: use one of < <= > >=")
def unknown_relation(s: Spec, d: Any) -> None:
    d.y[:] = where(d.b, "==", 0, d.b, relu(d.b))  # fault


@bad("an expression has no truth value: use where(a, '>', b, then, otherwise)")
def truth_value(s: Spec, d: Any) -> None:
    if d.b[d.i]:  # fault
        d.y[:] = identity(d.b)


@bad("expressions are compared with where(a, '>', b, then, otherwise), not with < or >")
def comparison(s: Spec, d: Any) -> None:
    d.y[:] = d.b if d.b[d.i] > 0 else absolute(d.b)  # fault


@bad("a floating tensor or an expression is no index: declare labels with integer=True")
def index_times_float(s: Spec, d: Any) -> None:
    d.y[d.i] = delta(d.i * 0.5, 0) * d.b[d.i]  # fault


@bad("'Spec' object has no attribute 'dat'")
def misspelt(s: Spec, d: Any) -> None:
    s.dat("u", d.I)  # fault


# an empty sum of guards is no mistake, nor is a guard that stands alone, without a tuple
@op(title="guards without a tuple", source="test")
def lenient(s: Spec) -> None:
    d = declared(s)
    d.y[d.i] = total(d.j, d.b[d.j], where=equal(d.j, d.i))
    s.returns(d.y)


# inputs -------------------------------------------------------------------------------------------
@bad(
    "size K is no axis of an input, so nothing says what it is: give it a formula, or make it a number with "
    "s.integer"
)
def size_that_nothing_says(s: Spec, d: Any) -> None:
    s.size("K", "q")  # fault
    d.y[:] = d.b
    s.returns(d.y)
