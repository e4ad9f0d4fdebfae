"""Derivations for tests that look at many: each op is derived once a process."""

from functools import cache

from derive.authoring.spec import OpSpec
from derive.derivation import Derivation, derive


@cache
def derived(op: OpSpec) -> Derivation:
    return derive(op)
