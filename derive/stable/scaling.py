"""Sums of exponentials that are written out, or recurrent, or scale differently: each by its largest term.

What rescale.py divides scales as a whole from the inputs to the outputs. Here nothing need: a tensor T is
kept as T/exp(m), and every reader multiplies by exp(m) again, where factors are exponentials by adding
their exponents. Of a product the exponent is written where it is read; of a sum it is a tensor, the
logarithm of the largest term, which in a recurrence is a state beside the sum (a running maximum):

    m[t] = max(log|S[t-1]| + m[t-1] - w, k[t]),    S[t] = S[t-1] exp(m[t-1] - w - m[t]) + exp(k[t] - m[t])
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from derive.algebra.domains import inside, zero_outside
from derive.algebra.expr import (
    Call,
    Expr,
    Number,
    Power,
    Product,
    Ratio,
    Read,
    Sum,
    children,
    free_names,
    substitute,
    walk,
)
from derive.algebra.index import Affine, Guard, In, Index, names_of
from derive.algebra.system import Equation, Names, System, Tensor, Term, fresh, names_in, symbols
from derive.stable.region import Region, maximum
from derive.stable.rescale import Joint, split
from derive.stable.rewrites import SCALES
from derive.stable.rewriting import identities, rewrite
from derive.stable.risk import Risks
from derive.stable.scaled import Exponent, Scaled, linear, written
from derive.steps import Recorder


@dataclass(frozen=True, slots=True)
class Kept:
    """How a tensor is kept: by which name, over which indices, divided by exp of what."""

    tensor: str
    indices: tuple[Index, ...]
    exponent: Exponent

    def at(self, read: Read) -> Scaled:
        put = {i.name: e for i, e in zip(self.indices, read.at, strict=True)}
        exponent = tuple((substitute(node, put), n) for node, n in self.exponent)
        return Scaled(exponent, (Read(self.tensor, read.at),))


@dataclass(slots=True)
class Scaling:
    """The rewriting of two systems: what is kept divided, and the equations that were made."""

    joint: Joint
    risks: Risks
    divided: frozenset[str]
    taken: Names
    kept: dict[str, Kept] = field(default_factory=dict)
    made: dict[str, tuple[Equation, ...]] = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)
    maxima: dict[tuple[Expr, tuple[Guard, ...], frozenset[Index]], Read] = field(default_factory=dict)

    # tensors ----------------------------------------------------------------------------------
    def known(self, read: Read) -> Scaled | None:
        """What a read of a tensor that is kept divided stands for."""
        if read.tensor not in self.divided:
            return None
        if read.tensor not in self.kept:
            self.keep(self._equation(read.tensor))
        return self.kept[read.tensor].at(read)

    def _equation(self, tensor: str) -> Equation:
        return next(e for e in self.joint.equations() if e.tensor == tensor)

    def keep(self, equation: Equation) -> None:
        """Decide how a tensor is kept, and write its equations."""
        outputs = (*self.joint.forward.outputs, *self.joint.backward.outputs)
        is_output = equation.tensor in outputs
        name = self._fresh(f"scaled_{equation.tensor}") if is_output else equation.tensor
        if is_output:
            about = f"{equation.tensor}, divided by exp of its exponent"
            self.tensors.append(replace(self._declared(equation.tensor), name=name, latex="", about=about))
        single = self._single(equation)
        if single is not None:
            before: list[Equation] = []
            form = self._region(equation, single, before).form(single.body, leads=True)
            self.kept[equation.tensor] = Kept(name, equation.indices, form.exponent)
            made = (*before, replace(equation, tensor=name, terms=(replace(single, body=form.mantissa),)))
        else:
            largest = self._fresh(f"max_{equation.tensor}")
            own = Read(largest, tuple(i.symbol for i in equation.indices))
            self.kept[equation.tensor] = Kept(name, equation.indices, ((own, 1),))
            made = self._summed(equation, name, largest)
        if is_output:
            whole = self.kept[equation.tensor].at(equation.lhs).value()
            made = (*made, replace(equation, terms=(Term((), (), whole),)))
        self.made[equation.tensor] = made

    def _single(self, equation: Equation) -> Term | None:
        """The only term, where its exponent can be written wherever the tensor is read."""
        if len(equation.terms) != 1:
            return None
        term = equation.terms[0]
        reached = self._reached(equation.tensor)
        return None if term.binders or term.guards or equation.tensor in reached else term

    def _reached(self, tensor: str) -> set[str]:
        """The divided tensors that one is made of."""
        found: set[str] = set()
        waiting = [tensor]
        while waiting:
            reading = {r.tensor for t in self._equation(waiting.pop()).terms for r in t.reads()}
            waiting += sorted(reading & self.divided - found)
            found |= reading & self.divided
        return found

    def _summed(self, equation: Equation, name: str, largest: str) -> tuple[Equation, ...]:
        """The largest exponents of the terms, the largest of those, and the sum divided by it."""
        before: list[Equation] = []
        scale = linear(Read(largest, tuple(i.symbol for i in equation.indices)))
        candidates: list[Expr] = []
        terms: list[Term] = []
        for term in equation.terms:
            term = self._guarded(equation, term)
            region = self._region(equation, term, before)
            form = region.leading(region.form(term.body, leads=True))
            exponent = written(form.exponent)
            if term.binders or term.guards:
                exponent = self._part(equation, replace(term, body=exponent, monoid="max"), before)
            candidates.append(exponent)
            terms.append(replace(term, body=form.divided(scale).value()))
        about = f"logarithm of the largest term of {equation.tensor}"
        self.tensors.append(Tensor(largest, self._declared(equation.tensor).dims, "computed", about=about))
        top = Equation(largest, equation.indices, (Term((), (), maximum(candidates)),), equation.where)
        return (*before, top, replace(equation, tensor=name, terms=tuple(terms)))

    def _guarded(self, equation: Equation, term: Term) -> Term:
        """The term, its factors that may be read outside their domains under guards."""
        around = (*equation.indices, *term.binders)
        system = self.joint.backward
        outside = [r for r in zero_outside(term.body) if not inside(system, r, around, term.guards)]
        sides = [
            In(e, Affine(), dim)
            for read in outside
            for e, dim in zip(read.at, system.tensor(read.tensor).dims, strict=True)
            if (e, Affine(), dim) not in [(i.symbol, i.lo, i.hi) for i in around]
        ]
        return replace(term, guards=tuple(dict.fromkeys((*term.guards, *sides))))

    def _part(self, equation: Equation, term: Term, before: list[Equation]) -> Read:
        """The largest exponent of one term, over its binders, where its guards hold."""
        name = self._fresh(f"max_{equation.tensor}")
        about = f"largest exponent in a sum of {equation.tensor}"
        self.tensors.append(Tensor(name, self._declared(equation.tensor).dims, "computed", about=about))
        before.append(Equation(name, equation.indices, (term,), equation.where))
        return Read(name, tuple(i.symbol for i in equation.indices))

    # expressions ------------------------------------------------------------------------------
    def rewrite(self, equation: Equation) -> None:
        """An equation whose own tensor is not divided."""
        before: list[Equation] = []
        terms: list[Term] = []
        for term in equation.terms:
            body = self._region(equation, term, before).value(term.body)
            terms += split(replace(term, body=body)) if body != term.body else [term]
        changed = replace(equation, terms=tuple(terms))
        if changed != equation:
            self.made[equation.tensor] = (*before, changed)

    def _region(self, equation: Equation, term: Term, before: list[Equation]) -> Region:
        def named(largest: Expr) -> Expr:
            return self._named(largest, equation, term, before)

        around = (*equation.indices, *term.binders)
        positive: set[Expr] = {
            Read(self.kept[read.tensor].tensor, read.at)
            for read in term.reads()
            if self.known(read) is not None
            and self._is_positive(read.tensor)
            and inside(self.joint.backward, read, around, term.guards)
        }
        return Region(self.risks, self.known, named, positive)

    def _is_positive(self, tensor: str, above: tuple[str, ...] = ()) -> bool:
        """Whether all terms of a divided tensor are positive: it is not 0 but where it has none."""
        if tensor in above:
            return True
        if tensor not in self.divided:
            return False

        def positive(node: Expr) -> bool:
            match node:
                case Read(name, _):
                    return self._is_positive(name, (*above, tensor))
                case Number(value, _):
                    return value.is_integer() and value.integer() > 0
                case Sum() | Product() | Ratio() | Power():
                    return all(map(positive, children(node)))
            return isinstance(node, Call) and node.function == "exp"

        return all(positive(term.body) for term in self._equation(tensor).terms)

    def _named(self, largest: Expr, equation: Equation, term: Term, before: list[Equation]) -> Expr:
        """A tensor for a maximum, over the indices that it has; the same one for an equal one."""
        around = (*equation.indices, *term.binders)
        free = free_names(largest)
        known = symbols(self.joint.backward) | free
        guards = tuple(g for g in term.guards if names_of(g.parts()) <= known)
        indices = tuple(i for i in around if i.name in free)
        if (largest, guards, frozenset(indices)) not in self.maxima:
            name = self._fresh(f"max_{equation.tensor}")
            dims = tuple(i.hi - i.lo for i in indices)
            self.tensors.append(
                Tensor(name, dims, "computed", about=f"largest exponent in {equation.tensor}")
            )
            from_zero = {i.name: i.symbol + i.lo for i in indices if i.lo != Affine()}
            axes = tuple(Index(i.name, Affine(), i.hi - i.lo) for i in indices)
            body = Term((), tuple(g.substitute(from_zero) for g in guards), substitute(largest, from_zero))
            before.append(Equation(name, axes, (body,), equation.where))
            self.maxima[largest, guards, frozenset(indices)] = Read(
                name, tuple(i.symbol - i.lo for i in indices)
            )
        return self.maxima[largest, guards, frozenset(indices)]

    def _fresh(self, wanted: str) -> str:
        return fresh(wanted, self.taken)

    def _declared(self, tensor: str) -> Tensor:
        return self.joint.backward.tensor(tensor)


def scale_out(joint: Joint, risky: frozenset[str], recorder: Recorder) -> tuple[Joint, frozenset[str]]:
    """The systems with the risky tensors' equations made safe, and the tensors whose equations are new."""
    if not risky:
        return joint, frozenset()
    risks = Risks(joint.equations())
    divided = _divided(joint, risks, risky)
    taken = {t.name for t in joint.backward.tensors} | names_in(joint.backward)
    scaling = Scaling(joint, risks, divided, taken)
    for equation in joint.equations():
        if equation.tensor in divided:
            if equation.tensor not in scaling.kept:
                scaling.keep(equation)
        elif equation.tensor in risky or divided & {r.tensor for t in equation.terms for r in t.reads()}:
            scaling.rewrite(equation)
    used = identities((row.name for row in SCALES), scaling.taken)
    for name, made in scaling.made.items():
        recorder.record("scale", made, source=name, identities=used)
    new = frozenset(e.tensor for made in scaling.made.values() for e in made)
    return _extended(scaling), new | scaling.made.keys()


