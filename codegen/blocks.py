"""Sums in blocks: a short run of terms in the arrays' dtype, the runs in a wide number.

A sum in the arrays' own dtype loses a digit for every tenfold of its terms; in float64 it does not. But a
loop that adds up in float64 what it computes in float32 is vectorised half as wide. So where the innermost
loop runs along memory, BLOCK of its terms at a time are added up in the arrays' dtype.
"""

from __future__ import annotations

from codegen.names import Names
from codegen.nodes import Blocks, Ceil, Let, Local, Loop, Statement, least
from derive.algebra.expr import ZERO, Call, Expr, Read, integer_reads, reads, walk
from derive.algebra.index import Affine, Letter, Name

BLOCK = Affine.of("BLOCK")
# They call the C library: no loop with one of them is vectorised.
ONE_AT_A_TIME = frozenset({"cos", "erf", "normal_cdf", "sin"})


def in_blocks(nest: tuple[Statement, ...], names: Names) -> tuple[Statement, ...]:
    """The loops of one sum with those of its innermost loop in blocks, where that runs along memory."""
    loops, body = _chain(nest)
    match body:
        case (Let(total, value, True),) if loops and _runs_along(value, loops[-1]):
            return _blocked(loops, total, value, names)
    return nest


def _chain(nest: tuple[Statement, ...]) -> tuple[list[Loop], tuple[Statement, ...]]:
    """Loops with nothing but each other inside, and what is inside the last of them."""
    loops: list[Loop] = []
    while len(nest) == 1 and isinstance(nest[0], Loop):
        loops.append(nest[0])
        nest = nest[0].body
    return loops, nest


def _runs_along(value: Expr, loop: Loop) -> bool:
    """Whether each read moves one element in memory a turn, or stays, and the turns may be many."""
    few = all(c.numerator.is_integer() for c in (*loop.lo, *loop.hi))
    inside_integers = {n for read in integer_reads(value) for e in read.at for n in e.names()}
    alone = any(isinstance(n, Call) and n.function in ONE_AT_A_TIME for n in walk(value))
    return not (few or alone or loop.index in inside_integers) and all(
        _steps_on(read, loop.index) for read in reads(value)
    )


def _steps_on(read: Read, index: Letter) -> bool:
    moving = [e for e in read.at if index in e.names()]
    return not moving or (moving == [read.at[-1]] and moving[0].coefficient(index) == Affine.of(1))


def _blocked(loops: list[Loop], total: str, value: Expr, names: Names) -> tuple[Statement, ...]:
    """Blocks start as far outside as their limits are known: a row that fits in one costs nothing more."""
    *outer, last = loops
    part, start = names.like("part"), Letter(names.like("start"))
    ends = (*last.hi, least(Affine.of(start) + BLOCK))
    turns = Loop(last.index, (least(Affine.of(start)),), ends, (Let(part, value, add=True),))
    body: tuple[Statement, ...] = (Let(part, ZERO), turns, Let(total, Local(part), add=True))
    named = {n for c in (*last.lo, *last.hi) for n in _names(c)}
    within = next((k for k in reversed(range(len(outer))) if outer[k].index in named), -1) + 1
    for loop in reversed(outer[within:]):
        body = (Loop(loop.index, loop.lo, loop.hi, body),)
    body = (Blocks(start, last.lo, last.hi, body),)
    for loop in reversed(outer[:within]):
        body = (Loop(loop.index, loop.lo, loop.hi, body),)
    return body


def _names(limit: Ceil) -> set[Name]:
    return limit.numerator.names() | limit.denominator.names()
