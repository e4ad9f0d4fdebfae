"""Whatever an author calls and says things, the printed module parses, and says it; so do the pages."""

from __future__ import annotations

import ast
import io
import keyword
import re
import tokenize
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codegen import folding
from codegen.folding import LONGEST, fold_lines
from codegen.lower import lower
from codegen.module import write_module
from derive.derivation import Derivation, derive
from derive.errors import SpecError
from derive.language import OpSpec, op, tanh, total
from derive.names import RESERVED
from derive.pages.page import render
from derive.words import one_line
from tests.codegen.emitted import OPS, text

NASTY = (
    '"', '"""', "'", "'''", "\\", "\\\\", "\\n", "{", "}", "{{ title }}", "{% raw %}", "%", "%s",
    "# x", "#", "\n", "\r\n", "\t", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\xa0", "é", "λ", "数", "🙂",
    "<script>alert(1)</script>", "&amp;", "<<", ">>", "<% x %>", "_", "$", "^", "~", "`", "|", "[red]",
    "(a, b, c)", "a, ", "(", ")", "\\N{BULLET}", "\\x", "\\u00",
)  # fmt: skip
WORDS = st.lists(
    st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp"))),
    max_size=60,
)
SENTENCES = st.tuples(WORDS, st.sampled_from(("", " "))).map(lambda parts: parts[1].join(parts[0]))
LETTERS = st.text("abcxyzT_019", min_size=1, max_size=60)
NAMES = LETTERS.filter(
    lambda n: n.isidentifier() and n[0] != "_" and not keyword.iskeyword(n) and n not in RESERVED
)


def spoken(said: str) -> OpSpec:
    """An op with the same words wherever an author may put some."""

    @op(title=said, source=said, conventions=(said,))
    def squares(s):
        N, stride = s.size("N", "n", about=said, least=1), s.integer("stride", 1, about=said)
        M = s.size("M", "m", about=said, formula=(N + stride) // 2)
        m, a = s.index("m", M), s.real("a", 1.0, about=said)
        x, y = s.data("x", N, about=said), s.let("y", M, about=said)
        y[m] = a * x[stride * m] * x[stride * m]
        s.returns(y)

    return squares[0]


def named(names: list[str]) -> OpSpec:
    """An op with these names, as far as they go, for all that has one."""

    @op(title="a layer", source="test")
    def layer(s):
        N, K, T, slope = (
            s.size(names[0], "n"),
            s.size(names[1], "k"),
            s.sequence(names[2], "t"),
            s.real(names[3], 1.0),
        )
        n, k, t = s.index(names[4], N), s.index(names[5], K), s.index(names[6], T)
        x, W, b, h = (
            s.data(names[7], T, K),
            s.parameter(names[8], N, K),
            s.parameter(names[9], N),
            s.let(names[10], T, N),
        )
        h[t, n] = tanh(total(k, W[n, k] * x[t, k]) + slope * h[t - 1, n] + b[n])
        s.returns(h)

    return layer[0]


def printed(derivation: Derivation) -> str:
    return write_module(lower(derivation)).text


def words_of(said: str) -> str:
    return " ".join(one_line(said).split())


@settings(max_examples=25, deadline=None, derandomize=True)
@example('a quote " that stays open, and (a long, list of, words) ' * 6)
@example('"""\\')
@example("ends in a backslash \\")
@example('ends in a quote "')
@given(SENTENCES)
def test_whatever_an_author_says_the_module_parses_and_says_it_too(said):
    module = ast.parse(printed(derive(spoken(said))))
    whole = " ".join(ast.get_docstring(module).split())
    assert words_of(f"Convention: {said}.") in whole
    (forward,) = [n for n in module.body if isinstance(n, ast.FunctionDef) and n.name == "forward"]
    assert words_of(f"stride (default 1){': ' if said.strip() else ''}{said}") in " ".join(
        ast.get_docstring(forward).split()
    )


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.lists(NAMES, min_size=11, max_size=11, unique_by=lambda n: n.lower()))
@example([c * 60 for c in "abcdefghijk"])
def test_long_names_are_folded_and_mean_the_same(names):
    derivation = derive(named(names))
    found = printed(derivation)
    unfolded = _unfolded(derivation)
    assert ast.dump(_bare(found)) == ast.dump(_bare(unfolded))
    assert all(len(line) <= LONGEST for line in found.split("\n"))


