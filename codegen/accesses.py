"""What statements read and write, and statements with other indices or values in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from codegen.nodes import (
    Clear,
    Gemm,
    If,
    IndexValue,
    Let,
    Local,
    Loop,
    Section,
    Statement,
    Store,
    Track,
    Wide,
    inner,
    with_inner,
)
from derive.algebra.expr import Expr, Read, children, integer_reads, reads, rebuild, substitute
from derive.algebra.index import Affine, Guard, IntegerRead, Substitution

Places = dict[str, set[tuple[Affine, ...]]]


def flatten(statements: tuple[Statement, ...]) -> Iterator[Statement]:
    """Every statement, those inside others included."""
    for statement in statements:
        yield statement
        yield from flatten(inner(statement))


def accesses(statements: tuple[Statement, ...]) -> tuple[Places, Places]:
    """Element positions that are written and that are read, by array."""
    wrote: Places = {}
    read: Places = {}
    for statement in flatten(statements):
        if isinstance(statement, Store):
            wrote.setdefault(statement.target.tensor, set()).add(statement.target.at)
        for access in _reads(statement):
            read.setdefault(access.tensor, set()).add(access.at)
    return wrote, read


def _reads(statement: Statement) -> Iterator[Read | IntegerRead]:
    match statement:
        case Store(target, value, _):
            yield from reads(value)
            yield from integer_reads(value)
            yield from integer_reads(target)
        case Let(_, value, _) | Track(_, value, _):
            yield from reads(value)
            yield from integer_reads(value)
        case If(guards, _):
            for guard in guards:
                for e in guard.parts():
                    yield from integer_reads(Read("", (e,)))


def arrays_read(statements: tuple[Statement, ...]) -> set[str]:
    """Names of the arrays that are read, matrix operands included."""
    found = set(accesses(statements)[1])
    for statement in flatten(statements):
        if isinstance(statement, Gemm):
            found |= {statement.a.array, statement.b.array} | (
                {statement.out.array} if statement.add else set()
            )
        if isinstance(statement, Loop):
            limits = tuple(c.numerator for c in (*statement.lo, *statement.hi))
            found |= {r.tensor for r in integer_reads(Read("", limits))}
    return found


def arrays_written(statements: tuple[Statement, ...]) -> set[str]:
    """Names of the arrays that are written."""
    found = set(accesses(statements)[0])
    for statement in flatten(statements):
        if isinstance(statement, Gemm):
            found.add(statement.out.array)
        if isinstance(statement, (Clear, Wide)):
            found.add(statement.array)
    return found


def map_values(statement: Statement, change: Callable[[Expr], Expr]) -> Statement:
    """`change` applied to every value; targets, guards and limits stay."""
    match statement:
        case Store() | Let() | Track():
            return replace(statement, value=change(statement.value))
        case _:
            return with_inner(statement, tuple(map_values(s, change) for s in inner(statement)))


def substitute_indices(statement: Statement, put: Substitution) -> Statement:
    """The statement with other index names; used on bodies of nests, which hold no matrix product."""

    def value(node: Expr) -> Expr:
        if isinstance(node, IndexValue):
            return IndexValue(node.value.substitute(put))
        if isinstance(node, Local):
            return node
        parts = tuple(map(value, children(node)))
        return rebuild(node, parts) if parts else substitute(node, put)

    match statement:
        case Store(target, e, add):
            return Store(Read(target.tensor, tuple(a.substitute(put) for a in target.at)), value(e), add)
        case Let(name, e, add):
            return Let(name, value(e), add)
        case If(guards, body):
            moved: tuple[Guard, ...] = tuple(g.substitute(put) for g in guards)
            return If(moved, tuple(substitute_indices(s, put) for s in body))
        case _:
            raise AssertionError(f"{type(statement).__name__} in the body of a nest")


__all__ = [
    "Section",
    "accesses",
    "arrays_read",
    "arrays_written",
    "flatten",
    "map_values",
    "substitute_indices",
]
