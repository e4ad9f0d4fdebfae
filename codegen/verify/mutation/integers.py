"""Index arithmetic in a kernel's text, as polynomials.

Only names that no statement changes count as integers: sizes read from a shape or set by their formula,
integer parameters, loop counters, and elements of integer arrays that the kernel does not write.
A quotient is one more name, `(m) // (k)`; what is asked of it is asked of its numerator.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codegen.nodes import Kernel
from codegen.verify.mutation.syntax import base, called, conjuncts, links, written_by_calls
from derive.algebra.index import Affine, Letter, Monomial
from derive.algebra.inequalities import ZERO, Ranges
from derive.algebra.system import System

ONE = Affine.of(1)
Ends = tuple[tuple[Affine, ...], tuple[Affine, ...]]


def letters(e: Affine) -> set[str]:
    """The names in a polynomial, those inside elements and quotients included."""
    trees = (ast.walk(ast.parse(str(name))) for name in e.names())
    return {n.id for nodes in trees for n in nodes if isinstance(n, ast.Name)}


class Integers:
    """Reads index arithmetic of one kernel's text."""

    def __init__(self, function: ast.FunctionDef, system: System, kernel: Kernel) -> None:
        self.system, self.kernel = system, kernel
        nodes = list(ast.walk(function))
        stores = [n for n in nodes if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)]
        self.stored = {base(n)[0] for n in stores} | written_by_calls(function)
        loops = [n for n in nodes if isinstance(n, ast.For)]
        self.counters = {loop.target.id for loop in loops if isinstance(loop.target, ast.Name)}
        self.names = {"BLOCK"} | self.counters | set(kernel.integers) | set(self._sizes(function))
        self.quotients: dict[str, tuple[Affine, Affine]] = {}

    def _sizes(self, function: ast.FunctionDef) -> Iterator[str]:
        """Names that are set from a shape or by a formula, where that is the size of that name."""
        formulas = {s.name: ast.dump(_parsed(str(s.formula))) for s in self.system.sizes if s.formula}
        for statement in function.body:
            match statement:
                case ast.Assign([ast.Name(name)], value) if ast.dump(value) == formulas.get(name):
                    yield name
                case ast.Assign(
                    [ast.Name(name)],
                    ast.Subscript(ast.Attribute(ast.Name(array), "shape"), ast.Constant(int(k))),
                ) if self.system.tensor(array).dims[k] == Affine.of(name):
                    yield name

    def of(self, node: ast.AST) -> Affine | None:
        """The expression as a polynomial, None where it is none of unchanging integers."""
        match node:
            case ast.Constant(int(value)) if not isinstance(value, bool):
                return Affine.of(value)
            case ast.Name(name) if name in self.names:
                return Affine.of(Letter(name) if name in self.counters else name)
            case ast.Subscript(ast.Name(array)) if self._is_fixed(array):
                return Affine.of(ast.unparse(node))
            case ast.UnaryOp(ast.USub(), operand):
                inner = self.of(operand)
                return None if inner is None else -inner
            case ast.BinOp(left, ast.Add() | ast.Sub() | ast.Mult() as op, right):
                return _combined(self.of(left), op, self.of(right))
            case ast.BinOp(left, ast.FloorDiv(), right):
                return self._quotient(self.of(left), self.of(right))
        return None

    def _quotient(self, top: Affine | None, bottom: Affine | None) -> Affine | None:
        """A name for a quotient by a number, a size or an integer parameter, without what divides evenly."""
        if top is None or bottom is None or not self._is_positive(bottom):
            return None
        top = Ranges(self.system, ()).explicit(top)
        whole = _evenly(top, bottom)
        rest = top - whole * bottom
        if rest == ZERO:
            return whole
        rest = Affine(tuple(sorted(rest.terms, key=str)))  # one name, however it is written
        quotient = f"({rest}) // ({bottom})"
        self.quotients[quotient] = (rest, bottom)
        return whole + Affine.of(quotient)

    def _is_positive(self, bottom: Affine) -> bool:
        if bottom.is_integer():
            return bottom.integer() >= 1
        return (Ranges(self.system, ()).least(bottom.plain() or "") or 0) >= 1

    def whole(self, e: Affine) -> Affine:
        """A polynomial that is not negative exactly where `e` is not, with no quotient in it, if `e` has
        one, once: r // b + c >= 0 is r + b*c >= 0, and c - r // b >= 0 is b*c + b - 1 - r >= 0."""
        found = [name for name in e.names() if isinstance(name, str) and name in self.quotients]
        if len(found) != 1 or e.coefficient(found[0]) not in (ONE, -ONE):
            return e
        top, bottom = self.quotients[found[0]]
        rest = e.without(found[0])
        if e.coefficient(found[0]) == ONE:
            return top + bottom * rest
        return bottom * rest + bottom - 1 - top

    def stays(self, name: str) -> bool:
        """Whether it names an integer, or an array of integers, that the kernel never changes."""
        return name in self.names or self._is_fixed(name)

    def _is_fixed(self, array: str) -> bool:
        known = array in self.kernel.arrays and array not in self.stored
        return known and self.system.tensor(array).integer

    def facts(self, test: ast.expr) -> list[Affine]:
        """What is not negative where a condition holds."""
        return [f for each in conjuncts(test) for f in self._facts_of(each)]

    def _facts_of(self, test: ast.expr) -> list[Affine]:
        match test:
            case ast.Attribute(ast.Name(array), "size"):
                return [extent - 1 for extent in self.system.tensor(array).dims]
        return [f for link in links(test) or () for f in self._fact(*link)]

    def denials(self, test: ast.expr) -> list[Affine]:
        """What is not negative where a single comparison fails."""
        found = links(test)
        if not found or len(found) > 1 or isinstance(found[0][1], (ast.Eq, ast.NotEq)):
            return []
        return [-f - 1 for f in self._fact(*found[0])]

    def _fact(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> list[Affine]:
        a, b = self.of(left), self.of(right)
        if a is None or b is None:
            return []
        match op:
            case ast.Lt():
                return [b - a - 1]
            case ast.LtE():
                return [b - a]
            case ast.Gt():
                return [a - b - 1]
            case ast.GtE():
                return [a - b]
            case ast.Eq():
                return [a - b, b - a]
        return []

    def ends(self, loop: ast.For) -> Ends:
        """What the counter is at least, and what it is below: any of several bounds each."""
        assert isinstance(loop.iter, ast.Call)
        match loop.iter.args:
            case [stop]:
                return (ZERO,), self._each(stop, "min")
            case [start, stop] | [start, stop, ast.Name()]:
                return self._each(start, "max"), self._each(stop, "min")
            case [start, stop, ast.UnaryOp(ast.USub(), ast.Constant(1))]:
                above, below = self._each(start, "min"), self._each(stop, "max")
                return tuple(b + 1 for b in below), tuple(a + 1 for a in above)
        return (), ()

    def _each(self, limit: ast.expr, name: str) -> tuple[Affine, ...]:
        args = limit.args if called(limit, name) and isinstance(limit, ast.Call) else [limit]
        return tuple(e for e in map(self.of, args) if e is not None)


def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _evenly(top: Affine, bottom: Affine) -> Affine:
    """What a divisor, a number or a name, divides without a rest."""
    if bottom.is_integer():
        by = bottom.integer()
        return Affine(tuple((m, c // by) for m, c in top.terms if c % by == 0))
    name = bottom.plain() or ""
    return Affine(tuple((_without_one(m, name), c) for m, c in top.terms if name in m))


def _without_one(monomial: Monomial, name: str) -> Monomial:
    """The product without one of its factors of this name."""
    at = monomial.index(name)
    return (*monomial[:at], *monomial[at + 1 :])


def _combined(a: Affine | None, op: ast.operator, b: Affine | None) -> Affine | None:
    if a is None or b is None:
        return None
    return a * b if isinstance(op, ast.Mult) else a + b if isinstance(op, ast.Add) else a - b
