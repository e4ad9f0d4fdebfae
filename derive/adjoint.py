"""The adjoint of a system: another system of the same kind.

For every read a[J(v)] in a term of y[I]:

    da[m] += sum over v of dy[I] * (d expr / d read) * delta(m, J(v)),    J(v) = m solved for what it can be

A left index is eliminated before a summed one, and only with coefficient 1 or -1; what cannot be
eliminated stays as a delta. Back-propagation through time, transposed convolution and bias sums
are consequences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from derive.algebra.domains import always_evaluated, drop_redundant_guards, sum_out_deltas
from derive.algebra.expr import Expr, Number, Read, chained, substitute, times
from derive.algebra.index import Affine, Delta, Index, IntegerRead, Letter
from derive.algebra.monoids import MONOIDS
from derive.algebra.partials import partials
from derive.algebra.system import (
    Equation,
    Names,
    System,
    Tensor,
    Term,
    canonical_indices,
    constants,
    fresh,
    fresh_letter,
    is_taken,
)
from derive.steps import Link, Recorder


def name_witnesses(system: System, recorder: Recorder) -> System:
    """Give every maximum that has a gradient its argmax: an integer tensor for each index it runs over.

    -1 is the argmax of nothing, so an index that may be below 0 is counted from the first that it can be.
    """
    equations: list[Equation] = []
    tensors = list(system.tensors)
    taken, wanted = {t.name for t in tensors} | constants(system), differentiable(system)
    for equation in system.equations:
        witness = MONOIDS[equation.terms[0].monoid].witness if equation.terms else ""
        if not witness or equation.tensor not in wanted:
            equations.append(equation)
            continue
        term = _from_zero(equation.terms[0])
        equations.append(replace(equation, terms=(term,)))
        dims = tuple(i.hi for i in equation.indices)
        made = []
        for binder in term.binders:
            name = fresh(f"{binder.name}_{equation.tensor}", taken)
            tensors.append(Tensor(name, dims, "computed", integer=True, latex=f"{binder.name}^{{*}}"))
            arg = replace(term, monoid=witness, witness=binder.name)
            made.append(Equation(name, equation.indices, (arg,), equation.where))
        recorder.record("argmax", tuple(made))
        equations += made
    return system.with_equations(tuple(equations), tuple(tensors))


def _from_zero(term: Term) -> Term:
    """The term with every index that may be below 0 counted from the first that it can be."""
    low = [b for b in term.binders if not (b.lo.is_integer() and b.lo.integer() >= 0)]
    put = {b.name: b.symbol + b.lo for b in low}
    binders = tuple(Index(b.name, Affine(), b.hi - b.lo) if b in low else b for b in term.binders)
    guards = tuple(g.substitute(put) for g in term.guards)
    return replace(term, binders=binders, guards=guards, body=substitute(term.body, put))


@dataclass(frozen=True, slots=True)
class Slope:
    """The derivative of one term of an equation by one of its reads."""

    equation: Equation
    term: Term
    read: Read
    value: Expr


class _Differentiator:
    """Builds the adjoint equations of one system."""

    def __init__(self, system: System, recorder: Recorder) -> None:
        self.system, self.recorder = system, recorder
        self.numbers = constants(system)
        self.taken = {t.name for t in system.tensors} | self.numbers
        slopes = _slopes(system)
        self.wanted = _differentiable(system, slopes)
        self.cotangent = {name: fresh(f"d{name}", self.taken) for name in self._order()}
        read_inside = {r.tensor for e in system.equations for t in e.terms for r in t.reads()}
        self.incoming = {
            name: fresh(f"g{name}", self.taken) if name in read_inside else self.cotangent[name]
            for name in system.outputs
            if name in self.wanted
        }
        self.slopes: dict[str, list[Slope]] = {}
        for slope in slopes:
            if slope.equation.tensor in self.cotangent:
                self.slopes.setdefault(slope.read.tensor, []).append(slope)
        self.tensors = (*system.tensors, *self._cotangents())
        self.extended = replace(system, tensors=self.tensors)

    def _order(self) -> list[str]:
        computed = [e.tensor for e in reversed(self.system.equations)]
        return [n for n in (*computed, *self.system.inputs) if n in self.wanted]

    def indices(self, name: str) -> tuple[Index, ...]:
        """The letters of the tensor's own equation, or of its sizes."""
        defined = self.system.definition(name)
        return defined.indices if defined else canonical_indices(self.system, name, {*self.numbers})

    def equation(self, name: str) -> Equation:
        """The adjoint equation of one tensor: the contributions of all its reads."""
        indices = self.indices(name)
        terms: list[Term] = []
        if name in self.incoming:
            terms.append(Term((), (), Read(self.incoming[name], tuple(i.symbol for i in indices))))
        terms += [self.contribution(slope, name, indices) for slope in self.slopes.get(name, ())]
        return Equation(self.cotangent[name], indices, _merge_equal(terms))

    def contribution(self, slope: Slope, name: str, indices: tuple[Index, ...]) -> Term:
        equation = slope.equation
        raw = self.transpose(slope, indices)
        made = self.solve(raw, equation, indices)
        link = Link(slope.read, slope.value, self.solved(raw, equation, slope.term, indices))
        result = Equation(self.cotangent[name], indices, (made,))
        self.recorder.record("chain", (result,), source=equation.tensor, link=link)
        return made

    def transpose(self, slope: Slope, target: tuple[Index, ...]) -> Term:
        """One read's contribution, unsolved: deltas for its indices, summed over all left indices."""
        equation, term = slope.equation, slope.term
        witness = MONOIDS[term.monoid].witness
        inner = {i.name: Affine.of(i.name.marked()) for i in (*equation.indices, *term.binders)}
        left = tuple(i.substitute(inner).renamed(i.name.marked()) for i in equation.indices)
        bound = tuple(b.substitute(inner).renamed(b.name.marked()) for b in term.binders)
        at = tuple(i.symbol for i in left)
        chosen = (
            tuple(
                Delta(inner[b.name], Affine.of(IntegerRead(self._witness(equation, b.name), at)))
                for b in term.binders
            )
            if witness
            else ()
        )
        deltas = tuple(
            Delta(m.symbol, e.substitute(inner)) for m, e in zip(target, slope.read.at, strict=True)
        )
        guards = (*chosen, *deltas, *(g.substitute(inner) for g in term.guards))
        body = chained(Read(self.cotangent[equation.tensor], at), substitute(slope.value, inner))
        return Term((*left, *bound), guards, body)

    def solve(self, raw: Term, equation: Equation, target: tuple[Index, ...]) -> Term:
        """The contribution with its deltas summed out, left indices first."""
        solved = sum_out_deltas(raw, [i.name.marked() for i in equation.indices])
        return self._letters(drop_redundant_guards(self.extended, solved, target), target)

    def solved(
        self, raw: Term, equation: Equation, term: Term, target: tuple[Index, ...]
    ) -> tuple[tuple[Letter, Affine], ...]:
        """What each index of the reading equation became: the same eliminations, on the indices alone."""
        names = [i.name for i in (*equation.indices, *term.binders)]
        alone = replace(raw, body=Read("", tuple(Affine.of(name.marked()) for name in names)))
        made = self._letters(sum_out_deltas(alone, [i.name.marked() for i in equation.indices]), target)
        assert isinstance(made.body, Read)
        return tuple(zip(names, made.body.at, strict=True))

    def _witness(self, equation: Equation, binder: Letter) -> str:
        term = equation.terms[0]
        arg = replace(term, monoid=MONOIDS[term.monoid].witness, witness=binder)
        wanted = (equation.indices, (arg,))
        return next(e.tensor for e in self.system.equations if (e.indices, e.terms) == wanted)

    def _letters(self, term: Term, target: tuple[Index, ...]) -> Term:
        """Readable names for the summed indices."""
        taken: Names = {*(i.name for i in target), *self.numbers}
        names: dict[Letter, Letter] = {}
        for binder in term.binders:
            wanted = Letter(binder.name.text.rstrip("'"))
            if is_taken(wanted.text, taken):
                wanted = fresh_letter(self.system.sizes, binder.hi, taken)
            taken.add(wanted)
            names[binder.name] = wanted
        put = {old: Affine.of(new) for old, new in names.items()}
        renamed = tuple(b.substitute(put).renamed(names[b.name]) for b in term.binders)
        return Term(renamed, tuple(g.substitute(put) for g in term.guards), substitute(term.body, put))

    def _cotangents(self) -> tuple[Tensor, ...]:
        """Declarations of the cotangents."""
        made = []
        for name, cotangent in self.cotangent.items():
            source = self.system.tensor(name)
            made.append(
                replace(
                    source,
                    name=cotangent,
                    role="computed",
                    latex=_bar(source),
                    about=f"gradient of {name}",
                    is_a="gradient",
                    of=name,
                )
            )
        for name, incoming in self.incoming.items():
            if incoming != self.cotangent[name]:
                source = self.system.tensor(name)
                latex = _bar(source) + r"^{\mathrm{out}}"
                about = f"cotangent of {name}"
                given = replace(source, name=incoming, role="computed", latex=latex, about=about)
                made.append(replace(given, is_a="cotangent", of=name))
        return tuple(made)


