"""After the adjoint: gradients are put into each other where something cancels.

    dy_hat = -dL*y/y_hat + dL*(1 - y)/(1 - y_hat)   and   dz = dy_hat*y_hat*(1 - y_hat)

become dz = dL*(y_hat - y). An equation takes in those that it reads if factors then cancel, or if a
quotient has a name already; what is left is collected. The result stays only if it is less work
(measure.py) and divides by nothing new. Only what can never be 0 is cancelled (ranges.py), only reads
inside their domains are replaced, and only terms under the same guards are added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from derive.algebra.system import Equation, System, check_system, constants
from derive.combine.attempt import Attempt, Workshop
from derive.combine.equations import Agenda, Choice, Entry, Equations
from derive.combine.reduce import Quotients, copies, definitions
from derive.combine.views import Sums, View
from derive.steps import Recorder

ONE, DEEP = range(2)  # into its readers; or into it, all that it reads
LEVELS = 3  # so far up quotients are met by their divisors; a chain of residual layers goes on and on


def combine(forward: System, backward: System, recorder: Recorder) -> System:
    """Forward and adjoint -> the adjoint with what cancels cancelled: the same gradients, less work."""
    combiner = _Combiner(forward, backward, recorder)
    combiner.run()
    combined = combiner.system()
    check_system(combined)
    return combined


class _Combiner:
    """The equations of one adjoint while they are put into each other."""

    def __init__(self, forward: System, backward: System, recorder: Recorder) -> None:
        self.backward, self.recorder = backward, recorder
        self.extended = backward  # with the declarations of new sums
        self.forward = {e.tensor: e for e in forward.equations}
        known = definitions(self.forward)
        self.quotients, self.copies = Quotients(known), copies(known)
        self.equations = Equations(backward.equations, backward.outputs)
        self.sums = Sums({t.name for t in backward.tensors} | constants(backward))
        self.views: dict[str, View | None] = {}
        self.touched: set[str] = set()
        self.agenda = Agenda()

    def run(self) -> None:
        """First each equation by itself; then others into their readers, as long as that is less work.

        After a success it goes on with the first choice that has not been tried, or for which something has
        changed since: in an equation that it is about, or in who reads what such an equation reads.
        """
        for name in self.equations.names():
            if name in self.equations:
                self._try([name], {})
        self._plan(self.equations.names())
        for choice in self.agenda:
            options = list(self._options(choice))
            names = {choice[-1]}.union(*((*readers, *views) for readers, views in options))
            if any(self._try(readers, views) for readers, views in options):
                self.agenda.add([choice])
            else:
                self.agenda.watch(choice, names.union(*(self.equations.reads(n) for n in names)))

    def _plan(self, names: Iterable[str]) -> None:
        self.agenda.add((way, self.equations.place(n), n) for n in names for way in (ONE, DEEP))

    def _options(self, choice: Choice) -> Iterator[tuple[list[str], dict[str, View]]]:
        """Who takes in what: one equation into all its readers or into one; or one all that it reads."""
        way, _, name = choice
        if name not in self.equations:
            return
        if way == DEEP:
            if len(deep := self._deep(name)) > 1:
                yield [name], deep
        elif (view := self._view(name)) is not None:
            readers = self.equations.readers(name)
            yield from ((some, {name: view}) for some in (readers, *([r] for r in readers if readers[1:])))

    def _view(self, name: str) -> View | None:
        """The equation without sums, unless it waits for itself."""
        if name not in self.views:
            waits = name in self.equations.recurrent
            self.views[name] = None if waits else self.sums.view(self.equations[name])
        return self.views[name]

    def _deep(self, name: str) -> dict[str, View]:
        """What the equation reads, what that reads, and so on, without sums and not beyond LEVELS."""
        found: dict[str, View] = {}
        level = {name}
        for _ in range(LEVELS):
            near = {n for outer in level for n in self.equations.reads(outer) if n in self.equations}
            views = {n: view for n in near - found.keys() if (view := self._view(n)) is not None}
            level = {n for n, view in views.items() if not view.sums}
            found |= {n: views[n] for n in level}
        return found

    def _try(self, readers: list[str], views: Mapping[str, View]) -> bool:
        """Let the readers take in the views, if something cancels and it is less work; whether it is."""
        if not any(n in self.touched or self.equations.entries[n].divides for n in (*readers, *views)):
            return False
        declared = tuple(t for view in views.values() for t in view.declared())
        system = self.extended
        if declared:
            system = replace(system, tensors=(*system.tensors, *declared))
        workshop = Workshop(system, self.forward, self.quotients, self.copies)
        attempts = [workshop.attempt(self.equations[name], views) for name in readers]
        if not any(map(self._happened, attempts)):
            return False
        new = (*(e for view in views.values() for e in view.sums), *(a.collected for a in attempts))
        made = {e.tensor: Entry.of(e) for e in new}
        gone = self.equations.unread(made)
        if not self.equations.is_less_work(made, gone):
            return False
        self._record(attempts, views)
        self.sums.keep(views.values())
        self.extended = system
        self.touched |= {a.name for a in attempts}
        self.views.clear()
        self.agenda.changed(self.equations.change(made, gone))
        self._plan(t.name for t in declared if t.name in self.equations)
        return True

    def _happened(self, attempt: Attempt) -> bool:
        """Whether something cancelled or was folded, now or before in what is put together."""
        names = {attempt.name, *(read.tensor for read in attempt.taken_in)}
        return bool(attempt.cancelled or attempt.folded or (attempt.taken_in and names & self.touched))

    def _record(self, attempts: list[Attempt], views: Mapping[str, View]) -> None:
        for name, view in views.items():
            if view.sums:
                self.recorder.record("factor", (*view.sums, view.equation), source=name)
        for attempt in attempts:
            self._record_one(attempt)

    def _record_one(self, attempt: Attempt) -> None:
        record, last = self.recorder.record, self.equations[attempt.name]
        told = (
            ("substitute", attempt.substituted, attempt.taken_in),
            ("cancel", attempt.reduced, attempt.cancelled),
            ("fold", attempt.reduced, attempt.folded),
        )
        for rule, made, parts in told:
            if parts:
                record(rule, (made,), source=attempt.name, parts=parts)
                last = made
        if attempt.collected != last:
            record("sort", (attempt.collected,), source=attempt.name)

    def system(self) -> System:
        """The equations, each new sum before its first reader."""
        old = {t.name for t in self.backward.tensors}
        new = [t for t in self.extended.tensors if t.name not in old]
        place = {t.name: n for n, t in enumerate(new) if t.name in self.equations}
        order: dict[str, Equation] = {}
        for name in (e.tensor for e in self.backward.equations if e.tensor in self.equations):
            for read in sorted(self.equations.reads(name) & place.keys(), key=place.__getitem__):
                order[read] = self.equations[read]
            order[name] = self.equations[name]
        gone = {e.tensor for e in self.backward.equations} - order.keys()
        tensors = [t for t in self.backward.tensors if t.name not in gone]
        tensors += [t for t in new if t.name in order]
        return self.backward.with_equations(tuple(order.values()), tuple(tensors))
