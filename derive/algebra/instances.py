"""Whether one expression is another at other indices, and at which."""

from __future__ import annotations

from collections.abc import Iterable

from derive.algebra.expr import Expr, Number, Read, Reduce, children, free_names, rebuild, substitute
from derive.algebra.index import Affine, Delta, Letter, solve

Pair = tuple[Affine, Affine]


def instance(pattern: Expr, target: Expr, variables: Iterable[Letter]) -> dict[Letter, Affine] | None:
    """Values of `variables` for which the pattern is the target, or None.

    Every variable that occurs gets a value. Only linear systems that can be solved one unit coefficient
    at a time are solved: what the calculus itself produces.
    """
    marked = {name: name.marked() for name in variables}
    fresh = substitute(pattern, {name: Affine.of(mark) for name, mark in marked.items()})
    pairs = _pairs(fresh, target)
    values = None if pairs is None else _solve(pairs, set(marked.values()))
    if values is None:
        return None
    return {name: values[mark] for name, mark in marked.items() if mark in values}


def _pairs(a: Expr, b: Expr) -> list[Pair] | None:
    """Index expressions that must be equal for two trees of the same shape to be, None for other shapes."""
    match a, b:
        case Read(), Read():
            same = a.tensor == b.tensor and len(a.at) == len(b.at)
            return list(zip(a.at, b.at, strict=True)) if same else None
        case Number(), Number():
            return [(a.value, b.value)] if a.denominator == b.denominator else None
        case Reduce(), Reduce():
            b = _with_binders_of(a, b)
    parts, others = children(a), children(b)
    if len(parts) != len(others) or rebuild(b, parts) != a:
        return None
    inner = [_pairs(part, other) for part, other in zip(parts, others, strict=True)]
    return None if None in inner else [pair for found in inner for pair in found or ()]


def _with_binders_of(a: Reduce, b: Reduce) -> Reduce:
    """b with its bound indices called as those of a, where they run over the same ranges."""
    names = {theirs.name: mine.name for mine, theirs in zip(a.binders, b.binders, strict=False)}
    if len(a.binders) != len(b.binders) or free_names(b) & {*names.values()}:
        return b
    put = {old: Affine.of(new) for old, new in names.items()}
    guards = tuple(g.substitute(put) for g in b.guards)
    binders = tuple(i.renamed(names[i.name]) for i in b.binders)
    return Reduce(b.monoid, binders, guards, substitute(_without(b.body, {*names.values()}), put))


def _without(node: Expr, taken: set[Letter]) -> Expr:
    """The expression with no bound index of these names: those that have one are marked."""
    node = rebuild(node, tuple(_without(part, taken) for part in children(node)))
    if not isinstance(node, Reduce) or not (own := [b.name for b in node.binders if b.name in taken]):
        return node
    put = {name: Affine.of(name.marked("''")) for name in own}
    binders = tuple(b.renamed(b.name.marked("''")) if b.name in put else b for b in node.binders)
    guards = tuple(g.substitute(put) for g in node.guards)
    return Reduce(node.monoid, binders, guards, substitute(node.body, put))


def _solve(pairs: list[Pair], unknown: set[Letter]) -> dict[Letter, Affine] | None:
    values: dict[Letter, Affine] = {}
    while pairs:
        pairs = [(a.substitute(values), b) for a, b in pairs]
        pairs = [(a, b) for a, b in pairs if a != b]
        found = next((s for a, b in pairs if (s := _solved(a, b, unknown))), None)
        if pairs and found is None:
            return None
        if found is not None:
            values[found[0]] = found[1]
    return values


def _solved(a: Affine, b: Affine, unknown: set[Letter]) -> tuple[Letter, Affine] | None:
    names = sorted(n for n in a.names() if isinstance(n, Letter) and n in unknown)
    value = solve(Delta(a, b), names[0]) if len(names) == 1 else None
    return None if value is None else (names[0], value)
