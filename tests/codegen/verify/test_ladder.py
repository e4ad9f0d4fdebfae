"""verify, the certificate and recheck: what is published is what was verified."""

import json
import os
import subprocess
import sys
import tomllib
import warnings
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from codegen.copies import digest, runtime_files
from codegen.verify import certificate, ladder, provenance
from codegen.verify.interleave import interleaved
from codegen.verify.ladder import RUNGS, Rung, climb
from codegen.verify.publishable import verify
from codegen.verify.recheck import recheck
from codegen.verify.result import Killed, MutantReport, RefusedError, RungResult
from codegen.verify.sabotage import scaled_gradient
from tests.codegen.verify.candidates import CATALOGUE, leaky, source, spec

ROOT = Path(__file__).parents[3]
SMALL = "dense_tanh"


@cache
def verified(name):
    return verify(source(name))


@pytest.mark.parametrize("name", [*CATALOGUE, "gelu_gated", "leaky"])
def test_every_rung_passes(name):
    passed = {r.rung for r in verified(name).results if r.verdict == "passed"}
    assert passed == {r.number for r in RUNGS if r.check is not None or r.number == 11}
    assert all(r.mutants for r in verified(name).results if r.verdict == "passed")


def test_progress_names_the_rungs_in_order():
    seen = []
    climb(replace(source(SMALL), text="nothing"), seen.append)
    assert seen == ["adjoint identity, all sizes", "derivation", "execution of the text"]


def overflow():
    return np.float64(1e300) * np.float64(1e300)


def test_a_wrong_text_that_overflows_warns_nobody_in_whichever_thread(monkeypatch):
    def check(candidate, cases):
        values = (overflow(), *interleaved([overflow, overflow], "<none>"))
        return RungResult(1, "", "", "", 3, "passed" if np.isinf(values).all() else "failed")

    monkeypatch.setattr(ladder, "RUNGS", (Rung(1, "overflow", check),))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (result,), _ = climb(source(SMALL))
        assert result.verdict == "passed"
        with pytest.raises(RuntimeWarning):
            check(None, None)


def test_no_machine_code_runs_when_the_text_is_wrong():
    wrong = replace(source(SMALL), text=scaled_gradient(source(SMALL).text, "dW", 2))
    with pytest.raises(RefusedError, match=r"rung 3 .* failed against .*GF\(2\^61-1\).*: backward at .*dW"):
        verify(wrong)
    results, report = climb(wrong)
    assert [r.rung for r in results] == [1, 2, 3] and report is None


def test_counts_that_cannot_be_are_refused():
    with pytest.raises(AssertionError):
        Killed(3, 2)
    with pytest.raises(AssertionError):
        MutantReport(3, 2, ())


# the certificate ----------------------------------------------------------------------------------------
def test_the_certificate_lists_every_rung_and_no_measured_number():
    content = certificate.certificate(verified(SMALL))
    assert [r["rung"] for r in content["rungs"]] == list(range(1, 13)) == [r.number for r in RUNGS]
    assert all(r["detail"] for r in content["rungs"] if r["verdict"] == "not run")
    assert all(r["noticed"] for r in content["rungs"] if r["verdict"] == "passed")

    def numbers(value):
        if isinstance(value, dict):
            return [n for v in value.values() for n in numbers(v)]
        if isinstance(value, list):
            return [n for v in value for n in numbers(v)]
        return [value] if isinstance(value, float) else []

    assert numbers(content) == []


def test_the_version_is_that_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["version"] == provenance.VERSION


def test_the_certificate_is_the_same_in_every_process():
    program = (
        "from codegen.verify.publishable import verify\n"
        "from codegen.verify.certificate import certificate_text\n"
        "from tests.codegen.verify.candidates import source\n"
        f"print(certificate_text(verify(source({SMALL!r}))), end='')"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert run.stdout == certificate.certificate_text(verified(SMALL))


# what is published ----------------------------------------------------------------------------------------
@pytest.fixture
def published(tmp_path):
    """A folder as `publish` leaves it."""
    (tmp_path / "runtime").mkdir()
    for name, text in runtime_files().items():
        (tmp_path / name).write_text(text, "utf-8")
    module = tmp_path / f"{SMALL}.py"
    module.write_text(source(SMALL).text, "utf-8")
    module.with_suffix(".certificate.json").write_text(certificate.certificate_text(verified(SMALL)), "utf-8")
    return module


def test_what_was_published_is_found_as_it_was(published):
    found = recheck(published, spec(SMALL))
    assert found.passed and len(found.results) == 12


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("dense_tanh.py", "tanh(", "tanh (", "the module is not the text that was verified"),
        ("runtime/scalars.py", "e**x; error below 1", "e**x; error below 2", "the runtime beside the module"),
        ("dense_tanh.certificate.json", '"points": ', '"points": 1', "the certificate was changed"),
    ],
)
def test_a_change_is_told_in_one_line(published, file, old, new, complaint):
    edit(published.parent / file, old, new)
    problems = recheck(published, spec(SMALL)).problems
    assert len(problems) == 1 and complaint in problems[0] and problems[0].startswith(SMALL)


def test_another_spec_is_told_in_one_line(published):
    problems = recheck(published, replace(spec("gelu_gated"), name=SMALL)).problems
    assert len(problems) == 1 and "its spec" in problems[0]


def test_a_missing_or_foreign_certificate_is_told(published):
    assert "another op" in recheck(published, leaky[0]).problems[0]
    beside = published.with_suffix(".certificate.json")
    beside.write_text("{", "utf-8")
    assert "no JSON" in recheck(published, spec(SMALL)).problems[0]
    beside.unlink()
    assert "is missing" in recheck(published, spec(SMALL)).problems[0]


def forge(published, change):
    """A certificate changed by somebody who also mends its digest."""
    beside = published.with_suffix(".certificate.json")
    content = json.loads(beside.read_text("utf-8"))
    change(content)
    content["digest"] = certificate.own_digest(content)
    beside.write_text(certificate.as_text(content), "utf-8")


def test_a_wrong_kernel_with_a_forged_certificate_fails_its_rung(published):
    wrong = scaled_gradient(published.read_text("utf-8"), "dW", 2)
    published.write_text(wrong, "utf-8")
    forge(published, lambda content: content["digests"].update(module=digest(wrong)))
    problems = recheck(published, spec(SMALL)).problems
    assert len(problems) == 1 and "rung 3" in problems[0] and "dW differs" in problems[0]


def test_a_certificate_that_says_more_than_was_found_is_told(published):
    forge(published, lambda content: content["rungs"][6].update(points=10**6))
    problems = recheck(published, spec(SMALL)).problems
    assert len(problems) == 1 and "rung 7" in problems[0] and "points" in problems[0]
