"""RULE TABLE of why a mutant computes the same as the text that it was made of.

A row's argument is about the text alone and holds for all sizes; no row asks whether the mutant was
noticed. What no row explains is a survivor. "The same" leaves out the sign of a zero and the order of a sum,
as the rungs do, and takes real parameters to be not negative, as the ops that have such limits say of them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codegen.lower import Plan
from codegen.verify.mutation.boundaries import branches_agree
from codegen.verify.mutation.known import Known
from codegen.verify.mutation.maxima import first_turn_leads, never_lowest, overwritten_lead
from codegen.verify.mutation.mutate import Mutant
from codegen.verify.mutation.place import Place
from codegen.verify.mutation.positions import has_one_turn
from codegen.verify.mutation.symmetry import exchangeable
from codegen.verify.mutation.syntax import called, conjuncts, links, moved
from codegen.verify.mutation.unread import only_saves_work, overwritten_number
from codegen.verify.mutation.written_once import is_zero, written_once
from derive.algebra.index import Affine, Letter


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of mistake that changes nothing: of which operators, why, and how it is recognised."""

    operators: tuple[str, ...]
    reason: str
    shown: Callable[[Place], bool]


def reason(plan: Plan, mutant: Mutant) -> str:
    """Why a mutant is equivalent to the text that it was made of, "" where that is not shown."""
    place = Place(plan, mutant)
    rows = (r for r in ROWS if not r.operators or mutant.operator in r.operators)
    return next((r.reason for r in rows if r.shown(place)), "")


# integers ---------------------------------------------------------------------------------------------
def _limit_follows(place: Place) -> bool:
    old, new = place.site.old, place.site.new
    if not (isinstance(old, ast.Call) and isinstance(old.func, ast.Name)):
        return False
    kept = new.args[0] if isinstance(new, ast.Call) and len(new.args) == 1 else new
    known, bound = place.known(), place.integers.of(kept)
    others = [place.integers.of(a) for a in old.args if a is not kept]
    sign = 1 if old.func.id == "max" else -1
    return bound is not None and all(o is not None and known.not_negative((bound - o) * sign) for o in others)


def _condition_follows(place: Place) -> bool:
    old, new = place.site.old, place.site.new
    known = place.known()
    if isinstance(old, ast.BoolOp) and isinstance(old.op, ast.And) and isinstance(new, ast.expr):
        known = known.where(new)
        return all(known.holds(v) for v in old.values if v is not new)
    if isinstance(old, ast.Compare) and isinstance(new, ast.Compare):
        return known.where(new).holds(old)
    return isinstance(old, ast.If) and known.holds(old.test)


def _never_equal(place: Place) -> bool:
    old, new = place.site.old, place.site.new
    if not (isinstance(old, ast.Compare) and isinstance(new, ast.Compare)):
        return False
    pairs = zip(links(old) or (), links(new) or (), strict=True)
    changed = next((a for a, b in pairs if type(a[1]) is not type(b[1])), None)
    if changed is None or isinstance(changed[1], ast.Eq):
        return False
    kept = [ast.Compare(a, [op], [b]) for a, op, b in links(old) or () if (a, op, b) != changed]
    known = place.known().where(*kept)
    left, right = place.integers.of(changed[0]), place.integers.of(changed[2])
    if left is None or right is None:
        return False
    return known.not_negative(left - right - 1) or known.not_negative(right - left - 1)


def _same_place(place: Place) -> bool:
    old, new = place.integers.of(place.site.old), place.integers.of(place.site.new)
    if old is None or new is None:
        return False
    known = place.known()
    return known.not_negative(old - new) and known.not_negative(new - old)


def _never_reached(place: Place) -> bool:
    """A condition around the place fails wherever it is asked, or a loop around it has no turn."""
    return any(
        isinstance(node, (ast.If, ast.IfExp)) and field == "body" and place.known(node).fails(node.test)
        for node, field, _ in place.path
    )


def _one_turn(place: Place) -> bool:
    loop = place.parent
    return isinstance(loop, ast.For) and has_one_turn(place.known(loop), loop)


def _idle_turn(place: Place) -> bool:
    """The turn that a range has more or less finds every condition or range inside of it empty."""
    loop, turns = place.parent, _turns(place)
    if not (turns and isinstance(loop, ast.For) and isinstance(loop.target, ast.Name)):
        return False
    around, name = place.known(loop), loop.target.id
    return all(_are_idle(loop.body, around.counting(name, ((t,), (t + 1,))), place) for t in turns)


def _late_blocks_are_idle(place: Place) -> bool:
    """Of blocks, those that start where a limit was that is forgotten: inside, it is a limit still."""
    loop = next((n for n, field, _ in place.path if isinstance(n, ast.For) and field == "iter"), None)
    old, new = place.site.old, place.site.new
    if loop is None or not (isinstance(loop.iter, ast.Call) and len(loop.iter.args) == 3):
        return False
    if loop.iter.args[1] is not old or not (isinstance(old, ast.Call) and isinstance(loop.target, ast.Name)):
        return False
    kept, limits = place.integers.of(new), [place.integers.of(a) for a in old.args if a is not new]
    if kept is None or not isinstance(loop.iter.args[2], ast.Name):
        return False
    known = place.known(loop).counting(loop.target.id, (place.integers.ends(loop)[0], (kept,)))
    counter = Affine.of(Letter(loop.target.id))
    late = [known.given([counter - limit]) for limit in limits if limit is not None]
    return len(late) == len(limits) and all(_are_idle(loop.body, each, place) for each in late)


