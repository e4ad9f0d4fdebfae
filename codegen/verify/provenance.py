"""What a verdict is about: digests of the spec, its equations, the module, its page and the runtime.

Everything is a function of the spec and of gradsmith's own text. Versions of NumPy, Numba or SciPy are not
recorded: they are the reader's, not the writer's. `gradsmith verify` runs the rungs with what is installed
where it runs, and a certificate that named its writer's machine would differ from machine to machine and
say nothing about the reader's.
"""

from __future__ import annotations

import pprint
from dataclasses import dataclass, fields
from pathlib import Path

from codegen.copies import digest, listing, runtime_files
from codegen.describe import describe_system
from codegen.module import Source, derivation_digest
from derive.pages.page import render

VERSION = "0.1.0"  # of gradsmith; a test compares it with pyproject.toml


@dataclass(frozen=True, slots=True)
class Materials:
    """The texts whose digests are recorded; `derivation` is a digest already."""

    spec: str
    derivation: str
    module: str
    page: str
    runtime: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """One digest for each of the materials."""

    spec: str
    derivation: str
    module: str
    page: str
    runtime: str

    def unlike(self, other: Provenance) -> tuple[str, ...]:
        """The names of the digests that differ."""
        return tuple(f.name for f in fields(self) if getattr(self, f.name) != getattr(other, f.name))


def materials(source: Source) -> Materials:
    """Source -> the texts that it is made of and makes."""
    d = source.plan.derivation
    spec = pprint.pformat(describe_system(d.op, d.spec, d.forward), width=100, sort_dicts=False)
    page = render(d, "md", "index")
    return Materials(spec, derivation_digest(source.plan), source.text, page, listing(runtime_files()))


def provenance(made: Materials) -> Provenance:
    """Materials -> their digests."""
    return Provenance(
        digest(made.spec), made.derivation, digest(made.module), digest(made.page), digest(made.runtime)
    )


def runtime_digest(folder: Path) -> str:
    """One digest of the names and texts of a published runtime's files."""
    return digest(listing({f.name: f.read_text("utf-8") for f in folder.glob("*.py")}))
