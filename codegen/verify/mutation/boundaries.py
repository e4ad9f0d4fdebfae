"""Whether both branches of a choice between numbers agree where its condition changes."""

from __future__ import annotations

import ast
from collections.abc import Callable

import sympy

from codegen.verify.mutation.place import Place
from codegen.verify.mutation.syntax import path

DEPTH = 3  # definitions that are put in for a name, one inside the other
FUNCTIONS: dict[str, Callable[..., sympy.Expr]] = {
    "absolute": sympy.Abs,
    "power": sympy.Pow,
    "sqrt": sympy.sqrt,
    "sign": sympy.sign,
    "relu": lambda x: sympy.Max(x, 0),
}
RELATIONS: dict[type[ast.cmpop], Callable[..., sympy.Basic]] = {
    ast.Lt: sympy.Lt,
    ast.LtE: sympy.Le,
    ast.Gt: sympy.Gt,
    ast.GtE: sympy.Ge,
}


def branches_agree(place: Place) -> bool:
    """`a if x <= d else b`: whether a is b where x is d."""
    choice, old = place.parent, place.site.old
    match old:
        case ast.Compare(left, [_], [right]) if isinstance(choice, ast.IfExp) and choice.test is old:
            return any(_agree(place, choice, left, right, depth) for depth in range(1, DEPTH))
    return False


def _agree(place: Place, choice: ast.IfExp, left: ast.expr, right: ast.expr, depth: int) -> bool:
    reader = _Reader(place)
    a, b, then, other = (reader.read(e, depth) for e in (left, right, choice.body, choice.orelse))
    if a is None or b is None or then is None or other is None:
        return False
    return all(_vanishes_at(then - other, tie) for tie in _ties(a, b))


def _ties(a: sympy.Expr, b: sympy.Expr) -> tuple[sympy.Expr, ...]:
    """What is 0, one or the other, where the sides of a comparison are equal."""
    for side, level in ((a, b), (b, a)):
        if isinstance(side, sympy.Abs):
            return side.args[0] - level, side.args[0] + level
    return (a - b,)


def _vanishes_at(difference: sympy.Expr, tie: sympy.Expr) -> bool:
    """Whether a difference is 0 where the tie is 0: that is solved for a symbol in which it is linear."""
    # a parameter last: put in for it, what may be negative would stand where it may not
    for symbol in sorted(tie.free_symbols, key=lambda s: (bool(s.is_nonnegative), str(s))):
        slope = tie.diff(symbol)
        if slope.is_number and slope != 0:
            return bool(sympy.simplify(difference.subs(symbol, sympy.expand(symbol - tie / slope))) == 0)
    return False


class _Reader:
    """Reads a kernel's arithmetic on numbers; definitions are put in for names as deep as is asked."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.way = path(place.function, place.site.statement)

    def read(self, node: ast.expr, depth: int) -> sympy.Expr | None:
        match node:
            case ast.Constant(int(value)):
                return sympy.Integer(value)
            case ast.Name() | ast.Subscript():
                return self._named(node, depth)
            case ast.UnaryOp(ast.USub(), operand):
                inner = self.read(operand, depth)
                return None if inner is None else -inner
            case ast.BinOp(left, op, right):
                return self._binary(self.read(left, depth), op, self.read(right, depth))
            case ast.IfExp(test, body, orelse):
                return self._choice(test, self.read(body, depth), self.read(orelse, depth), depth)
            case ast.Call(ast.Name("number"), [_, ast.Constant(str(digits))]):
                return sympy.Rational(digits)
            case ast.Call(ast.Name("number"), [_, top, *rest]):
                parts = [self.read(part, 0) for part in (top, *rest)]
                integers = [p for p in parts if isinstance(p, sympy.Integer)]
                return sympy.Rational(*integers) if len(integers) == len(parts) else None
            case ast.Call(ast.Name(name), args) if name in FUNCTIONS:
                read = [self.read(a, depth) for a in args]
                return None if any(r is None for r in read) else FUNCTIONS[name](*read)
        return None

    def _binary(self, a: sympy.Expr | None, op: ast.operator, b: sympy.Expr | None) -> sympy.Expr | None:
        if a is None or b is None:
            return None
        match op:
            case ast.Add():
                return a + b
            case ast.Sub():
                return a - b
            case ast.Mult():
                return a * b
            case ast.Div():
                return a / b
        return None

    def _choice(
        self, test: ast.expr, then: sympy.Expr | None, other: sympy.Expr | None, depth: int
    ) -> sympy.Expr | None:
        match test:
            case ast.Compare(left, [op], [right]) if type(op) in RELATIONS:
                a, b = self.read(left, depth), self.read(right, depth)
                if a is not None and b is not None and then is not None and other is not None:
                    return sympy.Piecewise((then, RELATIONS[type(op)](a, b)), (other, True))
        return None

    def _named(self, node: ast.Name | ast.Subscript, depth: int) -> sympy.Expr | None:
        """What a name was set to, or a symbol for it."""
        text = ast.unparse(node)
        if isinstance(node, ast.Name) and node.id in self.place.kernel.reals:
            return sympy.Symbol(text, nonnegative=True)
        value = self._definition(node, text)
        if value is not None and (depth or ast.unparse(value).startswith("number(")):
            found = self.read(value, max(depth - 1, 0))
            return sympy.Symbol(text, real=True) if found is None else found
        return sympy.Symbol(text, real=True)

    def _definition(self, node: ast.Name | ast.Subscript, text: str) -> ast.expr | None:
        """The value of the only statement that sets it, if that was done before and under no condition."""
        name = node.id if isinstance(node, ast.Name) else ast.unparse(node.value)
        named = [n for n in ast.walk(self.place.function) if isinstance(n, ast.Name) and n.id == name]
        stores = [s for s in ast.walk(self.place.function) if isinstance(s, (ast.Assign, ast.AugAssign))]
        targets = [(s, s.target if isinstance(s, ast.AugAssign) else s.targets[0]) for s in stores]
        setting = [(s, t) for s, t in targets if ast.unparse(t).split("[")[0] == name]
        if len(setting) != 1 or not named or ast.unparse(setting[0][1]) != text or self._in_call(name):
            return None
        statement = setting[0][0]
        conditional = any(isinstance(n, ast.If) for n, _, _ in path(self.place.function, statement))
        if isinstance(statement, ast.AugAssign) or conditional:
            return None
        return statement.value if statement.lineno < self.place.site.statement.lineno else None

    def _in_call(self, name: str) -> bool:
        """Whether a product or a clearing writes to it."""
        calls = [n for n in ast.walk(self.place.function) if isinstance(n, ast.Expr)]
        return any(isinstance(n, ast.Name) and n.id == name for c in calls for n in ast.walk(c.value))
