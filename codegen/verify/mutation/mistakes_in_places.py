"""Mistakes in where and when: indices, the limits of loops, conditions."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from codegen.verify.mutation.mistakes_in_values import sign
from codegen.verify.mutation.syntax import called, moved, with_argument


def move_index(node: ast.AST) -> Sequence[ast.AST]:
    """Each element of a subscript one further, or one back."""
    if not isinstance(node, ast.Subscript):
        return ()
    whole = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    made = []
    for k, e in enumerate(whole):
        if isinstance(e, (ast.Slice, ast.Constant)):
            continue
        places = [*whole[:k], moved(e, 1 if k % 2 == 0 else -1), *whole[k + 1 :]]
        made.append(ast.Subscript(node.value, _positions(places), node.ctx))
    return made


def _positions(elements: list[ast.expr]) -> ast.expr:
    return elements[0] if len(elements) == 1 else ast.Tuple(elements, ast.Load())


def transpose(node: ast.AST) -> Sequence[ast.AST]:
    """The last two positions exchanged."""
    match node:
        case ast.Subscript(value, ast.Tuple([*first, a, b]), ctx) if ast.dump(a) != ast.dump(b):
            return (ast.Subscript(value, ast.Tuple([*first, b, a], ast.Load()), ctx),)
    return ()


def shift(node: ast.AST) -> Sequence[ast.AST]:
    """`t - 1` for `t + 1`, `- pad` for `+ pad`."""
    return sign(node) if isinstance(node, ast.BinOp) else ()


def gate(node: ast.AST) -> Sequence[ast.AST]:
    """The other of two gates: 1 for 0, 0 for 1."""
    match node:
        case ast.Constant(int(value)):
            return (ast.Constant(value ^ 1),)
    return ()


def limit(node: ast.AST) -> Sequence[ast.AST]:
    """A range that ends one early or one late, or starts one late."""
    if not called(node, "range"):
        return ()
    assert isinstance(node, ast.Call)
    end = min(1, len(node.args) - 1)
    ends = (with_argument(node, end, moved(node.args[end], by)) for by in (-1, 1))
    starts = (with_argument(node, 0, moved(node.args[0], 1)),) if end else ()
    late = () if end else (ast.Call(node.func, [ast.Constant(1), *node.args], []),)
    return (*ends, *starts, *late)


def bound(node: ast.AST) -> Sequence[ast.AST]:
    """One of several limits forgotten."""
    if not (called(node, "max") or called(node, "min")):
        return ()
    assert isinstance(node, ast.Call)
    return [with_argument(node, 0, a) if len(node.args) == 1 else a for a in node.args]


def direction(node: ast.AST) -> Sequence[ast.AST]:
    """A loop that counts up for one that counts down."""
    match node:
        case ast.Call(ast.Name("range") as name, [start, stop, ast.UnaryOp(ast.USub(), ast.Constant(1))]):
            return (ast.Call(name, [moved(stop, 1), moved(start, 1)], []),)
    return ()


def guard(node: ast.AST) -> Sequence[ast.AST]:
    """A condition that is not asked."""
    match node:
        case ast.If(_, body, orelse):
            return (ast.If(ast.Constant(True), body, orelse),)
    return ()


def condition(node: ast.AST) -> Sequence[ast.AST]:
    """One of several conditions forgotten, or one side of a range."""
    match node:
        case ast.BoolOp(_, values):
            return values
        case ast.Compare(left, [first, second], [middle, right]):
            return (ast.Compare(left, [first], [middle]), ast.Compare(middle, [second], [right]))
    return ()


_RELATIONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
}


def relation(node: ast.AST) -> Sequence[ast.AST]:
    """`<` for `<=`: the border counted wrongly."""
    if not isinstance(node, ast.Compare):
        return ()
    made = []
    for k, operator in enumerate(node.ops):
        other = _RELATIONS[type(operator)]()
        made.append(ast.Compare(node.left, [*node.ops[:k], other, *node.ops[k + 1 :]], node.comparators))
    return made


def tie(node: ast.AST) -> Sequence[ast.AST]:
    """The last of equal maxima for the first, where it is kept which one it was."""
    match node:
        case ast.BoolOp(ast.Or(), [unmarked, ast.Call(ast.Name("beats") as name, [new, best])]):
            other = ast.UnaryOp(ast.Not(), ast.Call(name, [best, new], []))
            return (ast.BoolOp(ast.Or(), [unmarked, other]),)
    return ()
