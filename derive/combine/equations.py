"""An adjoint's equations while they are put into each other: who reads whom, what is to be tried again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

from derive.algebra.expr import Power, Ratio, walk
from derive.algebra.graphs import components
from derive.algebra.layers import is_constant
from derive.algebra.system import Equation
from derive.combine.measure import Work, equation_work, ordered


@dataclass(frozen=True, slots=True)
class Entry:
    """An equation, the tensors that it reads, whether anything in it can cancel, and how much work it is."""

    equation: Equation
    reads: frozenset[str]
    divides: bool
    work: Counter[int]

    @staticmethod
    def of(equation: Equation) -> Entry:
        return Entry(equation, frozenset(equation.tensors()), _divides(equation), equation_work(equation))


class Equations:
    """Equations by name, in the order in which they came; `kept` stay although nothing reads them."""

    def __init__(self, equations: Iterable[Equation], kept: Iterable[str]) -> None:
        self.entries: dict[str, Entry] = {}
        self._readers: dict[str, set[str]] = {}
        self._places: dict[str, int] = {}
        for equation in equations:
            self._put(Entry.of(equation))
        self.kept = {n for n in self.entries if not self._readers.get(n)}.union(kept)
        self.recurrent = self._recurrent()

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def __getitem__(self, name: str) -> Equation:
        return self.entries[name].equation

    def names(self) -> tuple[str, ...]:
        return tuple(self.entries)

    def place(self, name: str) -> int:
        """Where an equation stands among the others: a new one behind all that there were."""
        return self._places[name]

    def readers(self, name: str) -> list[str]:
        """The equations that read a tensor, in order."""
        return sorted(self._readers.get(name, ()), key=self.place)

    def unread(self, made: Mapping[str, Entry]) -> set[str]:
        """What nothing reads any more when these take their places, and what only that reads."""
        readers: dict[str, set[str]] = {}
        for name, entry in made.items():
            for read in entry.reads:
                readers.setdefault(read, set()).add(name)
        gone: set[str] = set()
        waiting = [n for name in made for n in (name, *self.reads(name))]
        while waiting:
            name = waiting.pop()
            known = name in made or name in self.entries
            if known and name not in gone and name not in self.kept:
                left = (self._readers.get(name, set()) - made.keys()) | readers.get(name, set())
                if not left - gone:
                    gone.add(name)
                    waiting += made[name].reads if name in made else self.reads(name)
        return gone

    def is_less_work(self, made: Mapping[str, Entry], gone: set[str]) -> bool:
        """Whether these, less those that are gone, are less work than those whose places they take."""
        before = [self.entries[n] for n in {*made, *gone} if n in self.entries]
        after = [entry for name, entry in made.items() if name not in gone]
        return _total(after) < _total(before)

    def change(self, made: Mapping[str, Entry], gone: set[str]) -> set[str]:
        """Put these in their places and drop what is gone; all tensors of which something is new."""
        changed = {n for name in (*made, *gone) for n in (name, *self.reads(name))}
        for name in gone:
            self._forget(name)
        for name, entry in made.items():
            if name not in gone:
                self._put(entry)
                changed |= entry.reads
        if self.recurrent & changed:
            before, self.recurrent = self.recurrent, self._recurrent()
            changed |= before ^ self.recurrent
        return changed

    def reads(self, name: str) -> frozenset[str]:
        """The tensors that an equation reads; none where there is no equation."""
        return self.entries[name].reads if name in self.entries else frozenset()

    def _put(self, entry: Entry) -> None:
        name = entry.equation.tensor
        for read in self.reads(name) - entry.reads:
            self._readers[read].remove(name)
        for read in entry.reads:
            self._readers.setdefault(read, set()).add(name)
        self.entries[name] = entry
        self._places.setdefault(name, len(self._places))

    def _forget(self, name: str) -> None:
        for read in self.reads(name):
            self._readers[read].remove(name)
        self.entries.pop(name, None)

    def _recurrent(self) -> frozenset[str]:
        """The equations that wait for themselves."""
        after = {n: sorted(e.reads & self.entries.keys()) for n, e in self.entries.items()}
        groups = components(after, after)
        return frozenset(n for group in groups for n in group if len(group) > 1 or n in after[n])


def _total(entries: Iterable[Entry]) -> Work:
    total: Counter[int] = Counter()
    entries = tuple(entries)
    for entry in entries:
        total += entry.work
    return (*ordered(total), len(entries))


def _divides(equation: Equation) -> bool:
    """Whether anything but numbers stands below a line: else nothing can cancel."""
    nodes = (node for term in equation.terms for node in walk(term.body))
    return any(
        (isinstance(node, Ratio) and not is_constant(node.bottom))
        or (isinstance(node, Power) and node.exponent < 0)
        for node in nodes
    )


Choice = tuple[int, int, str]


@dataclass(slots=True)
class Agenda:
    """Choices that are still to be tried, in order; those that failed wait until something changes."""

    waiting: list[Choice] = field(default_factory=list)
    watching: dict[str, set[Choice]] = field(default_factory=dict)
    queued: set[Choice] = field(default_factory=set)

    def add(self, choices: Iterable[Choice]) -> None:
        for choice in choices:
            if choice not in self.queued:
                self.queued.add(choice)
                heappush(self.waiting, choice)

    def __iter__(self) -> Iterator[Choice]:
        while self.waiting:
            choice = heappop(self.waiting)
            self.queued.remove(choice)
            yield choice

    def watch(self, choice: Choice, names: Iterable[str]) -> None:
        """Try the choice again when one of these tensors changes."""
        for name in names:
            self.watching.setdefault(name, set()).add(choice)

    def changed(self, names: Iterable[str]) -> None:
        for name in names:
            self.add(self.watching.pop(name, ()))
