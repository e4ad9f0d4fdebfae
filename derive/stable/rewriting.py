"""The matcher behind rewrites.py: patterns modulo the order of sums and products, signs and quotients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from derive.algebra.expr import (
    ONE,
    Call,
    Expr,
    Negative,
    Number,
    Parameter,
    Power,
    Product,
    Ratio,
    Read,
    Sum,
    as_expr,
    children,
    minus,
    over,
    plus,
    rebuild,
    times,
    transform,
    walk,
)
from derive.algebra.system import Names, is_taken
from derive.stable.rewrites import REWRITES, SATURATING, SCALES, Rewrite
from derive.steps import Identity

Bound = dict[str, Expr]
WILDCARDS = ("?x", "?y")  # no author can name a parameter so
LABEL = "?label"  # the one that stands for a read alone
OPENED = 3  # the highest power of an expression with exponentials that is a product to the rows
LETTERS = "uvwabcrqsxyz"  # what a page calls them, the first that an op does not use


@dataclass(frozen=True, slots=True)
class Part:
    """A summand or factor: `plain` is its sign (a summand added) or its place (a factor above the line)."""

    plain: bool
    node: Expr
    summand: bool = False

    def as_instance_of(self, wanted: Part) -> Expr | None:
        """The node that the wanted part's must match: a wildcard also stands for a negated summand."""
        if self.plain == wanted.plain:
            return self.node
        return minus(self.node) if self.summand and _is_wildcard(wanted.node, WILDCARDS) else None


@cache
def pattern(row: Rewrite) -> Expr:
    """The old side of a row with wildcards for its variables."""
    return as_expr(row.old(*map(Parameter, wildcards(row))))


def wildcards(row: Rewrite) -> tuple[str, ...]:
    """What stands for the row's variables in its pattern."""
    return (*WILDCARDS[: row.arity - 1], LABEL) if row.label else WILDCARDS[: row.arity]


def identities(names: Iterable[str], taken: Names) -> tuple[Identity, ...]:
    """The rows of these names, their variables called by letters that are not taken."""
    letters = [Parameter(letter) for letter in LETTERS if not is_taken(letter, taken)]
    rows = {row.name: row for row in (*REWRITES, *SATURATING, *SCALES)}
    found = [(rows[name], letters[: rows[name].arity]) for name in names]
    return tuple(Identity(as_expr(row.old(*given)), as_expr(row.new(*given))) for row, given in found)


@lru_cache(maxsize=1 << 14)
def rewrite(node: Expr, rows: tuple[Rewrite, ...] = REWRITES) -> tuple[Expr, tuple[str, ...]]:
    """The expression after the rules, outermost first, and the names of those that were used."""
    used: list[str] = []
    early = tuple(row for row in rows if not row.late)
    found = _rewrite(_rewrite(node, early, used), rows, used)
    return found, tuple(dict.fromkeys(used))


def _rewrite(node: Expr, rows: tuple[Rewrite, ...], used: list[str]) -> Expr:
    node = _at_root(node, rows, used)
    parts = children(node)
    inner = tuple(_rewrite(part, rows, used) for part in parts)
    if inner == parts:
        return node
    return _rewrite(rebuild(node, inner), rows, used)


def _at_root(node: Expr, rows: tuple[Rewrite, ...], used: list[str]) -> Expr:
    """The node after as many rules as match it as a whole."""
    for row in rows:
        new = apply(row, node)
        if new is not None:
            used.append(row.name)
            return _at_root(new, rows, used)
    return node


def apply(row: Rewrite, node: Expr) -> Expr | None:
    """The node with the row used once, on some of its summands or factors; None where it does not match."""
    old = pattern(row)
    if isinstance(old, Sum):
        return _apply_to_sum(row, old, node)
    if isinstance(old, (Ratio, Product)):
        return _apply_to_product(row, old, node)
    bound = next(match(old, node, {}), None)
    return None if bound is None else _new(row, bound)


def _new(row: Rewrite, bound: Bound) -> Expr:
    made = as_expr(row.new(*(bound[name] for name in wildcards(row))))
    return transform(made, lambda n: minus(n.arg) if isinstance(n, Negative) else n)


def _apply_to_sum(row: Rewrite, old: Expr, node: Expr) -> Expr | None:
    if not isinstance(node, Sum):
        return None
    for flipped in (False, True):
        wanted = tuple(replace(part, plain=part.plain != flipped) for part in summands(old))
        for bound, rest, at in _choose(wanted, summands(node), {}):
            new = minus(_new(row, bound)) if flipped else _new(row, bound)
            kept = [p.node if p.plain else minus(p.node) for p in rest]
            return plus((*kept[:at], new, *kept[at:]))
    return None


