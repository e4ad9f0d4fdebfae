"""Whether an array is read only together with its transpose, so that nobody sees which of the two it is.

    gemm(dX, dG, X, True, False, False)      dX = dG^T X
    gemm(dX, dG, X, False, False, True)      dX = dX + dG X

With dG transposed the two statements change places, and the sum is the same. What a kernel does with an
array of its own is the same with the array's last two axes exchanged wherever it is named; where the
reads, exchanged, are those that were there, it is the same with the stores alone exchanged.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from codegen.verify.mutation.forms import Forms
from codegen.verify.mutation.nests import stores_of, target_of
from codegen.verify.mutation.place import Place
from codegen.verify.mutation.syntax import base, called, is_square_slice

LEFT, RIGHT, ADDS = 1, 2, 5  # arguments of a product; the two operands' flags stand two further


def read_with_transpose(place: Place, array: str) -> bool:
    """Whether an array of the kernel's own, stored in one place, is only read with its transpose."""
    if array not in place.kernel.workspace:
        return False
    dims = place.integers.system.tensor(array).dims
    stored = [s for s in stores_of(place.function) if base(target_of(s))[0] == array]
    reads = _Reads(array, len(dims))
    square = len(dims) >= 2 and dims[-1] == dims[-2]
    return square and len(stored) == 1 and reads.pair_up(place.function.body)


class _Reads:
    """The reads of one array that has so many axes."""

    def __init__(self, array: str, axes: int) -> None:
        self.array, self.axes = array, axes

    def pair_up(self, block: list[ast.stmt]) -> bool:
        """Whether statements give the same with the array transposed wherever they read it."""
        at = [k for k, s in enumerate(block) if self._is_read(s)]
        found = block[at[0] : at[-1] + 1] if at else []
        if not found or (len(found) == len(at) and self._is_even(found)):
            return True
        return all(self._inside(s) for s in found if self._is_read(s))

    def _inside(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.For(_, limits, body):
                return not self._is_read(limits) and self.pair_up(body)
            case ast.If(test, body, orelse):
                return not self._is_read(test) and self.pair_up(body) and self.pair_up(orelse)
        return False

    def _is_read(self, node: ast.AST) -> bool:
        """Whether it names the array, but to clear all of a matrix or to store an element."""
        match node:
            case ast.Subscript(ast.Name(self.array), at, ast.Store()):
                return self._is_read(at)
            case ast.Call(ast.Name("clear"), [cleared]):
                return base(cleared)[0] == self.array and len(base(cleared)[1]) > self.axes - 2
            case ast.Name(name):
                return name == self.array
        return any(map(self._is_read, ast.iter_child_nodes(node)))

    def _is_even(self, statements: list[ast.stmt]) -> bool:
        """Whether, transposed, they are the same statements in another order, and that does not matter."""
        if not _add_up(statements):
            return False
        turned = [_Turn(self.array, self.axes) for _ in statements]
        there = [t.visit(copy.deepcopy(s)) for t, s in zip(turned, statements, strict=True)]
        here = map(_without_order, statements)
        return not any(t.lost for t in turned) and sorted(here) == sorted(map(_without_order, there))


class _Turn(ast.NodeTransformer):
    """Transposes an array wherever it is read; `lost` where it is read in a way that has no transpose."""

    def __init__(self, array: str, axes: int) -> None:
        self.array, self.axes, self.lost = array, axes, False

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if called(node, "gemm"):
            self.lost |= base(node.args[0])[0] == self.array
            for k in (LEFT, RIGHT):
                if base(node.args[k])[0] == self.array:
                    self.lost |= not is_square_slice(node.args[k], self.axes - 2)
                    flag = node.args[k + 2]
                    assert isinstance(flag, ast.Constant)
                    node.args[k + 2] = ast.Constant(not flag.value)
            return node
        return self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        match node:
            case ast.Subscript(ast.Name(self.array), ast.Tuple([*lead, a, b])) if len(lead) == self.axes - 2:
                return ast.Subscript(node.value, ast.Tuple([*lead, b, a], ast.Load()), node.ctx)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        self.lost |= node.id == self.array
        return node


def _add_up(statements: list[ast.stmt]) -> bool:
    """Whether statements only add to arrays that they do not read; the first may be a product that sets."""
    simple = [list(_simple(s)) for s in statements]
    targets = [_added_to(s) for found in simple for s in found]
    names = {base(t)[0] for t in targets if t is not None}
    mentions = [n.id for s in statements for n in ast.walk(s) if isinstance(n, ast.Name)]
    alone = sum(mentions.count(name) for name in names) == len(targets)
    setting = [k for k, found in enumerate(simple) if any(map(_sets, found))]
    return None not in targets and alone and (not setting or (setting == [0] and _sets_once(statements[0])))


def _simple(statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements in it that hold no others."""
    nodes = (n for n in ast.walk(statement) if isinstance(n, ast.stmt))
    return (n for n in nodes if not isinstance(n, (ast.For, ast.If)))


def _added_to(statement: ast.stmt) -> ast.expr | None:
    match statement:
        case ast.AugAssign(ast.Subscript() as target, ast.Add() | ast.Sub()):
            return target
        case ast.Expr(ast.Call(ast.Name("gemm"), [target, *_])):
            return target
    return None


def _sets(statement: ast.stmt) -> bool:
    """Whether it is a product that does not add."""
    match statement:
        case ast.Expr(ast.Call(ast.Name("gemm"), [_, _, _, _, _, adds])):
            return not (isinstance(adds, ast.Constant) and adds.value is True)
    return False


def _sets_once(statement: ast.stmt) -> bool:
    """Whether a product, all that its loops do, sets a matrix of its own in each turn."""
    found = list(_simple(statement))
    target = _added_to(found[0])
    counters = {ast.unparse(n.target) for n in ast.walk(statement) if isinstance(n, ast.For)}
    chosen = {ast.unparse(e) for e in base(target)[1]} if target is not None else set()
    return len(found) == 1 and counters <= chosen


def _without_order(statement: ast.AST) -> str:
    """The form of a statement, whether a product in it sets or adds."""
    statement = copy.deepcopy(statement)
    for node in ast.walk(statement):
        if called(node, "gemm") and isinstance(node, ast.Call):
            node.args[ADDS] = ast.Constant(None)
    assert isinstance(statement, ast.stmt)
    return Forms().statement(statement)
