"""Whether two indices can be exchanged at one place of a kernel's text.

They can where the array is symmetric at that place, where the loops around run over the square and give
the same with the names of their counters exchanged, and where an array is stored that is only read
together with its transpose. The order of a sum is left out of this, as elsewhere.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from codegen.verify.mutation.forms import Forms
from codegen.verify.mutation.nests import Nest, in_any_order, nest_of, stores_of, target_of
from codegen.verify.mutation.place import Place
from codegen.verify.mutation.positions import Places
from codegen.verify.mutation.syntax import Path, base, called, is_square_slice, path
from codegen.verify.mutation.transposes import read_with_transpose
from codegen.verify.mutation.written_once import is_wanted
from derive.algebra.index import Affine
from derive.algebra.inequalities import ZERO


def exchangeable(place: Place) -> bool:
    """Whether `a[..., j, i]` for `a[..., i, j]` gives the same."""
    match place.site.old:
        case ast.Subscript(ast.Name(), ast.Tuple([*_, _, _] as at)):
            nest = nest_of(place.path, at, place.integers)
            return _alike(place, [place.site.statement], None) or (
                nest is not None and _alike(place, nest.body, nest)
            )
    return False


def _alike(place: Place, block: list[ast.stmt], nest: Nest | None) -> bool:
    """Whether statements have the same form with the mistake, the counters of a nest then exchanged."""
    symmetric = _symmetric_in(place, block, frozenset())
    unseen = {n for n in _stored_in(block) if read_with_transpose(place, n)}
    was = Forms({}, symmetric, unseen).block(block)
    old = place.site.swap(place.site.new)
    renamed = nest.exchange if nest else {}
    free = nest is None or in_any_order(nest)
    now = Forms(renamed, symmetric, unseen).block(block) if free else ""
    place.site.swap(old)
    return was == now


def _stored_in(block: list[ast.stmt]) -> set[str]:
    return {_name(n) for s in block for n in ast.walk(s) if isinstance(n, ast.Subscript) and _is_store(n)}


def _is_store(node: ast.Subscript) -> bool:
    return isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name)


def _name(node: ast.Subscript) -> str:
    return ast.unparse(node.value)


# symmetric arrays -------------------------------------------------------------------------------------
def _symmetric_in(place: Place, block: list[ast.stmt], asked: frozenset[str]) -> set[str]:
    """The arrays that are symmetric wherever these statements read an element of them."""
    reads: dict[str, list[ast.Subscript]] = {}
    for node in (n for s in block for n in ast.walk(s) if isinstance(n, ast.Subscript)):
        if isinstance(node.ctx, ast.Load) and isinstance(node.value, ast.Name):
            reads.setdefault(_name(node), []).append(node)
    return {n for n, found in reads.items() if all(_Read(place, r, asked).is_symmetric() for r in found)}


@dataclass(frozen=True, slots=True)
class _Write:
    """What a statement writes: leading positions, and the statement's way down from the kernel."""

    statement: ast.stmt
    at: Places
    way: Path


