"""The table of all certificates: it says what they say, and the committed page is up to date."""

import copy
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from codegen.catalogue import find
from codegen.cli import main
from codegen.verify.overview import heading, markdown, mutant_rows, operator_rows, rows

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "certificates.md"
CERTIFICATES = [
    json.loads((ROOT / "generated" / f"{op.name}.certificate.json").read_text("utf-8")) for op in find(())
]


def test_the_committed_page_is_what_the_certificates_say():
    assert PAGE.read_text("utf-8") == markdown(CERTIFICATES)


def test_another_certificate_gives_another_page():
    changed = copy.deepcopy(CERTIFICATES)
    changed[0]["rungs"][0]["verdict"] = "failed"
    assert markdown(changed) != markdown(CERTIFICATES)
    assert rows(changed)[0].cells[0] == "failed"


def test_sums_count_what_has_passed_only():
    passed = {"rung": 1, "name": "one", "verdict": "passed", "noticed": "3 of 4"}
    unproved = {**passed, "verdict": "unproved", "noticed": "9 of 9"}
    table = rows(
        [{"op": op, "rungs": [rung]} for op, rung in (("a", passed), ("b", unproved), ("c", passed))]
    )
    assert [(r.op, r.cells) for r in table] == [
        ("a", ("3 of 4",)),
        ("b", ("unproved",)),
        ("c", ("3 of 4",)),
        ("3 ops", ("6 of 8",)),
    ]


def test_mutants_are_counted_by_op_and_by_operator():
    mutants = {
        "made": 10,
        "killed": 8,
        "by_rung": [{"rung": 3, "killed": 7}, {"rung": 8, "killed": 1}],
        "by_operator": [
            {"operator": "sign flipped", "made": 6, "killed": 6, "equivalent": 0},
            {"operator": "guard dropped", "made": 4, "killed": 2, "equivalent": 1},
        ],
        "equivalent": [{"mutant": "a guard", "reason": "it only saves work"}],
        "survivors": ["another guard"],
    }
    given = [{"op": "a", "mutants": mutants}, {"op": "b", "mutants": mutants}]
    assert [(r.op, r.cells) for r in mutant_rows(given)] == [
        ("a", ("10", "7", "0", "1", "1", "1", "88.89%")),
        ("b", ("10", "7", "0", "1", "1", "1", "88.89%")),
        ("2 ops", ("20", "14", "0", "2", "2", "2", "88.89%")),
    ]
    assert [(r.op, r.cells) for r in operator_rows(given)] == [
        ("sign flipped", ("12", "12", "0", "0", "100.00%")),
        ("guard dropped", ("8", "4", "2", "2", "66.67%")),
    ]


def test_every_op_has_a_certificate_with_no_rung_missing():
    """What the issue of the proof asks for; a rung that is not run or unproved is named here."""
    absent = [(c["op"], r["rung"]) for c in CERTIFICATES for r in c["rungs"] if r["verdict"] != "passed"]
    assert absent == [] and heading(CERTIFICATES)[0] == "op" and len(heading(CERTIFICATES)) == 13


@pytest.mark.parametrize("form", ("text", "md"))
def test_the_command_without_an_op_prints_the_table(form):
    result = CliRunner().invoke(main, ["certificate", "--out", str(ROOT / "generated"), "--format", form])
    assert result.exit_code == 0 and f"{len(CERTIFICATES)} ops" in result.stdout


def test_the_table_is_no_page_of_html():
    result = CliRunner().invoke(main, ["certificate", "--out", str(ROOT / "generated"), "--format", "html"])
    assert result.exit_code == 2
    assert result.stderr == "gradsmith: the table of all ops is text or md: name an op for a page in html\n"
