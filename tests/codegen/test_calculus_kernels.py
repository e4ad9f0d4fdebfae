"""Every system with which the calculus was shown to stand also becomes kernels, and their text, run over
a finite field, computes exactly what the slow oracle computes."""

from dataclasses import replace

import pytest

from codegen.lower import lower
from codegen.module import write_module
from codegen.verify.cases import Cases
from codegen.verify.execution import Candidate
from codegen.verify.rung3_execution import check
from derive.derivation import derive
from tests.derive.calculus_specs import CASES

OPS = {case.op.name: case.op for case in CASES}


@pytest.mark.parametrize("name", OPS)
def test_the_emitted_text_computes_the_system_exactly(name):
    source = write_module(lower(derive(OPS[name])))
    result = check(Candidate(source), Cases(source.plan.derivation))
    assert result.points >= 3
    assert (result.verdict, result.detail) == ("passed", "")


FAULTS = {
    "average_pooling": ("+= ", "= "),
    "causal_softmax": (" / ", " * "),
    "leaky_integrator": ("t - 1", "t - 2"),
    "convolution": (" - pad", ""),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_in_the_text_is_seen(name):
    source = write_module(lower(derive(OPS[name])))
    was, now = FAULTS[name]
    face, kernels = source.text.split("@kernel", 1)
    assert was in kernels
    wrong = replace(source, text=f"{face}@kernel{kernels.replace(was, now)}")
    assert check(Candidate(wrong), Cases(source.plan.derivation)).verdict == "failed"
