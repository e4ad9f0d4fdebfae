"""Claims and their verdicts: they follow from the evidence, notice faults, and the page is what they say."""

import importlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from codegen.cli import main
from codegen.errata.claim import VERDICTS, Claim, Compared, Observed, compared, judge, read_as, same, show
from codegen.errata.findings import CLAIMS, UNCHECKED, judged
from codegen.errata.formulas import line
from codegen.errata.kernels import published_in
from codegen.errata.page import page
from tests.codegen.emitted import ROOT

LOAD = published_in(ROOT / "generated")
BY_ID = {claim.id: claim for claim in CLAIMS}

# every line of a document that prints an equation, an example's numbers, a size or a count
PRINTED = {
    "000": "16 20 44 54 72 76 108 111 115 118 124 130 144 147 150 153",
    "001": "4 9 13 17 22 27",
    "002": "23 43 70 72 113 115 127 328 349 355 357 371 373 375 377 380 382 396 398 400 403 405",
    "003": "11 13 17 27 31 33 71 72 93 95 101 102 103 104 105 106 116 117 135 136 137 138 139 154 160 "
    "168 169 170 171 189 191 193 195 197 199 201 203 207 208 209 210 249 250",
    "004": "41",
}


@pytest.fixture(scope="module")
def findings():
    return judged(CLAIMS, LOAD)


# the claims ---------------------------------------------------------------------------------------
def test_ids_are_unique_and_say_the_document_and_the_place():
    assert len(BY_ID) == len(CLAIMS) >= 60
    assert all(re.fullmatch(r"00[0-4]\.[a-z0-9]+(-[a-z0-9]+)*", claim.id) for claim in CLAIMS)


def missing_lines(claims) -> list[tuple[str, int]]:
    covered = {(claim.document, claim.line) for claim in claims}
    return [(d, n) for d, lines in PRINTED.items() for n in map(int, lines.split()) if (d, n) not in covered]


def test_every_printed_line_has_a_claim():
    assert missing_lines(CLAIMS) == []
    assert missing_lines([c for c in CLAIMS if c.id != "003.mse"]) == [("003", 11)]


def test_quotes_are_short():
    assert max(len(claim.quote) for claim in CLAIMS) < 70


def test_what_is_not_right_says_what_is(findings):
    assert [f.claim.id for f in findings if f.verdict != "right" and not f.correct] == []


VERDICTS_THAT_WERE_WORKED_OUT_BY_HAND = {
    "002.example-c1": "right",
    "002.relu-at-zero": "convention",
    "002.gru-undefined-f": "incomplete",
    "002.lstm-peephole-shape": "ambiguous",
    "003.mse-gradient": "wrong",
    "003.example-row-1": "wrong",
    "003.pooling-shape": "wrong",
    "003.lenet-total": "right",
    "003.output-size": "incomplete",
    "004.title": "wrong",
}


@pytest.mark.parametrize("name", VERDICTS_THAT_WERE_WORKED_OUT_BY_HAND)
def test_verdicts_are_those_worked_out_by_hand(findings, name):
    (found,) = [f for f in findings if f.claim.id == name]
    assert found.verdict == VERDICTS_THAT_WERE_WORKED_OUT_BY_HAND[name], found.evidence.account


def test_the_corrected_example_is_that_of_a_calculation_by_hand(findings):
    correct = {f.claim.id: f.correct for f in findings}
    image = ["111000", "001110", "000110", "000110", "001100", "011000"]
    for row in (0, 1, 2):
        by_hand = [
            sum(int(image[row + p][j + q]) for p, q in ((0, 0), (0, 2), (1, 1), (2, 0), (2, 2)))
            for j in range(4)
        ]
        assert correct[f"003.example-row-{row + 1}"] == " ".join(map(str, by_hand))


# the page -----------------------------------------------------------------------------------------
def test_the_page_is_up_to_date(findings):
    written = (ROOT / "docs" / "errata.md").read_bytes()
    assert written == page(findings, UNCHECKED).encode(), "run `gradsmith errata --out docs/errata.md`"


def test_a_page_with_another_verdict_is_another_page(findings):
    changed = [*findings[:-1], replace(findings[-1], evidence=Observed(False, "planted"))]
    assert page(changed, UNCHECKED) != page(findings, UNCHECKED)


