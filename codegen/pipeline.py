"""The stages, in order: OpSpec -> Derivation -> Plan -> Source -> Verified -> files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from codegen.lower import lower
from codegen.module import Source, write_module
from codegen.publish import Published, publish
from codegen.verify.ladder import verify
from codegen.verify.result import Verified
from derive.derivation import derive
from derive.language import OpSpec

Progress = Callable[[str], None]


def write(op: OpSpec) -> Source:
    """OpSpec -> Source: the module's text, not verified yet.

    Raises SpecError or DerivationError.
    """
    return write_module(lower(derive(op)))


def build(op: OpSpec, progress: Progress) -> Verified:
    """OpSpec -> Verified. `progress` is told the name of each stage as it begins.

    Raises SpecError or DerivationError, and VerificationError where a rung fails.
    """
    progress("deriving")
    derivation = derive(op)
    progress("lowering")
    plan = lower(derivation)
    progress("printing")
    source = write_module(plan)
    return verify(source, progress)


def generate(op: OpSpec, folder: Path, progress: Progress) -> tuple[Verified, Published]:
    """OpSpec -> files in `folder`."""
    verified = build(op, progress)
    progress("publishing")
    return verified, publish(verified, folder)
