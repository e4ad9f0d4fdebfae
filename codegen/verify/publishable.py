"""Source -> Publishable, the only type that `publish` takes; what a rung refuses cannot be made into one."""

from __future__ import annotations

from dataclasses import dataclass

from codegen.copies import digest
from codegen.module import Source
from codegen.verify.ladder import RUNGS, TEXT, Progress, climb
from codegen.verify.result import MutantReport, RefusedError, RungResult, failure
from codegen.verify.status import Status, Verdicts, status_of, with_status

NO_MUTANTS = MutantReport(0, 0, ())


@dataclass(frozen=True, slots=True)
class Publishable:
    """A source with what the rungs said of its text, and so with a status; without results it is a draft.

    `seen` is the digest of the text that the rungs were given. Raises RefusedError unless the results are
    those of all rungs, for this very text, and none has failed.
    """

    source: Source
    seen: str
    results: tuple[RungResult, ...] = ()
    mutants: MutantReport = NO_MUTANTS

    def __post_init__(self) -> None:
        name = self.source.name
        for result in self.results:
            if result.verdict == "failed":
                raise RefusedError(failure(name, result))
            if result.rung == TEXT and not result.points:
                raise RefusedError(f"{name}: rung {TEXT} ({result.name}) could not run it: {result.detail}")
        if self.seen != digest(self.source.text):
            raise RefusedError(f"{name}: its text is not the one that the rungs have seen")
        numbers = [r.rung for r in self.results]
        if numbers and numbers != [r.number for r in RUNGS]:
            raise RefusedError(f"{name}: rungs {numbers} have a result, and not all of them in order")

    @property
    def verdicts(self) -> Verdicts:
        return {r.rung: r.verdict for r in self.results}

    @property
    def status(self) -> Status:
        return status_of(self.verdicts)

    @property
    def text(self) -> str:
        """The module as it is published."""
        return with_status(self.source.text, self.verdicts)


def verify(source: Source, progress: Progress = lambda name: None) -> Publishable:
    """Source -> what may be published. Raises RefusedError naming the rung, the oracle and the point."""
    results, mutants = climb(source, progress)
    return Publishable(source, digest(source.text), results, mutants or NO_MUTANTS)


def draft(source: Source) -> Publishable:
    """Source -> a draft: no rung has seen it."""
    return Publishable(source, digest(source.text))