def test_compiled_kernels_give_the_same_verdicts_and_numbers(findings):
    names = ("000.gru-hidden", "001.lstm-solves", "002.example-c1", "003.mse-gradient", "003.pooling-row-1")
    chosen = [f for f in findings if f.claim.id in names]
    compiled = judged(
        tuple(f.claim for f in chosen), lambda name: importlib.import_module(f"generated.{name}")
    )
    assert [(f.verdict, f.evidence.account) for f in compiled] == [
        (f.verdict, f.evidence.account) for f in chosen
    ]


# planted faults -----------------------------------------------------------------------------------
def off(value: Any, by: float) -> Any:
    return np.asarray(value) * (1 + by) if isinstance(value, (np.ndarray, float, np.floating)) else value


def with_faults(names: tuple[str, ...] = ()) -> Callable[[str], Any]:
    """The published modules, each call's numbers wrong by another 0.05%; all of them, or those named."""
    calls = iter(range(1, 10**6))

    def wrong(outputs):
        by = 5e-4 * next(calls)
        return type(outputs)(*(off(value, by) for value in outputs))

    def load(name: str) -> Any:
        module = LOAD(name)
        if names and name not in names:
            return module

        def vjp(*args, **kwargs):
            outputs, pullback = module.vjp(*args, **kwargs)
            return wrong(outputs), lambda **cotangents: wrong(pullback(**cotangents))

        return SimpleNamespace(
            SPEC=module.SPEC, forward=lambda *a, **k: wrong(module.forward(*a, **k)), vjp=vjp
        )

    return load


def is_made_of_numbers(finding) -> bool:
    """Compared by what kernels computed; a shape or a count does not change with the numbers."""
    evidence = finding.evidence
    if not isinstance(evidence, Compared) or evidence.verdict != "right":
        return False
    first = evidence.found[0] if isinstance(evidence.found, tuple) else evidence.found
    return np.asarray(first).dtype.kind == "f"


def test_every_right_claim_about_numbers_notices_a_kernel_that_is_wrong_by_little(findings):
    chosen = [f.claim for f in findings if is_made_of_numbers(f)]
    assert len(chosen) > 60
    unnoticed = [claim.id for claim in chosen if judge(claim, with_faults()).verdict != "wrong"]
    assert unnoticed == []


def test_every_right_claim_notices_another_number_in_the_document(findings):
    for finding in (f for f in findings if isinstance(f.evidence, Compared) and f.verdict == "right"):
        assert replace(finding.evidence, document=changed(finding.evidence.document)).verdict == "wrong"


def changed(value: Any) -> Any:
    if isinstance(value, str):
        return value + "!"
    return (changed(value[0]), *value[1:]) if isinstance(value, tuple) else np.asarray(value) + 1


