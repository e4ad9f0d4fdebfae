"""Expressions, limits and names as text: read back, they mean what they were."""

import ast
import operator
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codegen import runtime
from codegen.bounds import Bounds
from codegen.names import WORDS, Names
from codegen.nodes import Ceil, Clear, IndexValue, Kernel, Let, Loop, Store, View, least
from codegen.printer import Printer, print_kernel
from derive.algebra.expr import Choice, Negative, Number, Parameter, Power, Product, Ratio, Read, Sum
from derive.algebra.index import Affine, Delta, In, Index, IntegerRead, Letter
from derive.algebra.system import RealParameter, Size, System, Tensor
from derive.errors import SpecError
from derive.language import exp, op, tanh
from tests.codegen.emitted import differences, kernel_text, plain
from tests.codegen.read_back import read_back
from tests.indices import indices

N = Affine.of("N")
i, j = indices("ij")
I, J = map(Letter, "ij")
SETTINGS = settings(max_examples=300, deadline=None, derandomize=True)
SYSTEM = System(
    "printed",
    (Size("N", ("i",), least=1),),
    (Tensor("x", (N,), "data"), Tensor("label", (N,), "data", integer=True), Tensor("y", (N,), "computed")),
    ("x", "label"),
    ("y",),
    (),
    (),
    (RealParameter("delta", 1.0),),
)
KERNEL = Kernel("forward", ("x", "label"), (), (), (), ("delta",), ("y",), (), (), ())


def printer(*ranges: Index) -> Printer:
    made = print_kernel(SYSTEM, KERNEL, {})
    made.ranges.extend(ranges)
    return made


# scalar expressions -------------------------------------------------------------------------------
LEAVES = st.sampled_from(
    [Parameter("delta"), Read("x", (Affine(),)), Read("x", (Affine.of(1),))]
) | st.integers(-3, 3).map(lambda n: Number(Affine.of(n)))


def grown(inner):
    pairs = st.tuples(inner, inner)
    return st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda a: Sum(tuple(a))),
        st.lists(inner, min_size=2, max_size=3).map(lambda a: Product(tuple(a))),
        pairs.map(lambda p: Ratio(*p)),
        inner.map(Negative),
        st.tuples(inner, st.integers(-2, 3)).map(lambda p: Power(*p)),
        st.tuples(inner, st.sampled_from(("<", "<=", ">", ">=")), inner, inner, inner).map(
            lambda p: Choice(*p)
        ),
    )


EXPRESSIONS = st.recursive(LEAVES, grown, max_leaves=12)
VALUES = {"x": [Fraction(2, 3), Fraction(-5, 7)], "delta": Fraction(3, 2)}
RELATIONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def meaning(node) -> Fraction:
    match node:
        case Number(value, denominator):
            return Fraction(value.integer(), denominator)
        case Parameter(_):
            return VALUES["delta"]
        case Read(_, at):
            return VALUES["x"][at[0].integer()]
        case Sum(args):
            return sum(map(meaning, args), Fraction(0))
        case Product(args):
            total = Fraction(1)
            for arg in args:
                total *= meaning(arg)
            return total
        case Ratio(top, bottom):
            return meaning(top) / meaning(bottom)
        case Negative(arg):
            return -meaning(arg)
        case Power(base, exponent):
            return meaning(base) ** exponent
        case Choice(left, relation, right, then, otherwise):
            return meaning(then if RELATIONS[relation](meaning(left), meaning(right)) else otherwise)
    raise AssertionError(node)


def printed(node) -> Fraction:
    """The value of an expression's text, its constants set as the kernel would set them."""
    made = printer()
    text = made.value(node)
    constants = {name: Fraction(int(p), int(q)) for (p, q), name in made.constants.items()}
    return read_back(text, {**VALUES, **constants})


@SETTINGS
@given(EXPRESSIONS)
def test_the_text_of_an_expression_has_its_value(node):
    try:
        wanted = meaning(node)
    except ZeroDivisionError:
        return
    assert printed(node) == wanted


def test_parentheses_that_are_left_out_are_seen(monkeypatch):
    """Planted fault: a printer that never needs parentheses."""
    monkeypatch.setattr(Printer, "value", lambda self, node, level=0: self._value(node)[0])
    node = Product((Read("x", (Affine(),)), Sum((Parameter("delta"), Number(Affine.of(1))))))
    assert printed(node) != meaning(node)


# index expressions --------------------------------------------------------------------------------
POLYNOMIALS = st.tuples(*(st.integers(-3, 3) for _ in range(4))).map(
    lambda c: c[0] * i + c[1] * N + c[2] * i * N + c[3]
)
POINTS = [{I: a, "N": n, J: 1} for a in (0, 1, 4) for n in (1, 3)]


def texts(point):
    """The point as the text that is read back knows it."""
    return {str(name): value for name, value in point.items()}


def evaluate(e: Affine, point) -> int:
    return e.evaluate(point, lambda *_: pytest.fail("it reads nothing"))


@SETTINGS
@given(POLYNOMIALS, st.integers(1, 6))
def test_the_text_of_an_index_has_its_value_wherever_it_stands(e, level):
    text = printer().affine(e, level)
    for point in POINTS:
        assert read_back(text, texts(point)) == evaluate(e, point)
        if level >= 3:
            assert read_back(f"7*{text}", texts(point)) == 7 * evaluate(e, point)


@SETTINGS
@given(POLYNOMIALS, st.sampled_from([Affine.of(1), Affine.of(3), N, 2 * N]))
def test_the_text_of_a_limit_is_the_least_integer_above(top, bottom):
    text = printer().limit(Ceil(top, bottom))
    for point in POINTS:
        found, wanted = read_back(text, texts(point)), Fraction(evaluate(top, point), evaluate(bottom, point))
        assert found >= wanted > found - 1


