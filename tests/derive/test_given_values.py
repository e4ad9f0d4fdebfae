"""What a part is given: it computes what the op computes by itself, or the line that gives it is refused."""

import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from derive.derivation import derive
from derive.errors import SpecError
from derive.language import Spec, op, use
from derive.ops.conv2d import conv2d
from derive.ops.dense import dense
from derive.ops.embedding import embedding
from derive.ops.huber import huber
from derive.ops.lstm import lstm
from derive.ops.max_pool2d import max_pool2d
from tests.codegen import emitted
from tests.derive import given_values

DRAWN = 40


@pytest.mark.parametrize("seed", range(DRAWN))
def test_values_of_every_form_give_what_the_op_gives_by_itself(seed):
    trial = given_values.draw(seed)
    try:
        assert given_values.fault(trial, seed) == ""
    except SpecError as fault:
        assert "is no axis of an input" in fault.message  # numbers alone do not say how many


# a head that shares the embedding's matrix ----------------------------------------------------------
@op(title="scores of the next symbol by the embedding's own rows", source="a user")
def tied(s):
    V, D, N = s.size("V", "v u"), s.size("D", "d"), s.batch("N", "n")
    n, E, w = s.index("n", N), s.parameter("E", V, D), s.data("w", N, integer=True)
    e = use(s, embedding, "embedding", over=n, w=w, E=E).e
    s.returns(use(s, dense, "head", over=n, x=e, W=E, b=0).h)


@op(title="an encoder and a decoder with one matrix", source="a user")
def turned(s):
    I, H = s.size("I", "k"), s.size("H", "i")
    x, W = s.data("x", I), s.parameter("W", H, I)
    code = use(s, dense.tanh, "encoder", x=x, W=W, b=0)
    s.returns(use(s, dense, "decoder", x=code.h, W=W.T, b=0).h)


def test_a_tied_head_is_one_matrix_whose_gradient_is_the_sum_of_both_uses():
    assert derive(tied[0]).forward.inputs == ("E", "w")
    random = np.random.default_rng(2)
    E, w, g = random.normal(size=(4, 3)), np.array([2, 0, 2]), random.normal(size=(3, 4))
    out, pullback = emitted.plain(tied[0]).vjp(E=E, w=w)
    assert np.allclose(out.head_h, E[w] @ E.T)
    by_rows = np.zeros_like(E)
    np.add.at(by_rows, w, g @ E)
    assert np.allclose(pullback(g).E, by_rows + g.T @ E[w])


def test_a_transposed_matrix_is_read_where_it_stands():
    made = turned[0]
    assert derive(made).forward.inputs == ("x", "W")
    assert "decoder_W" not in emitted.text(made) and "decoder_b" not in emitted.text(made)
    random = np.random.default_rng(3)
    x, W, g = random.normal(size=(5, 3)), random.normal(size=(2, 3)), random.normal(size=(5, 3))
    out, pullback = emitted.plain(made).vjp(x=x, W=W)
    code = np.tanh(x @ W.T)
    assert np.allclose(out.decoder_h, code @ W)
    assert np.allclose(pullback(g).W, code.T @ g + (g @ W.T * (1 - code**2)).T @ x)
    assert ("decoder_h", "encoder_h", "W", ()) in emitted.products(emitted.plan(made).forward)


def test_a_state_that_starts_at_0_has_no_tensor():
    @op(title="an LSTM that starts at 0", source="a user")
    def from_nothing(s):
        x = s.data("x", s.sequence("T", "t"), s.size("I", "k"))
        s.returns(use(s, lstm, "layer", x=x, h0=0, c0=0.0).h)

    names = {t.name for t in derive(from_nothing[0]).forward.tensors}
    assert not {"layer_h0", "layer_c0", "layer_h_prev", "layer_c_prev"} & names


@pytest.mark.parametrize(
    "value", [2, 0.5, Fraction(1, 3), Decimal("0.25"), np.float64(1.5), "real", "scalar", "sum"]
)
def test_a_real_number_may_be_whatever_has_no_axes(value):
    @op(title="a loss", source="a user")
    def loss(s):
        N, K = s.batch("N", "n"), s.size("K", "i")
        y, y_hat = s.data("y", N, K), s.data("y_hat", N, K)
        scale = s.parameter("scale")
        known = {"real": lambda: s.real("width", 0.7), "scalar": lambda: scale, "sum": lambda: scale + 0.5}
        given = known[value]() if isinstance(value, str) else value
        s.returns(use(s, huber, "loss", y=y, y_hat=y_hat, delta=given).L)

    random = np.random.default_rng(5)
    y, y_hat, scale = random.normal(size=(3, 4)), 2 * random.normal(size=(3, 4)), 0.6
    module, part = emitted.plain(loss[0]), emitted.plain(huber[0])
    number = {"real": 0.7, "scalar": scale, "sum": scale + 0.5}.get(value, value)
    found, pullback = module.vjp(y=y, y_hat=y_hat, scale=np.array(scale))
    assert np.allclose(found.loss_L, part.forward(y, y_hat, delta=float(number)).L)
    slope = part.forward(y, y_hat, delta=scale + 1e-6).L - part.forward(y, y_hat, delta=scale - 1e-6).L
    if value == "scalar":
        assert np.allclose(pullback(1.0).scale, slope / 2e-6)


