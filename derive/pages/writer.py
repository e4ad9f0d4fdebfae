"""How a tree is written: order, signs and parentheses. The marks are left to `text`, `latex`, `mathml`.

The written form keeps the tree: its left-to-right reading, with * and / before + and -, gives the same
tree again. So `a - (b - c)`, `a/(b*c)` and `(-x)**2` keep their parentheses and `(a/b)*c` has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from derive.algebra.decimals import digits
from derive.algebra.expr import (
    ONE,
    Call,
    Choice,
    Expr,
    MatMul,
    Negative,
    Number,
    Parameter,
    Power,
    Product,
    Ratio,
    Read,
    Reduce,
    Sum,
    Transpose,
    When,
)
from derive.algebra.index import Affine, Atom, IntegerRead, Monomial, Quotient
from derive.algebra.system import Equation, Term
from derive.language import Authored
from derive.pages.marks import Marks, Signed

CHOICE, SUM, MATMUL, REDUCE, PRODUCT, POWER, ATOM = range(7)

Row: TypeAlias = tuple[str, str]
"""One line of a displayed equation: what stands before the relation sign, and the rest."""


def signed(node: Expr) -> tuple[bool, Expr]:
    """Whether a minus sign stands in front, and what it stands in front of."""
    match node:
        case Negative(arg):
            return True, arg
        case Number(value) if len(value.terms) == 1 and value.terms[0][1] < 0:
            return True, replace(node, value=-value)
        case _:
            return False, node


class Writer(Marks):
    """Writes affine indices, expressions, terms and equations."""

    # affine -----------------------------------------------------------------------------------
    def affine(self, e: Affine) -> str:
        """An index expression, in the author's order."""
        return self.index_total([(c < 0, self._monomial(m, abs(c))) for m, c in e.terms])

    def quotient(self, value: Quotient) -> str:
        """A size's formula, rounded down."""
        if value.denominator == Affine.of(1):
            return self.expr(Number(value.numerator + value.offset))
        top, bottom = (self.expr(Number(e), POWER) for e in (value.numerator, value.denominator))
        offset = [(c < 0, self._number_part(m, abs(c))) for m, c in value.offset.terms]
        return self.total([(False, self.floor(self.slash(top, bottom))), *offset])

    def _monomial(self, monomial: Monomial, coefficient: int) -> str:
        factors = [self.integer(coefficient)] if coefficient != 1 or not monomial else []
        return self.scale(factors + [self.atom(a) for a in monomial])

    def atom(self, atom: Atom) -> str:
        return self.read(atom.tensor, atom.at) if isinstance(atom, IntegerRead) else self.name(atom)

    # expressions ------------------------------------------------------------------------------
    def level(self, node: Expr) -> int:
        """How tightly what is written holds together."""
        match node:
            case Choice():
                return CHOICE
            case Sum() | Negative():
                return SUM
            case MatMul():
                return MATMUL
            case Reduce():
                return REDUCE
            case Product(args):
                return REDUCE if isinstance(args[-1], Reduce) else PRODUCT
            case When(_, body):
                return REDUCE if isinstance(body, Reduce) else PRODUCT
            case Ratio():
                return POWER if self.bars else PRODUCT
            case Power():
                return POWER
            case Number():
                return self._number_level(node)
            case _:
                return ATOM

    def _number_level(self, node: Number) -> int:
        value, denominator = node.value, node.denominator
        if len(value.terms) == 1 and value.terms[0][1] < 0:
            return SUM
        if (decimal := _decimal(node)) is not None:
            return PRODUCT if decimal[1] else ATOM
        if denominator != 1:
            return POWER if self.bars else PRODUCT
        if len(value.terms) > 1:
            return SUM
        return PRODUCT if value.terms and _factors(*value.terms[0]) > 1 else ATOM

    def expr(self, node: Expr, least: int = CHOICE) -> str:
        """The expression, in parentheses if it holds together less tightly than `least`."""
        written = self._bare(node)
        return self.parens(written) if self.level(node) < least else written

    def _bare(self, node: Expr) -> str:
        match node:
            case Sum(args):
                return self.total([self._summand(arg, n == 0) for n, arg in enumerate(args)])
            case Product(args):
                hadamard = any(map(self.is_open, args[1:])) and self.is_open(args[0])
                return (self.hadamard if hadamard else self.product)(self.factors(args))
            case When(guards, body):
                return self.product([*map(self.guard, guards), self._later(body, True)])
            case Ratio(top, bottom):
                return self._ratio(top, bottom)
            case Reduce(monoid, binders, guards, body):
                return self.reduce(Term(binders, guards, body, monoid))
            case Choice(left, relation, right, then, otherwise):
                a, b, c = (self.expr(part, SUM) for part in (left, right, then))
                return self.choice(a, relation, b, c, self.expr(otherwise))
            case MatMul(left, right):
                first = self.expr(left, MATMUL if isinstance(left, MatMul) else POWER)
                return self.matmul(first, self.expr(right, POWER))
            case _:
                return self._leaf(node)

    def _leaf(self, node: Expr) -> str:
        """The nodes that have at most one part."""
        match node:
            case Number():
                return self._number(node)
            case Parameter(name):
                return self.name(name)
            case Read(tensor, at):
                return self.read(tensor, at)
            case Negative(arg):
                return self.total([(True, self.expr(arg, MATMUL))])
            case Power(base, exponent):
                return self.power(self.expr(base, ATOM), exponent)
            case Call(function, args):
                return self.call(function, [self.expr(arg) for arg in _candidates(function, args)])
            case Transpose(arg):
                return self.transpose(self.expr(arg, ATOM))
            case _:
                raise TypeError(f"{type(node).__name__} is no node of an equation")

    def _number(self, node: Number) -> str:
        negative, positive = signed(node)
        if negative:
            return self.total([(True, self._bare(positive))])
        if (decimal := _decimal(node)) is not None:
            return self.decimal(*decimal)
        if node.denominator != 1:
            return self._ratio(Number(node.value), Number(Affine.of(node.denominator)))
        return self.total([(c < 0, self._number_part(m, abs(c))) for m, c in node.value.terms])

    def _number_part(self, monomial: Monomial, coefficient: int) -> str:
        factors = [self.integer(coefficient)] if coefficient != 1 or not monomial else []
        return self.product(factors + [self.atom(a) for a in monomial])

    def _summand(self, arg: Expr, first: bool) -> Signed:
        negative, rest = signed(arg)
        return negative, self.expr(rest, SUM if first and not negative else MATMUL)

    def _ratio(self, top: Expr, bottom: Expr) -> str:
        levels = (CHOICE, CHOICE) if self.bars else (PRODUCT, POWER)
        return self.ratio(self.expr(top, levels[0]), self.expr(bottom, levels[1]))

    def factors(self, args: Sequence[Expr]) -> list[str]:
        """The factors of a product; a reduction may stand last without parentheses."""
        last = len(args) - 1
        return [
            self.expr(arg, PRODUCT) if n == 0 else self._later(arg, n == last) for n, arg in enumerate(args)
        ]

    def _later(self, arg: Expr, last: bool) -> str:
        return self.expr(arg, REDUCE if last and isinstance(arg, Reduce) else POWER)

    # terms and equations ----------------------------------------------------------------------
    def reduce(self, term: Term) -> str:
        """A term with its reduction sign, its body's sign inside."""
        if term.monoid != "sum":
            body = self.expr(term.body, PRODUCT)
            written = self.reduction(term.monoid, term.binders, term.guards, body)
            return (
                self.component(written, term.witness) if len(term.binders) > 1 and term.witness else written
            )
        return self.product(self._sum_pieces(term, term.body))

    def _sum_pieces(self, term: Term, body: Expr) -> list[str]:
        guards = [self.guard(g) for g in term.guards]
        if isinstance(body, Product) and not self.is_open(body):
            pieces = guards + ([self._later(body.args[0], False)] if guards else self.factors(body.args[:1]))
            last = len(body.args) - 1
            pieces += [self._later(arg, n == last) for n, arg in enumerate(body.args) if n]
        else:
            least = POWER if guards else PRODUCT if term.binders else MATMUL
            pieces = guards if guards and body == ONE else [*guards, self.expr(body, least)]
        if term.binders:
            pieces[0] = self.reduction("sum", term.binders, (), pieces[0])
        return pieces

    def pieces(self, term: Term) -> tuple[bool, list[str]]:
        """A term's sign and its factors, between which a line may be broken."""
        if term.monoid != "sum":
            return False, [self.reduce(term)]
        negative, body = signed(term.body)
        return negative, self._sum_pieces(term, body)

    def term(self, term: Term) -> str:
        """One term with its sign."""
        negative, pieces = self.pieces(term)
        return self.total([(negative, self.product(pieces))])

    def right_side(self, terms: Sequence[Term]) -> str:
        """All terms on one line."""
        parts = [(negative, self.product(pieces)) for negative, pieces in map(self.pieces, terms)]
        return self.total(parts)

    def equation(self, equation: Equation) -> str:
        """The equation on one line."""
        writer = self.within(equation)
        return writer.relation(writer.expr(equation.lhs), writer.right_side(equation.terms))

    def within(self, equation: Equation) -> Writer:
        """The writer for the parts of this equation."""
        return self

    def rows(self, equation: Equation) -> list[Row]:
        """The equation as lines, none much wider than `line`."""
        writer = self.within(equation)
        return writer.lines(writer.expr(equation.lhs), equation.terms)

    def authored(self, authored: Authored) -> list[Row]:
        """An equation as its author wrote it, its summands as terms."""
        args = authored.value.args if isinstance(authored.value, Sum) else (authored.value,)
        return self.lines(self.read(authored.tensor, authored.at), [Term((), (), arg) for arg in args])

    def lines(self, left: str, terms: Sequence[Term]) -> list[Row]:
        """left = the terms, broken before a sign, and between factors where a term is wide."""
        whole = self.right_side(terms)
        if self.width(left) + self.width(whole) <= self.line or not terms:
            return [(left, self.lead("=", whole))]
        room = self.line - self.width(left)
        broken: list[str] = []
        for n, (negative, pieces) in enumerate(map(self.pieces, terms)):
            first, *rest = self._fill(pieces, room)
            first = self.total([(negative, first)]) if n == 0 else first
            broken += [self.lead("=" if n == 0 else "-" if negative else "+", first)]
            broken += [self.lead("*", more) for more in rest]
        return [(left if n == 0 else "", row) for n, row in enumerate(broken)]

    def _fill(self, pieces: Sequence[str], room: float) -> list[str]:
        lines = [[pieces[0]]]
        for piece in pieces[1:]:
            if self.width(self.product([*lines[-1], piece])) > room:
                lines.append([])
            lines[-1].append(piece)
        return [self.product(line) for line in lines]


def _decimal(number: Number) -> tuple[str, int] | None:
    """A number, not negative, that is printed as a decimal: its digits and a power of ten."""
    return digits(number.value.integer(), number.denominator) if number.decimal else None


def _factors(monomial: Monomial, coefficient: int) -> int:
    return len(monomial) + (coefficient != 1 and bool(monomial))


def _candidates(function: str, args: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """The arguments of a function; those of a maximum among those of a maximum."""
    *first, last = args
    nested = function == "maximum" and isinstance(last, Call) and last.function == function
    return (*first, *_candidates(function, last.args)) if nested and isinstance(last, Call) else args
