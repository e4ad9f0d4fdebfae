"""What there is to prove of an adjoint: for every equation y and every tensor a that it reads,

    sum over I of ybar[I] * (the part of ydot[I] in adot)  =  sum over m of abar(y)[m] * adot[m]

where ydot is the tangent system's and abar(y) those contributions to a's gradient that read ybar.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from derive.algebra.expr import Expr, Read, reads, substitute, times, transform
from derive.algebra.system import Equation, System, Term
from derive.tangent import tangent


@dataclass(frozen=True, slots=True)
class Names:
    """Which tensor is whose tangent, gradient and given cotangent, as the systems declare it."""

    tangents: dict[str, str]
    gradients: dict[str, str]
    seeds: dict[str, str]

    @staticmethod
    def of(moved: System, backward: System) -> Names:
        return Names(moved.named("tangent"), backward.named("gradient"), backward.named("cotangent"))


@dataclass(frozen=True, slots=True)
class Pair:
    """Two sums that must be equal: what `source` gives to the gradient of `target`.

    `given` marks the pair of a cotangent that the caller gives, whose source is the target itself.
    """

    source: str
    target: str
    left: tuple[Term, ...]
    right: tuple[Term, ...]
    given: bool = False

    def __str__(self) -> str:
        if self.given:
            return f"the cotangent given of {self.target}"
        return f"what {self.source} gives to the gradient of {self.target}"


class Pairs:
    """A forward system, its tangent and its adjoint, and the pairs that these two make."""

    def __init__(self, forward: System, backward: System) -> None:
        self.forward, self.backward = forward, backward
        self.moved = tangent(forward)
        self.names = Names.of(self.moved, backward)

    def targets(self) -> tuple[str, ...]:
        """The tensors whose gradient has an equation."""
        defined = {e.tensor for e in self.backward.equations}
        return tuple(name for name, gradient in self.names.gradients.items() if gradient in defined)

    def of(self, target: str) -> tuple[Pair, ...]:
        """Every pair of one tensor's gradient."""
        sources = (e.tensor for e in self.forward.equations if e.tensor in self.names.gradients)
        pairs = (Pair(s, target, self._left(s, target), self._right(s, target)) for s in sources)
        return (*self._given(target), *(p for p in pairs if p.left or p.right))

    def _left(self, source: str, target: str) -> tuple[Term, ...]:
        """ybar times that part of y's tangent equation that reads adot."""
        if source not in self.names.tangents:
            return ()
        equation = self.moved.equation(self.names.tangents[source])
        bar = Read(self.names.gradients[source], equation.lhs.at)
        return tuple(
            _whole(equation, replace(term, body=times(bar, term.body)))
            for term in _reading(equation, self.names.tangents[target])
        )

    def _right(self, source: str, target: str) -> tuple[Term, ...]:
        """adot times those contributions to the gradient of a that read ybar."""
        equation = self.backward.equation(self.names.gradients[target])
        terms = _reading(equation, self.names.gradients[source])
        unfolded = (replace(t, body=self._unfolded(source, t.body)) for t in terms)
        return tuple(self._paired(equation, term, target) for term in unfolded)

    def _given(self, target: str) -> tuple[Pair, ...]:
        """The caller's cotangent goes to the gradient of its output, once and unchanged."""
        if target not in self.names.seeds:
            return ()
        equation, given = self.backward.equation(self.names.gradients[target]), self.names.seeds[target]
        left = self._paired(equation, Term((), (), Read(given, equation.lhs.at)), target)
        right = tuple(self._paired(equation, t, target) for t in _reading(equation, given))
        return (Pair(target, target, (left,), right, given=True),)

    def _paired(self, equation: Equation, term: Term, target: str) -> Term:
        dot = Read(self.names.tangents[target], equation.lhs.at)
        return _whole(equation, replace(term, body=times(dot, term.body)))

    def _unfolded(self, source: str, body: Expr) -> Expr:
        """The body with y[K] written out wherever ybar[K] is a factor.

        ybar[K] is 0 outside y's domain, and inside it y[K] is what its equation says: a slope in terms
        of the value becomes the slope in terms of the argument.
        """
        equation = self.forward.equation(source)
        if len(equation.terms) != 1:
            return body
        (term,) = equation.terms
        if term.binders or term.guards or term.monoid != "sum":
            return body
        names = [i.name for i in equation.indices]
        places = {r.at for r in reads(body) if r.tensor == self.names.gradients[source]}
        written = {
            Read(source, at): substitute(term.body, dict(zip(names, at, strict=True))) for at in places
        }
        return transform(body, lambda node: written.get(node, node) if isinstance(node, Read) else node)


def _reading(equation: Equation, tensor: str) -> tuple[Term, ...]:
    return tuple(t for t in equation.terms if any(r.tensor == tensor for r in t.reads()))


def _whole(equation: Equation, term: Term) -> Term:
    """The term summed over the equation's left indices as well."""
    return replace(term, binders=(*equation.indices, *term.binders))
