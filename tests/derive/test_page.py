"""Pages: every op in every form; numbers, reasons and what a read at t-1 becomes."""

import re
import xml.dom.minidom
from dataclasses import replace

import pytest

from codegen.catalogue import catalogue
from derive.algebra.expr import Parameter
from derive.algebra.system import RealParameter, names_in
from derive.authoring.spec import OpSpec
from derive.derivation import derive
from derive.ops.binary_cross_entropy_logits import binary_cross_entropy_logits
from derive.ops.conv2d import conv2d
from derive.ops.lstm import lstm
from derive.ops.max_pool2d import max_pool2d
from derive.ops.sigmoid_binary_cross_entropy import sigmoid_binary_cross_entropy
from derive.ops.softmax_cross_entropy import softmax_cross_entropy
from derive.pages.contributions import contributions
from derive.pages.forms import FORMS
from derive.pages.page import NOTATIONS, equation_numbers, render
from derive.pages.stable_page import WORDS
from derive.stable.rewrites import softplus
from derive.stable.rewriting import identities
from tests.derive.derived import derived
from tests.zoo import recurrences

every_op = pytest.mark.parametrize("op", catalogue(), ids=lambda op: op.name)


@every_op
def test_every_page_has_every_number_once_and_is_the_same_twice(op: OpSpec) -> None:
    d = derived(op)
    numbers = equation_numbers(d)
    assert list(numbers.values()) == list(range(1, len(numbers) + 1))
    for notation in NOTATIONS:
        page = render(d, "latex", notation)
        tags = [int(tag) for tag in re.findall(r"\\tag\{(\d+)\}", page)]
        assert sorted(tags) == list(numbers.values())
        assert page == render(derive(op), "latex", notation)


@every_op
@pytest.mark.parametrize("form", FORMS)
def test_every_form_shows_the_gradient_of_every_input(op: OpSpec, form: str) -> None:
    d = derived(op)
    page = render(d, form)
    for name in d.backward.outputs:
        number = equation_numbers(d)[name]
        assert (rf"\tag{{{number}}}" if form in ("latex", "md") else f"({number})") in page


@every_op
def test_a_page_of_html_is_well_formed_and_needs_no_network(op: OpSpec) -> None:
    page = render(derived(op), "html", "matrix")
    closed = re.sub(r"<(meta[^>]*)>", r"<\1/>", page.replace("<!DOCTYPE html>", ""))
    document = xml.dom.minidom.parseString(closed)
    assert document.getElementsByTagName("math") and not document.getElementsByTagName("script")
    assert "http" not in page and "\\" not in page


def test_a_name_with_a_number_in_it_is_one_word_of_mathml() -> None:
    page = render(derived(softmax_cross_entropy[0]), "html")
    assert "<mi>log1p</mi>" in page and "<mi>log</mi><mn>1</mn>" not in page
    assert "<mi>m</mi>" in page


@every_op
def test_every_chain_step_is_told_and_adds_up_to_the_equation(op: OpSpec) -> None:
    d = derived(op)
    for equation in d.backward.equations:
        shares = contributions(d, equation.tensor)
        assert {t for s in shares for t in s.made.terms} <= {
            *equation.terms,
            *_counted(equation.terms, shares),
        }
        assert len(equation.terms) <= len(shares) + 1


def _counted(terms, shares):
    """The terms of shares that were equal and stand once, with their number in front."""
    made = [t for s in shares for t in s.made.terms]
    return [t for t in made if made.count(t) > 1]


def test_a_read_of_the_step_before_becomes_one_of_the_step_after() -> None:
    text = " ".join(render(derived(lstm[0]), "text").split())
    assert "The read at t-1 became one at t+1: the dependence runs backwards in t, " in text
    assert "as dh at t needs dh_prev at t+1." in text
    (share,) = contributions(derived(lstm[0]), "dh")
    (shift,) = share.shifts
    assert (str(shift.index), str(shift.was), str(shift.now), shift.later) == ("t", "t - 1", "t + 1", True)


def test_so_does_one_any_number_of_steps_before() -> None:
    (filter_,) = [o for o in recurrences.OPS if o.name == "iir_filter"]
    text = " ".join(render(derived(filter_), "text").split())
    assert "The read at t-1-p became one at t+1+p: the dependence runs backwards in t, " in text
    assert "as dy at t needs dy at t+1+p." in text


