"""Kernel -> Python text: only plain indexing and named runtime functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from codegen.accesses import arrays_written, flatten
from codegen.bounds import Bounds
from codegen.expressions import Expressions
from codegen.lower import Plan
from codegen.names import WORDS, Names
from codegen.nodes import (
    Blocks,
    Ceil,
    Clear,
    Gemm,
    If,
    Kernel,
    Let,
    Loop,
    Section,
    Statement,
    Store,
    Track,
    View,
    Wide,
    inner,
)
from derive.algebra.expr import Expr, Negative
from derive.algebra.index import Affine, Index, Letter
from derive.algebra.system import System, constants
from derive.pages.sheet import equation_numbers


@dataclass(slots=True)
class Printer(Expressions):
    """Prints one kernel."""

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
            cites = [self.citations[n] for n in names if n in self.citations]
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
            case Blocks(index, lo, hi, body):
                self.used.add("BLOCK")
                name, low, high = self._limits(index, lo, hi)
                self.ranges.append(Index(index, lo[0].numerator, hi[0].numerator))
                lines = self.statements(body, depth + 1)
                self.ranges.pop()
                return [f"{pad}for {name} in range({low}, {high}, BLOCK):", *lines]
            case If(guards, body):
                return [f"{pad}if {self.condition(guards)}:", *self.statements(body, depth + 1)]
            case Store(target, value, add):
                return [pad + self._assign(self.element(target.tensor, target.at), value, add)]
            case Let(name, value, add):
                return [pad + self._assign(name, value, add)]
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
            case Wide():
                return self._wide(statement, depth)
            case Section(serves, body):
                return self._section(serves, body, depth)
        raise AssertionError(f"{type(statement).__name__} in a kernel")

    def _assign(self, target: str, value: Expr, add: bool) -> str:
        """What is added with a minus in front is subtracted."""
        if add and isinstance(value, Negative):
            return f"{target} -= {self.value(value.arg)}"
        return f"{target} {'+=' if add else '='} {self.value(value)}"

    def _loop(self, index: Letter, lo: tuple[Ceil, ...], hi: tuple[Ceil, ...], backwards: bool) -> str:
        name, low, high = self._limits(index, lo, hi)
        if backwards:
            last = "-1" if low == "0" else f"{low} - 1"
            return f"{name} in range({high} - 1, {last}, -1)"
        return f"{name} in range({high})" if low == "0" else f"{name} in range({low}, {high})"

    def _limits(self, index: Letter, lo: tuple[Ceil, ...], hi: tuple[Ceil, ...]) -> tuple[str, str, str]:
        """The name of a loop's counter, what it is at least, and what it is below."""
        name = self.indices.setdefault(index, self._index_name(index))
        around = Bounds(self.system, tuple(self.ranges))
        low, high = self._extreme("max", around.needed(lo, 1)), self._extreme("min", around.needed(hi, -1))
        return name, low, high

    def _index_name(self, index: Letter) -> str:
        """Its letter; doubled, as in `bb`, where something else of the kernel is called so."""
        clashes = index.text in {*self.kernel.arguments, *constants(self.system), *WORDS}
        return self.names.like(f"{index}{index}") if clashes else index.text

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

    def _wide(self, statement: Wide, depth: int) -> list[str]:
        """Inside, the copy's name stands for the array's, and its part's positions are left out."""
        self.used |= {"wide", "narrow"}
        pad, part = "    " * depth, self._part(statement.array, statement.prefix)
        self.widened[statement.array] = (statement.name, statement.prefix)
        lines = self.statements(statement.body, depth)
        del self.widened[statement.array]
        return [f"{pad}{statement.name} = wide({part})", *lines, f"{pad}narrow({part}, {statement.name})"]

    def _part(self, array: str, prefix: tuple[Affine, ...], span: tuple[Affine, Affine] | None = None) -> str:
        array, prefix = self.widely(array, prefix)
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
        axes = self._axes()
        lines = []
        for size in wanted:
            place = axes.get(size.name)
            if place is not None:
                lines.append(f"    {size.name} = {place}")
            elif size.formula is None:
                self.missing = (*self.missing, size.name)
            else:
                self.computed += [(e, ()) for e in (size.formula.numerator, size.formula.offset)]
                lines = [*self.sizes(str(size.formula)), *lines, f"    {size.name} = {size.formula}"]
        return list(dict.fromkeys(lines))

    def _axes(self) -> dict[str | None, str]:
        """Where each size is found: an axis of the first array that is sure to have it."""
        found: dict[str | None, str] = {}
        unsure = () if self.kernel.name == "forward" else self.kernel.outputs
        for array in (n for n in self.kernel.arrays if n not in unsure):
            for axis, dim in enumerate(self.system.tensor(array).dims):
                found.setdefault(dim.plain(), f"{array}.shape[{axis}]")
        return found


def like_array(system: System, kernel: Kernel) -> str:
    """A floating array argument whose dtype is the kernel's."""
    return next(n for n in kernel.arrays if not system.tensor(n).integer)


def print_kernel(system: System, kernel: Kernel, citations: Mapping[str, str]) -> Printer:
    """A printer for the kernel, with every name that it already has."""
    locals_ = {s.name for s in flatten(kernel.body) if isinstance(s, (Let, Wide))}
    loops = {s.index for s in flatten(kernel.body) if isinstance(s, (Loop, Blocks))}
    names = Names({*(t.name for t in system.tensors), *constants(system), *locals_, *loops})
    return Printer(system, kernel, like_array(system, kernel), names, citations=citations)


def printer_of(plan: Plan, kernel: str) -> Printer:
    """A printer for one of the plan's kernels."""
    pair = {"forward": (plan.forward_system, plan.forward)}
    pair["backward"] = (plan.backward_system, plan.backward)
    numbers = equation_numbers(plan.derivation).items()
    return print_kernel(*pair[kernel], {plan.called.get(n, n): f"{n} ({k})" for n, k in numbers})
