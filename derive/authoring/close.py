"""Matrix sugar to index notation: `W_f @ x[t] + b_f` becomes a sum over a named index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from derive.algebra.expr import (
    Expr,
    MatMul,
    Product,
    Read,
    Reduce,
    Transpose,
    children,
    free_names,
    reads,
    rebuild,
    substitute,
    walk,
)
from derive.algebra.index import Affine, Index, IntegerRead, Letter, Name, Quotient, names_of
from derive.algebra.system import Names, Size, Tensor, fresh, fresh_letter
from derive.errors import SpecError

Shape = tuple[Affine, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """What closing needs to know of a spec: declared tensors, sizes and index ranges."""

    op: str
    tensors: Mapping[str, Tensor]
    sizes: tuple[Size, ...]
    ranges: Mapping[Letter, Index]
    numbers: frozenset[str]

    def fault(self, message: str) -> SpecError:
        return SpecError(f"{self.op}: {message}")

    def shape(self, node: Expr) -> Shape:
        """The axes of an expression that no index stands for yet."""
        match node:
            case Read(tensor, at):
                return self.tensors[tensor].dims[len(at) :]
            case MatMul(left, right):
                return self._matmul_shape(self.shape(left), self.shape(right))
            case Transpose(arg):
                shape = self.shape(arg)
                if len(shape) != 2:
                    raise self.fault(f"only a matrix has a transpose, not {show(shape)}")
                return shape[::-1]
            case _:
                return self._common_shape(tuple(self.shape(part) for part in children(node)))

    def _matmul_shape(self, left: Shape, right: Shape) -> Shape:
        if not (1 <= len(left) <= 2 and 1 <= len(right) <= 2):
            raise self.fault(f"@ multiplies vectors and matrices, not {show(left)} @ {show(right)}")
        if left[-1] != right[0]:
            raise self.fault(
                f"rank or size mismatch in {show(left)} @ {show(right)}: the last axis on the left must be "
                "the first on the right; transpose one with .T, or index it"
            )
        return left[:-1] + right[1:]

    def _common_shape(self, shapes: tuple[Shape, ...]) -> Shape:
        open_shapes = [s for s in shapes if s]
        if any(s != open_shapes[0] for s in open_shapes):
            listed = " and ".join(dict.fromkeys(show(s) for s in open_shapes))
            raise self.fault(
                f"rank or size mismatch: {listed} are combined element by element: give both the same axes, "
                "or write the equation with indices"
            )
        return open_shapes[0] if open_shapes else ()

    def letter(self, dim: Affine, taken: Names) -> Index:
        # a letter that the spec declares for another range would be read as that index
        taken |= {i.name for i in self.ranges.values() if (i.lo, i.hi) != (Affine(), dim)} | self.numbers
        name = fresh_letter(self.sizes, dim, taken)
        return Index(name, Affine(), dim)

    def close(self, node: Expr, at: Shape, taken: Names) -> Expr:
        """The scalar at position `at` of an open expression; a scalar is broadcast."""
        if not self.shape(node):
            at = ()
        match node:
            case Read(tensor, given):
                return Read(tensor, given + at)
            case Transpose(arg):
                return self.close(arg, at[::-1], taken)
            case MatMul(left, right):
                return self._close_matmul(left, right, at, taken)
            case Reduce(monoid, binders, guards, body):
                ranged = tuple(self.range_of(b.name) for b in binders)
                return Reduce(monoid, ranged, guards, self.close(body, at, taken))
            case _:
                return rebuild(node, tuple(self.close(part, at, taken) for part in children(node)))

    def _close_matmul(self, left: Expr, right: Expr, at: Shape, taken: Names) -> Expr:
        rows = len(self.shape(left)) - 1
        inner = self.letter(self.shape(left)[-1], taken)
        k = (inner.symbol,)
        a, b = self.close(left, at[:rows] + k, taken), self.close(right, k + at[rows:], taken)
        return Reduce("sum", (inner,), (), Product((a, b)))

    def is_part(self, dim: Affine, whole: Affine) -> bool:
        """Whether a size is declared as a sum of which `dim` is a part, as in a concatenation."""
        formula = self._formula(whole)
        if formula is None or formula.denominator != Affine.of(1):
            return False
        return all(term in (formula.numerator + formula.offset).terms for term in dim.terms)

    def is_within(self, part: Affine, dim: Affine) -> bool:
        """Whether a size is never larger than another by what they are declared as: 2*N, H + G, M//2."""
        fraction, formula = self._formula(part), self._formula(dim)
        if fraction is not None and (fraction.numerator, fraction.offset) == (dim, Affine()):
            return True
        whole = dim if formula is None else formula.numerator + formula.offset
        if formula is not None and formula.denominator != Affine.of(1):
            return False
        return all(count >= 0 for _, count in (whole - part).terms)

    def _formula(self, dim: Affine) -> Quotient | None:
        return next((s.formula for s in self.sizes if s.name == dim.plain()), None)

    def range_at(self, e: Affine) -> Index | None:
        """The declared range of what is one index, None for anything else."""
        letter = e.letter()
        return self.ranges.get(letter) if letter else None

    def range_of(self, name: Letter) -> Index:
        if name not in self.ranges:
            raise self.fault(f"index '{name}' has no range: declare it with s.index('{name}', ...)")
        return self.ranges[name]


