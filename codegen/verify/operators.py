"""RULE TABLE of mutation operators: the small, typical mistakes of whoever writes or generates a kernel.

A row says in which places of the syntax tree it applies and what it makes of a node there. No row adds
a loop, and a limit moves by one at most, so that every mutant ends.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass

# Where a node stands: a number, an index, a loop's limits, a condition, a statement.
VALUE, INDEX, LIMIT, GUARD, STATEMENT = "value", "index", "limit", "guard", "statement"

Change = Callable[[ast.AST], Sequence[ast.AST]]


@dataclass(frozen=True, slots=True)
class Operator:
    """One kind of mistake: where it applies, and the nodes that it puts in a node's place."""

    name: str
    places: tuple[str, ...]
    change: Change


def _number(value: int) -> ast.expr:
    return ast.Constant(value)


def _moved(node: ast.expr, by: int) -> ast.expr:
    return ast.BinOp(node, ast.Add() if by > 0 else ast.Sub(), _number(abs(by)))


def _called(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _with(node: ast.Call, position: int, value: ast.expr) -> ast.Call:
    args = [*node.args[:position], value, *node.args[position + 1 :]]
    return ast.Call(node.func, args, [])


def _sign(node: ast.AST) -> Sequence[ast.AST]:
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


def _drop_term(node: ast.AST) -> Sequence[ast.AST]:
    match node:
        case ast.BinOp(left, ast.Add(), right):
            return (left, right)
        case ast.BinOp(left, ast.Sub(), _):
            return (left,)
    return ()


def _drop_factor(node: ast.AST) -> Sequence[ast.AST]:
    match node:
        case ast.BinOp(left, ast.Mult(), right):
            return (left, right)
        case ast.BinOp(left, ast.Div(), _):
            return (left,)
    return ()


def _flag(position: int) -> Change:
    def change(node: ast.AST) -> Sequence[ast.AST]:
        if not _called(node, "gemm"):
            return ()
        assert isinstance(node, ast.Call)
        flag = node.args[position]
        assert isinstance(flag, ast.Constant)
        return (_with(node, position, ast.Constant(not flag.value)),)

    return change


def _move_index(node: ast.AST) -> Sequence[ast.AST]:
    """Each element of a subscript one further, or one back."""
    if not isinstance(node, ast.Subscript):
        return ()
    whole = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    made = []
    for k, e in enumerate(whole):
        if isinstance(e, (ast.Slice, ast.Constant)):
            continue
        moved = [*whole[:k], _moved(e, 1 if k % 2 == 0 else -1), *whole[k + 1 :]]
        made.append(ast.Subscript(node.value, _positions(moved), node.ctx))
    return made


def _positions(elements: list[ast.expr]) -> ast.expr:
    return elements[0] if len(elements) == 1 else ast.Tuple(elements, ast.Load())


def _transpose(node: ast.AST) -> Sequence[ast.AST]:
    match node:
        case ast.Subscript(value, ast.Tuple([*first, a, b]), ctx) if ast.dump(a) != ast.dump(b):
            return (ast.Subscript(value, ast.Tuple([*first, b, a], ast.Load()), ctx),)
    return ()


def _shift(node: ast.AST) -> Sequence[ast.AST]:
    """`t - 1` for `t + 1`, `- pad` for `+ pad`."""
    return _sign(node) if isinstance(node, ast.BinOp) else ()


def _gate(node: ast.AST) -> Sequence[ast.AST]:
    match node:
        case ast.Constant(int(value)):
            return (_number(value ^ 1),)
    return ()


def _limit(node: ast.AST) -> Sequence[ast.AST]:
    """A range that ends one early or one late, or starts one late."""
    if not _called(node, "range"):
        return ()
    assert isinstance(node, ast.Call)
    end = min(1, len(node.args) - 1)
    ends = (_with(node, end, _moved(node.args[end], by)) for by in (-1, 1))
    starts = (_with(node, 0, _moved(node.args[0], 1)),) if end else ()
    late = () if end else (ast.Call(node.func, [_number(1), *node.args], []),)
    return (*ends, *starts, *late)


def _bound(node: ast.AST) -> Sequence[ast.AST]:
    """One of several limits forgotten."""
    if not (_called(node, "max") or _called(node, "min")):
        return ()
    assert isinstance(node, ast.Call)
    return [_with(node, 0, a) if len(node.args) == 1 else a for a in node.args]


def _direction(node: ast.AST) -> Sequence[ast.AST]:
    match node:
        case ast.Call(ast.Name("range") as name, [start, stop, ast.UnaryOp(ast.USub(), ast.Constant(1))]):
            return (ast.Call(name, [_moved(stop, 1), _moved(start, 1)], []),)
    return ()


def _guard(node: ast.AST) -> Sequence[ast.AST]:
    match node:
        case ast.If(_, body, orelse):
            return (ast.If(ast.Constant(True), body, orelse),)
    return ()


def _condition(node: ast.AST) -> Sequence[ast.AST]:
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


def _relation(node: ast.AST) -> Sequence[ast.AST]:
    """`<` for `<=`: the border counted wrongly."""
    if not isinstance(node, ast.Compare):
        return ()
    made = []
    for k, operator in enumerate(node.ops):
        other = _RELATIONS[type(operator)]()
        made.append(ast.Compare(node.left, [*node.ops[:k], other, *node.ops[k + 1 :]], node.comparators))
    return made


def _lose(node: ast.AST) -> Sequence[ast.AST]:
    match node:
        case ast.AugAssign(target, ast.Add(), value):
            return (ast.Assign([target], value, lineno=0),)
        case ast.AugAssign(target, ast.Sub(), value):
            return (ast.Assign([target], ast.UnaryOp(ast.USub(), value), lineno=0),)
    return ()


def _accumulate(node: ast.AST) -> Sequence[ast.AST]:
    match node:
        case ast.Assign([ast.Subscript() as target], value):
            return (ast.AugAssign(target, ast.Add(), value),)
    return ()


def _drop_clear(node: ast.AST) -> Sequence[ast.AST]:
    return (ast.Pass(),) if isinstance(node, ast.Expr) and _called(node.value, "clear") else ()


def _drop_statement(node: ast.AST) -> Sequence[ast.AST]:
    stores = isinstance(node, ast.AugAssign) or (
        isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript)
    )
    product = isinstance(node, ast.Expr) and _called(node.value, "gemm")
    return (ast.Pass(),) if stores or product else ()