LINES = {
    "as printed": (lambda v: v["z"] * v.before("h") + (1 - v["z"]) * v["h_tilde"], "right"),
    "the roles of z exchanged": (lambda v: (1 - v["z"]) * v.before("h") + v["z"] * v["h_tilde"], "wrong"),
    "the state of the same step": (lambda v: v["z"] * v["h"] + (1 - v["z"]) * v["h_tilde"], "wrong"),
    "one number wrong by 0.05%": (
        lambda v: v["z"] * v.before("h") + (1.0005 - v["z"]) * v["h_tilde"],
        "wrong",
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_a_line_that_is_printed_otherwise_is_wrong(name):
    formula, verdict = LINES[name]
    assert judge(Claim("000.planted", "a test", 153, "h", line("gru", "h", formula)), LOAD).verdict == verdict


def test_a_line_notices_a_kernel_that_differs_from_its_spec():
    claim = BY_ID["000.lstm-input-gate"]  # a gate that no output shows
    assert (judge(claim, LOAD).verdict, judge(claim, with_faults()).verdict) == ("right", "wrong")


def test_the_derived_equation_is_the_engines():
    found = judge(BY_ID["003.mse-gradient"], LOAD)
    assert found.derivation == "dy_hat[n,i] = -dL*(1/(N*K))*2*(y[n,i] - y_hat[n,i])"


def test_a_misprint_that_a_kernel_shares_is_right():
    """The verdict follows what is found, not what the row's author expects."""
    module = LOAD("mse")

    def vjp(*args, **kwargs):
        outputs, pullback = module.vjp(*args, **kwargs)
        times_n = lambda **c: SimpleNamespace(y_hat=4 * pullback(**c).y_hat)
        return outputs, times_n

    load = lambda name: SimpleNamespace(SPEC=module.SPEC, forward=module.forward, vjp=vjp)
    assert judge(BY_ID["003.mse-gradient"], LOAD).verdict == "wrong"
    assert judge(BY_ID["003.mse-gradient"], load).verdict == "right"


def test_a_gradient_that_does_not_vanish_would_make_the_statement_right():
    def load(name: str) -> Any:
        module = LOAD(name)
        ones = lambda **cotangents: SimpleNamespace(c0=np.ones((1, 1)))
        return SimpleNamespace(SPEC=module.SPEC, vjp=lambda **inputs: (None, ones))

    assert judge(BY_ID["001.lstm-solves"], LOAD).verdict == "wrong"
    assert judge(BY_ID["001.lstm-solves"], load).verdict == "right"


def test_what_every_reading_agrees_on_was_not_open():
    load = lambda name: LOAD("gru_reset_before" if name == "gru" else name)
    names = {
        name: lambda kernels, op=name: kernels.module(op).SPEC["name"] for name in ("gru", "gru_reset_before")
    }
    claim = Claim("000.planted", "a test", 1, "r", read_as("convention", names, "the op"))
    assert judge(claim, LOAD).verdict == "convention"
    assert judge(claim, load).verdict == "right"


def test_a_planted_claim_gets_the_correct_value():
    claim = Claim("003.planted", "a test", 1, "61,705", compared(61_705, lambda kernels: 61_706, "a count"))
    found = judge(claim, LOAD)
    assert (found.verdict, found.correct) == ("wrong", "61,706")


# values -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        (0.1 + 0.2, 0.3, True),
        (1.0, 1.0005, False),
        (np.ones(3), np.ones((3, 1)), False),
        ((2, 2), (4, 2), False),
        ((2, 2), (2, 2, 1), False),
        ("RNN", "CNN", False),
        ("1", 1, False),
        (np.nan, np.nan, False),
    ],
)
def test_values_are_the_same_up_to_rounding_and_in_shape(a, b, equal):
    assert same(a, b) is same(b, a) is equal


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (59_134, "59,134"),
        (-0.7, "-0.7"),
        (-0.0, "0"),
        (7.8891e-31, "7.889e-31"),
        ((28, 28, 6), "28×28×6"),
        (np.array([1.0, -0.5]), "1 -0.5"),
        (np.eye(2), "1 0 / 0 1"),
        ("RNN", "RNN"),
    ],
)
def test_values_are_printed_for_readers(value, text):
    assert show(value) == text


# the command --------------------------------------------------------------------------------------
def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["errata", *map(str, arguments)])


def test_the_command_prints_a_verdict_for_each_claim_that_is_asked_for():
    result = run("004.title", "--kernels", ROOT / "generated")
    assert result.exit_code == 0
    assert all(word in result.stdout for word in ("004.title", "wrong", "RNN"))
    assert "003." not in result.stdout


def test_the_command_for_machines():
    rows = json.loads(run("001", "--json", "--kernels", ROOT / "generated").stdout)
    assert [row["id"] for row in rows] == [c.id for c in CLAIMS if c.document == "001"]
    assert {row["verdict"] for row in rows} <= set(VERDICTS)
    assert next(r for r in rows if r["id"] == "001.lstm-cell")["ops"] == ["lstm"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("005",), "there is no claim '005': give a document, 000 to 004, or an id such as 000.layer"),
        (("003", "--out", "page.md"), "--out writes the page of all claims: leave out the ids"),
        (
            ("003.mse", "--kernels", "nowhere"),
            "nowhere/mse.py is missing: run `gradsmith generate mse --out nowhere`",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments, message):
    result = run(*arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"gradsmith: {message}\n")


def test_the_command_has_help_with_an_example():
    result = run("--help")
    assert result.exit_code == 0
    assert "Example:  gradsmith errata" in result.stdout and "--json" in result.stdout
