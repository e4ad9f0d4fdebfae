"""Whether the counters of loops follow from the position at which a statement writes.

Each must follow as the digits of a number in mixed radix do (`j + W*i` with 0 <= j < W), from a condition
on what stands at the position (`label[k] == n`), or have one value only.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from itertools import product

from codegen.verify.mutation.integers import letters
from codegen.verify.mutation.known import Known
from codegen.verify.mutation.place import Place, known_along
from codegen.verify.mutation.syntax import conjuncts, links
from derive.algebra.index import Affine, Letter, Name

ONE = Affine.of(1)
Places = list[ast.expr]


def injective(place: Place, loops: list[ast.For], at: Places) -> bool:
    """Whether every counter of the loops follows from the position."""
    inner = place.known()
    open_ = []
    for loop in loops:
        assert isinstance(loop.target, ast.Name)
        if not has_one_turn(known_along(Known(place.integers), place.path, loop), loop):
            open_.append(loop)
    positions = [place.integers.of(e) for e in at]
    if any(p is None for p in positions):
        return not open_
    named = set(_told(place, loops, at))
    open_ = [loop for loop in open_ if ast.unparse(loop.target) not in named]
    counters = {n for n, _ in inner.counters}
    guarded = [d for d in _digits(place, loops) if not letters(d[1]) & counters and _is_bare(d[1])]
    starts = [list(_spans(inner, loop, counters)) for loop in open_]
    return any(
        _decodes([p for p in positions if p is not None], dict(chosen), guarded)
        for chosen in product(*starts)
    )


def has_one_turn(known: Known, loop: ast.For) -> bool:
    """Whether a loop has at most one turn."""
    lows, highs = known.integers.ends(loop)
    return any(known.not_negative(ONE - (hi - lo)) for lo in lows for hi in highs)


def _is_bare(e: Affine) -> bool:
    """Whether there is no element and no quotient in it."""
    return {str(name) for name in e.names()} == letters(e)


Span = tuple[Affine, Affine]  # where a counter starts, and how many values it has
Digit = tuple[Letter, Affine, Affine]  # a number's name, how many values it has, and what it equals


def _spans(known: Known, loop: ast.For, counters: set[str]) -> Iterator[tuple[Letter, Span]]:
    """A loop's counter as a start and a number of values that no counter changes."""
    assert isinstance(loop.target, ast.Name)
    lows, highs = known.integers.ends(loop)
    for lo, hi in product(lows, highs):
        if not letters(hi - lo) & counters:
            yield Letter(loop.target.id), (lo, hi - lo)


def _told(place: Place, loops: list[ast.For], at: Places) -> Iterator[str]:
    """The counters that an equation between the loops gives: `label[k] == n`, at position k, gives n."""
    counters = {ast.unparse(loop.target) for loop in loops}
    tests = [t for n in _conditions(place, loops) for t in conjuncts(n.test)]
    equal = [(a, b) for t in tests for a, op, b in links(t) or () if isinstance(op, ast.Eq)]
    for told, teller in (*equal, *((b, a) for a, b in equal)):
        names = _names_beside(teller, at)
        if ast.unparse(told) in counters and all(
            place.integers.stays(n) and n not in counters for n in names
        ):
            yield ast.unparse(told)


def _names_beside(node: ast.AST, at: Places) -> Iterator[str]:
    """The names in an expression but for those that only stand in one of the positions."""
    if any(ast.dump(node) == ast.dump(position) for position in at):
        return
    if isinstance(node, ast.Name):
        yield node.id
    for child in ast.iter_child_nodes(node):
        yield from _names_beside(child, at)


def _conditions(place: Place, loops: list[ast.For]) -> list[ast.If]:
    """The conditions between the loops and the statement."""
    around = [n for n, f, _ in place.path if isinstance(n, ast.If) and f == "body"]
    return [n for n in around if any(n is m for loop in loops for m in ast.walk(loop))]


def _digits(place: Place, loops: list[ast.For]) -> Iterator[Digit]:
    """The conditions lo <= e < hi between the loops: e - lo is a number below hi - lo."""
    for k, test in enumerate(t for n in _conditions(place, loops) for t in conjuncts(n.test)):
        match links(test):
            case [(lo, ast.LtE(), e), (_, ast.Lt(), hi)]:
                low, value, high = map(place.integers.of, (lo, e, hi))
                if low is not None and value is not None and high is not None:
                    yield Letter(f"digit {k}"), high - low, value - low


def _decodes(positions: list[Affine], spans: dict[Letter, Span], digits: Iterable[Digit]) -> bool:
    """Whether all counters follow, one after the other."""
    starts = {n: lo + Affine.of(n) for n, (lo, _) in spans.items()}
    extents = {n: count for n, (_, count) in spans.items()}
    known_sums = [_from_starts(p, starts) for p in positions]
    for name, count, value in digits:
        extents[name] = count
        plain = value.alone()
        if (
            isinstance(plain, str | Letter) and plain not in spans
        ):  # an element of an integer array: itself the digit
            known_sums = [s.substitute({plain: Affine.of(name)}) for s in known_sums]
        else:
            known_sums.append(Affine.of(name) - _from_starts(value, starts))
    left = set(spans)
    while left:
        found = next((f for s in known_sums if (f := _follow(s, left, extents))), None)
        if not found:
            return False
        left -= found
    return True


def _from_starts(e: Affine, starts: dict[Letter, Affine]) -> Affine:
    """Counters as distances from where they start; a start may hold counters of loops further out."""
    for name in reversed(list(starts)):
        e = e.substitute({name: starts[name]})
    return e


def _follow(total: Affine, left: set[Letter], extents: dict[Letter, Affine]) -> set[Letter]:
    """The counters that a sum in mixed radix gives away: nothing where it is none."""
    unknown = (n for n in total.names() if isinstance(n, Letter))
    open_ = {n for n in unknown if n in left or _is_digit(n)}
    if not open_ & left or _is_hidden(total, open_):
        return set()
    weights = {n: total.coefficient(n) for n in open_}
    radix, found = ONE, set()
    while weights:
        name = next((n for n, w in weights.items() if w == radix), None)
        if name is None:
            return set()
        found.add(name)
        del weights[name]
        radix = radix * extents[name]
    return found & left


def _is_digit(name: Name) -> bool:
    return str(name).startswith("digit ")


def _is_hidden(total: Affine, open_: set[Letter]) -> bool:
    """Whether an unknown stands inside an element's name, or is multiplied by another one."""
    inside = [n for n in total.names() if not str(n).isidentifier() and not _is_digit(n)]
    hidden = letters(sum(map(Affine.of, inside), Affine()))
    return bool(hidden & {str(n) for n in open_}) or any(
        sum(atom in open_ for atom in monomial) > 1 for monomial, _ in total.terms
    )
