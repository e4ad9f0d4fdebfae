"""Mistakes in what is computed: signs, terms, factors, products of matrices, constants, functions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from codegen.verify.mutation.syntax import called, moved, with_argument


def sign(node: ast.AST) -> Sequence[ast.AST]:
    """The other sign of a term, of a value or of what is added."""
    match node:
        case ast.BinOp(left, ast.Add(), right):
            return (ast.BinOp(left, ast.Sub(), right),)
        case ast.BinOp(left, ast.Sub(), right):
            return (ast.BinOp(left, ast.Add(), right),)
        case ast.UnaryOp(ast.USub(), operand):
            return (operand,)
        case ast.AugAssign(target, ast.Add(), value):
            return (ast.AugAssign(target, ast.Sub(), value),)
        case ast.AugAssign(target, ast.Sub(), value):
            return (ast.AugAssign(target, ast.Add(), value),)
    return ()


def drop_term(node: ast.AST) -> Sequence[ast.AST]:
    """A term left out."""
    match node:
        case ast.BinOp(left, ast.Add(), right):
            return (left, right)
        case ast.BinOp(left, ast.Sub(), _):
            return (left,)
    return ()


def drop_factor(node: ast.AST) -> Sequence[ast.AST]:
    """A factor or a divisor left out."""
    match node:
        case ast.BinOp(left, ast.Mult(), right):
            return (left, right)
        case ast.BinOp(left, ast.Div(), _):
            return (left,)
    return ()


def flag(position: int) -> Callable[[ast.AST], Sequence[ast.AST]]:
    """A flag of a matrix product turned round, the argument at a position."""

    def change(node: ast.AST) -> Sequence[ast.AST]:
        if not called(node, "gemm"):
            return ()
        assert isinstance(node, ast.Call)
        told = node.args[position]
        assert isinstance(told, ast.Constant)
        return (with_argument(node, position, ast.Constant(not told.value)),)

    return change


def constant(node: ast.AST) -> Sequence[ast.AST]:
    """A denominator forgotten, or one more; a digit more."""
    match node:
        case ast.Call(ast.Name("number") as name, [like, ast.Constant(str(digits))]):
            return (ast.Call(name, [like, ast.Constant(f"{digits}1")], []),)
        case ast.Call(ast.Name("number") as name, [like, top, bottom]) if not _is_one(bottom):
            return (ast.Call(name, [like, top], []),)
        case ast.Call(ast.Name("number") as name, [like, top, *_]):
            return (ast.Call(name, [like, moved(top, 1)], []),)
    return ()


def _is_one(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value == 1


_WRONG = {
    "tanh": "sigmoid",
    "sigmoid": "tanh",
    "exp": "expm1",
    "expm1": "exp",
    "log": "log1p",
    "log1p": "log",
    "softplus": "relu",
    "relu": "step",
    "step": "relu",
    "relu_right": "step_right",
    "step_right": "step",
    "sin": "cos",
    "cos": "sin",
    "sqrt": "absolute",
    "absolute": "sign",
    "sign": "step",
    "normal_cdf": "normal_pdf",
    "normal_pdf": "normal_cdf",
}


def function(node: ast.AST) -> Sequence[ast.AST]:
    """Another function of one argument."""
    match node:
        case ast.Call(ast.Name(name), args) if name in _WRONG:
            return (ast.Call(ast.Name(_WRONG[name], ast.Load()), args, []),)
    return ()


def power(node: ast.AST) -> Sequence[ast.AST]:
    """An exponent one higher."""
    match node:
        case ast.Call(ast.Name("power") as name, [base, exponent]):
            return (ast.Call(name, [base, moved(exponent, 1)], []),)
    return ()
