"""Neighbouring loops in one where that is legal; what only they use in locals."""

import ast
import re
from types import SimpleNamespace

import numpy as np

import codegen.fuse
from codegen.accesses import accesses
from codegen.fuse import Pruning, fuse, under_one_condition
from codegen.localise import localise
from codegen.lower import lower
from codegen.module import write_module
from codegen.names import Names
from codegen.nodes import If, Let, Local, Nest, Store
from codegen.verify.load import load_plain
from derive.algebra.expr import ONE, Call, Number, Product, Ratio, Read, Sum
from derive.algebra.index import Affine, In, Index
from derive.language import op, relu, tanh
from tests.codegen.emitted import OPS, derivation, differences, kernel_text, plain, plan
from tests.indices import index

N, M = Affine.of("N"), Affine.of("M")
i, j = index("i"), index("j")
OVER_I, OVER_J = Index("i", Affine(), N), Index("j", Affine(), N)
x, y, z = (lambda *at, n=n: Read(n, at) for n in "xyz")


def spec(build):
    (made,) = op(title=build.__name__, source="test")(build)
    return made


def nest(index: Index, *stores: Store) -> Nest:
    return Nest((index,), stores)


def loops(text: str) -> list[ast.For]:
    return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.For)]


def loop_over(text: str, name: str) -> ast.For:
    return next(loop for loop in loops(text) if loop.target.id == name and "gemm" in ast.unparse(loop))


# merged -------------------------------------------------------------------------------------------
def test_the_gates_of_the_lstm_share_one_loop_nest():
    step = loop_over(kernel_text(OPS["lstm"], "forward"), "t")
    product = next(n for n, s in enumerate(step.body) if "gemm" in ast.unparse(s) and isinstance(s, ast.Expr))
    (gates,) = step.body[product + 1 :]
    assert len(re.findall(r"\b(sigmoid|tanh)\(", ast.unparse(gates))) == 5
    assert [loop.target.id for loop in loops(ast.unparse(gates))] == ["n", "j"]


def test_the_gradients_of_the_gates_share_one_loop_nest():
    step = loop_over(kernel_text(OPS["lstm"], "backward"), "t")
    assert [type(s) for s in step.body] == [ast.For, ast.Expr]
    assert len(re.findall(r"dz\[t, n, \d, j\] =", ast.unparse(step.body[0]))) == 4


def test_nests_over_the_same_points_merge_whatever_their_indices_are_called():
    first = nest(OVER_I, Store(y(i), x(i)))
    second = nest(OVER_J, Store(z(j), y(j)))
    assert fuse([first, second]) == [nest(OVER_I, Store(y(i), x(i)), Store(z(i), y(i)))]


# not merged ---------------------------------------------------------------------------------------
def test_a_neighbours_value_keeps_two_nests_apart():
    first = nest(OVER_I, Store(y(i), x(i)))
    for read in (y(i - 1), y(i + 1), y(N - 1 - i), y(Affine())):
        second = nest(OVER_I, Store(z(i), read))
        assert fuse([first, second]) == [first, second]


def test_a_value_that_is_overwritten_keeps_two_nests_apart():
    first = nest(OVER_I, Store(z(i), y(i + 1)))
    second = nest(OVER_I, Store(y(i), x(i)))
    assert fuse([first, second]) == [first, second]


def test_nests_over_other_points_stay_apart():
    first = nest(OVER_I, Store(y(i), x(i)))
    for other in (Index("i", Affine.of(1), N), Index("i", Affine(), M)):
        second = nest(other, Store(z(i), y(i)))
        assert fuse([first, second]) == [first, second]


def test_other_slices_of_an_axis_do_not_meet():
    first = nest(OVER_I, Store(y(Affine(), i), x(i)))
    second = nest(OVER_I, Store(y(Affine.of(1), i), x(i)))
    third = nest(OVER_I, Store(z(i), y(Affine.of(1), i - 1)))
    assert len(fuse([first, second])) == 1
    assert len(fuse([second, third])) == 2


def test_an_array_that_may_not_be_wanted_is_written_with_nothing_that_others_need():
    first, second = nest(OVER_I, Store(y(i), x(i))), nest(OVER_I, Store(z(i), y(i)))
    apart = [
        Pruning(frozenset("yz"), {"y": {"y"}, "z": {"z"}}),  # two gradients
        Pruning(frozenset("z"), {"y": {"z", "w"}, "z": {"z"}}),  # a buffer that another one needs too
        Pruning(frozenset("z"), {"y": {"y"}, "z": {"z"}}),  # one without axes, which is always there
    ]
    assert [len(fuse([first, second], pruning)) for pruning in apart] == [2, 2, 2]
    alone = Pruning(frozenset("z"), {"y": {"z"}, "z": {"z"}})
    assert len(fuse([first, second], alone)) == len(fuse([first, second])) == 1


def test_statements_in_between_keep_nests_apart():
    first, second = nest(OVER_I, Store(y(i), x(i))), nest(OVER_I, Store(z(i), x(i)))
    between = Let("a", ONE)
    assert fuse([first, between, second]) == [first, between, second]


@spec
def neighbours(s):
    size = s.size("N", "n")
    n = s.index("n", size)
    x, y, z = s.data("x", size), s.let("y", size), s.let("z", size)
    y[n] = tanh(x[n])
    z[n] = y[n + 1] * y[n - 1]
    s.returns(z)