def _unfolded(derivation: Derivation) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("codegen.module.fold_lines", lambda text: text)
        return printed(derivation)


def test_folding_by_characters_would_be_seen():
    """A comment that is broken like code is no comment any more."""
    unfolded = _unfolded(derive(named([c * 60 for c in "abcdefghijk"])))
    cut = (
        line for row in unfolded.split("\n") for line in folding._filled(row, folding._commas_of_words(row))
    )
    with pytest.raises(SyntaxError):
        ast.parse("\n".join(cut))


@pytest.mark.parametrize("name", ("dense", "conv2d", "softmax_cross_entropy"))
@pytest.mark.parametrize("width", (50, 70))
def test_folded_code_has_the_same_tokens_and_comments(name, width, monkeypatch):
    whole = text(OPS[name])
    monkeypatch.setattr(folding, "WIDTH", width)
    monkeypatch.setattr(folding, "LONGEST", width)
    folded = fold_lines(whole)
    assert ast.dump(_bare(folded)) == ast.dump(_bare(whole))
    assert _comments(folded) == _comments(whole)
    assert sum(len(line) > width for line in folded.split("\n")) < sum(
        len(line) > width for line in whole.split("\n")
    )


def _bare(module: str) -> ast.Module:
    """The module, with its docstrings' words on one line."""
    tree = ast.parse(module)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = " ".join(node.value.split())
    return tree


def _comments(module: str) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(module).readline)
    return [word for t in tokens if t.type == tokenize.COMMENT for word in t.string.removeprefix("#").split()]


# pages --------------------------------------------------------------------------------------------
class Reader(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)

    def handle_data(self, data):
        self.text += data


PLAIN_TAGS = Reader(render(derive(spoken("words")), "html")).tags


@settings(max_examples=12, deadline=None, derandomize=True)
@example('<script>alert("&lt;")</script> <b>')
@example("% _ # $ \\ ^ ~ & { }")
@given(SENTENCES)
def test_whatever_an_author_says_is_words_on_every_page(said):
    derivation = derive(spoken(said))
    html = Reader(render(derivation, "html"))
    assert html.tags == PLAIN_TAGS
    assert f"Conventions: {words_of(said)}." in " ".join(html.text.split())
    assert f"Conventions: {words_of(said)}." in " ".join(render(derivation, "text").split())
    latex = render(derivation, "latex")
    assert _balanced(latex) and not re.search(r"(?<!\\)[%#]", latex.split(r"\begin{document}")[1])
    assert "<script" not in re.sub(r"\\<", "", render(derivation, "md"))


def _balanced(latex: str) -> bool:
    bare = re.sub(r"\\.", "", latex)
    return bare.count("{") == bare.count("}") and bare.count("$") % 2 == 0


def test_a_page_that_does_not_escape_is_seen(monkeypatch):
    monkeypatch.setattr("derive.pages.forms.HtmlForm.escaped", lambda self, words: words)
    assert "script" in Reader(render(derive(spoken("<script>x</script>")), "html")).tags


@pytest.mark.parametrize("said", ("\x1b[31mred", "a\x00b", "\ud800", "\u202egnp.exe", "bell\x07", "\x9b31m"))
def test_what_steers_a_terminal_is_refused_where_it_is_declared(said):
    with pytest.raises(
        SpecError, match=r"test_folding.py:\d+: the title is .*: give text without control characters"
    ):
        spoken(said)


def test_what_steers_a_terminal_is_spelt_out_everywhere_else():
    squares = replace(spoken("words"), title="\x1b[31mred", source="\u202ex", conventions=("\ud800",))
    derivation = derive(squares)
    for page in (
        printed(derivation),
        *(render(derivation, form) for form in ("text", "latex", "md", "html")),
    ):
        assert not re.search("[\x1b\u202e\ud800]", page)
    assert str(SpecError("\x1b[31m\nred", "a\x07.py:1")) == r"a\x07.py:1: \x1b[31m red"
