"""After the adjoint: gradients are put into each other where something cancels.

    dy_hat = -dL*y/y_hat + dL*(1 - y)/(1 - y_hat)   and   dz = dy_hat*y_hat*(1 - y_hat)

become dz = dL*(y_hat - y). An equation takes in those that it reads if factors then cancel, or if a
quotient has a name already; what is left is collected. The result stays only if it is less work
(measure.py) and divides by nothing new. Only what can never be 0 is cancelled (ranges.py), only reads
inside their domains are replaced, and only terms under the same guards are added up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from derive.algebra.expr import Power, Ratio, walk
from derive.algebra.layers import is_constant
from derive.algebra.system import Equation, System, Tensor, check_system, symbols
from derive.combine.attempt import Attempt, Workshop
from derive.combine.measure import work
from derive.combine.reduce import copies, definitions, quotients
from derive.combine.views import Sums, View
from derive.steps import Recorder

Equations = dict[str, Equation]


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
        self.forward = {e.tensor: e for e in forward.equations}
        known = definitions(self.forward)
        self.quotients, self.copies = quotients(known), copies(known)
        self.equations: Equations = {e.tensor: e for e in backward.equations}
        self.tensors: list[Tensor] = []
        self.sums = Sums({t.name for t in backward.tensors} | symbols(backward))
        self.touched: set[str] = set()
        self.unread = self.equations.keys() - _readers(self.equations).keys()

    def run(self) -> None:
        """First each equation by itself; then others into their readers, as long as that is less work."""
        for name in tuple(self.equations):
            self._try([name], {})
        while any(self._try(readers, views) for readers, views in self._choices()):
            pass

    def _choices(self) -> Iterator[tuple[list[str], dict[str, View]]]:
        """Who takes in what: one equation into all its readers or into one; then all that one reads."""
        views = {n: v for n in self.equations if (v := self._view(n)) is not None}
        found = _readers(self.equations)
        for name, view in views.items():
            readers = found.get(name, [])
            yield from ((some, {name: view}) for some in (readers, *([r] for r in readers if readers[1:])))
        for name in tuple(self.equations):
            deep = {n: v for n, v in views.items() if n in self._below(name) and not v.sums}
            if len(deep) > 1:
                yield [name], deep

    def _view(self, name: str) -> View | None:
        """The equation without sums, unless it waits for itself."""
        return None if name in self._below(name) else self.sums.view(self.equations[name])

    def _below(self, name: str) -> set[str]:
        """What the equation reads, what that reads, and so on."""
        found: set[str] = set()
        todo = [name]
        while todo:
            reads = {r.tensor for t in self.equations[todo.pop()].terms for r in t.reads()}
            todo += sorted((reads & self.equations.keys()) - found)
            found |= reads
        return found

    def _try(self, readers: list[str], views: Mapping[str, View]) -> bool:
        """Let the readers take in the views, if something cancels and it is less work; whether it is."""
        if not any(name in self.touched or _divides(self.equations[name]) for name in (*readers, *views)):
            return False
        new = {e.tensor: e for view in views.values() for e in view.sums}
        declared = [t for view in views.values() for t in view.declared()]
        system = replace(self.backward, tensors=(*self.backward.tensors, *self.tensors, *declared))
        workshop = Workshop(system, self.forward, self.quotients, self.copies)
        attempts = [workshop.attempt(self.equations[name], views) for name in readers]
        if not any(map(self._happened, attempts)):
            return False
        made = self._read_only({**self.equations, **new, **{a.name: a.collected for a in attempts}})
        if work(tuple(made.values())) >= work(tuple(self.equations.values())):
            return False
        self._record(attempts, views)
        self.sums.keep(views.values())
        self.tensors += declared
        self.equations = made
        self.touched |= {a.name for a in attempts}
        return True

    def _happened(self, attempt: Attempt) -> bool:
        """Whether something cancelled or was folded, now or before in what is put together."""
        names = {attempt.name, *(read.tensor for read in attempt.taken_in)}
        return bool(attempt.cancelled or attempt.folded or (attempt.taken_in and names & self.touched))

    def _read_only(self, equations: Equations) -> Equations:
        """The equations without those that nothing reads any more."""
        kept = {*self.backward.outputs, *self.unread, *_readers(equations)}
        if equations.keys() <= kept:
            return equations
        return self._read_only({n: e for n, e in equations.items() if n in kept})

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
        order: Equations = {}
        new = [self.equations[t.name] for t in self.tensors if t.name in self.equations]
        for name in (e.tensor for e in self.backward.equations if e.tensor in self.equations):
            read = {n for t in self.equations[name].terms for n in t.tensors()}
            order |= {e.tensor: e for e in new if e.tensor in read}
            order[name] = self.equations[name]
        gone = {e.tensor for e in self.backward.equations} - order.keys()
        tensors = [t for t in self.backward.tensors if t.name not in gone]
        tensors += [t for t in self.tensors if t.name in order]
        return self.backward.with_equations(tuple(order.values()), tuple(tensors))


def _readers(equations: Equations) -> dict[str, list[str]]:
    """Tensor -> the tensors whose equations read it; none where nothing does."""
    found: dict[str, list[str]] = {}
    for name, equation in equations.items():
        for read in sorted({tensor for term in equation.terms for tensor in term.tensors()}):
            found.setdefault(read, []).append(name)
    return found


def _divides(equation: Equation) -> bool:
    """Whether anything but numbers stands below a line: else nothing can cancel."""
    nodes = (node for term in equation.terms for node in walk(term.body))
    return any(
        (isinstance(node, Ratio) and not is_constant(node.bottom))
        or (isinstance(node, Power) and node.exponent < 0)
        for node in nodes
    )