def test_a_pack_is_given_as_its_members_or_as_one_tensor():
    @op(title="an LSTM with given weights", source="a user")
    def given(s):
        T, I, H = s.sequence("T", "t"), s.size("I", "k"), s.size("H", "i")
        W, U, b = s.parameter("W", 4, H, I), s.parameter("U", 4, H, H), s.parameter("b", 4, H)
        x = s.data("x", T, I)
        gates = (b[0], b[1], 0.5, 2 * b[3])
        s.returns(use(s, lstm, "layer", x=x, h0=0, c0=0, W=W, U=[U[n] for n in range(4)], b=gates).h)

    random = np.random.default_rng(7)
    x = random.normal(size=(3, 1, 2))
    W, U, b = random.normal(size=(4, 3, 2)), random.normal(size=(4, 3, 3)), random.normal(size=(4, 3))
    zeros = np.zeros((1, 3))
    biases = np.stack([b[0], b[1], np.full(3, 0.5), 2 * b[3]])
    wanted = emitted.plain(lstm[0]).forward(x=x, h0=zeros, c0=zeros, W=W, U=U, b=biases).h
    assert np.allclose(emitted.plain(given[0]).forward(W=W, U=U, b=b, x=x).layer_h, wanted)


def test_a_member_that_is_given_alone_is_not_declared_again():
    @op(title="an LSTM with one given gate", source="a user")
    def alone(s):
        T, I, H = s.sequence("T", "t"), s.size("I", "k"), s.size("H", "i")
        b = s.parameter("bias", H)
        s.returns(use(s, lstm, "layer", x=s.data("x", T, I), b_i=b).h)

    inputs = derive(alone[0]).forward.inputs
    assert "bias" in inputs and "layer_b" not in inputs and "layer_b_f" in inputs


@pytest.mark.parametrize("form", ["labels", "label", "number"])
def test_a_label_may_be_a_tensor_an_element_or_a_number(form):
    @op(title="rows of a table", source="a user")
    def rows(s):
        N, E = s.batch("N", "n"), s.parameter("E", s.size("V", "v"), s.size("D", "d"))
        n, w = s.index("n", N), s.data("w", N, integer=True)
        given = {"labels": w, "label": w[n] + 1, "number": 2}[form]
        s.returns(use(s, embedding, "part", over=n, w=given, E=E).e)

    E, w = np.arange(8.0).reshape(4, 2), np.array([0, 2, 1])
    found = emitted.plain(rows[0]).forward(E=E, w=w).part_e
    assert np.array_equal(found, E[{"labels": w, "label": w + 1, "number": [2, 2, 2]}[form]])


def test_a_start_of_0_is_none():
    @op(title="a running sum", source="a user")
    def running(s):
        t = s.index("t", s.sequence("T", "t"))
        x, h = s.data("x", s.range_of(t).hi), s.let("h", s.range_of(t).hi, start=0)
        h[t] = h[t - 1] + x[t]
        s.returns(h)

    assert [t.name for t in derive(running[0]).forward.tensors] == ["x", "h"]


def test_an_input_that_no_output_depends_on_is_a_warning_with_its_line():
    @op(title="a head with a matrix that nothing reads", source="a user")
    def forgotten(s):
        V, I = s.size("V", "v"), s.size("I", "k")
        x = s.data("x", I)
        E = s.parameter("E", V, I)  # this line
        extra = s.let("extra", V)
        extra[:] = E @ x
        s.returns(use(s, dense, "head", x=x).h)

    (warning,) = derive(forgotten[0]).warnings
    line = forgotten[0].line + 4
    assert warning == f"test_given_values.py:{line}: forgotten: no output depends on E: use it, or drop it"
    assert derive(tied[0]).warnings == ()


# what cannot be given -------------------------------------------------------------------------------
other = Spec(dense[0])
ELSEWHERE = other.data("elsewhere", other.size("L", "l"))


def _declared(s):
    N, I, H = s.batch("N", "n"), s.size("I", "k"), s.size("H", "i")
    known = {"n": s.index("n", N), "k": s.index("k", I), "N": N, "I": I, "H": H}
    known |= {
        "x": s.data("x", N, I),
        "v": s.data("v", I),
        "W": s.parameter("W", H, I),
        "b": s.parameter("b", H),
    }
    known |= {
        "labels": s.data("labels", N, integer=True),
        "four": s.parameter("four", 4, H),
        "c": s.real("c", 1),
    }
    known |= {"square": s.parameter("square", I, I), "h": s.let("h", N, H), "scalar": s.parameter("scalar")}
    return known


