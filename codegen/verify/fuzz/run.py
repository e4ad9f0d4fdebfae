"""Searches for a system that fails: some random systems from one seed, the first failure shrunk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis.errors import Unsatisfiable

from codegen.verify.fuzz.compare import Refused, difference
from codegen.verify.fuzz.program import Program
from codegen.verify.fuzz.systems import systems
from derive.language import OpSpec

Compare = Callable[[OpSpec], str]
Progress = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Search:
    """How many systems were compared, and the smallest of those that fail."""

    number: int
    compared: int
    fault: str = ""
    program: Program | None = None

    def __str__(self) -> str:
        """The failing system as a spec's file, which gives it again."""
        return f"# seed {self.number}: {self.fault}\n{self.program}" if self.program else ""


class _Differs(Exception):
    """What a system fails with; Hypothesis shrinks it while it does."""


@dataclass(slots=True)
class _Log:
    """What is seen while the search runs."""

    compare: Compare
    progress: Progress
    compared: int = 0
    fault: str = ""
    program: Program | None = None

    def one(self, program: Program) -> None:
        """Compare one system. Raises _Differs."""
        try:
            fault = self.compare(program.op())
        except Refused:
            assume(False)
        except Exception as error:  # whatever the engine raises on a well-formed system is a finding
            fault = f"{type(error).__name__}: {error}"
        if fault:
            self.fault, self.program = fault, program  # the last one is the smallest: it is replayed
            self.progress("shrinking a failure")
            raise _Differs
        self.compared += not self.fault  # not what is tried while shrinking
        if self.compared % 10 == 0:
            self.progress(f"{self.compared} systems")


def search(
    number: int, count: int, compare: Compare = difference, progress: Progress = lambda stage: None
) -> Search:
    """A seed's number and how many systems -> what was found; the same every time."""
    log = _Log(compare, progress)

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(systems())
    def every_system_agrees(program: Program) -> None:
        log.one(program)

    try:
        every_system_agrees()
    except _Differs:
        return Search(number, log.compared, log.fault, log.program)
    except Unsatisfiable:  # the language refused all of them: what was compared says so
        pass
    return Search(number, log.compared)
