"""Mistakes in how results are stored: sums that are lost, added onto garbage, left out."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from codegen.verify.mutation.syntax import called


def lose(node: ast.AST) -> Sequence[ast.AST]:
    """`=` for `+=`: what was added before is lost."""
    match node:
        case ast.AugAssign(target, ast.Add(), value):
            return (ast.Assign([target], value, lineno=0),)
        case ast.AugAssign(target, ast.Sub(), value):
            return (ast.Assign([target], ast.UnaryOp(ast.USub(), value), lineno=0),)
    return ()


def accumulate(node: ast.AST) -> Sequence[ast.AST]:
    """`+=` for `=`: added onto whatever is there."""
    match node:
        case ast.Assign([ast.Subscript() as target], value):
            return (ast.AugAssign(target, ast.Add(), value),)
    return ()


def drop_clear(node: ast.AST) -> Sequence[ast.AST]:
    """An array that is not cleared."""
    return (ast.Pass(),) if isinstance(node, ast.Expr) and called(node.value, "clear") else ()


def drop_statement(node: ast.AST) -> Sequence[ast.AST]:
    """A store, a matrix product or the rounding of wide sums left out."""
    stores = isinstance(node, ast.AugAssign) or (
        isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript)
    )
    product = isinstance(node, ast.Expr) and called(node.value, "gemm", "narrow")
    return (ast.Pass(),) if stores or product else ()
