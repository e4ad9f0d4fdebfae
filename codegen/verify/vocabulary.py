"""What a kernel's text may say: plain indexing, the runtime's functions, loops and conditions.

A static check, before anything is run: it is what lets a kernel be executed over exact numbers, and
what keeps views, addresses and library calls out of it.
"""

from __future__ import annotations

import ast

from codegen.runtime import KERNEL_NAMES
from codegen.verify.execution import kernel_definitions

CALLS = frozenset(KERNEL_NAMES) - {"kernel"} | {"range", "min", "max"}
ATTRIBUTES = frozenset({"shape", "size"})
IMPORTS = frozenset({"types", "typing", "numpy", "runtime"})

STATEMENTS = (ast.Assign, ast.AugAssign, ast.For, ast.If, ast.Expr, ast.Pass)
VALUES = (
    ast.Name,
    ast.Constant,
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.IfExp,
    ast.Subscript,
    ast.Slice,
    ast.Tuple,
    ast.Call,
    ast.Attribute,
)
GRAMMAR = (ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context, ast.arguments, ast.arg)


def outside_vocabulary(text: str) -> str:
    """Nothing, or the first thing in the text that a kernel may not say."""
    try:
        definitions = kernel_definitions(text)
    except (SyntaxError, ValueError) as error:
        return f"the text cannot be read: {error}"
    for name, function in definitions.items():
        if [ast.unparse(d) for d in function.decorator_list] != ["kernel"]:
            return f"{name} is not decorated with 'kernel' alone"
        body = function.body[1:] if ast.get_docstring(function) is not None else function.body
        for statement in body:
            for node in ast.walk(statement):
                fault = _fault(node)
                if fault:
                    return f"{name}, line {getattr(node, 'lineno', statement.lineno)}: {fault}"
    return _foreign_import(text)


def _fault(node: ast.AST) -> str:
    match node:
        case ast.Attribute(attr=attribute) if attribute not in ATTRIBUTES:
            return f"attribute .{attribute}; a kernel may use .shape and .size alone"
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in CALLS:
            return ""
        case ast.Call():
            return f"a call of {ast.unparse(node.func)}, which is no function of the runtime"
        case ast.For() if not _counts(node):
            return "a loop that is not over a range"
        case _ if not isinstance(node, (*STATEMENTS, *VALUES, *GRAMMAR)):
            return f"{type(node).__name__} has no place in a kernel"
    return ""


def _counts(loop: ast.For) -> bool:
    call = loop.iter
    ranged = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range"
    return ranged and isinstance(loop.target, ast.Name) and not loop.orelse


def _foreign_import(text: str) -> str:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {(node.module or "").split(".")[0]}
        else:
            continue
        if not names <= IMPORTS:
            return f"line {node.lineno}: an import of {sorted(names - IMPORTS)[0]}"
    return ""
