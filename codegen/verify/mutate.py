"""Mutants of a kernel's text: one small, typical mistake each.

The operators are rows of a table; a row says in which places of the syntax tree it applies and what it
makes of a node. Kernels have no loops but `for ... in range`, and an operator moves a limit by one
at most, so every mutant ends.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
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


@dataclass(frozen=True, slots=True)
class Mutant:
    """A kernel's text with one mistake: in this line, this became that."""

    kernel: str
    operator: str
    line: str
    was: str
    now: str
    text: str


@dataclass(frozen=True, slots=True)
class Site:
    """A node and what takes its place: `parent.field`, or an element of it."""

    operator: str
    parent: ast.AST
    field: str
    position: int | None
    new: ast.AST
    statement: ast.stmt

    def swap(self, node: ast.AST) -> ast.AST:
        """Put a node in this place; returns what stood there."""
        if self.position is None:
            old = getattr(self.parent, self.field)
            setattr(self.parent, self.field, node)
        else:
            listed = getattr(self.parent, self.field)
            old, listed[self.position] = listed[self.position], node
        return old  # type: ignore[no-any-return]


def sites(function: ast.FunctionDef) -> list[Site]:
    """Every mutation of a kernel, in the order of its text."""
    return [site for k, _ in enumerate(function.body) for site in _children(function, "body", k)]


def _children(parent: ast.AST, field: str, position: int | None) -> Iterator[Site]:
    """The sites in one statement or statement list element."""
    listed = getattr(parent, field)
    yield from _visit(parent, field, position, STATEMENT, listed[position] if position is not None else listed)


def _visit(
    parent: ast.AST, field: str, position: int | None, place: str, statement: ast.stmt
) -> Iterator[Site]:
    node = getattr(parent, field) if position is None else getattr(parent, field)[position]
    if _untouched(node):
        return
    for operator in OPERATORS:
        if place in operator.places:
            for new in operator.change(node):
                yield Site(operator.name, parent, field, position, new, statement)
    for name, value in ast.iter_fields(node):
        inside = _place(node, name, place)
        if isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
            yield from _visit(node, name, None, inside, statement)
        elif isinstance(value, list):
            for k, item in enumerate(value):
                if isinstance(item, ast.AST):
                    own = item if isinstance(item, ast.stmt) else statement
                    yield from _visit(node, name, k, inside, own)


def _untouched(node: ast.AST) -> bool:
    """Docstrings, and sizes taken from shapes: a wrong size is the mistake of another place."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    return isinstance(node, ast.Assign) and any(isinstance(n, ast.Attribute) for n in ast.walk(node.value))


def _place(node: ast.AST, field: str, place: str) -> str:
    """The place of what stands in a node's field."""
    if isinstance(node, ast.Subscript) and field == "slice":
        return INDEX
    if isinstance(node, ast.For):
        return LIMIT if field == "iter" else STATEMENT if field == "body" else VALUE
    if isinstance(node, (ast.If, ast.IfExp)) and field == "test":
        return GUARD
    if isinstance(node, ast.Subscript) and field == "value":
        return VALUE
    return {STATEMENT: STATEMENT if field == "body" else VALUE}.get(place, place)


def mutants(function: ast.FunctionDef, most: int) -> list[Mutant]:
    """At most so many mutants, taken evenly from all operators and over the whole text."""
    function = copy.deepcopy(function)
    return [_mutant(function, site) for site in evenly(sites(function), most)]


def _mutant(function: ast.FunctionDef, site: Site) -> Mutant:
    line = _first_line(site.statement)
    old = site.swap(site.new)
    text = ast.unparse(function)
    site.swap(old)
    return Mutant(function.name, site.operator, line, _first_line(old), _first_line(site.new), text)


def _first_line(node: ast.AST) -> str:
    return ast.unparse(node).splitlines()[0]


def evenly(found: list[Site], most: int) -> list[Site]:
    """A sample without chance: in turn one site of every operator, spread over its sites."""
    if len(found) <= most:
        return found
    groups: dict[str, list[Site]] = {}
    for site in found:
        groups.setdefault(site.operator, []).append(site)
    share = dict.fromkeys(groups, 0)
    while sum(share.values()) < most:
        for name, group in groups.items():
            if share[name] < len(group) and sum(share.values()) < most:
                share[name] += 1
    return [
        group[(2 * k + 1) * len(group) // (2 * share[name])]
        for name, group in groups.items()
        for k in range(share[name])
    ]


# the operators ------------------------------------------------------------------------------------------
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
    """The last of equal maxima for the first."""
    match node:
        case ast.Call(ast.Name("beats") as name, [new, best]):
            return (ast.UnaryOp(ast.Not(), ast.Call(name, [best, new], [])),)
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
