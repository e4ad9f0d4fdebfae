"""Whether the search for a maximum finds the same with one of its conditions or first values changed.

The searches are written like this, with as many counters as the maximum has axes:

    best = lowest(x); p_best = -1
    for p in range(...):
        candidate = ...
        if p_best < 0 or beats(candidate, best):
            best = candidate; p_best = p
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codegen.verify.mutation.known import Known
from codegen.verify.mutation.place import Place, known_along
from codegen.verify.mutation.positions import has_one_turn
from codegen.verify.mutation.syntax import base, called, path, written_by_calls
from derive.algebra.index import Affine, Letter

NOT_NEGATIVE = ("relu", "absolute", "sigmoid", "softplus", "exp", "step")


@dataclass(frozen=True, slots=True)
class Search:
    """A search: its condition, its first values' block, the loops in between, and their counters."""

    lead: ast.If
    mark: str
    candidate: str
    block: list[ast.stmt]
    loops: list[ast.For]
    plain: bool  # nothing but loops between the first values and the condition


def _searches(function: ast.FunctionDef) -> Iterator[Search]:
    for node in ast.walk(function):
        match node:
            case ast.If(
                ast.BoolOp(
                    ast.Or(),
                    [
                        ast.Compare(ast.Name(mark), [ast.Lt()], [ast.Constant(0)]),
                        ast.Call(ast.Name("beats"), [ast.Name(candidate), ast.Name(best)]),
                    ],
                )
            ):
                yield from _search(function, node, mark, candidate, best)


def _search(
    function: ast.FunctionDef, lead: ast.If, mark: str, candidate: str, best: str
) -> Iterator[Search]:
    """The search, if its first values stand before its loops as they should."""
    way = path(function, lead)
    for k, (holder, field, child) in enumerate(way):
        if field != "body" or not isinstance(child, ast.For):
            continue
        block: list[ast.stmt] = getattr(holder, field)
        before = block[: block.index(child)]
        if _set_to(before, mark, "-1") and any(_is_lowest(s, best) for s in before):
            between = [n for n, f, _ in way[k + 1 :] if f == "body"]
            loops = [n for n in between if isinstance(n, ast.For)]
            if _leads(lead, candidate, best) and _two_values(function, best):
                yield Search(lead, mark, candidate, before, loops, len(loops) == len(between))


def _set_to(block: list[ast.stmt], name: str, text: str) -> bool:
    return any(ast.unparse(s) == f"{name} = {text}" for s in block)


def _is_lowest(statement: ast.stmt, name: str) -> bool:
    match statement:
        case ast.Assign([ast.Name(target)], value):
            return target == name and called(value, "lowest")
    return False


def _leads(lead: ast.If, candidate: str, best: str) -> bool:
    """Whether the new lead is noted, and nothing but names are set."""
    set_ = [s for s in lead.body if isinstance(s, ast.Assign) and isinstance(s.value, ast.Name)]
    return len(set_) == len(lead.body) and _set_to(lead.body, best, candidate) and not lead.orelse


def _two_values(function: ast.FunctionDef, best: str) -> bool:
    """Whether a number is set in two places only: the first value and the lead."""
    stores = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == best]
    return sum(isinstance(n.ctx, ast.Store) for n in stores) == 2


def never_lowest(place: Place) -> bool:
    """`p_best < 0 or beats(...)`: without the first, for candidates that are above the lowest number."""
    search = next((s for s in _searches(place.function) if s.lead.test is place.site.old), None)
    if search is None or not called(place.site.new, "beats"):
        return False
    return _counts_up(place, search) and _is_above(place.function, search.candidate)


def _counts_up(place: Place, search: Search) -> bool:
    """Whether what marks the lead is a counter that is not negative, so that it is asked once only."""
    known = known_along(Known(place.integers), path(place.function, search.lead))
    marks = [s.value.id for s in _assignments(search.lead, search.mark) if isinstance(s.value, ast.Name)]
    counters = {loop.target.id for loop in search.loops if isinstance(loop.target, ast.Name)}
    return len(marks) == 1 and marks[0] in counters and known.not_negative(Affine.of(Letter(marks[0])))


