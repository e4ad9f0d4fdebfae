"""What is known of the integers at a place in a kernel's text.

Known are the ranges of the enclosing loops, the enclosing conditions, the formulas of derived sizes and
the least values of all sizes. Only names that no statement changes count as integers: sizes read from a
shape, integer parameters, loop counters, and elements of integer arrays that the kernel does not write.
A quotient is one more name, `(m) // (k)`; what is asked of it is asked of its numerator.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, product

from codegen.nodes import Kernel
from codegen.verify.syntax import base, called, conjuncts, links, written_by_calls
from derive.algebra.index import Affine, Index, IntegerRead
from derive.algebra.inequalities import ZERO, Ranges
from derive.algebra.system import System

ONE = Affine.of(1)
Ends = tuple[tuple[Affine, ...], tuple[Affine, ...]]


def letters(e: Affine) -> set[str]:
    """The names in a polynomial, those inside elements and quotients included."""
    trees = (ast.walk(ast.parse(name)) for name in e.names())
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
        self.names = self.counters | set(kernel.integers) | set(self._sizes(function))
        self.quotients: dict[str, tuple[Affine, Affine]] = {}

    def _sizes(self, function: ast.FunctionDef) -> Iterator[str]:
        """Names that are set from a shape, where the shape is the size of that name."""
        for statement in function.body:
            match statement:
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
                return Affine.of(name)
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
        """A name for a quotient by a size or an integer parameter, without what divides evenly."""
        name = None if bottom is None else bottom.plain()
        if top is None or bottom is None or name is None or not self._is_positive(name):
            return None
        even = [(m, c) for m, c in top.terms if name in m]
        whole = sum((Affine(((_without_one(m, name), c),)) for m, c in even), ZERO)
        rest = top - whole * bottom
        if rest == ZERO:
            return whole
        quotient = f"({rest}) // ({bottom})"
        self.quotients[quotient] = (rest, bottom)
        return whole + Affine.of(quotient)

    def _is_positive(self, name: str) -> bool:
        return (Ranges(self.system, ()).least(name) or 0) >= 1

    def whole(self, e: Affine) -> Affine:
        """A polynomial that is not negative exactly where `e` is not, with no quotient in it, if `e` has
        one, once: r // b + c >= 0 is r + b*c >= 0, and c - r // b >= 0 is b*c + b - 1 - r >= 0."""
        found = [name for name in e.names() if name in self.quotients]
        if len(found) != 1 or e.coefficient(found[0]) not in (ONE, -ONE):
            return e
        top, bottom = self.quotients[found[0]]
        rest = e.without(found[0])
        if e.coefficient(found[0]) == ONE:
            return top + bottom * rest
        return bottom * rest + bottom - 1 - top

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
            case [start, stop]:
                return self._each(start, "max"), self._each(stop, "min")
            case [start, stop, ast.UnaryOp(ast.USub(), ast.Constant(1))]:
                above, below = self._each(start, "min"), self._each(stop, "max")
                return tuple(b + 1 for b in below), tuple(a + 1 for a in above)
        return (), ()

    def _each(self, limit: ast.expr, name: str) -> tuple[Affine, ...]:
        args = limit.args if called(limit, name) and isinstance(limit, ast.Call) else [limit]
        return tuple(e for e in map(self.of, args) if e is not None)


def _without_one(monomial: tuple[str | IntegerRead, ...], name: str) -> tuple[str | IntegerRead, ...]:
    """The product without one of its factors of this name."""
    at = monomial.index(name)
    return (*monomial[:at], *monomial[at + 1 :])


def _combined(a: Affine | None, op: ast.operator, b: Affine | None) -> Affine | None:
    if a is None or b is None:
        return None
    return a * b if isinstance(op, ast.Mult) else a + b if isinstance(op, ast.Add) else a - b


@dataclass(frozen=True)
class Known:
    """Ranges of counters, and polynomials that are not negative."""

    integers: Integers
    counters: tuple[tuple[str, Ends], ...] = ()
    facts: tuple[Affine, ...] = ()

    def inside(self, loop: ast.For) -> Known:
        assert isinstance(loop.target, ast.Name)
        lows, highs = self.integers.ends(loop)
        counter = Affine.of(loop.target.id)
        above = [counter - lo for lo in lows if lo.names() & self.integers.quotients.keys()]
        below = [hi - 1 - counter for hi in highs]
        return self.counting(loop.target.id, (lows, highs)).given([*above, *below])

    def counting(self, name: str, ends: Ends) -> Known:
        kept = tuple(c for c in self.counters if c[0] != name)
        return replace(self, counters=(*kept, (name, ends)))

    def given(self, facts: Iterable[Affine]) -> Known:
        return replace(self, facts=(*self.facts, *map(self.integers.whole, facts)))

    @cached_property
    def _ranges(self) -> tuple[tuple[Index, ...], ...]:
        each = [[Index(n, lo, hi) for lo, hi in product(*ends)] for n, ends in self.counters]
        return tuple(product(*filter(None, each)))

    @cached_property
    def _helpful(self) -> tuple[Affine, ...]:
        """0, every fact, and the sums of two."""
        facts = [*self.facts, *self._of_sizes()]
        return (ZERO, *facts, *(a + b for a, b in combinations(facts, 2)))

    def _of_sizes(self) -> Iterator[Affine]:
        """A derived size is at least its least, and its floor is not above the quotient."""
        for size in self.integers.system.sizes:
            if size.formula is not None:
                bottom = size.formula.denominator
                symbol = Affine.of(size.name)
                yield symbol - size.least
                if bottom != Affine.of(1):
                    yield size.formula.numerator + bottom * size.formula.offset - bottom * symbol

    def not_negative(self, e: Affine) -> bool:
        """Whether it follows that a polynomial is not negative."""
        e, system = self.integers.whole(e), self.integers.system
        bounds = [Ranges(system, ranges) for ranges in self._ranges]
        return any(b.at_least(e - fact, ZERO) for fact in self._helpful for b in bounds)

    def holds(self, test: ast.expr) -> bool:
        """Whether a condition follows."""
        found = links(test)
        if not found:
            return False
        facts = [self.integers.facts(ast.Compare(a, [op], [b])) for a, op, b in found]
        return all(each and all(map(self.not_negative, each)) for each in facts)

    def fails(self, test: ast.expr) -> bool:
        """Whether it follows that a condition does not hold."""
        facts = [f for each in conjuncts(test) for f in self.integers.facts(each)]
        return any(self.not_negative(-f - 1) for f in facts)
