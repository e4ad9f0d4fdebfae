"""The published schema of certificates: every certificate fits it, and wrong ones do not."""

import copy
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from codegen.verify import certificate
from codegen.verify.publishable import draft
from codegen.verify.status import PROOFS, Status
from tests.codegen.verify.candidates import source

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "docs" / "certificate.schema.json").read_text("utf-8"))
COMMITTED = sorted((ROOT / "generated").glob("*.certificate.json"))
CHECK = Draft202012Validator(SCHEMA)


def read(path):
    return json.loads(path.read_text("utf-8"))


GOOD = read(ROOT / "generated" / "dense_relu.certificate.json")


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["format"]["const"] == certificate.FORMAT
    assert [r.number for r in PROOFS] == [1, 2, 3]  # of which the schema demands that they have passed
    assert ["refused", *SCHEMA["properties"]["status"]["enum"]] == list(Status)


def test_a_drafts_certificate_fits():
    assert CHECK.is_valid(certificate.certificate(draft(source("dense_tanh"))))


def test_a_checked_ops_certificate_fits():
    checked = copy.deepcopy(GOOD)
    unproved = {"verdict": "unproved", "detail": "no map was found"}
    checked["rungs"][0] = {k: v for k, v in checked["rungs"][0].items() if k in ("rung", "name")} | unproved
    assert not CHECK.is_valid(checked)
    checked |= {"status": "checked", "not_proved": ["rung 1"]}
    assert CHECK.is_valid(checked)


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.name.partition(".")[0])
def test_every_committed_certificate_fits(path):
    content = read(path)
    assert [str(e.message) for e in CHECK.iter_errors(content)] == []
    assert content["op"] == path.name.partition(".")[0]
    assert content["digest"] == certificate.own_digest(content)
    counts = [r["noticed"].split(" of ") for r in content["rungs"] if "noticed" in r]
    assert all(int(killed) <= int(planted) for killed, planted in counts)
    mutants = content["mutants"]
    unnoticed = len(mutants["survivors"]) + len(mutants["equivalent"])
    assert mutants["killed"] + unnoticed == mutants["made"]
    assert sum(entry["killed"] for entry in mutants["by_rung"]) == mutants["killed"]
    assert sum(entry["made"] for entry in mutants["by_operator"]) == mutants["made"]


def without(key):
    return lambda c: c.pop(key)


def rung(number, **changes):
    return lambda c: c["rungs"][number - 1].update(changes)


WRONG = {
    "no seed": without("seed"),
    "no status": without("status"),
    "a status of its own": lambda c: c.update(status="fine"),
    "a draft that was run": lambda c: c.update(status="draft"),
    "checked, and nothing is missing": lambda c: c.update(status="checked", not_proved=["rung 1"]),
    "verified, and a proof is missing": lambda c: c.update(not_proved=["rung 1"]),
    "no digest": without("digest"),
    "a time": lambda c: c.update(time="2026-01-31"),
    "another format": lambda c: c.update(format=1),
    "a short digest": lambda c: c["digests"].update(module="abc"),
    "no digest of the runtime": lambda c: c["digests"].pop("runtime"),
    "a digest of something else": lambda c: c["digests"].update(machine="0" * 64),
    "a rung is missing": lambda c: c["rungs"].pop(),
    "a rung more": lambda c: c["rungs"].append(c["rungs"][-1]),
    "rungs in another order": lambda c: c["rungs"].reverse(),
    "a rung that failed": rung(9, verdict="failed"),
    "a needed rung that was not run": rung(3, verdict="not run", detail="no time"),
    "a verdict of its own": rung(9, verdict="fine"),
    "passed without a point": rung(9, points=0),
    "passed without planted faults": lambda c: c["rungs"][8].pop("noticed"),
    "no faults planted": rung(9, noticed="0 of 0"),
    "not run, and no reason": lambda c: c["rungs"].__setitem__(
        0, {"rung": 1, "name": "adjoint identity, all sizes", "verdict": "not run"}
    ),
    "a measured number": rung(9, worst=1e-16),
    "an unexplained equivalence": lambda c: c["mutants"]["equivalent"].append({"mutant": "a"}),
    "a rung that sees no mutants": lambda c: c["mutants"]["by_rung"].append({"rung": 4, "killed": 1}),
    "no operators": lambda c: c["mutants"]["by_operator"].clear(),
    "an unnamed survivor": lambda c: c["mutants"]["survivors"].append(""),
}


@pytest.mark.parametrize("about", WRONG)
def test_a_wrong_certificate_does_not_fit(about):
    assert CHECK.is_valid(GOOD)
    wrong = copy.deepcopy(GOOD)
    WRONG[about](wrong)
    assert not CHECK.is_valid(wrong)
