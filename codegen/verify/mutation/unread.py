"""Whether what a statement makes is read by nobody: work that a guard saves, numbers that are overwritten."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codegen.verify.mutation.known import Known
from codegen.verify.mutation.place import Place
from codegen.verify.mutation.syntax import base, called, links, path
from codegen.verify.mutation.written_once import is_wanted


# guards of gradients that are not wanted --------------------------------------------------------------
def only_saves_work(place: Place) -> bool:
    """Whether, with none of a guard's gradients wanted, nobody reads what the guarded statements write.

    They may write to the kernel's own buffers and numbers only; whatever else names one of these must
    have been done before, or stand behind a guard that asks for no other gradients than this one does. Of
    gradients they may read none, for one that is not wanted is an empty array.
    """
    guard = place.site.old
    if not (isinstance(guard, ast.If) and is_wanted(guard.test)):
        return False
    asked = _gradients(guard.test)
    body = [n for s in guard.body for n in _unguarded(s, asked)]
    written, read = set(_written(body)), {n.id for n in body if isinstance(n, ast.Name)}
    own = set(place.kernel.workspace) | _numbers(place.function)
    if not written <= own or read & {*place.kernel.outputs, *place.kernel.saved}:
        return False
    inside = {id(n) for s in guard.body for n in ast.walk(s)}
    elsewhere = [n for s in place.function.body for n in _unguarded(s, asked) if id(n) not in inside]
    repeated = any(isinstance(n, ast.For) for n, _, _ in place.path)
    return not any(
        isinstance(n, ast.Name) and n.id in written and (repeated or n.lineno > guard.lineno)
        for n in elsewhere
    )


def _gradients(test: ast.expr) -> set[str]:
    return {n.id for n in ast.walk(test) if isinstance(n, ast.Name)}


def _unguarded(node: ast.AST, asked: set[str]) -> Iterator[ast.AST]:
    """A node and what is below it, but for what is done only if one of these gradients is wanted."""
    if isinstance(node, ast.If) and is_wanted(node.test) and _gradients(node.test) <= asked:
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _unguarded(child, asked)


def _written(nodes: list[ast.AST]) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Assign([target]) | ast.AugAssign(target):
                yield base(target)[0]
            case ast.Expr(ast.Call(_, [first, *_]) as call) if called(call, "clear", "gemm", "narrow"):
                yield base(first)[0]


def _numbers(function: ast.FunctionDef) -> set[str]:
    """The names that assignments make: numbers of the kernel's own."""
    given = {a.arg for a in function.args.args}
    names = (n for n in ast.walk(function) if isinstance(n, ast.Name))
    return {n.id for n in names if isinstance(n.ctx, ast.Store)} - given


# numbers that something else replaces -----------------------------------------------------------------
def overwritten_number(place: Place) -> bool:
    """Whether a constant is only what numbers start from that one of two conditions then sets."""
    match place.site.statement:
        case ast.Assign([ast.Name(constant)], ast.Call()):
            uses = [n for n in ast.walk(place.function) if isinstance(n, ast.Name) and n.id == constant]
            loads = [n for n in uses if isinstance(n.ctx, ast.Load)]
            return len(loads) + 1 == len(uses) and all(_is_start(place, n) for n in loads)
    return False


def _is_start(place: Place, use: ast.Name) -> bool:
    way = path(place.function, use)
    if len(way) < 2 or not isinstance(way[-1][0], ast.Assign):
        return False
    (holder, field, _), start = way[-2], way[-1][0]
    target = start.targets[0]
    if not isinstance(target, ast.Name):
        return False
    block: list[ast.stmt] = getattr(holder, field)
    tests: list[ast.expr] = []
    for after in block[block.index(start) + 1 :]:
        if not _sets(after, target.id):
            break
        assert isinstance(after, ast.If)
        tests.append(after.test)
    return _one_holds(place.known_at(way), tests)


def _one_holds(known: Known, tests: list[ast.expr]) -> bool:
    """Whether at least one of some conditions holds: that all fail is carried on until one cannot."""
    for test in tests:
        compared = links(test) or ()
        each = [ast.Compare(a, [op], [b]) for a, op, b in compared]
        open_ = [link for link in each if not known.holds(link)]
        if each and not open_:
            return True
        rest = [t for t in tests if t is not test]
        denials = known.integers.denials(open_[0]) if len(open_) == 1 else []
        if denials and _one_holds(known.given(denials), rest):
            return True
    return False


def _sets(statement: ast.stmt, name: str) -> bool:
    """Whether it sets this number under a condition and reads it nowhere."""
    match statement:
        case ast.If(test, [ast.Assign([ast.Name(target)], value)], []) if target == name:
            nodes = [*ast.walk(test), *ast.walk(value)]
            return not any(isinstance(n, ast.Name) and n.id == name for n in nodes)
    return False
