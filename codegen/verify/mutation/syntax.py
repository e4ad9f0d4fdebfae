"""Questions about the syntax tree of a kernel's text, and nodes made of others."""

from __future__ import annotations

import ast

Path = list[tuple[ast.AST, str, ast.AST]]


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


def written_by_calls(function: ast.FunctionDef) -> set[str]:
    """The arrays that products, clearings and roundings write to."""
    calls = (n for n in ast.walk(function) if isinstance(n, ast.Call))
    return {base(n.args[0])[0] for n in calls if called(n, "clear", "gemm", "narrow")}


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


def is_square_slice(argument: ast.expr, at: int) -> bool:
    """Whether an argument is what is left of an array at so many positions, one axis of it the rows."""
    match argument:
        case ast.Call(ast.Name("matrix"), [_, ast.Constant(1)]):
            return len(base(argument)[1]) == at
    return False


def path(root: ast.AST, wanted: ast.AST) -> Path:
    """From a node down to another: each node on the way, the field that leads on, and what is there."""
    for name, value in ast.iter_fields(root):
        for child in value if isinstance(value, list) else [value]:
            if child is wanted:
                return [(root, name, child)]
            if isinstance(child, ast.AST) and (below := path(child, wanted)):
                return [(root, name, child), *below]
    return []


def moved(node: ast.expr, by: int) -> ast.expr:
    """An integer, so many further."""
    return ast.BinOp(node, ast.Add() if by > 0 else ast.Sub(), ast.Constant(abs(by)))


def with_argument(node: ast.Call, position: int, value: ast.expr) -> ast.Call:
    """A call with another argument in this place."""
    args = [*node.args[:position], value, *node.args[position + 1 :]]
    return ast.Call(node.func, args, [])