def _constant(node: ast.AST) -> Sequence[ast.AST]:
    match node:
        case ast.Call(ast.Name("number") as name, [like, top, bottom]) if not _is_one(bottom):
            return (ast.Call(name, [like, top], []),)
        case ast.Call(ast.Name("number") as name, [like, top, *_]):
            return (ast.Call(name, [like, _moved(top, 1)], []),)
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


def _function(node: ast.AST) -> Sequence[ast.AST]:
    match node:
        case ast.Call(ast.Name(name), args) if name in _WRONG:
            return (ast.Call(ast.Name(_WRONG[name], ast.Load()), args, []),)
    return ()


def _tie(node: ast.AST) -> Sequence[ast.AST]:
    """The last of equal maxima for the first, where it is kept which one it was."""
    match node:
        case ast.BoolOp(ast.Or(), [unmarked, ast.Call(ast.Name("beats") as name, [new, best])]):
            other = ast.UnaryOp(ast.Not(), ast.Call(name, [best, new], []))
            return (ast.BoolOp(ast.Or(), [unmarked, other]),)
    return ()


def _power(node: ast.AST) -> Sequence[ast.AST]:
    match node:
        case ast.Call(ast.Name("power") as name, [base, exponent]):
            return (ast.Call(name, [base, _moved(exponent, 1)], []),)
    return ()


OPERATORS = (
    Operator("sign flipped", (VALUE, STATEMENT), _sign),
    Operator("term dropped", (VALUE,), _drop_term),
    Operator("factor dropped", (VALUE,), _drop_factor),
    Operator("first operand transposed", (VALUE,), _flag(3)),
    Operator("second operand transposed", (VALUE,), _flag(4)),
    Operator("accumulation of a product flipped", (VALUE,), _flag(5)),
    Operator("index off by one", (VALUE, GUARD), _move_index),
    Operator("indices transposed", (VALUE,), _transpose),
    Operator("shift reversed", (INDEX,), _shift),
    Operator("gates exchanged", (INDEX,), _gate),
    Operator("limit off by one", (LIMIT,), _limit),
    Operator("limit forgotten", (LIMIT,), _bound),
    Operator("loop turned round", (LIMIT,), _direction),
    Operator("guard dropped", (STATEMENT,), _guard),
    Operator("condition forgotten", (GUARD,), _condition),
    Operator("relation widened", (GUARD,), _relation),
    Operator("accumulation lost", (STATEMENT,), _lose),
    Operator("accumulation onto garbage", (STATEMENT,), _accumulate),
    Operator("clearing dropped", (STATEMENT,), _drop_clear),
    Operator("statement dropped", (STATEMENT,), _drop_statement),
    Operator("constant changed", (VALUE,), _constant),
    Operator("power changed", (VALUE,), _power),
    Operator("wrong function", (VALUE,), _function),
    Operator("tie broken the other way", (GUARD,), _tie),
)
