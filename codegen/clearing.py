"""Zeros where a piece only adds: the whole tensor, or the part that the loops around it choose."""

from __future__ import annotations

from codegen.nodes import Clear, Loop, Statement, Store, least
from codegen.schedule import Task
from derive.algebra.expr import ZERO, Read


def cleared(task: Task) -> Statement:
    """Zeros where the task writes. An array can be cleared from its leading axes on only: where a loop
    steps along a later one, the axes before it are looped over."""
    tensor, at = task.piece.equation.tensor, task.at
    fixed = {i.name for i in task.fixed}
    chosen = [n for n, e in enumerate(at) if e.letter() in fixed or e == task.member]
    depth = chosen[-1] + 1 if chosen else 0
    made: Statement = Clear(tensor, at[:depth]) if depth < len(at) else Store(Read(tensor, at), ZERO)
    for n in (n for n in reversed(range(depth)) if n not in chosen):
        index = task.piece.equation.indices[n]
        made = Loop(index.name, (least(index.lo),), (least(index.hi),), (made,))
    return made