def _divided(joint: Joint, risks: Risks, risky: frozenset[str]) -> frozenset[str]:
    """The tensors that bear an exponential into a risk, and those that they have it from."""
    terms = {e.tensor: e.terms for e in joint.equations()}
    bodies = [t.body for name in sorted(risky) for t in terms[name]]
    waiting = [r.tensor for body in bodies for node in _risks(risks, body) for r in risks.taking_part(node)]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [r.tensor for t in terms[name] for r in risks.taking_part(t.body)]
    return frozenset(found)


def _risks(risks: Risks, body: Expr) -> Iterator[Expr]:
    """The nodes that no row of the rule table makes safe."""
    for node in walk(body):
        if risks.is_risk(node) and risks.at_risk(rewrite(node)[0]):
            yield node.args[0] if isinstance(node, Call) else node


def _extended(scaling: Scaling) -> Joint:
    """Both systems with the new equations; the backward one is given what the forward one computes."""
    forward, backward = scaling.joint.forward, scaling.joint.backward
    first = _equations(forward, scaling)
    computed = {e.tensor for e in first}
    given = tuple(t.name for t in scaling.tensors if t.name in computed)
    new = tuple(scaling.tensors)
    return Joint(
        forward.with_equations(first, (*forward.tensors, *(t for t in new if t.name in computed))),
        replace(
            backward.with_equations(_equations(backward, scaling), (*backward.tensors, *new)),
            inputs=(*backward.inputs, *given),
        ),
    )


def _equations(system: System, scaling: Scaling) -> tuple[Equation, ...]:
    return tuple(e for old in system.equations for e in scaling.made.get(old.tensor, (old,)))