@SETTINGS
@given(POLYNOMIALS, POLYNOMIALS)
def test_the_text_of_a_guard_holds_where_the_guard_holds(e, bound):
    ranges = (Index("i", Affine(), N),)
    for guard in (In(e, Affine(), N), In(e, bound, N), Delta(e, bound)):
        text = printer(*ranges).condition((guard,))
        for point in (p for p in POINTS if p[I] < p["N"]):
            values = [evaluate(part, point) for part in guard.parts()]
            holds = values[0] == values[1] if isinstance(guard, Delta) else values[1] <= values[0] < values[2]
            if isinstance(guard, Delta) or _bounds_leave_it_open(guard, ranges):
                assert read_back(text, texts(point)) == holds


def _bounds_leave_it_open(guard: In, ranges) -> bool:
    return bool(Bounds(SYSTEM, ranges).open_sides(guard))


def test_an_integer_read_that_may_be_outside_is_minus_one_there():
    inside, outside = IntegerRead("label", (i,)), IntegerRead("label", (i - 1,))
    made = printer(Index("i", Affine(), N))
    assert made.affine(Affine.of(inside)) == "label[i]"
    assert made.affine(Affine.of(outside) + 1) == "(label[i - 1] if i >= 1 else -1) + 1"


# statements ---------------------------------------------------------------------------------------
def test_what_is_added_with_a_minus_in_front_is_subtracted():
    target, product = Read("y", (i,)), Product((Read("x", (i,)), Read("y", (i,))))
    for statement, text in (
        (Store(target, Negative(product), add=True), "y[i] -= x[i] * y[i]"),
        (Store(target, product, add=True), "y[i] += x[i] * y[i]"),
        (Store(target, Negative(product)), "y[i] = -x[i] * y[i]"),
        (Store(target, Negative(Sum((target, product))), add=True), "y[i] -= y[i] + x[i] * y[i]"),
        (Let("total", Negative(product), add=True), "total -= x[i] * y[i]"),
    ):
        assert printer().statement(statement, 0) == [text]


def header(lo: Affine, hi: Affine, backwards: bool) -> str:
    body = (Store(Read("y", (i,)), IndexValue(i)),)
    return printer().statement(Loop(I, (least(lo),), (least(hi),), body, backwards), 0)[0]


@pytest.mark.parametrize("lo", (0, 1, 5, 10, 20))
@pytest.mark.parametrize("hi", (0, 5, 23))
def test_a_loop_runs_over_its_range_in_either_direction(lo, hi):
    """10 and 20 end in a 0, which a text substitution once took for the number 0."""
    for backwards in (False, True):
        text = header(Affine.of(lo), Affine.of(hi), backwards)
        arguments = ast.parse(text.replace("for i in ", "").rstrip(":"), mode="eval").body.args
        visited = list(range(*(read_back(ast.unparse(a), {}) for a in arguments)))
        assert visited == (list(range(lo, hi))[::-1] if backwards else list(range(lo, hi)))


def test_a_slice_never_counts_from_behind():
    view = View("x", (), 1, (Affine.of(1), N - 3))
    assert printer()._view(view) == "matrix(x[1:max(0, N - 3)], 1)"
    assert printer()._view(View("x", (), 1, (Affine.of(1), N - 1))) == "matrix(x[1:N - 1], 1)"


def test_clearing_is_a_call():
    assert printer().statement(Clear("y", (i,)), 1) == ["    clear(y[i])"]


# names --------------------------------------------------------------------------------------------
def test_an_index_that_is_called_as_a_tensor_gets_another_name():
    (made,) = op(title="an index and a gate called i", source="test")(named_as_an_index)
    text = kernel_text(made, "forward")
    assert "for ii in range(H)" in text and "i[b, ii] = " in text
    assert differences(made, plain(made), {"H": 3, "B": 2}) == []


def named_as_an_index(s):
    H = s.size("H", "i")
    x, i, y = s.data("x", H), s.let("i", H), s.let("y", H)
    i[:] = x * x
    y[:] = i * x
    s.returns(y, i)


def test_an_index_that_is_called_as_a_function_gets_another_name():
    def letters_are_words(s):
        N, M = s.size("N", "exp sin"), s.size("M", "range max")
        x, w, y = s.data("x", M), s.parameter("w", N, M), s.let("y", N)
        y[:] = exp(tanh(w @ x))
        s.returns(y)

    (made,) = op(title="letters that are words", source="test")(letters_are_words)
    assert "for expexp in range(N)" in kernel_text(made, "forward")
    assert differences(made, plain(made), {"N": 3, "M": 2, "B": 2}) == []


def test_locals_take_no_name_that_is_taken():
    names = Names({"best", "best2"})
    assert [names.like("best"), names.like("best"), names.like("if")] == ["best3", "best4", "if2"]


@pytest.mark.parametrize("name", ("a b", "x;import os", "1x", "", "_x", "x-y", "lambda", "é", "x)", "np"))
def test_a_name_reaches_the_text_only_if_it_is_a_plain_identifier(name):
    def declares(s):
        N = s.size("N", "n")
        y = s.let("y", N)
        y[:] = s.data(name, N)
        s.returns(y)

    (made,) = op(title="t", source="s")(declares)
    with pytest.raises(SpecError, match="cannot name anything in generated source"):
        made.spec()


def test_every_function_of_the_runtime_is_a_word_that_no_tensor_may_have():
    assert set(runtime.KERNEL_NAMES) <= set(runtime.__all__) <= WORDS