def _turns(place: Place) -> tuple[Affine, ...]:
    """The turn in which two ranges differ: of blocks that end one late, one that starts where they ended."""
    match place.site.old, place.site.new:
        case ast.Call(args=[start, stop, ast.Name()]), ast.Call(args=[first, last, _]):
            late = ast.dump(last) == ast.dump(moved(stop, 1)) and ast.dump(first) == ast.dump(start)
            limits = stop.args if called(stop, "min") and isinstance(stop, ast.Call) else [stop]
            ends = [place.integers.of(limit) for limit in limits]
            return tuple(e for e in ends if e is not None) if late and None not in ends else ()
    turn = _turn(place)
    return () if turn is None else (turn,)


def _turn(place: Place) -> Affine | None:
    """The turn in which two ranges differ that count up, if one limit moves by one."""
    (old, new) = (_limits(node) for node in (place.site.old, place.site.new))
    if old is None or new is None:
        return None
    was = [place.integers.of(limit) for limit in old]
    now = [place.integers.of(limit) for limit in new]
    match was, now:
        case [Affine() as lo, hi], [Affine() as first, last] if first == lo + 1 and hi == last:
            return lo
        case [lo, Affine() as hi], [first, Affine() as last] if first == lo and (last - hi).is_integer():
            return hi if last == hi + 1 else last if last == hi - 1 else None
    return None


def _limits(node: ast.AST) -> tuple[ast.expr, ast.expr] | None:
    match node:
        case ast.Call(args=[stop]):
            return ast.Constant(0), stop
        case ast.Call(args=[start, stop]):
            return start, stop
    return None


def _clears_nothing(place: Place) -> bool:
    """Only what the condition asks the size of is cleared: where that is 0, nothing."""
    match place.site.old:
        case ast.If(
            ast.Attribute(ast.Name(name), "size"), [ast.Expr(ast.Call(_, [ast.Name(cleared)]) as call)]
        ):
            return called(call, "clear") and cleared == name
    return False


def _are_idle(body: list[ast.stmt], known: Known, place: Place) -> bool:
    """Whether statements do nothing but set numbers to 0 that nobody else reads, and add them."""
    zeros: set[str] = set()
    for statement in body:
        match statement:
            case ast.Assign([ast.Name(name)], value) if is_zero(place.function, value):
                if not _read_only_in(body, name, place):
                    return False
                zeros.add(name)
            case ast.AugAssign(_, ast.Add() | ast.Sub(), ast.Name(name)) if name in zeros:
                pass
            case _ if not _is_idle(statement, known, place):
                return False
    return True


def _read_only_in(body: list[ast.stmt], name: str, place: Place) -> bool:
    """Whether all that a kernel does with a number is done in these statements."""

    def count(nodes: Sequence[ast.AST]) -> int:
        return sum(isinstance(n, ast.Name) and n.id == name for node in nodes for n in ast.walk(node))

    return count(body) == count([place.function])


def _is_idle(statement: ast.stmt, known: Known, place: Place) -> bool:
    if isinstance(statement, ast.For):
        lows, highs = place.integers.ends(statement)
        if any(known.not_negative(lo - hi) for lo in lows for hi in highs):
            return True
        return _are_idle(statement.body, known.inside(statement), place)
    if isinstance(statement, ast.If) and not statement.orelse:
        if any(known.fails(c) for c in conjuncts(statement.test)):
            return True
        return _are_idle(statement.body, known.where(statement.test), place)
    return False


def _without_sign(place: Place) -> bool:
    """The summand whose sign changes is 0 times something: 0, or NaN."""
    match place.site.old:
        case ast.BinOp(_, ast.Add() | ast.Sub(), ast.BinOp(ast.Name(factor), ast.Mult(), _)):
            made = [ast.unparse(s) for s in ast.walk(place.function) if _sets(s, factor)]
            return len(made) == 1 and bool(re.fullmatch(r"\w+ = number\(\w+, 0\)", made[0]))
    return False


def _sets(node: ast.AST, name: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(t, ast.Name) and t.id == name for t in targets)


ROWS = (
    Row((), "it is never reached: a condition around it fails at all sizes", _never_reached),
    Row(("limit forgotten",), "the limit follows from the others", _limit_follows),
    Row(("limit forgotten",), "the blocks that it would leave out are empty", _late_blocks_are_idle),
    Row(
        ("condition forgotten", "guard dropped"),
        "the condition follows from what is known there",
        _condition_follows,
    ),
    Row(("relation widened",), "the two sides are equal at no size", _never_equal),
    Row(("relation widened",), "where the two sides are equal both branches give the same", branches_agree),
    Row(("shift reversed", "gates exchanged", "index off by one"), "it is the same place", _same_place),
    Row(
        ("indices transposed",),
        "the two indices can be exchanged: symmetric, or summed over both",
        exchangeable,
    ),
    Row(("loop turned round",), "the loop has one turn", _one_turn),
    Row(("limit off by one",), "the turn that is added or left out does nothing", _idle_turn),
    Row(
        ("accumulation lost", "accumulation onto garbage"),
        "every element is met once, and was cleared before",
        written_once,
    ),
    Row(("guard dropped",), "what would be cleared is empty", _clears_nothing),
    Row(("guard dropped",), "the guard only saves work: nobody reads what it makes", only_saves_work),
    Row(("sign flipped",), "the summand is 0, or NaN with either sign", _without_sign),
    Row(("constant changed",), "the number is always overwritten before it is read", overwritten_number),
    Row(("condition forgotten",), "the first candidate is always above the lowest number", never_lowest),
    Row(("sign flipped",), "the first candidate always takes the lead", overwritten_lead),
    Row(
        ("guard dropped", "condition forgotten", "relation widened", "tie broken the other way"),
        "there is one candidate only, and it takes the lead",
        first_turn_leads,
    ),
)
