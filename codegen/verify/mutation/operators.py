"""RULE TABLE of mutation operators: the small, typical mistakes of whoever writes or generates a kernel.

A row says in which places of the syntax tree it applies and what it makes of a node there. No row adds
a loop, and a limit moves by one at most, so that every mutant ends.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codegen.verify.mutation import mistakes_in_places as places
from codegen.verify.mutation import mistakes_in_statements as statements
from codegen.verify.mutation import mistakes_in_values as values

# Where a node stands: a number, an index, a loop's limits, a condition, a statement.
VALUE, INDEX, LIMIT, GUARD, STATEMENT = "value", "index", "limit", "guard", "statement"

Change = Callable[[ast.AST], Sequence[ast.AST]]


@dataclass(frozen=True, slots=True)
class Operator:
    """One kind of mistake: where it applies, and the nodes that it puts in a node's place."""

    name: str
    places: tuple[str, ...]
    change: Change


OPERATORS = (
    Operator("sign flipped", (VALUE, STATEMENT), values.sign),
    Operator("term dropped", (VALUE,), values.drop_term),
    Operator("factor dropped", (VALUE,), values.drop_factor),
    Operator("first operand transposed", (VALUE,), values.flag(3)),
    Operator("second operand transposed", (VALUE,), values.flag(4)),
    Operator("accumulation of a product flipped", (VALUE,), values.flag(5)),
    Operator("index off by one", (VALUE, GUARD), places.move_index),
    Operator("indices transposed", (VALUE,), places.transpose),
    Operator("shift reversed", (INDEX,), places.shift),
    Operator("gates exchanged", (INDEX,), places.gate),
    Operator("limit off by one", (LIMIT,), places.limit),
    Operator("limit forgotten", (LIMIT,), places.bound),
    Operator("loop turned round", (LIMIT,), places.direction),
    Operator("guard dropped", (STATEMENT,), places.guard),
    Operator("condition forgotten", (GUARD,), places.condition),
    Operator("relation widened", (GUARD,), places.relation),
    Operator("accumulation lost", (STATEMENT,), statements.lose),
    Operator("accumulation onto garbage", (STATEMENT,), statements.accumulate),
    Operator("clearing dropped", (STATEMENT,), statements.drop_clear),
    Operator("statement dropped", (STATEMENT,), statements.drop_statement),
    Operator("constant changed", (VALUE,), values.constant),
    Operator("power changed", (VALUE,), values.power),
    Operator("wrong function", (VALUE,), values.function),
    Operator("tie broken the other way", (GUARD,), places.tie),
)
