"""What takes long says what it is doing: a stage is named after a minute, two, four, eight ..."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import click

FIRST = 60.0  # seconds until a stage is named; each next time it takes as long again as it has until then
TICK = 0.5


@dataclass(slots=True)
class Running:
    """A stage, when it began, and after how many seconds it is named next."""

    stage: str
    since: float
    next: float


@dataclass(slots=True)
class Slow:
    """The stages that run now, by op."""

    first: float = FIRST
    clock: Callable[[], float] = time.monotonic
    running: dict[str, Running] = field(default_factory=dict)

    def begins(self, op: str, stage: str) -> None:
        self.running[op] = Running(stage, self.clock(), self.first)

    def ends(self, op: str) -> None:
        self.running.pop(op, None)

    def lines(self) -> list[str]:
        """A line for each stage whose time has come to be named (again)."""
        now, found = self.clock(), []
        for op, one in list(self.running.items()):
            if now - one.since >= one.next:
                one.next = 2 * (now - one.since)
                found.append(f"{op}: {one.stage} has taken {_long(now - one.since)} so far; Ctrl-C stops it")
        return found


def _long(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes} minute{'s' * (minutes != 1)}" if minutes else f"{round(seconds)} seconds"


@contextmanager
def patience(op: str, stage: str, slow: Slow | None = None) -> Iterator[Callable[[str], None]]:
    """What is done in here names its stage on standard error when it takes long.

    Gives the function to tell further stages to. A thread watches: a spec's own loop need not know of it.
    """
    slow = slow or Slow()
    slow.begins(op, stage)
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(slow, over), daemon=True)
    watch.start()
    try:
        yield lambda stage: slow.begins(op, stage)
    finally:
        over.set()
        watch.join()


def _watch(slow: Slow, over: threading.Event) -> None:
    while not over.wait(min(TICK, slow.first)):
        for line in slow.lines():
            click.echo(f"gradsmith: {line}", err=True)