def _apply_to_product(row: Rewrite, old: Expr, node: Expr) -> Expr | None:
    if not isinstance(node, (Ratio, Product)):
        return None
    sign, parts = factored(node)
    for bound, rest, at in _choose(factored(old)[1], parts, {}):
        top = [p.node for p in rest[:at] if p.plain]
        top += [_new(row, bound)] + [p.node for p in rest[at:] if p.plain]
        found = over(times(*top), times(*(p.node for p in rest if not p.plain)))
        return found if sign > 0 else minus(found)
    return None


def match(old: Expr, node: Expr, bound: Bound) -> Iterator[Bound]:
    """Every way in which the node is the pattern, as values of its wildcards."""
    match old:
        case Parameter(name) if _is_wildcard(old):
            if bound.get(name, node) == node and (name != LABEL or isinstance(node, Read)):
                yield {**bound, name: node}
        case Negative(arg):
            sign, rest = signed(node)
            if sign < 0:
                yield from match(arg, rest, bound)
            elif isinstance(arg, Parameter) and _are_opposite(bound.get(arg.name), node):
                yield bound
        case Sum() if isinstance(node, Sum):
            yield from _whole(summands(old), summands(node), bound)
        case Ratio() | Product() if isinstance(node, (Ratio, Product)):
            sign, parts = factored(node)
            if sign > 0:
                yield from _whole(factored(old)[1], parts, bound)
        case Call(function, (arg,)):
            if isinstance(node, Call) and node.function == function:
                yield from match(arg, node.args[0], bound)
        case Power(base, exponent):
            if isinstance(node, Power) and node.exponent == exponent:
                yield from match(base, node.base, bound)
        case Number():
            if old == node:
                yield bound


def _are_opposite(known: Expr | None, node: Expr) -> bool:
    """Whether a sum is that of the same summands with the other signs: t - x is -(x - t)."""
    if not (isinstance(known, Sum) and isinstance(node, Sum)):
        return False
    wanted = [replace(part, plain=not part.plain) for part in summands(known)]
    found = summands(node)
    return len(found) == len(wanted) and all(found.count(p) == wanted.count(p) for p in wanted)


def _is_wildcard(node: Expr, names: tuple[str, ...] = (*WILDCARDS, LABEL)) -> bool:
    return isinstance(node, Parameter) and node.name in names


def _whole(wanted: tuple[Part, ...], given: tuple[Part, ...], bound: Bound) -> Iterator[Bound]:
    if len(wanted) == len(given):
        yield from (found for found, _, _ in _choose(wanted, given, bound))


def _choose(
    wanted: tuple[Part, ...], given: tuple[Part, ...], bound: Bound
) -> Iterator[tuple[Bound, tuple[Part, ...], int]]:
    """Every way to find the wanted parts among the given: values, the others, where the first stood."""
    if not wanted:
        yield bound, given, len(given)
        return
    for n, part in enumerate(given):
        node = part.as_instance_of(wanted[0])
        if node is not None:
            others = given[:n] + given[n + 1 :]
            for once in match(wanted[0].node, node, bound):
                for found, rest, at in _choose(wanted[1:], others, once):
                    yield found, rest, min(n, at)


def summands(node: Expr) -> tuple[Part, ...]:
    """The summands of a sum, in order, with their signs."""
    if not isinstance(node, Sum):
        sign, rest = signed(node)
        return (Part(sign > 0, rest, summand=True),)
    return tuple(part for arg in node.args for part in summands(arg))


def signed(node: Expr) -> tuple[int, Expr]:
    """The sign in front of a summand, and the summand without it."""
    match node:
        case Negative(arg):
            sign, rest = signed(arg)
            return -sign, rest
        case Number(value) if value.is_integer() and value.integer() < 0:
            return -1, replace(node, value=-value)
        case Product() | Ratio():
            sign, parts = factored(node)
            return (1, node) if sign > 0 else (-1, _from_factors(parts))
    return 1, node


def _is_exponential(node: Expr) -> bool:
    return isinstance(node, Call) and node.function in ("exp", "expm1")


def _from_factors(parts: tuple[Part, ...]) -> Expr:
    return over(times(*(p.node for p in parts if p.plain)), times(*(p.node for p in parts if not p.plain)))


def factored(node: Expr) -> tuple[int, tuple[Part, ...]]:
    """The sign of a product or quotient, and its factors above and below the line, in order, without ones."""
    match node:
        case Product(args):
            inner = [factored(arg) for arg in args]
        case Ratio(top, bottom):
            sign, below = factored(bottom)
            inner = [factored(top), (sign, tuple(replace(p, plain=not p.plain) for p in below))]
        case Negative(arg):
            inner = [factored(arg), (-1, ())]
        case Power(base, n) if 0 < n <= OPENED and any(map(_is_exponential, walk(base))):
            inner = [factored(base)] * n
        case _:
            sign, rest = (1, node) if isinstance(node, Sum) else signed(node)
            return sign, () if rest == ONE else (Part(True, rest),)
    total = 1
    for sign, _ in inner:
        total *= sign
    return total, tuple(part for _, parts in inner for part in parts)
