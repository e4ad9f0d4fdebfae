"""Mutants of a kernel's text: one small, typical mistake each.

The mistakes are the rows of operators.py. Kernels have no loops but `for ... in range`, so every mutant
ends.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from codegen.verify.mutation.operators import GUARD, INDEX, LIMIT, OPERATORS, STATEMENT, VALUE


@dataclass(frozen=True, slots=True)
class Mutant:
    """A kernel's text with one mistake: in this line, this became that."""

    kernel: str
    operator: str
    line: str
    was: str
    now: str
    text: str
    function: ast.FunctionDef = field(repr=False, compare=False)  # without the mistake
    site: Site = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Site:
    """A node and what takes its place: `parent.field`, or an element of it."""

    operator: str
    parent: ast.AST
    field: str
    position: int | None
    new: ast.AST
    statement: ast.stmt

    @property
    def old(self) -> ast.AST:
        """What stands in this place."""
        held: Any = getattr(self.parent, self.field)
        return held if self.position is None else held[self.position]

    def swap(self, node: ast.AST) -> ast.AST:
        """Put a node in this place; returns what stood there."""
        held: Any = getattr(self.parent, self.field)
        if self.position is None:
            setattr(self.parent, self.field, node)
            return held
        old, held[self.position] = held[self.position], node
        return old


def sites(function: ast.FunctionDef) -> list[Site]:
    """Every mutation of a kernel, in the order of its text."""
    lines = enumerate(function.body)
    return [site for k, line in lines for site in _visit(function, "body", k, STATEMENT, line)]


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


def mutants(function: ast.FunctionDef, most: int | None) -> list[Mutant]:
    """At most so many mutants (None: every one), taken evenly from all operators and over the whole text."""
    function = copy.deepcopy(function)
    found = sites(function)
    return [_mutant(function, site) for site in (found if most is None else evenly(found, most))]


def _mutant(function: ast.FunctionDef, site: Site) -> Mutant:
    line = _first_line(site.statement)
    old = site.swap(site.new)
    text = ast.unparse(function)
    site.swap(old)
    was, now = _first_line(old), _first_line(site.new)
    return Mutant(function.name, site.operator, line, was, now, text, function, site)


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
