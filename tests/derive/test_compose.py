"""Systems of systems: a part's equations inside a whole, with names of their own."""

import pytest

from codegen.lower import lower
from codegen.module import write_module
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.rung3_execution import check
from derive.derivation import derive
from derive.errors import SpecError
from derive.language import op, use
from derive.ops.conv2d import conv2d
from derive.ops.dense import dense
from derive.ops.lstm import lstm
from derive.ops.max_pool2d import max_pool2d
from derive.ops.softmax import softmax
from derive.ops.softmax_cross_entropy import softmax_cross_entropy


@op(title="two LSTM layers", source="test")
def stacked(s):
    T, I = s.sequence("T", "t"), s.size("I", "k")
    x = s.data("x", T, I)
    first = use(s, lstm, "first", x=x)
    second = use(s, lstm, "second", x=first.h)
    s.returns(second.h)


@op(title="an LSTM that reads backwards", source="test")
def reversed_lstm(s):
    T, I = s.sequence("T", "t"), s.size("I", "k")
    t, k = s.index("t", T), s.index("k", I)
    x, backwards = s.data("x", T, I), s.let("backwards", T, I)
    backwards[t, k] = x[T - 1 - t, k]
    s.returns(use(s, lstm, "part", x=backwards).h)


@op(title="one layer twice, with shared weights", source="test")
def shared(s):
    I = s.size("I", "k")
    x, W, b = s.data("x", I), s.parameter("W", I, I), s.parameter("b", I)
    first = use(s, dense.tanh, "first", x=x, W=W, b=b)
    s.returns(use(s, dense.tanh, "second", x=first.h, W=W, b=b).h)


@op(title="a small convolutional network with its loss", source="test")
def network(s):
    N = s.batch("N", "n")
    C, H, W = s.size("C", "c"), s.size("H", "u"), s.size("W", "v")
    X, y = s.data("X", N, C, H, W), s.data("y", N, integer=True)
    n = s.index("n", N)
    conv = use(s, conv2d.relu, "conv", over=n, X=X, pad=1)
    pool = use(s, max_pool2d, "pool", over=n, X=conv.Y)
    _, O, U, V = pool.Y.tensor.dims
    flat = s.let("flat", N, s.size("K", "m", formula=O * U * V))
    o, i, j = s.index("channel", O), s.index("row", U), s.index("column", V)
    flat[n, o * U * V + i * V + j] = pool.Y[n, o, i, j]
    output = use(s, dense, "output", over=n, x=flat)
    loss = use(s, softmax_cross_entropy, "loss", x=output.h, y=y)
    s.returns(loss.L, loss.p)


@op(title="an LSTM whose states have names of their own, and the softmax of every step", source="test")
def named(s):
    T, I, H = s.sequence("T", "t"), s.size("I", "k"), s.size("H", "j")
    t, x, h0 = s.index("t", T), s.data("x", T, I), s.data("h0", H)
    h, p = s.let("h", T, H), s.let("p", T, H)
    use(s, lstm, "layer", x=x, h0=h0, h=h)
    use(s, softmax, "head", over=t, x=h, p=p)
    s.returns(h, p)


WHOLES = (named[0], stacked[0], reversed_lstm[0], shared[0], network[0])


@pytest.mark.parametrize("whole", WHOLES, ids=lambda o: o.name)
def test_a_whole_becomes_one_pair_of_kernels_that_is_exact(whole):
    source = write_module(lower(derive(whole)))
    result = check(Candidate(source), Cases(source.plan.derivation))
    assert result.points >= 3
    assert (result.verdict, result.detail) == ("passed", "")


def test_what_is_not_given_is_declared_under_the_parts_name():
    inputs = derive(stacked[0]).forward.inputs
    assert inputs[:4] == ("x", "first_h0", "first_c0", "first_W")
    assert "second_U" in inputs


def test_a_shared_parameter_is_one_input_with_one_gradient():
    derivation = derive(shared[0])
    assert derivation.forward.inputs == ("x", "W", "b")
    assert len(derivation.backward.equation("dW").terms) == 2


def test_an_output_that_is_given_is_defined_under_its_own_name():
    spec = named[0].spec()
    assert spec.starts == {"layer_c": "layer_c0", "h": "h0"}
    assert {"h", "p"} <= {e.tensor for e in spec.equations}
    assert "layer_h" not in {t.name for t in spec.tensors}


def test_parts_along_one_sequence_share_its_index():
    spec = stacked[0].spec()
    assert [str(e.at[0]) for e in spec.equations if e.tensor.endswith("_h")] == ["t", "t"]


def test_an_index_that_a_part_is_repeated_over_stays_apart_from_the_parts_own():
    @op(title="both", source="test")
    def both(s):
        K = s.batch("K", "k")
        k = s.index("k", K)
        s.returns(use(s, softmax, "part", over=k, x=s.data("x", K, K)).p)

    (equation,) = both[0].spec().equations
    assert len({str(e) for e in equation.at}) == 2


def test_a_variant_is_an_attribute_of_its_family():
    assert dense.relu.name == "dense_relu"
    with pytest.raises(AttributeError, match="dense has no variant 'softmax': it has dense, dense_sigmoid"):
        _ = dense.softmax


