"""A certificate on one page: nothing that it says is left out, and nothing is made up."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from codegen.catalogue import find
from codegen.cli import main
from codegen.verify.ladder import RUNGS
from codegen.verify.summary import FORMS, LIMITS, SHOWS, page, summarise

ROOT = Path(__file__).parents[3]
(OP,) = find(("dense_relu",))


def content():
    return json.loads((ROOT / "generated" / "dense_relu.certificate.json").read_text("utf-8"))


def squeezed(text):
    return " ".join(text.split())


def shown(form, certificate):
    text = squeezed(page(summarise(OP, certificate), form))
    return text.replace("\\|", "|").replace("&gt;", ">").replace("&#39;", "'").replace("&#34;", '"')


@pytest.mark.parametrize("form", FORMS)
def test_every_rung_is_on_the_page_with_all_that_the_certificate_says(form):
    certificate = content()
    text = shown(form, certificate)
    for rung in certificate["rungs"]:
        said = [rung.get(k) for k in ("oracle", "bar", "noticed", "points", "detail")]
        for words in (str(s) for s in said if s):
            assert squeezed(words) in text
        assert (SHOWS[rung["rung"]] in text) == (rung["verdict"] == "passed")
    for words in (*certificate["digests"].values(), OP.title, OP.source, certificate["gradsmith"]):
        assert words in text
    for line in LIMITS:
        assert line.format(op="dense_relu") in text


@pytest.mark.parametrize("form", FORMS)
def test_what_did_not_pass_is_not_among_what_was_shown(form):
    certificate = content()
    certificate["rungs"][4] = {"rung": 5, "name": "autodiff", "verdict": "not run", "detail": "no JAX <here>"}
    text = shown(form, certificate)
    assert SHOWS[5] not in text
    assert "rung 5, autodiff: not run (no JAX" in text


def test_faults_that_were_not_noticed_are_told():
    certificate = content()
    certificate["rungs"][8]["noticed"] = "7 of 9"
    assert "rung 9 (2 of 9)" in shown("text", certificate)
    for rung in certificate["rungs"]:
        if "noticed" in rung:
            rung["noticed"] = "9 of 9"
    assert "not noticed" not in shown("text", certificate)


@pytest.mark.parametrize("form", FORMS)
def test_survivors_are_named(form):
    certificate = content()
    certificate["mutants"]["survivors"] = ["_forward: sign flipped: a -> b"]
    assert "_forward: sign flipped: a -> b" in shown(form, certificate)


@pytest.mark.parametrize("form", FORMS)
def test_mutants_that_change_nothing_are_explained(form):
    certificate = content()
    excused = {"mutant": "_forward: limit forgotten: c -> d", "reason": "the limit follows"}
    certificate["mutants"]["equivalent"] = [excused]
    text = " ".join(shown(form, certificate).split())
    assert "that change nothing" in text.lower()
    assert "limit forgotten: c -" in text and "the limit follows" in text


class Tags(HTMLParser):
    """The tags of a page, and what they refer to."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.refers = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.refers += [v for k, v in attrs if k in ("src", "href")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_html_page_stands_alone():
    certificate = content()
    certificate["rungs"][8]["detail"] = "<script>alert(1)</script>"
    tags = Tags()
    tags.feed(page(summarise(OP, certificate), "html"))
    assert tags.open == [] and tags.refers == [] and "script" not in tags.seen and "table" in tags.seen


def test_a_bar_in_a_cell_does_not_end_it():
    rows = [line for line in page(summarise(OP, content()), "md").splitlines() if line.startswith("| 6")]
    assert len(rows) == 1 and rows[0].replace("\\|", "").count("|") == 7


def test_lines_of_text_fit_a_terminal():
    assert max(map(len, page(summarise(OP, content()), "text").splitlines())) <= 100


def test_every_rung_has_a_claim():
    assert set(SHOWS) == {r.number for r in RUNGS}


# the command --------------------------------------------------------------------------------------------
def run(*arguments):
    return CliRunner().invoke(main, ["certificate", *map(str, arguments)])


def test_the_command_prints_the_page():
    result = run("dense_relu", "--out", ROOT / "generated")
    assert result.exit_code == 0 and result.stdout == page(summarise(OP, content()), "text")
    assert json.loads(run("dense_relu", "--json", "--out", ROOT / "generated").stdout) == [content()]


@pytest.mark.parametrize(
    ("held", "complaint"),
    [(None, "there is no certificate"), ("{", "is no JSON"), ('{"format": 1}', "another op or format")],
)
def test_what_cannot_be_read_is_one_line(tmp_path, held, complaint):
    if held is not None:
        (tmp_path / "dense_relu.certificate.json").write_text(held, "utf-8")
    result = run("dense_relu", "--out", tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("gradsmith: ") and complaint in line and "gradsmith generate dense_relu" in line


def test_an_unknown_op_is_one_line():
    result = run("no_such_op")
    assert result.exit_code == 2 and len(result.stderr.splitlines()) == 1