def _assignments(root: ast.AST, name: str) -> list[ast.Assign]:
    found = (n for n in ast.walk(root) if isinstance(n, ast.Assign))
    return [n for n in found if isinstance(n.targets[0], ast.Name) and n.targets[0].id == name]


def _is_above(function: ast.FunctionDef, candidate: str) -> bool:
    """Whether every value of a candidate comes from a function that is never negative (NaN leads too)."""
    values = [s.value for s in _assignments(function, candidate)]
    return bool(values) and all(_is_not_negative(function, v) for v in values)


def _is_not_negative(function: ast.FunctionDef, value: ast.expr) -> bool:
    if called(value, *NOT_NEGATIVE):
        return True
    match value:
        case ast.Name(name):
            inner = [s.value for s in _assignments(function, name)]
        case ast.Subscript(ast.Name(name)):
            inner = [
                s.value
                for s in ast.walk(function)
                if isinstance(s, (ast.Assign, ast.AugAssign)) and _is_element(s, name)
            ]
            if name in written_by_calls(function):
                return False
        case _:
            return False
    return bool(inner) and all(called(v, *NOT_NEGATIVE) for v in inner)


def _is_element(statement: ast.Assign | ast.AugAssign, array: str) -> bool:
    target = statement.target if isinstance(statement, ast.AugAssign) else statement.targets[0]
    return isinstance(target, ast.Subscript) and base(target)[0] == array


def overwritten_lead(place: Place) -> bool:
    """`p_best = 1` for `p_best = -1`, where there is a first candidate and it takes the lead anyway."""
    match place.site.statement:
        case ast.Assign([ast.Name(name)], ast.UnaryOp(ast.USub(), ast.Constant(1))):
            found = [s for s in _searches(place.function) if place.site.statement in s.block]
            return any(_overwrites(place, s, name) for s in found)
    return False


def _overwrites(place: Place, search: Search, name: str) -> bool:
    if not search.plain or not _assignments(search.lead, name):
        return False
    way = path(place.function, search.lead)
    if not all(_has_a_turn(known_along(Known(place.integers), way, loop), loop) for loop in search.loops):
        return False
    return name != search.mark or _is_above(place.function, search.candidate)


def _has_a_turn(known: Known, loop: ast.For) -> bool:
    lows, highs = known.integers.ends(loop)
    asked = loop.iter.args if isinstance(loop.iter, ast.Call) else []
    limits = sum(len(a.args) if called(a, "min", "max") and isinstance(a, ast.Call) else 1 for a in asked)
    complete = len(lows) + len(highs) == limits + (len(asked) == 1)
    return complete and all(known.not_negative(hi - lo - 1) for lo in lows for hi in highs)


def first_turn_leads(place: Place) -> bool:
    """Any condition that holds at the first turn, where there is no second."""
    lead = place.site.old if isinstance(place.site.old, ast.If) else _asked_in(place)
    search = next((s for s in _searches(place.function) if s.lead is lead), None)
    if search is None or not isinstance(lead, ast.If):
        return False
    way = path(place.function, lead)
    once = all(has_one_turn(known_along(Known(place.integers), way, loop), loop) for loop in search.loops)
    return once and _holds_unmarked(place, lead, search.mark)


def _asked_in(place: Place) -> ast.AST | None:
    asked = (n for n, field, _ in reversed(place.path) if isinstance(n, ast.If) and field == "test")
    return next(asked, None)


def _holds_unmarked(place: Place, lead: ast.If, mark: str) -> bool:
    """Whether the changed condition holds where the mark is -1."""
    if place.site.old is lead:
        return True  # the guard is dropped
    old = place.site.swap(place.site.new)
    parts = lead.test.values if isinstance(lead.test, ast.BoolOp) else [lead.test]
    holds = any(ast.unparse(p) in (f"{mark} < 0", f"{mark} <= 0") for p in parts)
    place.site.swap(old)
    return holds
