"""Whether a statement meets every element at most once, after the array was cleared.

Then `a[...] += v` and `a[...] = v` do the same. The proof is about the counters of the loops between the
clearing and the statement: each must follow from the element's position.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codegen.verify.mutation.integers import letters
from codegen.verify.mutation.place import Place
from codegen.verify.mutation.positions import ONE, Places, injective
from codegen.verify.mutation.syntax import base, called, path


@dataclass(frozen=True, slots=True)
class Write:
    """A statement that writes to an array, at these leading positions."""

    statement: ast.stmt
    at: Places
    clears: bool = False


def written_once(place: Place) -> bool:
    """Whether the statement at the place is the first to meet each element since it was cleared."""
    target = _target(place.site.old)
    if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
        name = target.value.id
        at = base(target)[1]
        writes = list(_writes(place.function, name))
    elif isinstance(target, ast.Name):
        at, writes = [], list(_assigns(place, target.id))
    else:
        return False
    clears = [w for w in writes if w.clears and not w.at]
    if len(clears) != 1 or not _comes_before(clears[0].statement, place):
        return False
    outside = {id(n) for n, _, _ in path(place.function, clears[0].statement)}
    loops = [n for n, f, _ in place.path if isinstance(n, ast.For) and f == "body" and id(n) not in outside]
    others = [w for w in writes if w.statement not in (place.site.old, clears[0].statement)]
    return all(_apart(place, loops, at, w) for w in others) and injective(place, loops, at)


def _target(node: ast.AST) -> ast.expr | None:
    match node:
        case ast.AugAssign(target) | ast.Assign([target]):
            return target
    return None


def _writes(function: ast.FunctionDef, array: str) -> Iterator[Write]:
    for node in ast.walk(function):
        target = _target(node)
        if isinstance(target, ast.Subscript) and isinstance(node, ast.stmt) and base(target)[0] == array:
            yield Write(node, base(target)[1])
        elif isinstance(node, ast.Expr) and called(node.value, "clear", "gemm", "narrow"):
            assert isinstance(node.value, ast.Call)
            name, at = base(node.value.args[0])
            if name == array:
                yield Write(node, at, called(node.value, "clear"))


def _assigns(place: Place, name: str) -> Iterator[Write]:
    """The statements that set a number; being set to the number 0 clears it."""
    for node in ast.walk(place.function):
        target = _target(node)
        if isinstance(target, ast.Name) and target.id == name and isinstance(node, ast.stmt):
            yield Write(node, [], isinstance(node, ast.Assign) and is_zero(place.function, node.value))


def is_zero(function: ast.FunctionDef, value: ast.expr) -> bool:
    """Whether a value is a name that stands for the number 0 throughout, or that in float64."""
    if isinstance(value, ast.Call) and called(value, "wide"):
        return is_zero(function, value.args[0])
    if not isinstance(value, ast.Name):
        return False
    set_to = [n.value for n in ast.walk(function) if isinstance(n, ast.Assign) and _names(n, value.id)]
    match set_to:
        case [ast.Call(ast.Name("number"), [_, ast.Constant(0), *_])]:
            return True
    return False


def _names(statement: ast.Assign, name: str) -> bool:
    target = statement.targets[0]
    return isinstance(target, ast.Name) and target.id == name


def _comes_before(clearing: ast.stmt, place: Place) -> bool:
    """Whether the clearing has always been done, in this turn of all loops around it."""
    around = {id(n): n for n, f, _ in place.path if f == "body"}
    passed = [ast.unparse(n.test) for n in around.values() if isinstance(n, ast.If)]
    for node, _, _ in path(place.function, clearing):
        if isinstance(node, ast.If) and id(node) not in around:
            if not (is_wanted(node.test) and ast.unparse(node.test) in passed):
                return False
        elif isinstance(node, ast.For) and id(node) not in around:
            return False
    return clearing.lineno < place.site.statement.lineno


def is_wanted(test: ast.expr) -> bool:
    """Whether a condition asks which gradients are wanted, and so never changes during a call."""
    parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or) else [test]
    return all(isinstance(p, ast.Attribute) and p.attr == "size" for p in parts)


def _apart(place: Place, loops: list[ast.For], at: Places, other: Write) -> bool:
    """Whether another write never meets an element before the statement does."""
    if any(_differ(place, a, b, other) for a, b in zip(at, other.at, strict=False)):
        return True
    shared = any(other.statement is n for loop in loops for n in ast.walk(loop))
    return not shared and other.statement.lineno > place.site.statement.lineno


def _differ(place: Place, a: ast.expr, b: ast.expr, other: Write) -> bool:
    """Whether two positions are never the same; one of them may depend on no counter."""
    mine, theirs = place.integers.of(a), place.integers.of(b)
    if mine is None or theirs is None:
        return False
    here, there = place.known(), place.known_at(path(place.function, other.statement))
    for constant, known in ((mine, there), (theirs, here)):
        if not letters(constant) & place.integers.counters:
            return known.not_negative(mine - theirs - ONE) or known.not_negative(theirs - mine - ONE)
    return False