def show(shape: Shape) -> str:
    return "(" + ", ".join(map(str, shape)) + ")"


def check_axes(scope: Scope, node: Expr) -> None:
    """Raise SpecError where a plain index runs over another range than the axis it reads."""
    for part in walk(node):
        if not isinstance(part, Read):
            continue
        for axis, (e, dim) in enumerate(zip(part.at, scope.tensors[part.tensor].dims, strict=True)):
            index = scope.range_at(e)
            if index is None or index.lo != Affine() or index.hi == dim:
                continue
            if not scope.is_part(dim, index.hi) and not scope.is_within(index.hi, dim):
                raise scope.fault(
                    f"index '{index.name}' has two ranges, 0..{index.hi}-1 and that of axis {axis} of "
                    f"{part.tensor}, 0..{dim}-1: declare a second index"
                )


def keep_apart(node: Expr, scope: set[Letter], taken: Names) -> Expr:
    """The expression with every summed index renamed that has the name of one around it."""
    if not isinstance(node, Reduce):
        return rebuild(node, tuple(keep_apart(part, scope, taken) for part in children(node)))
    names = {b.name: Letter(fresh(b.name.text, taken)) for b in node.binders if b.name in scope}
    put = {old: Affine.of(new) for old, new in names.items()}
    binders = tuple(b.renamed(names.get(b.name, b.name)) for b in node.binders)
    guards = tuple(g.substitute(put) for g in node.guards)
    body = keep_apart(substitute(node.body, put), scope | {b.name for b in binders}, taken)
    return Reduce(node.monoid, binders, guards, body)


def names_in(node: Expr) -> set[Name]:
    """Every name of an index that occurs, bound or free."""
    bound = {b.name for part in walk(node) if isinstance(part, Reduce) for b in part.binders}
    return {*free_names(node), *bound}


def check_bound(scope: Scope, tensor: str, node: Expr, known: set[Name]) -> None:
    """Raise SpecError for an index that is neither on the left nor summed over, with a read of it."""
    unbound = sorted(free_names(node) - known)
    if unbound:
        name = unbound[0]
        read = next((f" in {show_read(r)}" for r in reads(node) if name in names_of(r.at)), "")
        raise scope.fault(
            f"index '{name}'{read} is not free on the left, in {tensor}: sum over it, or add it there"
        )


def show_read(read: Read | IntegerRead) -> str:
    return f"{read.tensor}[{', '.join(map(str, read.at))}]"
