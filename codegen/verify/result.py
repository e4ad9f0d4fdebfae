"""What a rung says of a candidate, and what it says of planted mutants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# "unproved" is rung 1's word where it has no proof; "not shown": nothing could be asked, or the rung did not
# notice its own planted fault, so that its silence means nothing. Only "failed" speaks against an op
Verdict = Literal["passed", "failed", "not run", "unproved", "not shown"]


@dataclass(frozen=True, slots=True)
class Killed:
    """How many planted faults a rung noticed, of how many."""

    killed: int
    planted: int

    def __post_init__(self) -> None:
        assert 0 <= self.killed <= self.planted, "a rung cannot notice more faults than were planted"

    def __str__(self) -> str:
        return f"{self.killed} of {self.planted}"


@dataclass(frozen=True, slots=True)
class RungResult:
    """One rung's verdict.

    `bar` is what was demanded, `points` how many problems were compared, `detail` the first problem
    that failed or what a reader should know, `mutants` the planted faults that this rung was shown.
    """

    rung: int
    name: str
    oracle: str
    bar: str
    points: int
    verdict: Verdict
    detail: str = ""
    mutants: Killed | None = None

    def __str__(self) -> str:
        noticed = f"; noticed {self.mutants} planted faults" if self.mutants else ""
        detail = f": {self.detail}" if self.detail else ""
        return f"rung {self.rung}, {self.name}: {self.verdict}{detail}{noticed}"


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no rung noticed: the kernel, what kind, and what became what in which line.

    `reason` says why it computes the same, where that is shown.
    """

    kernel: str
    operator: str
    line: str
    was: str
    now: str
    reason: str = ""

    def __str__(self) -> str:
        place = "" if self.was == self.line else f", in {self.line}"
        return f"{self.kernel}: {self.operator}: {self.was} -> {self.now}{place}"


@dataclass(frozen=True, slots=True)
class OperatorCount:
    """Of one mutation operator's mutants: how many were made, killed, shown equivalent."""

    operator: str
    made: int
    killed: int
    equivalent: int


@dataclass(frozen=True, slots=True)
class MutantReport:
    """The mutants of the published text: how many were made and killed, and those that were not.

    `survivors` are not explained, `equivalent` are shown to compute the same; `by_rung` says how many
    each rung killed.
    """

    made: int
    killed: int
    survivors: tuple[Survivor, ...]
    equivalent: tuple[Survivor, ...] = ()
    by_rung: tuple[tuple[int, int], ...] = ()
    by_operator: tuple[OperatorCount, ...] = ()

    def __post_init__(self) -> None:
        unnoticed = len(self.survivors) + len(self.equivalent)
        assert self.killed + unnoticed == self.made, "every mutant is killed or named"
        assert all(s.reason for s in self.equivalent), "what is excused has a reason"


class VerificationError(ValueError):
    """What is published is not what its certificate says: one line naming what differs."""

    status = "failed"


class RefusedError(VerificationError):
    """A candidate that may not be published: one line naming the rung, its oracle and the point."""

    status = "refused"


def failure(op: str, result: RungResult) -> str:
    """The line that a user reads when a rung fails."""
    return f"{op}: rung {result.rung} ({result.name}) failed against {result.oracle}: {result.detail}"
