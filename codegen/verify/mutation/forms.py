"""One form for all ways to write the same sums and products, so that statements can be compared.

Terms and factors are put in one order, signs are drawn out; nothing is multiplied out, and nothing
cancels, so that what is equal in form is equal for infinities and NaN too.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

EVEN = ("absolute", "cos")
Signed = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Forms:
    """Writes forms; names may be renamed, the last two positions of some arrays put in one order."""

    renamed: Mapping[str, str] = field(default_factory=dict)
    read_alike: Collection[str] = ()
    stored_alike: Collection[str] = ()

    def block(self, statements: list[ast.stmt]) -> str:
        return "; ".join(map(self.statement, statements))

    def statement(self, node: ast.stmt) -> str:
        match node:
            case ast.Assign([target], value):
                return f"{self.text(target)} = {self.text(value)}"
            case ast.AugAssign(target, ast.Add() | ast.Sub() as op, value):
                return f"{self.text(target)} += {self.text(value, 1 if isinstance(op, ast.Add) else -1)}"
            case ast.For(target, limits, body):
                return f"for {self.text(target)} in {self.text(limits)}: {{{self.block(body)}}}"
            case ast.If(test, body, orelse):
                return f"if {self.text(test)}: {{{self.block(body)}}} else {{{self.block(orelse)}}}"
            case ast.Expr(value):
                return self.text(value)
        return ast.dump(node)

    def text(self, node: ast.AST, sign: int = 1) -> str:
        own, text = self.signed(node)
        return text if own == sign else f"-{text}"

    def signed(self, node: ast.AST) -> Signed:
        """The sign that was drawn out, and the rest."""
        match node:
            case ast.Name(name):
                return 1, self.renamed.get(name, name)
            case ast.Subscript(ast.Name(name), at):
                return 1, f"{name}[{', '.join(self._positions(name, at, node.ctx))}]"
            case ast.UnaryOp(ast.USub(), operand):
                sign, text = self.signed(operand)
                return -sign, text
            case ast.BinOp(_, ast.Add() | ast.Sub(), _):
                return _sum(self._terms(node))
            case ast.BinOp(_, ast.Mult() | ast.Div(), _):
                return _product(self._factors(node))
            case ast.Call(ast.Name(name), [argument]) if name in EVEN:
                return 1, f"{name}({self.signed(argument)[1]})"
            case ast.Call(ast.Name("power"), [base, ast.Constant(int(exponent))]):
                sign, text = self.signed(base)
                return sign**exponent, f"power({text}, {exponent})"
        return 1, self._other(node)

    def _positions(self, array: str, at: ast.expr, context: ast.expr_context) -> list[str]:
        places = [self.text(e) for e in (at.elts if isinstance(at, ast.Tuple) else [at])]
        alike = self.read_alike if isinstance(context, ast.Load) else self.stored_alike
        return [*places[:-2], *sorted(places[-2:])] if array in alike else places

    def _terms(self, node: ast.expr, sign: int = 1) -> list[Signed]:
        match node:
            case ast.BinOp(left, ast.Add() | ast.Sub() as op, right):
                other = sign if isinstance(op, ast.Add) else -sign
                return [*self._terms(left, sign), *self._terms(right, other)]
        own, text = self.signed(node)
        return [(own * sign, text)]

    def _factors(self, node: ast.expr, over: bool = False) -> list[Signed]:
        match node:
            case ast.BinOp(left, ast.Mult() | ast.Div() as op, right) if not over:
                return [*self._factors(left), *self._factors(right, isinstance(op, ast.Div))]
        sign, text = self.signed(node)
        return [(sign, f"1/({text})" if over else text)]

    def _other(self, node: ast.AST) -> str:
        """Whatever else it is: its kind, and the forms of what it holds."""
        held = []
        for _, value in ast.iter_fields(node):
            parts = value if isinstance(value, list) else [value]
            held += [self.text(p) if isinstance(p, ast.AST) else repr(p) for p in parts]
        return f"{type(node).__name__}({', '.join(held)})"


def _sum(terms: list[Signed]) -> Signed:
    """The one of a sum and its negative that comes first."""
    ways = [(sorted((text, own * sign) for own, text in terms), sign) for sign in (1, -1)]
    first, sign = min(ways, key=lambda way: way[0])
    return sign, "(" + "".join(f"{'+' if own > 0 else '-'}{text}" for text, own in first) + ")"


def _product(factors: list[Signed]) -> Signed:
    sign = -1 if sum(own < 0 for own, _ in factors) % 2 else 1
    return sign, "(" + "*".join(sorted(text for _, text in factors)) + ")"