@dataclass(frozen=True)
class _Read:
    """An element that is read, and the arrays whose symmetry is being asked already."""

    place: Place
    node: ast.Subscript
    asked: frozenset[str]
    way: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "way", path(self.place.function, self.node))

    @property
    def name(self) -> str:
        return _name(self.node)

    @property
    def dims(self) -> tuple[Affine, ...]:
        return self.place.integers.system.tensor(self.name).dims

    def is_symmetric(self) -> bool:
        """Whether all of the matrix was set before, and every write to the array keeps it symmetric."""
        if self.name not in self.place.kernel.arrays or self.name in self.asked:
            return False
        if len(self.dims) < 2 or self.dims[-1] != self.dims[-2]:
            return False
        writes = list(self._writes())
        return any(map(self._sets_all, writes)) and all(map(self._keeps, writes))

    def _writes(self) -> Iterator[_Write]:
        for store in stores_of(self.place.function):
            name, at = base(target_of(store))
            if name == self.name:
                yield _Write(store, at, path(self.place.function, store))
        for node in ast.walk(self.place.function):
            if isinstance(node, ast.Expr) and called(node.value, "clear", "gemm", "narrow"):
                assert isinstance(node.value, ast.Call)
                name, at = base(node.value.args[0])
                if name == self.name:
                    yield _Write(node, at, path(self.place.function, node))

    def _lead(self) -> Places:
        return base(self.node)[1][:-2]

    def _sets_all(self, write: _Write) -> bool:
        """Whether it has set every element of the matrix when the element is read."""
        here = {(id(n), f) for n, f, _ in self.way}
        own = [(n, f) for n, f, _ in write.way[1:] if (id(n), f) not in here]
        loops = [n for n, _ in own if isinstance(n, ast.For)]
        done = all(isinstance(n, ast.For) or self._is_passed(n, f) for n, f in own)
        before = write.statement.lineno < self.node.lineno
        return before and done and self._is_full(write) and self._covers(write.at, loops)

    def _is_passed(self, guard: ast.AST, branch: str) -> bool:
        """Whether the element is read only where a guard of gradients has let the write through too."""
        passed = [ast.unparse(n.test) for n, f, _ in self.way if isinstance(n, ast.If) and f == "body"]
        wanted = isinstance(guard, ast.If) and branch == "body" and is_wanted(guard.test)
        return wanted and isinstance(guard, ast.If) and ast.unparse(guard.test) in passed

    def _is_full(self, write: _Write) -> bool:
        match write.statement:
            case ast.Expr(ast.Call(ast.Name("clear"))):
                return len(write.at) <= len(self.dims) - 2
            case ast.Expr(ast.Call(ast.Name("gemm"), [to, _, _, _, _, ast.Constant(False)])):
                return is_square_slice(to, len(self.dims) - 2)
            case ast.Assign():
                return len(write.at) == len(self.dims)
        return False

    def _covers(self, at: Places, loops: list[ast.For]) -> bool:
        """Whether loops run over whole axes, one each, and the other positions are those that are read."""
        counters = {ast.unparse(loop.target): self.place.integers.ends(loop) for loop in loops}
        met = [ast.unparse(e) for e in at if ast.unparse(e) in counters]
        if sorted(met) != sorted(counters):
            return False
        read = [*self._lead(), None, None]
        return all(
            counters[ast.unparse(e)] == ((ZERO,), (dim,))
            if ast.unparse(e) in counters
            else r is not None and ast.dump(e) == ast.dump(r)
            for e, dim, r in zip(at, self.dims, read, strict=False)
        )

    def _keeps(self, write: _Write) -> bool:
        """Whether what was symmetric before is so after it; nothing reads the array in the middle of it."""
        match write.statement:
            case ast.Expr(ast.Call(ast.Name("clear"))):
                return len(write.at) <= len(self.dims) - 2
            case ast.Expr(ast.Call(ast.Name("gemm"), [to, a, b, ast.Constant(s), ast.Constant(t), _])):
                matrices = is_square_slice(to, len(self.dims) - 2)
                return matrices and ast.dump(a) == ast.dump(b) and s != t and base(a)[0] != self.name
        if len(write.at) != len(self.dims):
            return False
        first, second = (ast.dump(e) for e in write.at[-2:])
        return first == second or self._is_even(nest_of(write.way, write.at, self.place.integers))

    def _is_even(self, nest: Nest | None) -> bool:
        """Whether what loops over the square write is the same with their counters exchanged."""
        if nest is None or not in_any_order(nest):
            return False
        symmetric = _symmetric_in(self.place, nest.body, self.asked | {self.name})
        here, exchanged = Forms({}, symmetric, {self.name}), Forms(nest.exchange, symmetric, {self.name})
        return here.block(nest.body) == exchanged.block(nest.body)
