"""The tangent of a system: another system of the same kind, by forward-mode differentiation.

    ydot[I] = sum over the term's own binders, under its own guards, of  sum_r (d expr / d r) * adot[J_r]

for the reads r = a[J_r] of every term. No index is solved for and no guard changes, which is what makes
it a witness for the adjoint: it shares with adjoint.py the rows of the scalar functions (proved by tests of
their own) and nothing else. A maximum moves with the element that its argmax names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from derive.algebra.expr import (
    ONE,
    ZERO,
    Call,
    Choice,
    Expr,
    Negative,
    Number,
    Parameter,
    Power,
    Product,
    Ratio,
    Read,
    Sum,
    minus,
    times,
)
from derive.algebra.index import Affine, Delta, IntegerRead, Letter
from derive.algebra.scalars import SCALARS
from derive.algebra.system import Equation, System, Tensor, Term, constants, fresh
from derive.errors import DerivationError


class _Tangents:
    """Names the tangents of a system's moving tensors and differentiates its terms."""

    def __init__(self, system: System) -> None:
        self.system = system
        taken = {t.name for t in system.tensors} | constants(system)
        self.names = {name: fresh(f"{name}_dot", taken) for name in moving(system)}

    def declaration(self, name: str) -> Tensor:
        source = self.system.tensor(name)
        latex = rf"\dot{{{source.latex or name}}}"
        made = replace(source, name=self.names[name], role="computed", latex=latex)
        return replace(made, about=f"tangent of {name}", is_a="tangent", of=name)

    def equation(self, equation: Equation) -> Equation:
        terms = tuple(made for term in equation.terms for made in self.terms(equation, term))
        return Equation(self.names[equation.tensor], equation.indices, terms, equation.where)

    def terms(self, equation: Equation, term: Term) -> tuple[Term, ...]:
        """One term for each way in which the body moves."""
        guards = term.guards
        if term.monoid != "sum":
            guards = (*self.chosen(equation, term), *guards)
        return tuple(Term(term.binders, guards, addend) for addend in self.moved(term.body))

    def chosen(self, equation: Equation, term: Term) -> tuple[Delta, ...]:
        """The guards that leave of a maximum's terms the one that attains it."""
        at = tuple(i.symbol for i in equation.indices)
        return tuple(
            Delta(b.symbol, Affine.of(IntegerRead(self.witness(equation, term, b.name), at)))
            for b in term.binders
        )

    def witness(self, equation: Equation, term: Term, binder: Letter) -> str:
        """The integer tensor that holds where the maximum lies along a binder."""
        wanted = (equation.indices, (replace(term, monoid="argmax", witness=binder),))
        found = [e.tensor for e in self.system.equations if (e.indices, e.terms) == wanted]
        if not found:
            raise DerivationError(
                f"{self.system.name}: no argmax along {binder} of {equation.tensor}: name its witnesses first"
            )
        return found[0]

    def moved(self, node: Expr) -> tuple[Expr, ...]:
        """The differential of an expression: addends, each with one tangent as a factor.

        Every addend keeps the factors that could be read outside their domain, so that none is
        evaluated where the expression is not.
        """
        match node:
            case Read(tensor, at):
                return (Read(self.names[tensor], at),) if tensor in self.names else ()
            case Number() | Parameter():
                return ()
            case Sum(args):
                return tuple(d for arg in args for d in self.moved(arg))
            case Negative(arg):
                return tuple(minus(d) for d in self.moved(arg))
            case Product(args):
                return tuple(
                    times(*args[:k], d, *args[k + 1 :]) for k in range(len(args)) for d in self.moved(args[k])
                )
            case Ratio(top, bottom):
                square = Product((bottom, bottom))
                return (
                    *(Ratio(d, bottom) for d in self.moved(top)),
                    *(minus(Ratio(times(top, d), square)) for d in self.moved(bottom)),
                )
            case Power(base, n):
                return tuple(times(Number(Affine.of(n)), _power(base, n - 1), d) for d in self.moved(base))
            case Call(function, (arg,)):
                rule = SCALARS[function].derivative
                return tuple(times(rule(arg, node), d) for d in self.moved(arg)) if rule else ()
            case Choice(left, relation, right, then, otherwise):
                return (
                    *(Choice(left, relation, right, d, ZERO) for d in self.moved(then)),
                    *(Choice(left, relation, right, ZERO, d) for d in self.moved(otherwise)),
                )
        raise DerivationError(f"{self.system.name}: {type(node).__name__} has no differential: elaborate it")


def _power(base: Expr, n: int) -> Expr:
    return ONE if n == 0 else base if n == 1 else Power(base, n)


def moving(system: System) -> tuple[str, ...]:
    """The floating tensors that depend on a floating input, in the order of the system."""
    found = set(system.floating_inputs())
    computed = [e for e in system.equations if not system.tensor(e.tensor).integer]
    while True:
        more = {e.tensor for e in computed if any(r.tensor in found for t in e.terms for r in t.reads())}
        if more <= found:
            break
        found |= more
    return (*system.floating_inputs(), *(e.tensor for e in computed if e.tensor in found))


def _needed(make: _Tangents, outputs: Iterable[str]) -> dict[str, Equation]:
    """The tangent equations of these tensors, of the tangents that they read, and so on."""
    forward = {e.tensor: e for e in make.system.equations}
    source = {tangent: name for name, tangent in make.names.items()}
    found: dict[str, Equation] = {}
    todo = [n for n in outputs if n in make.names]
    while todo:
        name = todo.pop()
        if name in forward and name not in found:
            found[name] = make.equation(forward[name])
            todo += [source[r.tensor] for t in found[name].terms for r in t.reads() if r.tensor in source]
    return found


def tangent(system: System) -> System:
    """The tangent system: its inputs are all tensors of the system and the tangents of floating inputs.

    Its outputs are the tangents of the outputs that move; what no output moves with (a number that is
    only compared with another) has no equation. Raises DerivationError for a maximum whose
    argmax has no equation (derive/adjoint.py, name_witnesses) and for an expression not elaborated.
    """
    make = _Tangents(system)
    found = _needed(make, system.outputs)
    named = {*system.floating_inputs(), *found}
    forward = tuple(dict.fromkeys((*system.inputs, *(e.tensor for e in system.equations))))
    return replace(
        system,
        name=f"{system.name}_tangent",
        tensors=(*system.tensors, *(make.declaration(name) for name in make.names if name in named)),
        inputs=(*forward, *(make.names[n] for n in system.floating_inputs())),
        outputs=tuple(make.names[n] for n in system.outputs if n in make.names),
        equations=tuple(found[e.tensor] for e in system.equations if e.tensor in found),
    )
