"""Where in a kernel's text a mutant's mistake stands."""

from __future__ import annotations

import ast

from codegen.lower import Plan
from codegen.verify.mutation.integers import Integers
from codegen.verify.mutation.known import Known
from codegen.verify.mutation.mutate import Mutant
from codegen.verify.mutation.syntax import Path, path


class Place:
    """The place of a mutant's mistake in its kernel."""

    def __init__(self, plan: Plan, mutant: Mutant) -> None:
        self.function, self.site = mutant.function, mutant.site
        forward = mutant.kernel == "_forward"
        self.kernel = plan.forward if forward else plan.backward
        system = plan.forward_system if forward else plan.backward_system
        self.integers = Integers(self.function, system, self.kernel)
        self.path = path(self.function, self.site.old)

    @property
    def parent(self) -> ast.AST:
        return self.site.parent

    def known(self, until: ast.AST | None = None) -> Known:
        """What is known at the place, or outside of one of the nodes around it."""
        return known_along(Known(self.integers), self.path, until)

    def known_at(self, way: Path) -> Known:
        """What is known at the end of another way down from the kernel."""
        return known_along(Known(self.integers), way)


def known_along(known: Known, way: Path, until: ast.AST | None = None) -> Known:
    for node, field, child in way:
        if node is until:
            break
        if isinstance(node, ast.For) and field == "body":
            known = known.inside(node)
        elif isinstance(node, (ast.If, ast.IfExp)) and field == "body":
            known = known.where(node.test)
        elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            known = known.where(*_beside(node, child, way))
    return known


def _beside(test: ast.BoolOp, condition: ast.AST, way: Path) -> list[ast.expr]:
    """The other conditions of an `and` that hold wherever it matters what one of them says.

    A later one says nothing of what is read before it is asked: of the guard of a read, `a[k] if k < N
    else -1`, and of a condition without which the later one itself reads outside of an array.
    """
    at = next(k for k, value in enumerate(test.values) if value is condition)
    guards_a_read = any(
        isinstance(node, ast.IfExp) for node, _, _ in way[[n for n, _, _ in way].index(test) :]
    )
    later = [] if guards_a_read else [v for v in test.values[at + 1 :] if not _reads_at_an_element(v)]
    return [*test.values[:at], *later]


def _reads_at_an_element(test: ast.expr) -> bool:
    reads = (n for n in ast.walk(test) if isinstance(n, ast.Subscript))
    return any(isinstance(m, ast.Subscript) for n in reads for m in ast.walk(n.slice))
