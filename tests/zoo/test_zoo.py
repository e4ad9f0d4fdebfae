"""Ops as users write them: each becomes a kernel here; `run.py zoo` verifies them, on all twelve rungs."""

from __future__ import annotations

import pytest

from codegen.pipeline import write
from codegen.verify.publishable import verify
from derive.language import OpSpec
from tests.zoo import dynamics, orders, products, recurrences, signals, squares, structures, windows
from tests.zoo.formulas import FORMULAS

GROUPS = (recurrences, orders, dynamics, windows, products, signals, structures, squares)
ZOO = (*FORMULAS, *(spec for group in GROUPS for spec in group.OPS))
every_op = pytest.mark.parametrize("spec", ZOO, ids=lambda spec: spec.name)


def test_names_are_unique() -> None:
    assert len({spec.name for spec in ZOO}) == len(ZOO) > 100


@every_op
def test_it_becomes_a_kernel(spec: OpSpec) -> None:
    source = write(spec)
    assert "def _backward(" in source.text and source.name == spec.name


@pytest.mark.zoo
@every_op
def test_it_is_verified(spec: OpSpec) -> None:
    assert {r.verdict for r in verify(write(spec)).results} == {"passed"}