def test_an_illegal_merge_changes_the_values(monkeypatch):
    """Planted fault: nests merged without asking what they touch."""
    assert differences(neighbours, plain(neighbours), {"N": 5, "B": 2}) == []
    monkeypatch.setattr(codegen.fuse, "_independent", lambda *_: True)
    module = load_plain("merged", write_module(lower(derivation(neighbours))).text)
    full_of_garbage = SimpleNamespace(empty=lambda shape, dtype: np.full(shape, 7.0, dtype))
    monkeypatch.setattr(module, "np", full_of_garbage)
    assert "z" in differences(neighbours, module, {"N": 5, "B": 2})


# locals -------------------------------------------------------------------------------------------
def local(*body, needed=(), integers=()) -> tuple:
    return localise(Nest((OVER_I,), body), set(needed), set(integers), Names({"x", "y", "z"})).body


def test_an_array_that_nobody_else_reads_becomes_a_local():
    body = local(Store(y(i), Call("exp", (x(i),))), Store(z(i), Product((y(i), y(i)))), needed="z")
    assert body == (
        Let("y_", Call("exp", (x(i),))),
        Store(z(i), Product((Local("y_"), Local("y_")))),
    )


def test_an_array_that_others_read_is_stored_as_well():
    body = local(Store(y(i), Call("exp", (x(i),))), Store(z(i), y(i)), needed="yz")
    assert Store(y(i), Local("y_")) in body
    assert body[-1] == Store(z(i), Local("y_"))


def test_an_element_that_is_added_to_is_read_again():
    """Planted fault: a local that still holds what was there before."""
    body = local(Store(y(i), x(i)), Store(y(i), ONE, add=True), Store(z(i), y(i)), needed="yz")
    assert body[-1] == Store(z(i), y(i))


def test_a_function_that_is_used_twice_is_computed_once():
    exp = Call("exp", (x(i),))
    body = local(Store(y(i), Sum((exp, ONE))), Store(z(i), Product((exp, exp))), needed="yz")
    assert body == (
        Let("exp_", exp),
        Store(y(i), Sum((Local("exp_"), ONE))),
        Store(z(i), Product((Local("exp_"), Local("exp_")))),
    )


def test_a_function_of_what_changes_in_between_is_computed_again():
    """Planted fault: exp(y) shared over a store to y."""
    exp = Call("exp", (y(i),))
    body = local(Store(z(i), exp), Store(y(i), ONE, add=True), Store(z(i), exp, add=True), needed="yz")
    assert not any(isinstance(s, Let) for s in body)


def test_a_quotient_is_computed_once_but_one_of_numbers_has_a_name_already():
    mean, half = Ratio(ONE, Number(N)), Ratio(x(i), y(i))
    body = local(Store(y(j), Product((mean, half))), Store(z(i), Product((mean, half))), needed="yz")
    assert [s.value for s in body if isinstance(s, Let)] == []  # y is written to
    body = local(Store(z(j), Product((mean, half))), Store(z(i), Product((mean, half))), needed="z")
    assert [s.value for s in body if isinstance(s, Let)] == [half]


def test_arrays_that_became_locals_are_no_arguments_any_more():
    kernel = plan(OPS["lstm"]).backward
    computed = {"do", "df", "di", "dC_tilde", "dc", "dh"}
    assert computed <= {e.tensor for e in derivation(OPS["lstm"]).stable_backward.equations}
    assert not computed & set(kernel.arguments)
    assert not computed & set(accesses(kernel.body)[0])


@spec
def chain(s):
    size = s.size("N", "n")
    x, a, b, y = s.data("x", size), s.let("a", size), s.let("b", size), s.let("y", size)
    a[:] = relu(x)
    b[:] = tanh(a) * a
    y[:] = b * b + a
    s.returns(y)


def test_a_chain_of_elementwise_equations_is_one_loop_and_keeps_what_its_gradient_reads():
    assert len(loops(kernel_text(chain, "forward"))) == 2
    assert len(loops(kernel_text(chain, "backward"))) == 2
    assert set(plan(chain).backward.workspace) == set()
    assert differences(chain, plain(chain), {"N": 4, "B": 3}) == []


# conditions -------------------------------------------------------------------------------------------
def test_terms_under_one_condition_ask_it_once():
    @spec
    def logistic(s):
        T = s.sequence("T", "t")
        t, u, a, y = s.index("t", T), s.data("u", T), s.parameter("a"), s.let("y", T)
        y[t] = u[t] + y[t - 1] + a * y[t - 1] * (1 - y[t - 1])
        s.returns(y)

    asked = [line.strip() for line in kernel_text(logistic, "backward").split("\n") if " if " in line]
    assert asked.count("if t < T - 1:") == 1
    assert differences(logistic, plain(logistic), {"T": 4, "B": 2}) == []


def test_another_condition_or_one_that_was_changed_in_between_is_asked_again():
    below, above = (In(i, Affine(), N - 1),), (In(i, Affine.of(1), N),)
    put = [If(g, (Store(x(i), ONE),)) for g in (below, below, above)]
    assert under_one_condition(tuple(put), set()) == (If(below, put[0].body + put[1].body), put[2])
    assert under_one_condition(tuple(put), {"x"}) == tuple(put)
