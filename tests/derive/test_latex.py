"""LaTeX: symbols, members, and the two notations, over every op."""

import re

import pytest

from codegen.catalogue import catalogue
from derive.algebra.expr import Call, Choice, Read
from derive.algebra.scalars import SCALARS
from derive.algebra.system import Tensor
from derive.authoring.spec import OpSpec
from derive.ops.conv2d import conv2d
from derive.ops.dense import dense
from derive.ops.lstm import lstm
from derive.ops.max_pool2d import max_pool2d
from derive.pages.latex import authored_latex, equation_latex, expr_latex, index_writer, matrix_writer
from derive.pages.symbols import by_latex, by_name, latex_label, symbols_of
from tests.derive.derived import derived
from tests.indices import index

every_op = pytest.mark.parametrize("op", catalogue(), ids=lambda op: op.name)


def balanced(latex: str) -> bool:
    """Whether braces, \\left and \\right, and environments come in pairs."""
    plain = latex.replace(r"\{", "").replace(r"\}", "")
    depth = 0
    for character in plain:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    begins, ends = re.findall(r"\\begin\{(\w+)", latex), re.findall(r"\\end\{(\w+)", latex)
    return depth == 0 and latex.count(r"\left") == latex.count(r"\right") and sorted(begins) == sorted(ends)


def _latex(op: OpSpec, tensor: str) -> str:
    d = derived(op)
    equation = next(e for e in d.forward.equations + d.backward.equations if e.tensor == tensor)
    return equation_latex(equation, d.backward)


@every_op
def test_every_equation_is_balanced_in_both_notations(op: OpSpec) -> None:
    d = derived(op)
    for system in (d.forward, d.backward, d.stable_forward, d.stable_backward):
        for equation in system.equations:
            assert balanced(equation_latex(equation, system))
            assert all(balanced(cell) for row in index_writer(system.tensors).rows(equation) for cell in row)
    for authored in d.spec.equations:
        assert balanced(authored_latex(authored, d.spec))


@every_op
def test_no_two_tensors_of_a_system_share_a_symbol(op: OpSpec) -> None:
    table = symbols_of(derived(op).backward.tensors).table
    assert len(set(table.values())) == len(table)


def test_a_dense_layer_in_both_notations() -> None:
    (authored,) = derived(dense[1]).spec.equations
    assert authored_latex(authored, derived(dense[1]).spec) == r"h = \sigma(W\,x + b)"
    assert _latex(dense[1], "z_h") == r"z_{n,i} = \sum_{k} W_{i,k}\,x_{n,k} + b_{i}"
    assert _latex(dense[1], "dz_h") == r"\bar{z}_{n,i} = \bar{h}_{n,i}\,h_{n,i}\,(1 - h_{n,i})"
    assert _latex(dense[1], "dW") == r"\bar{W}_{i,k} = \sum_{n} \bar{z}_{n,i}\,x_{n,k}"


def test_an_lstm_is_written_as_its_document_writes_it() -> None:
    spec = lstm[0].spec()
    written = [authored_latex(a, spec) for a in spec.equations]
    assert written[0] == r"f_{t} = \sigma(W_{f}\,x_{t} + U_{f}\,h_{t-1} + b_{f})"
    assert written[4] == r"C_{t} = f_{t} \odot C_{t-1} + i_{t} \odot \tilde{C}_{t}"


def test_the_state_of_an_lstm_depends_on_the_next_step() -> None:
    assert _latex(lstm[0], "dh") == (
        r"\bar{h}_{t,n,j} = \bar{h}^{\mathrm{out}}_{t,n,j} + \bar{h}^{-}_{t+1,n,j}"
    )


def test_members_of_a_pack_are_superscripts_and_named_in_sums_and_conditions() -> None:
    assert _latex(lstm[0], "f") == r"f_{t,n,j} = \sigma(z^{(f)}_{t,n,j})"
    assert _latex(lstm[0], "dx") == (
        r"\bar{x}_{t,n,k} = \sum_{g\in\{f,i,C,o\}}\sum_{j} \bar{z}^{(g)}_{t,n,j}\,W^{(g)}_{j,k}"
    )
    assert r"[g = f]\,\bar{f}_{t,n,j}" in _latex(lstm[0], "dz")


def test_a_cotangent_by_members_gets_a_line_for_each() -> None:
    d = derived(lstm[0])
    rows = index_writer(d.backward.tensors).rows(d.backward.equation("dz"))
    assert [left for left, _ in rows] == [rf"\bar{{z}}^{{({m})}}_{{t,n,j}}" for m in ("f", "i", "C", "o")]
    assert rows[2][1] == r"= \bar{\tilde{C}}_{t,n,j}\,(1 - {\tilde{C}_{t,n,j}}^{2})"


