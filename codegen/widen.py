"""Sums whose accumulator is an element of an array: held in float64 while a loop adds to them.

The loops over the rows of a batch stand outside those along a row, for memory's sake: so does the sum of a
bias gradient, or of the weight gradients of a convolution over its images. Each such sum is made in a wide
copy of the part of the array that it is in. Where an array of integers chooses the element, as in the
gradient of an embedding, few elements of a large array may be hit: copying all of it cost ten times what the
sum does, and such a sum stays in the array's dtype.
"""

from __future__ import annotations

from collections.abc import Iterator

from codegen.accesses import accesses, flatten
from codegen.names import Names
from codegen.nodes import Gemm, If, Loop, Statement, Store, Wide, with_inner
from codegen.schedule import Task
from derive.algebra.index import Affine, Letter, Name

At = tuple[Affine, ...]


def widened(made: tuple[Statement, ...], task: Task, names: Names) -> tuple[Statement, ...]:
    """The statements of one sum, the loops that add to an element more than once around a wide copy."""
    tensor = task.piece.equation.tensor
    fixed: set[Name] = {i.name for i in task.fixed}
    return tuple(_widened(statement, tensor, fixed, fixed, names) for statement in made)


def _widened(
    statement: Statement, tensor: str, fixed: set[Name], known: set[Name], names: Names
) -> Statement:
    targets = list(_added_to(statement, tensor))
    if not targets or not isinstance(statement, (Loop, If)):
        return statement
    now = known | {statement.index} if isinstance(statement, Loop) else known
    if isinstance(statement, If) or all(_chosen(statement.index, at, now) for at in targets):
        return with_inner(statement, tuple(_widened(s, tensor, fixed, now, names) for s in statement.body))
    prefix = _lead(targets[0], known)
    kept_apart = all(at[: len(prefix)] == prefix and not fixed & _names(at[len(prefix) :]) for at in targets)
    reads = accesses((statement,))[1].get(tensor, set())
    kept_apart = kept_apart and all(_elsewhere(at, prefix) for at in reads)
    if not kept_apart or not _adds_up(statement, tensor, targets):
        return statement
    return Wide(names.like(f"{tensor}_"), tensor, prefix, (statement,))


def _added_to(statement: Statement, tensor: str) -> Iterator[At]:
    """Where a statement adds to the array."""
    for each in flatten((statement,)):
        match each:
            case Store(target, _, True) if target.tensor == tensor:
                yield target.at
            case Gemm(out, add=True) if out.array == tensor:
                yield out.prefix


def _adds_up(statement: Statement, tensor: str, targets: list[At]) -> bool:
    """Whether a loop comes to one element again, and no array of integers says to which."""
    if any(e.reads() for at in targets for e in at):
        return False
    loops = {s.index for s in flatten((statement,)) if isinstance(s, Loop) and [*_added_to(s, tensor)]}
    return any(not loops <= _names(at) for at in targets)


def _lead(at: At, known: set[Name]) -> At:
    """The leading positions that the loops around choose."""
    count = next((k for k, e in enumerate(at) if not e.names() <= known), len(at))
    return at[:count]


def _elsewhere(at: At, prefix: At) -> bool:
    """Whether an element is in another part of the array, as at the step before."""
    return any((a - b).is_integer() and a != b for a, b in zip(at, prefix, strict=False))


def _chosen(index: Letter, at: At, known: set[Name]) -> bool:
    """Whether the index chooses a leading position, with the loops around."""
    return index in _names(_lead(at, known))


def _names(at: At) -> set[Name]:
    return {n for e in at for n in e.names()}
