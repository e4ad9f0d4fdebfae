"""The stages, in order: OpSpec -> Derivation -> Plan -> Source -> Publishable -> files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from codegen.lower import lower
from codegen.module import Source, write_module
from codegen.publish import Published, publish
from codegen.stamp import remember
from codegen.verify.publishable import Publishable, verify
from derive.derivation import derive
from derive.language import OpSpec

Progress = Callable[[str], None]


def write(op: OpSpec, progress: Progress = lambda name: None) -> Source:
    """OpSpec -> Source: the module's text, not verified yet. `progress` is told each stage as it begins.

    Raises SpecError or DerivationError.
    """
    progress("deriving")
    derivation = derive(op)
    progress("lowering")
    plan = lower(derivation)
    progress("printing")
    return write_module(plan)


def generate(source: Source, folder: Path, progress: Progress) -> tuple[Publishable, Published]:
    """Source -> files in `folder`. Raises RefusedError (a rung fails) or PublishError (others' files)."""
    made = verify(source, progress)
    progress("publishing")
    published = publish(made, folder)
    remember(source, published)
    return made, published
