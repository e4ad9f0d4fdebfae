"""The largest term of a rescaled sum of exponentials, which is exp(0) = 1, taken out of its logarithm.

Of Z = sum exp(e - m), m = max e, the term at the maximum is 1 and the others may be below one rounding of
it. log(Z) is log1p(R), R being the sum of the others: it keeps its digits where one term is far ahead of
the rest, as in the loss of an example that a classifier is sure of. R + 1 is Z, also where the sum is
empty: then the maximum stands there -1 times again, and R is -1. Z has the term 0 m besides: where the
maximum is infinite there are no shares of the sum, and Z is NaN, as exp(m - m) would make it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from derive.algebra.domains import inside
from derive.algebra.expr import (
    ONE,
    ZERO,
    Call,
    Choice,
    Expr,
    Negative,
    Product,
    Read,
    Sum,
    minus,
    plus,
    reads,
    transform,
)
from derive.algebra.index import Affine
from derive.algebra.system import Equation, System, Tensor, Term, constants, fresh, names_in
from derive.stable.rescale import Joint
from derive.stable.rewriting import identities
from derive.steps import Recorder


@dataclass(frozen=True, slots=True)
class Leading:
    """A rescaled sum, its maximum and its exponent, and the names of what takes its place.

    The maximum may stand in several places: `ties` says how many there are but one.
    """

    total: Equation
    maximum: str
    ties: str
    rest: str

    @property
    def own(self) -> tuple[Affine, ...]:
        return tuple(i.symbol for i in self.total.indices)

    def equations(self) -> tuple[Equation, ...]:
        """How often the maximum stands there again, the other terms' sum with these, and the whole sum."""
        (term,), indices, where = self.total.terms, self.total.indices, self.total.where
        exponent, one = exponent_of(term.body), Term((), (), ONE)
        assert exponent is not None
        below = Choice(exponent, "<", Read(self.maximum, self.own), ZERO, ONE)
        undefined = Product((ZERO, Read(self.maximum, self.own)))
        others = replace(term, body=replace(below, then=term.body, otherwise=ZERO))
        ties, rest = (Term((), (), Read(name, self.own)) for name in (self.ties, self.rest))
        return (
            Equation(self.ties, indices, (replace(term, body=below), replace(one, body=minus(ONE))), where),
            Equation(self.rest, indices, (others, ties), where),
            replace(self.total, terms=(one, rest, Term((), (), undefined))),
        )


def take_out_largest(joint: Joint, recorder: Recorder) -> Joint:
    """The systems with log1p of the other terms for every logarithm of a rescaled sum."""
    for equation in joint.forward.equations:
        leading = _leading(joint, equation)
        if leading is None:
            continue
        forward, backward = (_rewritten(system, leading) for system in (joint.forward, joint.backward))
        if forward == joint.forward and backward == joint.backward:
            continue
        made = Joint(_extended(forward, leading, computes=True), _extended(backward, leading, computes=False))
        changed = [e for e in (*forward.equations, *backward.equations) if e not in joint.equations()]
        parts = (Read(leading.maximum, leading.own),)
        used = identities(("log1p",), names_in(made.backward))
        recorder.record(
            "leading", (*leading.equations(), *changed), source=equation.tensor, parts=parts, identities=used
        )
        joint = made
    return joint


def exponent_of(body: Expr) -> Expr | None:
    """e of exp(e - m)."""
    match body:
        case Call("exp", (Sum((*exponent, Negative(Read()))),)):
            return plus(tuple(exponent))
    return None


def _leading(joint: Joint, equation: Equation) -> Leading | None:
    """New names, if the equation is sum exp(e - m), m the largest e."""
    term = equation.terms[0] if len(equation.terms) == 1 else None
    exponent = None if term is None or term.monoid != "sum" else exponent_of(term.body)
    if term is None or exponent is None:
        return None
    read = reads(term.body)[-1]
    largest = (replace(term, body=exponent, monoid="max"),)
    maximum = joint.forward.definition(read.tensor)
    if maximum is None or maximum.terms != largest or maximum.indices != equation.indices:
        return None
    if read.at != tuple(i.symbol for i in equation.indices):
        return None
    taken = {t.name for t in joint.backward.tensors} | constants(joint.backward)
    ties = fresh(f"ties_{equation.tensor}", taken)
    return Leading(equation, maximum.tensor, ties, fresh(f"rest_{equation.tensor}", taken | {ties}))


def _rewritten(system: System, leading: Leading) -> System:
    """The system with log1p(rest) for log(sum)."""
    equations = []
    for equation in system.equations:
        terms = tuple(replace(t, body=_body(system, equation, t, leading)) for t in equation.terms)
        equations.append(replace(equation, terms=terms))
    return system.with_equations(tuple(equations), system.tensors)


def _body(system: System, equation: Equation, term: Term, leading: Leading) -> Expr:
    def change(node: Expr) -> Expr:
        match node:
            case Call("log", (Read(tensor, at) as read,)) if tensor == leading.total.tensor:
                if inside(system, read, (*equation.indices, *term.binders), term.guards):
                    return Call("log1p", (Read(leading.rest, at),))
        return node

    return transform(term.body, change)


def _extended(system: System, leading: Leading, computes: bool) -> System:
    """The system with the new tensors: computed in the forward system, given to the backward one."""
    name = leading.total.tensor
    source = system.tensor(name)
    ties = Tensor(
        leading.ties, source.dims, "computed", about=f"how often {leading.maximum} stands there again"
    )
    rest = Tensor(leading.rest, source.dims, "computed", about=f"{name} without its largest term")
    n = next(k for k, t in enumerate(system.tensors) if t.name == name)
    tensors = (*system.tensors[:n], ties, rest, *system.tensors[n:])
    if not computes:
        k = system.inputs.index(name)
        inputs = (*system.inputs[:k], leading.ties, leading.rest, *system.inputs[k:])
        return replace(system, tensors=tensors, inputs=inputs)
    equations: list[Equation] = []
    for equation in system.equations:
        equations += leading.equations() if equation.tensor == name else [equation]
    return replace(system, tensors=tensors, equations=tuple(equations))
