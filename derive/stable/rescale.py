"""One sum of exponentials divided by exp of its largest exponent, in a forward system and its adjoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from typing import TypeVar

from derive.algebra.expr import (
    Call,
    Expr,
    Product,
    Ratio,
    Read,
    reads,
    substitute,
    walk,
)
from derive.algebra.index import Index, Letter
from derive.algebra.layers import is_constant
from derive.algebra.system import Equation, System, Tensor, Term, constants, fresh
from derive.stable.homogeneity import (
    FLAT,
    Inhomogeneous,
    Scale,
    Scaled,
    Weight,
    Weighted,
    Weights,
    alike,
    opened,
    options,
)

T = TypeVar("T")
MATCHED, PLAIN = (True, False), (False, True)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tensor that is a sum of exponentials, and the exponent."""

    equation: Equation
    exponent: Expr

    @property
    def term(self) -> Term:
        return self.equation.terms[0]

    def exponent_reads(self) -> tuple[Read, ...]:
        return reads(self.exponent)


def candidates(system: System) -> tuple[Candidate, ...]:
    """The tensors whose only term is a sum of constants times exp(...)."""
    found = []
    for equation in system.equations:
        term = equation.terms[0] if len(equation.terms) == 1 else None
        if term is not None and term.monoid == "sum" and term.binders:
            ranges = {i.name: i for i in (*equation.indices, *term.binders)}
            exponent = _exponent(system, ranges, term.body)
            if exponent is not None:
                found.append(Candidate(equation, exponent))
    return tuple(found)


def _exponent(system: System, ranges: Mapping[Letter, Index], node: Expr) -> Expr | None:
    match node:
        case Call("exp", (arg,)):
            return arg
        case Product(args):
            rest = [a for a in args if not is_constant(a)]
            return _exponent(system, ranges, rest[0]) if len(rest) == 1 else None
        case Ratio(top, bottom) if is_constant(bottom):
            return _exponent(system, ranges, top)
        case Read():
            return _exponent_of_tensor(system, ranges, node)
    return None


def _exponent_of_tensor(system: System, ranges: Mapping[Letter, Index], read: Read) -> Expr | None:
    """e where the tensor is exp(e) at every index, and is read inside its domain."""
    made = system.definition(read.tensor)
    if made is None or len(made.terms) != 1:
        return None
    inner = made.terms[0]
    if inner.binders or inner.guards or not isinstance(inner.body, Call) or inner.body.function != "exp":
        return None
    for e, axis in zip(read.at, made.indices, strict=True):
        letter = e.letter()
        index = ranges.get(letter) if letter else None
        if index is None or (index.lo, index.hi) != (axis.lo, axis.hi):
            return None
    put = {i.name: e for i, e in zip(made.indices, read.at, strict=True)}
    return substitute(inner.body.args[0], put)


@dataclass(frozen=True, slots=True)
class Joint:
    """A forward system and its adjoint, rewritten together."""

    forward: System
    backward: System

    def equations(self) -> tuple[Equation, ...]:
        return self.forward.equations + self.backward.equations


def rescale(joint: Joint, candidate: Candidate, others: frozenset[str]) -> tuple[Joint, tuple[Equation, ...]]:
    """The systems with the candidate divided by exp of its largest exponent, and the new equations.

    `others` are sums of exponentials with maxima of their own. Raises Inhomogeneous where the scale
    does not cancel on the way from the inputs to the outputs.
    """
    equation = candidate.equation
    taken = {t.name for t in joint.backward.tensors} | constants(joint.backward)
    scale = Scale(
        fresh(f"max_{equation.tensor}", taken), equation.indices, candidate.term.binders, candidate.exponent
    )
    analysis = _Analysis(joint, scale, others)
    analysis.begin(equation)
    forward = analysis.rescaled(joint.forward.equations)
    maximum = analysis.maximum(candidate)
    backward = analysis.rescaled(joint.backward.equations)
    rescaled = {n for n, w in analysis.weights.items() if w.weight != FLAT}
    made = Joint(
        _extended(joint.forward, forward, maximum, equation.tensor, rescaled),
        _extended(joint.backward, backward, maximum, equation.tensor, rescaled),
    )
    pairs = zip(joint.equations(), forward + backward, strict=True)
    return made, (maximum, *(new for old, new in pairs if new != old))