REFUSED = [
    (
        dense,
        lambda k: {"x": k["x"], "W": None},
        "W of dense is given None: give a tensor, an expression or a",
    ),
    (dense, lambda k: {"x": k["x"], "W": "E"}, "W of dense is given 'E': give a tensor"),
    (dense, lambda k: {"x": k["x"], "b": np.zeros(3)}, "b of dense is given ndarray: give a tensor"),
    (dense, lambda k: {"x": k["x"], "W": "E" * 5000}, "W of dense is given 'EEEE"),
    (dense, lambda k: {"x": [k["x"]]}, "x of dense is given list: give a tensor"),
    (dense, lambda k: {"x": k["x"], "b": True}, "b of dense is given True: give a tensor"),
    (dense, lambda k: {"x": k["x"], "b": float("nan")}, "nan is no number of a formula"),
    (dense, lambda k: {"x": ELSEWHERE}, "elsewhere belongs to another spec: declare it in this one"),
    (dense, lambda k: {"x": 2 * ELSEWHERE}, "elsewhere belongs to another spec: declare it in this one"),
    (dense, lambda k: {"x": k["labels"]}, "labels holds integers, but x of dense does not"),
    (dense, lambda k: {"x": k["v"]}, "v is (I), but x of dense is another for every n: give it the axis N"),
    (dense, lambda k: {"x": 2 * k["v"]}, "what is given for x is (I), but x of dense is another for every n"),
    (dense, lambda k: {"x": k["square"]}, "axis 0 of square is I, but n runs over N"),
    (dense, lambda k: {"x": k["x"][k["n"], k["k"]]}, "what is given for x has the index 'k', which nothing"),
    (
        dense,
        lambda k: {"x": k["x"], "W": k["W"].T},
        "I of dense is I already, but what is given for W makes it H",
    ),
    (dense, lambda k: {"x": k["x"], "W": k["b"].T}, "only a matrix has a transpose, not (H)"),
    (dense, lambda k: {"x": k["x"], "W": k["W"] + k["b"]}, "rank or size mismatch: (H, I) and (H)"),
    (
        dense,
        lambda k: {"x": k["x"], "W": k["four"][0]},
        "what is given for W has 1 axes, but W of dense has 2",
    ),
    (dense, lambda k: {"x": k["x"], "b": k["scalar"]}, "scalar has 0 axes, but b of dense has 1"),
    (dense, lambda k: {"x": k["x"], "h": 2 * k["h"]}, "h is an output of dense, which its equations define"),
    (
        dense,
        lambda k: {"x": k["x"], "h": k["x"]},
        "x is an input: an equation defines a tensor made by s.let",
    ),
    (dense, lambda k: {"x": k["x"], "z": 1}, "dense has no 'z': it has W, b, h, x"),
    (dense, lambda k: {"x": k["x"], "over": k["N"]}, "over= takes an index that begins at 0"),
    (dense, lambda k: {"x": k["x"], "over": 3}, "over= takes an index that begins at 0"),
    (embedding, lambda k: {"w": k["b"]}, "w of embedding holds labels: give it an integer"),
    (embedding, lambda k: {"w": 0.5}, "w of embedding holds labels: give it an integer"),
    (embedding, lambda k: {"w": None}, "w of embedding holds labels: give it an integer"),
    (huber, lambda k: {"delta": k["b"]}, "delta of huber is a number, but what is given for it is (H)"),
    (huber, lambda k: {"delta": "1"}, "delta of huber is given '1'"),
    (huber, lambda k: {"delta": None}, "delta of huber is given None"),
    (conv2d, lambda k: {"stride": 0}, "stride of conv2d is 0: it is at least 1"),
    (conv2d, lambda k: {"stride": 1.5}, "stride of conv2d is an integer: give a number, or sizes"),
    (conv2d, lambda k: {"pad": k["b"]}, "pad of conv2d is an integer: give a number, or sizes"),
    (conv2d, lambda k: {"pad": k["n"]}, "pad of conv2d is an integer: give a number, or sizes"),
    (max_pool2d, lambda k: {"pad": None}, "pad of max_pool2d is an integer: give a number, or sizes"),
    (
        lstm,
        lambda k: {"b": (k["b"], k["b"])},
        "b of lstm has 4 members, not 2: give b_f, b_i, b_C, b_o as a tuple",
    ),
    (lstm, lambda k: {"b": 0}, "b of lstm has 4 members, not one value"),
    (lstm, lambda k: {"b": k["W"]}, "W is (H, I), but b of lstm has 4 members: its first axis is theirs"),
    (lstm, lambda k: {"b": k["four"], "b_f": k["b"]}, "b_f is given twice, alone and in b: give it once"),
]


@pytest.mark.parametrize(("part", "given", "message"), REFUSED, ids=[message[:48] for *_, message in REFUSED])
def test_what_cannot_stand_for_an_input_is_refused_with_its_line(part, given, message):
    @op(title="wrong", source="test")
    def wrong(s):
        known = _declared(s)
        use(s, part, "layer", **{"over": known["n"], **given(known)})  # this line

    with pytest.raises(SpecError) as caught:
        wrong[0].spec()
    first = wrong[0].line
    assert re.match(rf"test_given_values\.py:{first + 3}: wrong: ", str(caught.value)), str(caught.value)
    assert message in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 500
