"""Printed expressions read back by walking their syntax tree: nothing of ours, and no `eval`."""

import ast
import operator
from typing import Any

BINARY = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}
COMPARE = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
}


def read_back(text: str, names: dict[str, Any]) -> Any:
    """The value of a printed expression."""
    return walk(ast.parse(text, mode="eval").body, names)


def walk(node: ast.expr, names: dict[str, Any]) -> Any:
    match node:
        case ast.Constant(value=int(value)):
            return value
        case ast.Name(id=name):
            return names[name]
        case ast.BinOp(left=left, op=sign, right=right):
            return BINARY[type(sign)](walk(left, names), walk(right, names))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -walk(operand, names)
        case ast.BoolOp(op=ast.And(), values=values):
            return all(walk(value, names) for value in values)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return walk(body if walk(test, names) else orelse, names)
        case ast.Compare(left=left, ops=signs, comparators=rest):
            parts = [walk(part, names) for part in (left, *rest)]
            triples = zip(signs, parts, parts[1:], strict=False)
            return all(COMPARE[type(sign)](a, b) for sign, a, b in triples)
        case ast.Subscript(value=ast.Name(id=name), slice=at):
            return names[name][walk(at, names)]
        case ast.Call(func=ast.Name(id="power"), args=[base, exponent]):
            return walk(base, names) ** walk(exponent, names)
    raise AssertionError(f"{ast.dump(node)} has no meaning here")
