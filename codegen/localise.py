"""Values held in local variables inside a fused nest: what is stored and read again, or used twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from codegen.accesses import accesses, flatten, map_values
from codegen.names import Names
from codegen.nodes import If, IndexValue, Let, Local, Nest, Statement, Store
from derive.algebra.expr import Call, Expr, Number, Power, Ratio, Read, children, rebuild, transform, walk


def localise(nest: Nest, needed: set[str], integers: set[str], names: Names) -> Nest:
    """The nest with elements that it stores and reads again in locals, and without the stores of
    arrays that nobody else reads; values that are computed twice are computed once."""
    needed = needed | _read_elsewhere(nest)
    held: dict[Read, Expr] = {}
    made: list[Statement] = []
    for n, statement in enumerate(nest.body):
        statement = map_values(statement, lambda value: _put(value, held))
        if not isinstance(statement, Store) or statement.target.tensor in integers:
            _forget(held, statement)
            made.append(statement)
            continue
        later = accesses(nest.body[n + 1 :])[1].get(statement.target.tensor, set())
        wanted = statement.target.tensor in needed
        if statement.add or (wanted and statement.target.at not in later):
            _forget(held, statement)
            made.append(statement)
            continue
        value = statement.value
        if not isinstance(value, Local):
            name = names.like(f"{statement.target.tensor}_")
            made.append(Let(name, value))
            value = Local(name)
        held[statement.target] = value
        if wanted:
            made.append(replace(statement, value=value))
    return replace(nest, body=_share(tuple(made), names))


def _read_elsewhere(nest: Nest) -> set[str]:
    """Arrays that the nest reads where it does not store them: another step of a loop around it did."""
    wrote, read = accesses(nest.body)
    return {tensor for tensor, places in read.items() if places - wrote.get(tensor, places)}


def _put(value: Expr, held: Mapping[Read, Expr]) -> Expr:
    return transform(value, lambda n: held.get(n, n) if isinstance(n, Read) else n)


def _forget(held: dict[Read, Expr], statement: Statement) -> None:
    """An element that is changed is no longer what its local holds."""
    for inner_statement in flatten((statement,)):
        if isinstance(inner_statement, Store):
            held.pop(inner_statement.target, None)


def _share(body: tuple[Statement, ...], names: Names) -> tuple[Statement, ...]:
    """Scalar functions and divisions that occur more than once, each in a local."""
    count: Counter[Expr] = Counter(
        node
        for statement in body
        if isinstance(statement, (Store, Let)) and not isinstance(statement.value, IndexValue)
        for node in walk(statement.value)
        if isinstance(node, (Call, Ratio, Power)) and not _is_number(node)
    )
    count.update(
        n.base for n in list(count) if isinstance(n, Power) and not isinstance(n.base, (Read, Local))
    )
    twice = [node for node, times in count.items() if times > 1 and not _changed(node, body)]
    made: list[Statement] = []
    known: dict[Expr, Local] = {}
    for statement in body:
        if isinstance(statement, If):
            made.append(statement)
            continue
        for node in sorted((n for n in twice if n not in known), key=_size):
            if isinstance(statement, (Store, Let)) and node in walk(statement.value):
                name = names.like(f"{node.function}_" if isinstance(node, Call) else "shared")
                made.append(Let(f"{name}", _known(node, known)))
                known[node] = Local(name)
        made.append(map_values(statement, lambda value: _known(value, known)))
    return tuple(made)


def _is_number(node: Expr) -> bool:
    """Whether it is a quotient that the kernel has a name for."""
    return isinstance(node, Ratio) and all(isinstance(part, Number) for part in children(node))


def _size(node: Expr) -> int:
    return sum(1 for _ in walk(node))


def _known(value: Expr, known: Mapping[Expr, Local]) -> Expr:
    """Outermost known subexpressions first."""
    if value in known:
        return known[value]
    parts = tuple(_known(part, known) for part in children(value))
    return rebuild(value, parts) if parts else value


def _changed(node: Expr, body: tuple[Statement, ...]) -> bool:
    """Whether something that the value reads is stored or added to in this body."""
    wrote = set(accesses(body)[0])
    lets = Counter(s.name for s in flatten(body) if isinstance(s, Let))
    return any(
        (isinstance(part, Read) and part.tensor in wrote) or (isinstance(part, Local) and lets[part.name] > 1)
        for part in walk(node)
    )
