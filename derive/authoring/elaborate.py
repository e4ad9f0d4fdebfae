"""From a spec to a system: matrix sugar closed, initial states entered, nested sums named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from derive.algebra.cycles import check_cycles
from derive.algebra.domains import simplify_system
from derive.algebra.expr import (
    ONE,
    Choice,
    Expr,
    Negative,
    Product,
    Ratio,
    Read,
    Reduce,
    Sum,
    When,
    children,
    free_names,
    minus,
    over,
    reads,
    rebuild,
    substitute,
    times,
    transform,
)
from derive.algebra.index import Affine, Delta, Guard, Index, Letter, names_of
from derive.algebra.instances import instance
from derive.algebra.layers import guarded, has_sums, is_constant, matrix_products, unguarded
from derive.algebra.system import Equation, Names, System, Tensor, Term, check_system, fresh, fresh_letter
from derive.authoring.close import Scope, check_axes, check_bound, keep_apart, names_in, show
from derive.authoring.given import check_given
from derive.authoring.label_ranges import check_ignored
from derive.authoring.places import by_place
from derive.errors import SpecError
from derive.language import Authored, Spec
from derive.steps import Recorder


@dataclass(frozen=True, slots=True)
class Named:
    """A subexpression that has a name: where it was met, under which guards, and how it is read there."""

    node: Expr
    guards: tuple[Guard, ...]
    indices: tuple[Index, ...]
    read: Read

    def at(self, node: Expr, guards: tuple[Guard, ...], scope: dict[Letter, Index]) -> Read | None:
        """How the name is read where it stands for this one; None if this is another one."""
        values = instance(self.node, node, (i.name for i in self.indices))
        if values is None or values.keys() != {i.name for i in self.indices}:
            return None
        for own in self.indices:
            letter = values[own.name].letter()
            there = scope.get(letter) if letter else None
            if there is None or (there.lo, there.hi) != (own.lo, own.hi):
                return None  # outside its axis a name is 0, and the expression may not be
        if tuple(g.substitute(values) for g in self.guards) != guards:
            return None
        return Read(self.read.tensor, tuple(e.substitute(values) for e in self.read.at))


@dataclass(slots=True)
class Elaborator:
    """Collects the equations and the tensors that they introduce."""

    spec: Spec
    recorder: Recorder
    tensors: dict[str, Tensor]
    equations: list[Equation] = field(default_factory=list)
    named: dict[tuple[str, ...], list[Named]] = field(default_factory=dict)  # by the tensors that they read
    previous: dict[str, str] = field(default_factory=dict)  # by the state that they hold, a step later
    guards: tuple[Guard, ...] = ()

    @property
    def scope(self) -> Scope:
        return self.spec.scope(self.tensors)

    @property
    def taken(self) -> set[str]:
        return {*self.spec.numbers, *self.tensors, *self.spec.packs}

    # one equation -----------------------------------------------------------------------------
    def closed(self, authored: Authored) -> tuple[tuple[Index, ...], tuple[Guard, ...], Expr]:
        """The equation in index notation: left indices, left deltas, right side."""
        scope = self.scope
        tensor = self.tensors[authored.tensor]
        taken: Names = names_in(authored.value) | names_of(authored.at)
        rest = tensor.dims[len(authored.at) :]
        shape = scope.shape(authored.value)
        if shape and shape != rest:
            raise scope.fault(
                f"rank or size mismatch: {authored.tensor} has axes {show(rest)} left for the right side, "
                f"which has {show(shape)}: index it, or sum over it"
            )
        open_indices = tuple(scope.letter(dim, taken) for dim in rest)
        indices, deltas = self._left(tensor, authored.at, taken)
        value = scope.close(authored.value, tuple(i.symbol for i in open_indices), taken)
        check_axes(scope, value)
        known = {i.name for i in (*indices, *open_indices)} | names_of(authored.at) | self.spec.numbers
        check_bound(scope, authored.tensor, value, known)
        return (*indices, *open_indices), deltas, value

    def _left(
        self, tensor: Tensor, at: tuple[Affine, ...], taken: Names
    ) -> tuple[tuple[Index, ...], tuple[Guard, ...]]:
        indices: list[Index] = []
        deltas: list[Guard] = []
        for e, dim in zip(at, tensor.dims[: len(at)], strict=True):
            letter = e.letter()
            declared = self.scope.range_of(letter) if letter else None
            if declared and (declared.lo, declared.hi) != (Affine(), dim):
                raise self.scope.fault(
                    f"index '{declared.name}' has two ranges, {declared.lo}..{declared.hi}-1 and that of "
                    f"an axis of {tensor.name}, 0..{dim}-1: declare a second index"
                )
            repeated = declared is not None and declared.name in {i.name for i in indices}
            if declared and not repeated:
                indices.append(declared)
            else:
                index = Index(fresh_letter(tuple(self.spec.sizes), dim, taken), Affine(), dim)
                indices.append(index)
                deltas.append(Delta(index.symbol, e))
        return tuple(indices), tuple(deltas)

    def add(self, authored: Authored) -> None:
        """Elaborate one equation and append it, after those that it needs."""
        indices, deltas, value = self.closed(authored)
        summed = self._summed_left(deltas, {i.name for i in indices})
        scope = {i.name: i for i in (*indices, *summed)}
        value = keep_apart(self.enter_starts(value), set(scope), {*scope, *self.taken, *self.spec.ranges})
        split = self.addends if deltas else self.split
        terms = split(value, authored.tensor, scope, authored.where)
        if deltas:
            terms = tuple(Term(summed + t.binders, deltas + t.guards, t.body) for t in terms)
        self.append(Equation(authored.tensor, indices, terms, authored.where), "written")

    def _summed_left(self, deltas: tuple[Guard, ...], free: set[Letter]) -> tuple[Index, ...]:
        letters = (n for d in deltas for n in sorted(d.parts()[1].names()) if isinstance(n, Letter))
        return tuple(self.spec.ranges[n] for n in dict.fromkeys(letters) if n not in free)

    def append(self, equation: Equation, rule: str) -> None:
        self.equations.append(equation)
        self.recorder.record(rule, (equation,))

    # initial states ---------------------------------------------------------------------------
    def enter_starts(self, value: Expr) -> Expr:
        """h[t-1] of a tensor with an initial state reads a named tensor h_prev[t]."""
        return transform(value, self._enter_start)

    def _enter_start(self, node: Expr) -> Expr:
        if not isinstance(node, Read) or node.tensor not in self.spec.starts or not node.at:
            return node
        if node.at[0].letter() or not node.at[0].names() & self.spec.ranges.keys():
            return node
        step = (node.at[0] + 1).letter()
        if step is None or self.spec.ranges[step].hi != self.tensors[node.tensor].dims[0]:
            raise self.scope.fault(
                f"{node.tensor}[{node.at[0]}] of a tensor with an initial state: only one step back is "
                "defined by it; add further states as tensors of their own"
            )
        return Read(self._previous(node.tensor), (Affine.of(step), *node.at[1:]))

    def _previous(self, state: str) -> str:
        tensor = self.tensors[state]
        if state not in self.previous:
            name = self.previous[state] = fresh(f"{state}_prev", self.taken)
            self.tensors[name] = Tensor(name, tensor.dims, "computed", latex=tensor.latex or state)
            letters: Names = set()
            at = tuple(self.scope.letter(dim, letters) for dim in tensor.dims)
            t, rest = at[0].symbol, tuple(i.symbol for i in at[1:])
            before = Term((), (), Read(state, (t - 1, *rest)))
            start = Term((), (Delta(t, Affine()),), Read(self.spec.starts[state], rest))
            self.append(Equation(name, at, (before, start)), "start")
        return self.previous[state]

    # terms ------------------------------------------------------------------------------------
    def split(self, node: Expr, lhs: str, scope: dict[Letter, Index], where: str) -> tuple[Term, ...]:
        """The terms of a sum, each with its own binders and guards."""
        match node:
            case Sum(args):
                return tuple(t for arg in args for t in self.addends(arg, lhs, scope, where))
            case Negative(arg):
                inner = self.addends(arg, lhs, scope, where)
                return tuple(Term(t.binders, t.guards, minus(t.body)) for t in inner)
            case Choice() if (branches := by_place(node, scope)) != (node,):
                return tuple(t for branch in branches for t in self.addends(branch, lhs, scope, where))
            case When(guards, body):
                with self.under(guards):
                    inner = self.addends(body, lhs, scope, where)
                return tuple(Term(t.binders, guards + t.guards, t.body) for t in inner)
            case Reduce():
                with self.under(node.guards):
                    return self._split_reduce(node, lhs, scope, where)
            case Ratio(top, bottom) if is_constant(bottom) and not isinstance(top, Product):
                inner = self.addends(top, lhs, scope, where)
                return tuple(Term(t.binders, t.guards, over(t.body, bottom)) for t in inner)
            case Product() | Ratio():
                guards, bare = unguarded(node)
                if guards and isinstance(bare, Product) and isinstance(times(*bare.args), Choice):
                    return self.split(When(guards, times(*bare.args)), lhs, scope, where)
                with self.under(guards):
                    return self._split_product(guards, bare, lhs, scope, where)
        return (Term((), (), self.name_nested(node, lhs, scope, where)),)

    def addends(self, node: Expr, lhs: str, scope: dict[Letter, Index], where: str) -> tuple[Term, ...]:
        """Terms that may stand in a sum with others: a maximum is named."""
        if isinstance(node, Reduce) and node.monoid != "sum":
            return (Term((), (), self.name(node, lhs, scope, where)),)
        return self.split(node, lhs, scope, where)

    @contextmanager
    def under(self, guards: tuple[Guard, ...]) -> Iterator[None]:
        """What is named in here is evaluated only where these guards hold."""
        before, self.guards = self.guards, self.guards + guards
        yield
        self.guards = before

    def _split_reduce(
        self, node: Reduce, lhs: str, scope: dict[Letter, Index], where: str
    ) -> tuple[Term, ...]:
        inner_scope = scope | {b.name: b for b in node.binders}
        if node.monoid != "sum":
            body = self.name_nested(node.body, lhs, inner_scope, where)
            return (Term(node.binders, node.guards, body, node.monoid),)
        if not has_sums(node.body) and not matrix_products(node.body):
            # one sum of differences, not a difference of sums, which may cancel
            return (Term(node.binders, node.guards, self.name_nested(node.body, lhs, inner_scope, where)),)
        inner = self.addends(node.body, lhs, inner_scope, where)
        return tuple(Term(node.binders + t.binders, node.guards + t.guards, t.body) for t in inner)

    def _split_product(
        self, guards: tuple[Guard, ...], node: Expr, lhs: str, scope: dict[Letter, Index], where: str
    ) -> tuple[Term, ...]:
        top, bottom = (node.top, node.bottom) if isinstance(node, Ratio) else (node, ONE)
        args = top.args if isinstance(top, Product) else (top,)
        sums = [n for n, a in enumerate(args) if isinstance(a, Reduce) and a.monoid == "sum"]
        others = tuple(a for n, a in enumerate(args) if n not in sums)
        bottom = self.name_nested(bottom, lhs, scope, where)
        if len(sums) == 1 and all(map(is_constant, (*others, bottom))):
            inner = self.split(args[sums[0]], lhs, scope, where)
            factor = over(times(*others), bottom)
            return tuple(Term(t.binders, guards + t.guards, times(factor, t.body)) for t in inner)
        named = tuple(self.name_nested(a, lhs, scope, where) for a in args)
        return (Term((), guards, over(times(*named), bottom)),)

    # names ------------------------------------------------------------------------------------
    def name_nested(self, node: Expr, lhs: str, scope: dict[Letter, Index], where: str) -> Expr:
        """The expression with every sum inside it named, so that it reads tensors only."""
        if has_sums(node):
            return self.name(node, lhs, scope, where)
        parts = tuple(self.name_nested(part, lhs, scope, where) for part in children(node))
        return rebuild(node, parts) if parts else node

    def name(self, node: Expr, lhs: str, scope: dict[Letter, Index], where: str) -> Read:
        """A tensor for a subexpression, indexed by what is free in it; the same one for an equal one."""
        free = free_names(node)
        indices = tuple(i for i in scope.values() if i.name in free)
        known = {*(i.name for i in indices), *self.spec.numbers}
        guards = tuple(g for g in self.guards if names_of(g.parts()) <= known)
        alike = self.named.setdefault(tuple(r.tensor for r in reads(node)), [])
        known_as = next((r for n in alike if (r := n.at(node, guards, scope)) is not None), None)
        if known_as is not None:
            return known_as
        read = self._name(guarded(guards, node), lhs, indices, where)
        alike.append(Named(node, guards, indices, read))
        return read

    def _name(self, node: Expr, lhs: str, indices: tuple[Index, ...], where: str) -> Read:
        """An axis begins at 0, wherever its index begins."""
        name = fresh(f"z_{lhs}", self.taken)
        self.tensors[name] = Tensor(name, tuple(i.hi - i.lo for i in indices), "computed", latex="z")
        shifted = substitute(node, {i.name: i.symbol + i.lo for i in indices if i.lo != Affine()})
        axes = tuple(Index(i.name, Affine(), i.hi - i.lo) for i in indices)
        outer, self.guards = self.guards, ()
        terms = self.split(shifted, name, {i.name: i for i in axes}, where)
        self.guards = outer
        self.append(Equation(name, axes, terms, where), "name")
        return Read(name, tuple(i.symbol - i.lo for i in indices))


def elaborate(spec: Spec, recorder: Recorder) -> System:
    """Spec -> System: every equation a sum of terms over tensor reads, checked."""
    check_given(spec)
    check_ignored(spec)
    elaborator = Elaborator(spec, recorder, {t.name: t for t in spec.tensors})
    for authored in spec.equations:
        try:
            elaborator.add(authored)
        except SpecError as fault:
            raise fault.of(spec.op.name, authored.where) from None
    inputs = tuple(t.name for t in spec.tensors if t.role != "computed")
    system = System(
        spec.op.name,
        tuple(spec.sizes),
        tuple(elaborator.tensors.values()),
        inputs,
        spec.outputs,
        tuple(elaborator.equations),
        tuple(spec.integers),
        tuple(spec.reals),
    )
    check_system(system)
    system = simplify_system(system)
    check_cycles(system)  # of x[t + 1] = f(x[t]) only the solved equation reads a step back
    return system