@op(title="a part that computes the whole's own tensor", source="test")
def into_its_own(s):
    N, I, H = s.batch("N", "n"), s.size("I", "k"), s.size("H", "i")
    n = s.index("n", N)
    x, h = s.data("x", N, I), s.let("h", N, H)
    use(s, dense.tanh, "layer", over=n, x=x, h=h)
    s.returns(h)


def test_a_part_may_compute_a_tensor_of_the_whole():
    forward = derive(into_its_own[0]).forward
    assert forward.outputs == ("h",) and "layer_h" not in {t.name for t in forward.tensors}
    assert forward.tensor("layer_W").dims == (forward.tensor("h").dims[1], forward.tensor("x").dims[1])


def test_a_part_cannot_compute_what_the_whole_is_given():
    @op(title="wrong", source="test")
    def wrong(s):
        I, H = s.size("I", "k"), s.size("H", "i")
        x, h = s.data("x", I), s.data("h", H)
        s.returns(use(s, dense, "layer", x=x, h=h).h)

    with pytest.raises(SpecError, match="h is an input: an equation defines a tensor"):
        derive(wrong[0])


def test_a_part_uses_the_indices_of_the_whole_where_they_run_over_the_same():
    used = derive(network[0]).forward.equation("loss_L").terms
    assert {str(b.name) for t in used for b in t.binders} == {"n"}


def _whole(**given):
    @op(title="wrong", source="test")
    def wrong(s):
        I, J = s.size("I", "k"), s.size("J", "j")
        x, W = s.data("x", I), s.parameter("W", I, J)
        known = {"x": x, "W": W}
        s.returns(use(s, dense, "layer", **{k: known.get(v, v) for k, v in given.items()}).h)

    return wrong[0]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"z": "x"}, "layer: dense has no 'z': it has W, b, h, x"),
        (
            {"x": "x", "W": "W"},
            "layer: I of dense is I already, but W makes it J: give tensors whose sizes agree",
        ),
        ({"x": "W"}, "layer: W has 2 axes, but x of dense has 1: give a tensor with as many"),
    ],
)
def test_parts_that_do_not_fit_are_refused_with_one_line(given, message):
    with pytest.raises(SpecError) as caught:
        derive(_whole(**given))
    assert message in str(caught.value)


# derived sizes and indices -----------------------------------------------------------------------------
@op(title="two convolutions that keep the size", source="test")
def keeping(s):
    C, H, W = s.size("C", "c o"), s.size("H", "i"), s.size("W", "j")
    X, K, b = s.data("X", C, H, W), s.parameter("K", C, C, 3, 3), s.parameter("b", C)
    first = use(s, conv2d, "first", X=X, K=K, b=b, pad=1)
    second = use(s, conv2d.same, "second", X=first.Y, K=K, b=b)
    s.returns(second.Y)


def test_a_derived_size_that_the_whole_has_already_gets_no_name():
    forward = derive(keeping[0]).forward
    assert [x.name for x in forward.sizes] == ["C", "H", "W", "B"]
    assert forward.tensor("second_Y").dims == forward.tensor("X").dims


def test_an_index_of_the_same_name_and_range_is_shared_between_parts():
    first, second = (derive(keeping[0]).forward.equation(n) for n in ("first_Y", "second_Y"))
    assert first.indices == second.indices
    assert [str(i.name) for i in first.indices] == ["n", "o", "i", "j"]


@op(title="twice the input, with an index of its own", source="test")
def doubled(s):
    N = s.size("N", "i")
    i = s.index("i", N)
    x, y = s.data("x", N), s.let("y", N)
    y[i] = 2 * x[i]
    s.returns(y)


@op(title="a part that calls an index as it is called that repeats the part", source="test")
def repeated(s):
    N = s.batch("N", "n")
    x = s.data("x", N, N)
    s.returns(use(s, doubled, "part", over=s.index("i", N), x=x).y)


def test_the_index_of_a_repetition_is_no_index_of_the_part():
    equation = derive(repeated[0]).forward.equation("part_y")
    assert len({i.name for i in equation.indices}) == 2
    assert equation.terms[0].guards == ()  # a shared name would make it a diagonal


def test_an_output_of_another_size_is_refused():
    @op(title="wrong", source="test")
    def wrong(s):
        H, I, N = s.size("H", "i"), s.size("I", "k"), s.size("N", "m", formula=s.size("Q", "q") + 1)
        weights = {"x": s.data("x", I), "W": s.parameter("W", H, I)}
        s.returns(use(s, dense, "layer", **weights, h=s.let("h", N)).h)

    @op(title="wrong", source="test")
    def longer(s):
        N, L = s.batch("N", "n"), s.size("L", "m")
        C, H, W = s.size("C", "c"), s.size("H", "u"), s.size("W", "v")
        X, O = s.data("X", N, C, H, W), s.size("O", "o")
        Y = s.let("Y", N, O, L, L)
        s.returns(use(s, conv2d, "conv", over=s.index("n", N), X=X, Y=Y).Y)

    with pytest.raises(SpecError, match="layer: H of dense is H already, but h makes it N"):
        wrong[0].spec()
    with pytest.raises(SpecError, match=r"conv: Y of conv2d is \(N, O, .*\), but Y is \(N, O, L, L\)"):
        longer[0].spec()