def test_the_sentence_on_order_comes_from_the_indices_alone() -> None:
    assert "dependence runs" not in render(derived(conv2d[0]), "text")


def test_an_eliminated_index_is_named_with_its_value() -> None:
    (share,) = contributions(derived(conv2d[0]), "dX")
    assert [(str(name), str(value)) for name, value in share.moved] == [
        ("p'", "u - stride*i + pad"),
        ("q'", "v - stride*j + pad"),
    ]


def test_a_condition_that_cannot_be_solved_is_kept_and_said() -> None:
    (share,) = contributions(derived(max_pool2d[0]), "dX")
    assert [str(guard.a) for guard in share.kept] == ["u", "v"]
    assert "where k == y[n]" in render(derived(softmax_cross_entropy[0]), "text")


def test_the_matrix_notation_shows_the_authors_sugar_and_the_index_notation_does_not() -> None:
    d = derived(lstm[0])
    assert "sigmoid(W_f @ x[t] + U_f @ h[t-1] + b_f)" in render(d, "text", "matrix")
    assert "@" not in render(d, "text", "index")


def test_the_preparations_give_their_reasons() -> None:
    text = render(derived(lstm[0]), "text")
    for words in (
        "initial state enters",
        "gets a name",
        "are the members of z",
        "The index n of the B examples",
    ):
        assert words in text


def stable(op: OpSpec, form: str = "text") -> str:
    """The last section of a page, its lines joined."""
    return " ".join(render(derived(op), form).split("Without overflow or lost digits")[1].split())


def test_a_division_by_the_largest_exponential_is_told_with_the_new_meaning_of_its_letters() -> None:
    told = stable(softmax_cross_entropy[0])
    assert "The exponentials of (1) are divided by the largest of them, exp(max_Z[n])," in told
    assert "From here on Z stands for the normaliser, so divided." in told
    assert told.index("max_Z[n] = max_{l} x[n,l]") < told.index(
        "Z[n] = sum_{l} exp(x[n,l] - max_Z[n]) p[n,k]"
    )


def test_what_is_taken_from_1_and_from_a_sum_is_told_where_it_is_done() -> None:
    told = stable(softmax_cross_entropy[0])
    assert "Where k == y[n], what p[n,k] lacks to 1 is the sum of the others" in told
    assert "The largest term of Z is 1. It is taken out of the sum" in told
    assert "Where max_Z[n] stands several times, it is counted as often." in told
    assert told.endswith("log1p(rest_Z[n])) (3')")


def test_a_rewrite_is_told_as_the_identity_that_it_is_with_letters_that_are_free() -> None:
    told = stable(sigmoid_binary_cross_entropy.sum)
    identity = "log(sigmoid(u)) = -softplus(-u) and 1 - sigmoid(u) = sigmoid(-u)"
    assert f"In (2), y_hat[n,i] is written out, with {identity}: L = " in told
    assert r"$\log(\sigma(u)) = -\operatorname{softplus}(-u)$" in stable(binary_cross_entropy_logits[0], "md")
    taken = replace(derived(binary_cross_entropy_logits[0]).forward, reals=(RealParameter("u", 1.0),))
    assert identities(("softplus",), names_in(taken))[0].new == softplus(Parameter("v"))


@every_op
def test_every_equation_that_kernels_compute_otherwise_is_the_work_of_a_step(op: OpSpec) -> None:
    d = derived(op)
    made = {e for step in d.steps if step.rule in WORDS for e in step.made}
    for plain, computed in ((d.forward, d.stable_forward), (d.combined, d.stable_backward)):
        assert {e for e in computed.equations if e not in plain.equations} <= made


def test_words_of_an_author_cannot_break_a_page() -> None:
    d = derived(lstm[0])
    d = replace(d, op=replace(d.op, title="100% of R&D_1 <b> {x} $5 #1 ~^\\"))
    assert r"100\% of R\&D\_1 $<$b$>$ \{x\} \$5 \#1" in render(d, "latex")
    assert "100% of R&amp;D_1 &lt;b&gt;" in render(d, "html")


def test_an_unknown_form_or_notation_is_one_clear_error() -> None:
    with pytest.raises(ValueError, match="the forms are text, latex, md, html"):
        render(derived(lstm[0]), "docx")
    with pytest.raises(ValueError, match="the notations index, matrix"):
        render(derived(lstm[0]), "text", "einsum")
