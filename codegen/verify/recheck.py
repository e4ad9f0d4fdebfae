"""What `gradsmith verify` does: a published module, held against its certificate and run through the rungs.

First the digests, which cost nothing; only if they agree are the rungs run again, on the text that is
published, against the derivation of the spec as it is now. Offline. Digests notice accidents, not
forgery: who can change a kernel can change its certificate; the rungs are what would notice that.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from codegen.copies import digest
from codegen.lower import lower
from codegen.module import Source
from codegen.verify.certificate import FORMAT, as_text, describe, own_digest, verdicts_in
from codegen.verify.ladder import TEXT, Progress, climb, run
from codegen.verify.levels import CERTIFIED, Fewer, Kept, Level
from codegen.verify.provenance import materials, provenance, runtime_digest
from codegen.verify.result import RungResult, failure
from codegen.verify.status import Status, status_of, without_status
from derive.derivation import derive
from derive.language import OpSpec

WITHOUT_EXTRAS = {5, 7}  # JAX, Hypothesis: they may be where the certificate was made, and not be here
NOT_NOW = {
    "module": "the module is not the text that was verified",
    "runtime": "this gradsmith has another runtime than the one it was verified with",
    "derivation": "its spec, or the calculus, now gives other equations: generate it again",
    "spec": "its spec now says something else: generate it again",
    "page": "its page is now written in another way: generate it again",
}
FOLLOWS = {"spec", "page"}  # other equations change these as well: that is one complaint, not three


@dataclass(frozen=True, slots=True)
class Recheck:
    """What is wrong with a published module, one line each, and what the rungs said this time."""

    problems: tuple[str, ...]
    results: tuple[RungResult, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.problems


def recheck(
    module: Path, op: OpSpec, progress: Progress = lambda name: None, level: Level = CERTIFIED
) -> Recheck:
    """A published module's path and its spec -> what is wrong with it, as far as the level looks."""
    beside = module.with_suffix(".certificate.json")
    for path in (module, beside):
        if not path.is_file():
            return Recheck((f"{op.name}: {path} is missing",))
    source = Source(lower(derive(op)), module.read_text("utf-8"))
    try:
        published = json.loads(beside.read_text("utf-8"))
    except json.JSONDecodeError as fault:
        return Recheck((f"{op.name}: the certificate is no JSON: {fault}",))
    changed = tuple(_changed(source, published, module)) or tuple(_mislabelled(source, published))
    if changed:
        return Recheck(changed)
    seen = without_status(source.text, verdicts_in(published))
    assert seen is not None, "a module without its status is mislabelled"
    source = replace(source, text=seen)
    if level.without:
        return _rerun_quickly(source, published, module, progress, level)
    return _rerun(source, published, progress)


def _changed(source: Source, published: dict[str, Any], module: Path) -> Iterator[str]:
    """One line for each thing whose digest is not the certificate's."""
    name = source.name
    if not isinstance(published, dict) or (published.get("format"), published.get("op")) != (FORMAT, name):
        yield f"{name}: the certificate is of another op or format"
        return
    text = module.with_suffix(".certificate.json").read_text("utf-8")
    if published.get("digest") != own_digest(published) or as_text(published) != text:
        yield f"{name}: the certificate was changed since it was written"
    digests, now = published.get("digests", {}), provenance(materials(source))
    if digests.get("runtime") != runtime_digest(module.parent / "runtime"):
        yield f"{name}: the runtime beside the module is not the one it was verified with"
    page = module.with_suffix(".derivation.md")
    if page.is_file() and digests.get("page") != digest(page.read_text("utf-8")):
        yield f"{name}: the derivation beside the module is not the one that was written with it"
    changed = [f.name for f in fields(now) if digests.get(f.name) != getattr(now, f.name)]
    for what in changed:
        if not (what in FOLLOWS and "derivation" in changed):
            yield f"{name}: {NOT_NOW[what]}"


def _mislabelled(source: Source, published: dict[str, Any]) -> Iterator[str]:
    """Whether certificate and module say the status that the certificate's rungs give, and no draft's."""
    name, verdicts = source.name, verdicts_in(published)
    status = status_of(verdicts)
    if published.get("status") != status:
        yield f"{name}: the certificate says {published.get('status')!r}, and its rungs say {str(status)!r}"
    elif without_status(source.text, verdicts) is None:
        yield f"{name}: the module's docstring does not say the status of its certificate: {status}"
    elif status is Status.DRAFT:
        yield f"{name} is a draft, on which no rung was run: `gradsmith generate` without --draft verifies it"


def _rerun(source: Source, published: dict[str, Any], progress: Progress) -> Recheck:
    results, mutants = climb(source, progress)
    failed = tuple(failure(source.name, r) for r in results if r.verdict == "failed")
    if failed or mutants is None:
        return Recheck(failed or (f"{source.name}: rung {TEXT}: {results[-1].detail}",), results)
    now = describe(source, results, mutants)
    absent = {r.rung for r in results if r.verdict == "not run"} & WITHOUT_EXTRAS
    return Recheck(tuple(_differences(source.name, published, now, absent)), results)


def _rerun_quickly(
    source: Source, published: dict[str, Any], module: Path, progress: Progress, level: Level
) -> Recheck:
    """Fewer problems: the verdicts must be the certificate's, the counts of points cannot be."""
    candidate = Kept(source, module.parent / "__pycache__" / "verify")
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "Inspection disabled", UserWarning
        )  # of kept code: the level says so
        results, _ = run(candidate, Fewer(source.plan.derivation), progress, level.without)
    failed = tuple(failure(source.name, r) for r in results if r.verdict == "failed")
    said = {r["rung"]: r["verdict"] for r in published.get("rungs", [])}
    other = tuple(
        f"{source.name}: rung {r.rung} is now {r.verdict}, and {said.get(r.rung)} in its certificate"
        for r in results
        if r.verdict not in ("failed", said.get(r.rung)) and r.rung not in WITHOUT_EXTRAS
    )
    return Recheck(failed + other, results)


def _differences(
    name: str, published: dict[str, Any], now: dict[str, Any], absent: set[int]
) -> Iterator[str]:
    """What the certificate says that is not so now."""
    listed = published.get("rungs", [])
    for old, new in zip(listed, now["rungs"], strict=False):
        if old != new and new["rung"] not in absent:
            keys = [k for k in {**old, **new} if old.get(k) != new.get(k)]
            yield f"{name}: rung {new['rung']} now has another {keys[0]} than its certificate says"
    for key in ("status", "not_proved", "gradsmith", "seed", "mutants"):
        if published.get(key) != now[key]:
            yield f"{name}: the certificate's {key} differs from what is found now"
    if len(listed) != len(now["rungs"]):
        yield f"{name}: the certificate lists {len(listed)} rungs, not {len(now['rungs'])}"
