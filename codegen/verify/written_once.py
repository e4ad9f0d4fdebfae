"""Whether a statement meets every element at most once, after the array was cleared.

Then `a[...] += v` and `a[...] = v` do the same. The proof is about the counters of the loops between the
clearing and the statement: each must follow from the element's position, as the digits of a number in
mixed radix do (`j + W*i` with 0 <= j < W), or have one value only.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from codegen.verify.integers import Known, letters
from codegen.verify.place import Place, known_along
from codegen.verify.syntax import base, called, conjuncts, links, path
from derive.algebra.index import Affine

ONE = Affine.of(1)
Places = list[ast.expr]


@dataclass(frozen=True, slots=True)
class Write:
    """A statement that writes to an array, at these leading positions."""

    statement: ast.stmt
    at: Places
    clears: bool = False


def written_once(place: Place) -> bool:
    """Whether the statement at the place is the first to meet each element since it was cleared."""
    target = _target(place.site.old)
    if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
        name = target.value.id
        at = base(target)[1]
        writes = list(_writes(place.function, name))
    elif isinstance(target, ast.Name):
        at, writes = [], list(_assigns(place, target.id))
    else:
        return False
    clears = [w for w in writes if w.clears and not w.at]
    if len(clears) != 1 or not _comes_before(clears[0].statement, place):
        return False
    outside = {id(n) for n, _, _ in path(place.function, clears[0].statement)}
    loops = [n for n, f, _ in place.path if isinstance(n, ast.For) and f == "body" and id(n) not in outside]
    others = [w for w in writes if w.statement not in (place.site.old, clears[0].statement)]
    return all(_apart(place, loops, at, w) for w in others) and _injective(place, loops, at)


def _target(node: ast.AST) -> ast.expr | None:
    match node:
        case ast.AugAssign(target) | ast.Assign([target]):
            return target
    return None


def _writes(function: ast.FunctionDef, array: str) -> Iterator[Write]:
    for node in ast.walk(function):
        target = _target(node)
        if isinstance(target, ast.Subscript) and isinstance(node, ast.stmt) and base(target)[0] == array:
            yield Write(node, base(target)[1])
        elif isinstance(node, ast.Expr) and called(node.value, "clear", "gemm"):
            assert isinstance(node.value, ast.Call)
            name, at = base(node.value.args[0])
            if name == array:
                yield Write(node, at, called(node.value, "clear"))


def _assigns(place: Place, name: str) -> Iterator[Write]:
    """The statements that set a number; being set to the number 0 clears it."""
    for node in ast.walk(place.function):
        target = _target(node)
        if isinstance(target, ast.Name) and target.id == name and isinstance(node, ast.stmt):
            yield Write(node, [], isinstance(node, ast.Assign) and _is_zero(place.function, node.value))


def _is_zero(function: ast.FunctionDef, value: ast.expr) -> bool:
    """Whether a value is a name that stands for the number 0 throughout."""
    if not isinstance(value, ast.Name):
        return False
    set_to = [n.value for n in ast.walk(function) if isinstance(n, ast.Assign) and _names(n, value.id)]
    match set_to:
        case [ast.Call(ast.Name("number"), [_, ast.Constant(0), *_])]:
            return True
    return False


def _names(statement: ast.Assign, name: str) -> bool:
    target = statement.targets[0]
    return isinstance(target, ast.Name) and target.id == name


def _comes_before(clearing: ast.stmt, place: Place) -> bool:
    """Whether the clearing has always been done, in this turn of all loops around it."""
    around = {id(n): n for n, f, _ in place.path if f == "body"}
    passed = [ast.unparse(n.test) for n in around.values() if isinstance(n, ast.If)]
    for node, _, _ in path(place.function, clearing):
        if isinstance(node, ast.If) and id(node) not in around:
            if not (is_wanted(node.test) and ast.unparse(node.test) in passed):
                return False
        elif isinstance(node, ast.For) and id(node) not in around:
            return False
    return clearing.lineno < place.site.statement.lineno


def is_wanted(test: ast.expr) -> bool:
    """Whether a condition asks which gradients are wanted, and so never changes during a call."""
    parts = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or) else [test]
    return all(isinstance(p, ast.Attribute) and p.attr == "size" for p in parts)


def _apart(place: Place, loops: list[ast.For], at: Places, other: Write) -> bool:
    """Whether another write never meets an element before the statement does."""
    if any(_differ(place, a, b, other) for a, b in zip(at, other.at, strict=False)):
        return True
    shared = any(other.statement is n for loop in loops for n in ast.walk(loop))
    return not shared and other.statement.lineno > place.site.statement.lineno


def _differ(place: Place, a: ast.expr, b: ast.expr, other: Write) -> bool:
    """Whether two positions are never the same; one of them may depend on no counter."""
    mine, theirs = place.integers.of(a), place.integers.of(b)
    if mine is None or theirs is None:
        return False
    here, there = place.known(), place.known_at(path(place.function, other.statement))
    for constant, known in ((mine, there), (theirs, here)):
        if not letters(constant) & place.integers.counters:
            return known.not_negative(mine - theirs - ONE) or known.not_negative(theirs - mine - ONE)
    return False


# positions and counters -------------------------------------------------------------------------------
def _injective(place: Place, loops: list[ast.For], at: Places) -> bool:
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
    counters = {n for n, _ in inner.counters}
    guarded = [
        d for d in _digits(place, loops) if not letters(d[1]) & counters and d[1].names() == letters(d[1])
    ]
    starts = [list(_spans(inner, loop, counters)) for loop in open_]
    return any(
        _decodes([p for p in positions if p is not None], dict(chosen), guarded)
        for chosen in product(*starts)
    )


def has_one_turn(known: Known, loop: ast.For) -> bool:
    """Whether a loop has at most one turn."""
    lows, highs = known.integers.ends(loop)
    return any(known.not_negative(ONE - (hi - lo)) for lo in lows for hi in highs)


Span = tuple[Affine, Affine]  # where a counter starts, and how many values it has
Digit = tuple[str, Affine, Affine]  # a number's name, how many values it has, and what it equals


def _spans(known: Known, loop: ast.For, counters: set[str]) -> Iterator[tuple[str, Span]]:
    """A loop's counter as a start and a number of values that no counter changes."""
    assert isinstance(loop.target, ast.Name)
    lows, highs = known.integers.ends(loop)
    for lo, hi in product(lows, highs):
        if not letters(hi - lo) & counters:
            yield loop.target.id, (lo, hi - lo)