def _bar(tensor: Tensor) -> str:
    return rf"\bar{{{tensor.latex or tensor.name}}}"


def _merge_equal(terms: list[Term]) -> tuple[Term, ...]:
    """Equal contributions once, with their number in front."""
    count: dict[Term, int] = {}
    for term in terms:
        count[term] = count.get(term, 0) + 1
    return tuple(
        term if n == 1 else replace(term, body=times(Number(Affine.of(n)), term.body))
        for term, n in count.items()
    )


def differentiable(system: System) -> frozenset[str]:
    """Floating tensors that depend on a floating input and on which an output depends.

    What is only compared with something has no slope there: nothing depends on it so.
    """
    return _differentiable(system, _slopes(system))


def _slopes(system: System) -> tuple[Slope, ...]:
    """Every read of every term with its slope, in the tensor's own value where that is the term's."""
    found = []
    for equation in system.equations:
        for term in equation.terms:
            whole = len(equation.terms) == 1 and not term.binders and not term.guards
            whole = whole and always_evaluated(system, term.body, equation.indices)
            pairs = partials(term.body, equation.lhs if whole else term.body)
            found += [Slope(equation, term, read, value) for read, value in pairs]
    return tuple(found)


def _differentiable(system: System, slopes: Iterable[Slope]) -> frozenset[str]:
    reads: dict[str, set[str]] = {}
    readers: dict[str, set[str]] = {}
    for slope in slopes:
        reads.setdefault(slope.equation.tensor, set()).add(slope.read.tensor)
        readers.setdefault(slope.read.tensor, set()).add(slope.equation.tensor)
    given = system.floating_inputs()
    both = _closure(given, readers) & _closure(system.outputs, reads)
    return frozenset(t.name for t in system.tensors if not t.integer and t.name in both) | {*given}


