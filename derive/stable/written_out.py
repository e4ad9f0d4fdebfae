"""Formulas written out where a name hides them from the rule table: log(p), p a logistic or a softmax; 1 - a.

p may have rounded to 0 or 1 where its logarithm is moderate, and a where its difference from 1 is not 0.
A read inside its domain is its formula; the formula takes its place inside the logarithm or sum if a row
of rewrites.py then matches. In a sum this is done only to functions of the op's inputs: a layer that
computed its argument keeps the value, not the argument, and its backward pass has no exponentials.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from derive.algebra.domains import inside
from derive.algebra.expr import Call, Expr, Negative, Read, Sum, minus, reads, substitute, transform, walk
from derive.algebra.index import Guard, Index
from derive.algebra.system import Equation, System, Term
from derive.stable.rewrites import REWRITES, SATURATING
from derive.stable.rewriting import rewrite
from derive.stable.unstable import LOGARITHMS, Overflows

Written: TypeAlias = tuple[Expr, tuple[Read, ...], tuple[str, ...]]
"""An expression, what was written out in it, and the rules that were used."""

FUNCTIONS = ("sigmoid", "tanh")
ROWS = (*REWRITES, *SATURATING)


@dataclass(frozen=True, slots=True)
class Formulas:
    """The formulas of a forward system, and which of its tensors lose digits by rounding."""

    system: System
    overflows: Overflows

    def written_out(self, equation: Equation, term: Term) -> Written:
        """The term's body with its logarithms and differences rewritten."""
        around = (*equation.indices, *term.binders)
        opened: list[Read] = []
        used: list[str] = []

        def change(node: Expr) -> Expr:
            if isinstance(node, Sum):
                found, names, rules = self._sum(node, around, term.guards)
            elif isinstance(node, Call) and node.function in LOGARITHMS:
                found, names, rules = self._logarithm(node, around, term.guards)
            else:
                return node
            opened.extend(names)
            used.extend(rules)
            return found

        body = transform(term.body, change)
        return transform(body, _sign) if used else body, tuple(opened), tuple(used)

    def _logarithm(self, node: Call, around: tuple[Index, ...], guards: tuple[Guard, ...]) -> Written:
        """The logarithm rewritten; as it was, if no rule then matches."""
        opened, names = node.args[0], list[Read]()
        while reads := self.overflows.rounded_reads(opened):
            formulas = {read: self._formula(read, around, guards) for read in reads}
            if None in formulas.values():
                return node, (), ()
            names += reads
            opened = _put(opened, formulas)
        found, rules = rewrite(replace(node, args=(opened,))) if names else (node, ())
        better = bool(rules) and not any(map(self._loses, walk(found)))
        return (found, tuple(names), rules) if better else (node, (), ())

    def _sum(self, node: Sum, around: tuple[Index, ...], guards: tuple[Guard, ...]) -> Written:
        """The sum with functions of inputs that saturate rewritten; as it was, if no row matches."""
        opened = {read: self._formula(read, around, guards) for read in dict.fromkeys(reads(node))}
        for read, formula in opened.items():
            worth = formula is not None and _calls(formula)
            found, rules = self._saturating(_put(node, {read: formula})) if worth else (node, ())
            if rules:
                return found, (read,), rules
        found, rules = self._saturating(node)
        return found, (), rules

    def _saturating(self, node: Expr) -> tuple[Expr, tuple[str, ...]]:
        """The expression after the table's rows, if functions of nothing but inputs went or came by them."""
        found, rules = rewrite(node, ROWS)
        changed = _calls(node) ^ _calls(found)
        given = all(read.tensor in self.system.inputs for call in changed for read in reads(call))
        return (found, rules) if changed and given else (node, ())

    def _loses(self, node: Expr) -> bool:
        """Whether it is a logarithm of what rounds to 0 or 1."""
        logarithm = isinstance(node, Call) and node.function in LOGARITHMS
        return logarithm and isinstance(node, Call) and self.overflows.rounds(node.args[0])

    def _formula(self, read: Read, around: tuple[Index, ...], guards: tuple[Guard, ...]) -> Expr | None:
        """What is read, if it is one expression and inside its domain."""
        made = self.system.definition(read.tensor)
        if made is None or len(made.terms) != 1 or not inside(self.system, read, around, guards):
            return None
        term = made.terms[0]
        if term.binders or term.guards or term.monoid != "sum":
            return None
        return substitute(term.body, {i.name: e for i, e in zip(made.indices, read.at, strict=True)})


def _sign(node: Expr) -> Expr:
    return minus(node.arg) if isinstance(node, Negative) else node


def _calls(node: Expr) -> set[Expr]:
    """The functions in an expression that are the subject of the rows."""
    return {n for n in walk(node) if isinstance(n, Call) and n.function in FUNCTIONS}


def _put(node: Expr, formulas: Mapping[Read, Expr | None]) -> Expr:
    """The expression with formulas in place of reads."""

    def change(part: Expr) -> Expr:
        formula = formulas.get(part) if isinstance(part, Read) else None
        return part if formula is None else formula

    return transform(node, change)
