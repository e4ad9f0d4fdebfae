"""Expressions of a kernel as Python text: index arithmetic, guards, values, constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from codegen.bounds import Bounds
from codegen.names import Names
from codegen.nodes import Ceil, IndexValue, Kernel, Local
from derive.algebra.affine import Atom, Monomial
from derive.algebra.decimals import decimal_text
from derive.algebra.expr import (
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
)
from derive.algebra.index import Affine, Delta, Guard, Index, IntegerRead, Letter
from derive.algebra.system import System, symbols

ATOM, POWER, UNARY, TERM, SUM, CHOICE = 6, 5, 4, 3, 2, 1
WHOLE = 2**53  # up to here every integer is a float64
DIVIDED = 2**24  # and the quotient of two, rounded to float64 and then to float32, is the nearest float32
LONG = 12  # characters of a number that a name shows


def _place(e: Affine) -> Callable[[tuple[Monomial, int]], tuple[bool, bool]]:
    """Where a term stands in its sum: N - i - 1, but 1 - i."""
    number_last = any(monomial and value > 0 for monomial, value in e.terms)

    def place(term: tuple[Monomial, int]) -> tuple[bool, bool]:
        monomial, value = term
        return (not monomial) == number_last, value < 0

    return place


@dataclass(slots=True)
class Expressions:
    """Prints the expressions of one kernel; collects its constants and the runtime names it uses."""

    system: System
    kernel: Kernel
    like: str
    names: Names
    indices: dict[Letter, str] = field(default_factory=dict)
    constants: dict[tuple[str, str], str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    ranges: list[Index] = field(default_factory=list)
    missing: tuple[str, ...] = ()
    citations: Mapping[str, str] = field(default_factory=dict)
    computed: list[tuple[Affine, tuple[Index, ...]]] = field(default_factory=list)  # see reach.py
    widened: dict[str, tuple[str, tuple[Affine, ...]]] = field(default_factory=dict)

    # integers -----------------------------------------------------------------------------------
    def affine(self, e: Affine, level: int = SUM) -> str:
        """An index expression, what is added first and numbers last; products bind tighter than sums."""
        self.computed.append((e, tuple(self.ranges)))
        text = ""
        for monomial, value in sorted(e.terms, key=_place(e)):
            factors = [self.atom(a) for a in monomial]
            number = [] if abs(value) == 1 and factors else [str(abs(value))]
            product = "*".join(number + factors)
            if text:
                text += f" - {product}" if value < 0 else f" + {product}"
            else:
                text = f"-{product}" if value < 0 else product
        text = text or "0"
        simple = len(e.terms) == 0 or (len(e.terms) == 1 and e.terms[0][1] > 0 and len(e.terms[0][0]) <= 1)
        return text if level <= SUM or (simple and level <= TERM) or self._is_atom(e) else f"({text})"

    @staticmethod
    def _is_atom(e: Affine) -> bool:
        return (e.is_integer() and e.integer() >= 0) or (
            len(e.terms) == 1 and e.terms[0][1] == 1 and len(e.terms[0][0]) == 1
        )

    def atom(self, atom: Atom) -> str:
        match atom:
            case IntegerRead():
                return self.integer_element(atom)
            case Letter():
                return self.indices.get(atom, atom.text)
        return atom

    def integer_element(self, read: IntegerRead) -> str:
        """An element of an integer array; -1 where the read may be outside of it."""
        text = self.element(read.tensor, read.at)
        guards = Bounds(self.system, tuple(self.ranges)).domain_guards(read)
        return f"({text} if {self.condition(guards)} else -1)" if guards else text

    def widely(self, array: str, at: tuple[Affine, ...]) -> tuple[str, tuple[Affine, ...]]:
        """Where an element is found: in the wide copy of a part of the array, where it is in that part."""
        name, prefix = self.widened.get(array, (array, ()))
        return (name, at[len(prefix) :]) if at[: len(prefix)] == prefix else (array, at)

    def element(self, array: str, at: tuple[Affine, ...]) -> str:
        array, at = self.widely(array, at)
        return f"{array}[{', '.join(self.affine(e) for e in at) or '()'}]"

    def limit(self, c: Ceil) -> str:
        """ceil(a/b) = (a + b - 1)//b."""
        if c.denominator == Affine.of(1):
            return self.affine(c.numerator)
        top = self.affine(c.numerator + c.denominator - 1, ATOM)
        return f"{top}//{self.affine(c.denominator, ATOM)}"

    def condition(self, guards: tuple[Guard, ...]) -> str:
        """What of some guards may fail, and no other side of them implies."""
        found = Bounds(self.system, tuple(self.ranges)).sides(guards)
        return " and ".join(self._guard(*each) for each in found) or "True"

    def _guard(self, guard: Guard, sides: tuple[str, ...]) -> str:
        """These sides, constants moved to the limits: `t >= 1`, not `0 <= t - 1 < T`."""
        if isinstance(guard, Delta):
            return f"{self.affine(guard.a)} == {self.affine(guard.b)}"
        constant = Affine(tuple((m, v) for m, v in guard.e.terms if not m))
        e, lo, hi = (self.affine(part - constant) for part in guard.parts())
        one_sided = {"lo": f"{e} >= {lo}", "hi": f"{e} < {hi}"}
        return one_sided[sides[0]] if len(sides) == 1 else f"{lo} <= {e} < {hi}"

    # values -------------------------------------------------------------------------------------
    def value(self, node: Expr, level: int = 0) -> str:
        """An expression, in parentheses where its place binds tighter."""
        text, own = self._value(node)
        return f"({text})" if own < level else text

    def _value(self, node: Expr) -> tuple[str, int]:
        match node:
            case Number(value, denominator, decimal):
                return self.number(value, Affine.of(denominator), decimal), ATOM
            case Ratio(Number(top, 1), Number(bottom, 1)):
                return self.number(top, bottom), ATOM
            case Parameter(name) | Local(name):
                return name, ATOM
            case Read(tensor, at):
                return self.element(tensor, at), ATOM
            case IndexValue(value):
                return self.affine(value), SUM
            case Sum(args):
                return self._sum(args), SUM
            case Product(args):
                first, *rest = args
                return " * ".join([self.value(first, TERM), *(self.value(a, POWER) for a in rest)]), TERM
            case Ratio(top, bottom):
                return f"{self.value(top, TERM)} / {self.value(bottom, POWER)}", TERM
            case Negative(arg):
                return f"-{self.value(arg, TERM)}", UNARY - 1
            case Power(base, n):
                return self._power(base, n)
            case Call(function, args):
                return self._call(function, args), ATOM
            case Choice(left, relation, right, then, otherwise):
                test = f"{self.value(left, SUM)} {relation} {self.value(right, SUM)}"
                return f"{self.value(then, SUM)} if {test} else {self.value(otherwise, SUM)}", CHOICE
        raise AssertionError(f"{type(node).__name__} in a kernel")

    def _sum(self, args: tuple[Expr, ...]) -> str:
        text = self.value(args[0], SUM)
        for arg in args[1:]:
            if isinstance(arg, Negative):
                text += f" - {self.value(arg.arg, TERM)}"
            else:
                text += f" + {self.value(arg, TERM)}"
        return text

    def _power(self, base: Expr, n: int) -> tuple[str, int]:
        if n == 2 and isinstance(base, (Local, Read, Parameter)):
            return f"{self.value(base)} * {self.value(base)}", TERM
        self.used.add("power")
        return f"power({self.value(base)}, {n})", ATOM

    def _call(self, function: str, args: tuple[Expr, ...]) -> str:
        self.used.add(function)
        if function == "lowest":
            return f"lowest({self.like})"
        return f"{function}({', '.join(self.value(a) for a in args)})"

    def number(self, top: Affine, bottom: Affine, decimal: bool = False) -> str:
        """A constant of the kernel's dtype: a name set once, or made in place where it holds an index."""
        self.used.add("number")
        p, q = self._written(top, bottom, decimal)
        if not (top.names() | bottom.names()) <= symbols(self.system) or top.reads() or bottom.reads():
            return f"number({self.like}, {p}, {q})"
        if (p, q) not in self.constants:
            words = {("0", "1"): "zero", ("1", "1"): "one", ("2", "1"): "two", ("1", "2"): "half"}
            parts = (p.strip('"')[:LONG] if p[0] == '"' else p,) if q == "1" else (p, q)
            stem = words.get((p, q)) or "_".join(
                ["number", *("".join(c if c.isalnum() else "_" for c in x) for x in parts)]
            )
            self.constants[p, q] = self.names.like(stem)
        return self.constants[p, q]

    def _written(self, top: Affine, bottom: Affine, decimal: bool) -> tuple[str, str]:
        """A number's two integers; a decimal, or a number that these would round, as a text that says it."""
        if top.is_integer() and bottom.is_integer():
            p, q = top.integer(), bottom.integer()
            divided = q != 1 and max(abs(p), q) > DIVIDED
            if divided or abs(p) > WHOLE or (decimal and q > 2):
                return f'"{decimal_text(p, q) if decimal else Fraction(p, q)}"', "1"
        return self.affine(top), self.affine(bottom)