def _digits(place: Place, loops: list[ast.For]) -> Iterator[Digit]:
    """The conditions lo <= e < hi between the loops: e - lo is a number below hi - lo."""
    around = [n for n, f, _ in place.path if isinstance(n, ast.If) and f == "body"]
    inside = [n for n in around if any(n is m for loop in loops for m in ast.walk(loop))]
    for k, test in enumerate(t for n in inside for t in conjuncts(n.test)):
        match links(test):
            case [(lo, ast.LtE(), e), (_, ast.Lt(), hi)]:
                low, value, high = map(place.integers.of, (lo, e, hi))
                if low is not None and value is not None and high is not None:
                    yield f"digit {k}", high - low, value - low


def _decodes(positions: list[Affine], spans: dict[str, Span], digits: Iterable[Digit]) -> bool:
    """Whether all counters follow, one after the other."""
    starts = {n: lo + Affine.of(n) for n, (lo, _) in spans.items()}
    extents = {n: count for n, (_, count) in spans.items()}
    known_sums = [_from_starts(p, starts) for p in positions]
    for name, count, value in digits:
        extents[name] = count
        plain = value.plain()
        if plain is not None and plain not in spans:  # an element of an integer array: itself the digit
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


def _from_starts(e: Affine, starts: dict[str, Affine]) -> Affine:
    """Counters as distances from where they start; a start may hold counters of loops further out."""
    for name in reversed(list(starts)):
        e = e.substitute({name: starts[name]})
    return e


def _follow(total: Affine, left: set[str], extents: dict[str, Affine]) -> set[str]:
    """The counters that a sum in mixed radix gives away: nothing where it is none."""
    open_ = {n for n in total.names() if n in left or n.startswith("digit ")}
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


def _is_hidden(total: Affine, open_: set[str]) -> bool:
    """Whether an unknown stands inside an element's name, or is multiplied by another one."""
    inside = [n for n in total.names() if not n.isidentifier() and not n.startswith("digit ")]
    hidden = letters(sum(map(Affine.of, inside), Affine()))
    return bool(hidden & open_) or any(
        sum(atom in open_ for atom in monomial) > 1 for monomial, _ in total.terms
    )