def test_a_square_of_tanh_stands_on_the_name() -> None:
    assert r"\tanh^{2}(C_{t,n,j})" in _latex(lstm[0], "dc")


def test_long_names_are_upright_and_maxima_carry_their_conditions() -> None:
    assert r"\mathrm{stride}\,i+p-\mathrm{pad}" in _latex(conv2d[0], "Y")
    assert _latex(max_pool2d[0], "Y").startswith(r"Y_{b,c,i,j} = \max_{\substack{p,q \\ 0 \le ")
    assert _latex(max_pool2d[0], "p_Y").startswith(r"p^{*}_{b,c,i,j} = \Bigl(\operatorname*{arg\,max}")


def test_an_equation_too_wide_for_a_line_is_broken_before_a_sign_or_a_factor() -> None:
    d = derived(max_pool2d[0])
    writer = index_writer(d.backward.tensors)
    rows = writer.rows(d.backward.equation("dX"))
    assert len(rows) > 1 and all(writer.width(left + right) <= writer.line for left, right in rows)
    assert rows[1][0] == "" and rows[1][1].startswith(r"\qquad\times ")


@pytest.mark.parametrize("name", SCALARS)
def test_every_scalar_function_has_a_balanced_form_for_low_and_tall_arguments(name: str) -> None:
    system = derived(dense[0]).forward
    x = Read("x", (index("n"), index("k")))
    for arg in (x, 1 / x, Choice(x, "<", x, x, 1 / x)):
        assert balanced(expr_latex(Call(name, (arg,)), system))


@pytest.mark.parametrize(
    "name, latex",
    [
        ("W_f", "W_{f}"),
        ("W_xh", "W_{xh}"),
        ("sigma", r"\sigma"),
        ("h0", "h_{0}"),
        ("stride", r"\mathrm{stride}"),
        ("h_prev", "h^{-}"),
        ("C_tilde", r"\tilde{C}"),
        ("z_C_tilde", r"z_{\tilde{C}}"),
        ("t'", "t'"),
    ],
)
def test_a_name_becomes_a_symbol(name: str, latex: str) -> None:
    assert latex_label(by_name(name)) == latex


def test_a_bar_covers_the_letter_alone() -> None:
    assert latex_label(by_latex(r"\bar{h^{(0)}}")) == r"\bar{h}^{(0)}"
    assert latex_label(by_latex(r"\bar{\tilde{C}}")) == r"\bar{\tilde{C}}"


def test_equal_symbols_are_told_apart_by_their_names() -> None:
    tensors = [Tensor(name, (), "computed", latex=latex) for name, latex in (("h", ""), ("h_prev", "h"))]
    tensors += [Tensor(name, (), "computed", latex="z") for name in ("z_f", "z_i")]
    table = symbols_of(tensors).table
    assert [latex_label(table[t.name]) for t in tensors] == ["h", "h^{-}", "z^{(f)}", "z^{(i)}"]


def test_only_vectors_are_multiplied_element_by_element() -> None:
    spec = lstm[0].spec()
    t = index("t")
    writer = matrix_writer(spec)
    assert writer.expr(2 * Read("h", (t,))) == r"2\,h_{t}"
    assert writer.expr(Read("f", (t,)) * (1 - Read("o", (t,)))) == r"f_{t} \odot (1 - o_{t})"


def test_a_part_stands_above_the_letter_of_what_belongs_to_it() -> None:
    assert latex_label(by_name("layer1_W_hh")) == r"W^{\mathrm{layer1}}_{hh}"
    assert latex_label(by_name("layer1_forward_h0")) == r"h^{\mathrm{layer1},\mathrm{forward}}_{0}"
    assert latex_label(by_name("W_xh")) == "W_{xh}"
    assert latex_label(by_name("delta_h")) == r"\delta_{h}"


def test_the_states_of_two_parts_are_marked_before_their_steps() -> None:
    names = ("layer1_h", "layer1_h_prev", "layer2_h", "layer2_h_prev")
    tensors = [Tensor(n, (), "computed", latex=n.removesuffix("_prev")) for n in names]
    found = [latex_label(s) for s in symbols_of(tensors).table.values()]
    assert found == [rf"h^{{\mathrm{{layer{k}}}{mark}}}" for k in (1, 2) for mark in ("", ",-")]


def test_the_square_of_a_parts_tensor_stands_outside_of_brackets() -> None:
    """TeX refuses two marks above one letter: the part's name and the exponent."""
    system = derived(dense[0]).forward
    latex = index_writer(system.tensors)
    assert latex.power(r"\tilde{h}^{\mathrm{layer}}_{i}", 2) == r"{(\tilde{h}^{\mathrm{layer}}_{i})}^{2}"
    assert latex.power(r"(h^{\mathrm{layer}})", 2) == r"{(h^{\mathrm{layer}})}^{2}"
    assert latex.power("h_{i}", 2) == "{h_{i}}^{2}"
