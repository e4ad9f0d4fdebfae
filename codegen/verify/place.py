"""Where in a kernel's text a mutant's mistake stands, and what is known of the integers there.

Known are the ranges of the enclosing loops, the enclosing conditions, the formulas of derived sizes and
the least values of all sizes. Only names that no statement changes count as integers: sizes read from a
shape, integer parameters, loop counters, and elements of integer arrays that the kernel does not write.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations, product

from codegen.bounds import ZERO, Bounds
from codegen.lower import Plan
from codegen.nodes import Kernel
from codegen.verify.mutate import Mutant
from derive.algebra.index import Affine, Index
from derive.algebra.system import System

Ends = tuple[tuple[Affine, ...], tuple[Affine, ...]]


def called(node: ast.AST, *names: str) -> bool:
    """Whether a node is a call of one of these functions."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def conjuncts(test: ast.expr) -> list[ast.expr]:
    """The conditions that `and` joins."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return [c for value in test.values for c in conjuncts(value)]
    return [test]


def links(test: ast.expr) -> list[tuple[ast.expr, ast.cmpop, ast.expr]] | None:
    """All comparisons of a condition that joins nothing else; None where there is something else."""
    made = []
    for each in conjuncts(test):
        if not isinstance(each, ast.Compare):
            return None
        sides = [each.left, *each.comparators]
        made += list(zip(sides, each.ops, sides[1:], strict=False))
    return made


class Integers:
    """Reads index arithmetic of one kernel's text."""

    def __init__(self, function: ast.FunctionDef, system: System, kernel: Kernel) -> None:
        self.system, self.kernel = system, kernel
        nodes = list(ast.walk(function))
        stores = [n for n in nodes if isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)]
        self.stored = {base(n)[0] for n in stores} | written_by_calls(function)
        counters = {n.target.id for n in nodes if isinstance(n, ast.For) and isinstance(n.target, ast.Name)}
        self.names = counters | set(kernel.integers) | set(self._sizes(function))

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
        return None

    def _is_fixed(self, array: str) -> bool:
        known = array in self.kernel.arrays and array not in self.stored
        return known and self.system.tensor(array).integer

    def facts(self, test: ast.expr) -> list[Affine]:
        """What is not negative where a condition holds."""
        return [f for each in conjuncts(test) for link in links(each) or () for f in self._fact(*link)]

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


def written_by_calls(function: ast.FunctionDef) -> set[str]:
    """The arrays that products and clearings write to."""
    calls = (n for n in ast.walk(function) if isinstance(n, ast.Call))
    return {base(n.args[0])[0] for n in calls if called(n, "clear", "gemm")}


def base(node: ast.expr) -> tuple[str, list[ast.expr]]:
    """The array behind an argument, and the leading positions at which it is taken."""
    match node:
        case ast.Call(_, [inner, *_]):
            return base(inner)
        case ast.Subscript(ast.Name(name), at):
            return name, at.elts if isinstance(at, ast.Tuple) else [at]
        case ast.Name(name):
            return name, []
    raise TypeError(f"an array, a slice of one or a matrix was expected, not {ast.unparse(node)}")


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
        below = [hi - 1 - Affine.of(loop.target.id) for hi in highs]
        return self.counting(loop.target.id, (lows, highs)).given(below)

    def counting(self, name: str, ends: Ends) -> Known:
        kept = tuple(c for c in self.counters if c[0] != name)
        return replace(self, counters=(*kept, (name, ends)))

    def given(self, facts: Iterable[Affine]) -> Known:
        return replace(self, facts=(*self.facts, *facts))

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
        system = self.integers.system
        bounds = [Bounds(system, ranges) for ranges in self._ranges]
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


class Place:
    """The place of a mutant's mistake in its kernel."""

    def __init__(self, plan: Plan, mutant: Mutant) -> None:
        self.function, self.site = mutant.function, mutant.site
        forward = mutant.kernel == "_forward"
        self.kernel = plan.forward if forward else plan.backward
        system = plan.forward_system if forward else plan.backward_system
        self.integers = Integers(self.function, system, self.kernel)
        self.path = path(self.function, self.site.old)

    @property
    def parent(self) -> ast.AST:
        return self.site.parent

    def known(self, until: ast.AST | None = None) -> Known:
        """What is known at the place, or outside of one of the nodes around it."""
        return known_along(Known(self.integers), self.path, until)

    def known_at(self, way: Path) -> Known:
        """What is known at the end of another way down from the kernel."""
        return known_along(Known(self.integers), way)


Path = list[tuple[ast.AST, str, ast.AST]]


def path(root: ast.AST, wanted: ast.AST) -> Path:
    """From a node down to another: each node on the way, the field that leads on, and what is there."""
    for name, value in ast.iter_fields(root):
        for child in value if isinstance(value, list) else [value]:
            if child is wanted:
                return [(root, name, child)]
            if isinstance(child, ast.AST) and (below := path(child, wanted)):
                return [(root, name, child), *below]
    return []


def known_along(known: Known, way: Path, until: ast.AST | None = None) -> Known:
    for node, field, child in way:
        if node is until:
            break
        if isinstance(node, ast.For) and field == "body":
            known = known.inside(node)
        elif isinstance(node, (ast.If, ast.IfExp)) and field == "body":
            known = known.given(known.integers.facts(node.test))
        elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            others = (v for v in node.values if v is not child)
            known = known.given(f for other in others for f in known.integers.facts(other))
    return known
