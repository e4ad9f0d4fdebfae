"""Kernel -> Python text: only plain indexing and named runtime functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from codegen.accesses import arrays_written, flatten
from codegen.bounds import Bounds
from codegen.names import WORDS, Names
from codegen.nodes import (
    Ceil,
    Clear,
    Gemm,
    If,
    IndexValue,
    Kernel,
    Let,
    Local,
    Loop,
    Section,
    Statement,
    Store,
    Track,
    View,
    inner,
)
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
from derive.algebra.index import Affine, Delta, Guard, Index, IntegerRead
from derive.algebra.system import System, symbols

ATOM, POWER, UNARY, TERM, SUM, CHOICE = 6, 5, 4, 3, 2, 1


@dataclass(slots=True)
class Printer:
    """Prints one kernel; collects the constants and the runtime names that it uses."""

    system: System
    kernel: Kernel
    like: str
    names: Names
    indices: dict[str, str] = field(default_factory=dict)
    constants: dict[tuple[str, str], str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    ranges: list[Index] = field(default_factory=list)
    missing: tuple[str, ...] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)

    # integers -----------------------------------------------------------------------------------
    def affine(self, e: Affine, level: int = SUM) -> str:
        """An index expression; products bind tighter than sums."""
        text = ""
        for monomial, value in e.terms:
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

    def atom(self, atom) -> str:  # type: ignore[no-untyped-def]
        if isinstance(atom, str):
            return self.indices.get(atom, atom)
        return self.integer_element(atom)

    def integer_element(self, read: IntegerRead) -> str:
        """An element of an integer array; -1 where the read may be outside of it."""
        text = self.element(read.tensor, read.at)
        guards = Bounds(self.system, tuple(self.ranges)).domain_guards(read)
        return f"({text} if {' and '.join(map(self.guard, guards))} else -1)" if guards else text

    def element(self, array: str, at: tuple[Affine, ...]) -> str:
        return f"{array}[{', '.join(self.affine(e) for e in at) or '()'}]"

    def limit(self, c: Ceil) -> str:
        """ceil(a/b) = (a + b - 1)//b."""
        if c.denominator == Affine.of(1):
            return self.affine(c.numerator)
        top = self.affine(c.numerator + c.denominator - 1, ATOM)
        return f"{top}//{self.affine(c.denominator, ATOM)}"

    def guard(self, guard: Guard) -> str:
        """The sides that may fail, constants moved to the limits: `t >= 1`, not `0 <= t - 1 < T`."""
        if isinstance(guard, Delta):
            return f"{self.affine(guard.a)} == {self.affine(guard.b)}"
        sides = Bounds(self.system, tuple(self.ranges)).open_sides(guard)
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
            case Number(value, denominator):
                return self.number(value, Affine.of(denominator)), ATOM
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

    def number(self, top: Affine, bottom: Affine) -> str:
        """A constant of the kernel's dtype: a name set once, or made in place where it holds an index."""
        self.used.add("number")
        p, q = self.affine(top), self.affine(bottom)
        if not (top.names() | bottom.names()) <= symbols(self.system) or top.reads() or bottom.reads():
            return f"number({self.like}, {p}, {q})"
        if (p, q) not in self.constants:
            words = {("0", "1"): "zero", ("1", "1"): "one", ("2", "1"): "two", ("1", "2"): "half"}
            stem = words.get((p, q)) or "_".join(
                [
                    "number",
                    *("".join(c if c.isalnum() else "_" for c in x) for x in ((p,) if q == "1" else (p, q))),
                ]
            )
            self.constants[p, q] = self.names.like(stem)
        return self.constants[p, q]

    # statements ---------------------------------------------------------------------------------
    def statements(self, body: Iterable[Statement], depth: int = 1) -> list[str]:
        """The lines of some statements."""
        return [line for statement in body for line in self.statement(statement, depth)]

    def cited(self, body: Iterable[Statement], depth: int) -> list[str]:
        """The same, each part under a comment that cites the derivation's equations."""
        lines: list[str] = []
        last = ""
        for statement in body:
            written = statement.cites if isinstance(statement, Loop) and statement.cites else ()
            names = written or tuple(sorted(arrays_written((statement,))))
            cites = [f"{n} ({self.numbers[n]})" for n in names if n in self.numbers]
            steps = isinstance(statement, (Section, Loop)) and not written and self._has_parts(statement)
            comment = f"{'    ' * depth}# {', '.join(cites)}"
            if cites and not steps and comment != last:
                lines.append(comment)
                last = comment
            lines += self.statement(statement, depth)
        return lines

    @staticmethod
    def _has_parts(statement: Statement) -> bool:
        """Whether the statement is a section, or a loop over steps, whose parts are cited one by one."""
        return isinstance(statement, Section) or any(
            isinstance(s, Gemm) or (isinstance(s, Loop) and s.cites) for s in inner(statement)
        )

    def statement(self, statement: Statement, depth: int) -> list[str]:
        pad = "    " * depth
        match statement:
            case Loop(index, lo, hi, body, backwards):
                header = f"{pad}for {self._loop(index, lo, hi, backwards)}:"
                self.ranges.append(Index(index, lo[0].numerator, hi[0].numerator))
                parts = self._has_parts(statement)
                lines = self.cited(body, depth + 1) if parts else self.statements(body, depth + 1)
                self.ranges.pop()
                return [header, *lines]
            case If(guards, body):
                test = " and ".join(map(self.guard, guards))
                return [f"{pad}if {test}:", *self.statements(body, depth + 1)]
            case Store(target, value, add):
                sign = "+=" if add else "="
                return [f"{pad}{self.element(target.tensor, target.at)} {sign} {self.value(value)}"]
            case Let(name, value, add):
                return [f"{pad}{name} {'+=' if add else '='} {self.value(value)}"]
            case Track(best, value, marks):
                self.used.add("beats")
                name = self.names.like("candidate")
                moves = [f"{pad}    {mark} = {self.affine(e)}" for mark, e in marks]
                # the first candidate counts even if it is -inf, which nothing is below
                none_yet = f"{marks[0][0]} < 0 or " if marks else ""
                test = f"{pad}if {none_yet}beats({name}, {best}):"
                return [f"{pad}{name} = {self.value(value)}", test, f"{pad}    {best} = {name}", *moves]
            case Gemm():
                return [pad + self._gemm(statement)]
            case Clear(array, prefix):
                self.used.add("clear")
                return [f"{pad}clear({self._part(array, prefix)})"]
            case Section(serves, body):
                return self._section(serves, body, depth)
        raise AssertionError(f"{type(statement).__name__} in a kernel")

    def _loop(self, index: str, lo: tuple[Ceil, ...], hi: tuple[Ceil, ...], backwards: bool) -> str:
        name = self.indices.setdefault(index, self._index_name(index))
        low = self._extreme("max", lo)
        high = self._extreme("min", hi)
        if backwards:
            last = "-1" if low == "0" else f"{low} - 1"
            return f"{name} in range({high} - 1, {last}, -1)"
        return f"{name} in range({high})" if low == "0" else f"{name} in range({low}, {high})"

    def _index_name(self, index: str) -> str:
        clashes = index in {*self.kernel.arguments, *symbols(self.system), *WORDS}
        return self.names.like(f"{index}{index}") if clashes else index

    def _extreme(self, function: str, limits: tuple[Ceil, ...]) -> str:
        numbers = [
            c.numerator.integer()
            for c in limits
            if c.numerator.is_integer() and c.denominator == Affine.of(1)
        ]
        others = [
            self.limit(c) for c in limits if not (c.numerator.is_integer() and c.denominator == Affine.of(1))
        ]
        extreme = [str(max(numbers) if function == "max" else min(numbers))] if numbers else []
        texts = list(dict.fromkeys(extreme + others))
        return texts[0] if len(texts) == 1 else f"{function}({', '.join(texts)})"

    def _gemm(self, gemm: Gemm) -> str:
        self.used |= {"gemm", "matrix"}
        flags = ", ".join(str(f) for f in (gemm.transpose_a, gemm.transpose_b, gemm.add))
        return f"gemm({self._view(gemm.out)}, {self._view(gemm.a)}, {self._view(gemm.b)}, {flags})"

    def _view(self, view: View) -> str:
        return f"matrix({self._part(view.array, view.prefix, view.span)}, {view.rows})"

    def _part(self, array: str, prefix: tuple[Affine, ...], span: tuple[Affine, Affine] | None = None) -> str:
        positions = [self.affine(e) for e in prefix]
        if span is not None:
            end = self.affine(span[1])
            if not Bounds(self.system, tuple(self.ranges)).at_least(span[1], Affine()):
                end = f"max(0, {end})"  # an end below 0 would count from behind
            positions.append(f"{self.affine(span[0])}:{end}")
        return f"{array}[{', '.join(positions)}]" if positions else array

    def _section(self, serves: tuple[str, ...], body: tuple[Statement, ...], depth: int) -> list[str]:
        made = arrays_written(body) & set(self.kernel.outputs)
        everything = set(serves) == set(self.kernel.outputs) and not made
        scalar = any(not self.system.tensor(n).dims for n in serves)
        if everything or scalar:
            return self.cited(body, depth)
        test = " or ".join(f"{n}.size" for n in serves)
        return [f"{'    ' * depth}if {test}:", *self.cited(body, depth + 1)]

    def arguments(self) -> tuple[str, ...]:
        """The kernel's arguments; sizes that no array shows come before the other numbers."""
        kernel = self.kernel
        given = kernel.inputs + kernel.residuals + kernel.cotangents
        numbers = self.missing + kernel.integers + kernel.reals
        return given + numbers + kernel.outputs + kernel.saved + kernel.workspace

    # the kernel ---------------------------------------------------------------------------------
    def text(self) -> list[str]:
        """The lines of the kernel's body: sizes, constants, statements."""
        lines = self.cited(self.kernel.body, 1)
        code = [line.split("#")[0] for line in lines]
        mentioned = " ".join([*code, *(p + " " + q for p, q in self.constants)])
        numbers = [
            f"    {name} = number({self.like}, {p})"
            if q == "1"
            else f"    {name} = number({self.like}, {p}, {q})"
            for (p, q), name in self.constants.items()
        ]
        return [*self.sizes(mentioned), *numbers, *lines]

    def sizes(self, mentioned: str) -> list[str]:
        """Each size that is mentioned, from the shape of the first array that has it as an axis."""
        import re

        words = set(re.findall(r"[A-Za-z_]\w*", mentioned))
        wanted = [s for s in self.system.sizes if s.name in words]
        lines = []
        for size in wanted:
            place = self._axis_of(size.name)
            if place is not None:
                lines.append(f"    {size.name} = {place}")
            elif size.formula is None:
                self.missing = (*self.missing, size.name)
            else:
                lines = [*self.sizes(str(size.formula)), *lines, f"    {size.name} = {size.formula}"]
        return list(dict.fromkeys(lines))

    def _axis_of(self, size: str) -> str | None:
        sure = [
            n for n in self.kernel.arrays if n not in self.kernel.outputs or self.kernel.name == "forward"
        ]
        for array in sure:
            for axis, dim in enumerate(self.system.tensor(array).dims):
                if dim.plain() == size:
                    return f"{array}.shape[{axis}]"
        return None


def like_array(system: System, kernel: Kernel) -> str:
    """A floating array argument whose dtype is the kernel's."""
    return next(n for n in kernel.arrays if not system.tensor(n).integer)


def print_kernel(system: System, kernel: Kernel, numbers: Mapping[str, int]) -> Printer:
    """A printer for the kernel, with every name that it already has."""
    locals_ = {s.name for s in flatten(kernel.body) if isinstance(s, Let)}
    loops = {s.index for s in flatten(kernel.body) if isinstance(s, Loop)}
    taken = {t.name for t in system.tensors} | symbols(system) | {p.name for p in system.reals}
    names = Names(taken | locals_ | loops)
    return Printer(system, kernel, like_array(system, kernel), names, numbers=numbers)