class _Analysis:
    """The weights of all tensors of two systems, for one scale."""

    def __init__(self, joint: Joint, scale: Scale, others: frozenset[str]) -> None:
        self.joint, self.scale, self.others = joint, scale, others
        forward, backward = joint.forward, joint.backward
        computed = {e.tensor for e in joint.equations()}
        given = [n for n in (*forward.inputs, *backward.inputs) if n not in computed]
        flat = Weighted((), FLAT)
        self.weights: Weights = {n: flat for n in (*given, *forward.outputs, *backward.outputs)}

    def begin(self, equation: Equation) -> None:
        """The sum of exponentials itself scales as exp(m)."""
        if equation.tensor in self.weights:
            raise Inhomogeneous(f"{equation.tensor} is an output")
        own = frozenset({(tuple(i.symbol for i in equation.indices), 1)})
        self.weights[equation.tensor] = Weighted(equation.indices, own)

    def rescaled(self, equations: tuple[Equation, ...]) -> tuple[Equation, ...]:
        """The equations of the divided tensors; weights are found for reads before their readers."""
        self._weigh([e for e in equations if e.tensor not in self.weights])
        return tuple(map(self._rewritten, equations))

    def _weigh(self, equations: list[Equation]) -> None:
        """Weights for tensors, always for the one with the largest share of terms whose reads have some."""
        missing = [[{r.tensor for r in t.reads()} - self.weights.keys() for t in e.terms] for e in equations]
        readers: dict[str, list[int]] = {}
        for n, terms in enumerate(missing):
            for name in set().union(*terms):
                readers.setdefault(name, []).append(n)
        waiting = [(-_share(terms), n) for n, terms in enumerate(missing)]
        heapify(waiting)
        while waiting:
            _, n = heappop(waiting)
            chosen = equations[n]
            if chosen.tensor in self.weights:
                continue
            known = [t for t, names in zip(chosen.terms, missing[n], strict=True) if not names]
            self.weights[chosen.tensor] = Weighted(chosen.indices, self._weight(chosen, known))
            for reader in readers.get(chosen.tensor, ()):
                for names in missing[reader]:
                    names.discard(chosen.tensor)
                heappush(waiting, (-_share(missing[reader]), reader))

    def _weight(self, equation: Equation, terms: list[Term]) -> Weight:
        return alike([self._options(equation, term) for term in terms]) if terms else FLAT

    def _options(self, equation: Equation, term: Term) -> list[Scaled]:
        order = PLAIN if equation.tensor in self.others else MATCHED
        if not any(map(self._may_scale, walk(term.body))):
            return [(FLAT, term)]
        try:
            own = self.weights.get(equation.tensor)
            return options(term, self.scale, self.weights, order, own.weight if own else FLAT)
        except Inhomogeneous as fault:
            raise Inhomogeneous(f"in the equation of {equation.tensor}, {fault}") from None

    def _may_scale(self, node: Expr) -> bool:
        """Whether a node may bring a weight into an expression."""
        if isinstance(node, Read):
            return self.weights[node.tensor].weight != FLAT
        return isinstance(node, Call) and node.function == "exp"

    def _rewritten(self, equation: Equation) -> Equation:
        """The equation of the divided tensor. Raises Inhomogeneous where a term has another weight."""
        wanted = self.weights[equation.tensor]
        integer = self.joint.backward.tensor(equation.tensor).integer
        terms: list[Term] = []
        for term in equation.terms:
            choices = self._options(equation, term)
            fitting = [new for weight, new in choices if integer or weight == wanted.weight]
            if not fitting:
                raise Inhomogeneous(f"the equation of {equation.tensor} does not scale as a whole")
            terms += split(fitting[0])
        return replace(equation, terms=tuple(terms))

    def maximum(self, candidate: Candidate) -> Equation:
        """m = max of the exponent, where the sum runs."""
        term = replace(candidate.term, body=candidate.exponent, monoid="max")
        equation = Equation(self.scale.maximum, candidate.equation.indices, (term,), candidate.equation.where)
        weight, largest = options(term, self.scale, self.weights, PLAIN)[0]
        if weight != FLAT:
            raise Inhomogeneous(f"the exponent of {candidate.equation.tensor} scales itself")
        return replace(equation, terms=(largest,))


def _share(terms: list[set[str]]) -> float:
    """The share of the terms that miss nothing."""
    return terms.count(set()) / len(terms) if terms else 1


def split(term: Term) -> list[Term]:
    """A logarithm at the root as terms of their own: in x - m - log(Z), x - m loses no digits."""
    if term.binders or term.monoid != "sum":
        return [term]
    return [replace(term, body=body) for body in opened(term.body)]


def _extended(
    system: System, equations: tuple[Equation, ...], maximum: Equation, of: str, rescaled: set[str]
) -> System:
    """The system with other equations and the maximum, which stands before its first reader."""
    source = system.tensor(of)
    tensor = Tensor(
        maximum.tensor,
        source.dims,
        "computed",
        latex="m" if maximum.tensor == f"max_{of}" else "",
        about=f"largest exponent in {of}",
    )
    tensors = tuple(_described(t, maximum) if t.name in rescaled else t for t in system.tensors)
    tensors = _before(tensors, tensor, [t.name == of for t in tensors])
    if all(e.tensor != of for e in equations):
        inputs = _before(system.inputs, maximum.tensor, [n == of for n in system.inputs])
        return replace(system, tensors=tensors, equations=equations, inputs=inputs)
    readers = [any(maximum.tensor in t.tensors() for t in e.terms) for e in equations]
    return replace(system, tensors=tensors, equations=_before(equations, maximum, readers))


def _described(tensor: Tensor, maximum: Equation) -> Tensor:
    note = f"divided by a power of exp({maximum.tensor})"
    return replace(tensor, about=f"{tensor.about}, {note}" if tensor.about else f"value {note}")


def _before(items: tuple[T, ...], new: T, here: list[bool]) -> tuple[T, ...]:
    """The items with `new` before the first that is marked."""
    at = here.index(True)
    return (*items[:at], new, *items[at:])