def _closure(start: Iterable[str], edges: Mapping[str, set[str]]) -> set[str]:
    found = set(start)
    todo = list(found)
    while todo:
        new = edges.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found


def adjoint(system: System, recorder: Recorder) -> System:
    """The adjoint system: inputs are all tensors of the system and the cotangents of its outputs.

    Its outputs are the gradients of the floating inputs, in their order. Raises nothing: every
    well-formed system has an adjoint.
    """
    make = _Differentiator(system, recorder)
    equations = tuple(make.equation(n) for n in make.cotangent if make.incoming.get(n) != make.cotangent[n])
    recorder.record("collect", equations)
    forward = tuple(dict.fromkeys((*system.inputs, *(e.tensor for e in system.equations))))
    outputs = tuple(make.cotangent[n] for n in system.floating_inputs())
    return replace(
        system,
        name=f"{system.name}_adjoint",
        tensors=make.tensors,
        inputs=(*forward, *make.incoming.values()),
        outputs=outputs,
        equations=equations,
    )


def join(forward: System, backward: System) -> System:
    """Forward and adjoint equations as one system: its inputs are the op's and the cotangents."""
    computed = {e.tensor for e in forward.equations}
    return replace(
        backward,
        name=backward.name.replace("_adjoint", "_gradients"),
        inputs=tuple(n for n in backward.inputs if n not in computed),
        equations=forward.equations + backward.equations,
    )
